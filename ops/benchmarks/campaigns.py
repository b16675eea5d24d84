"""What deciding costs within a bar: the campaigns' evaluation and risk's ladder for 30 symbols.

The seeded market closes a bar every minute, the shipped bundle predicts, campaigns open and close.
Strategy and risk are timed message by message inside that run, where the other actors have pushed
them out of the caches; beside it every symbol's entry is put to risk's whole ladder at every bar.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.kernel.actor import Actor, Effects, Rule
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.messages.control import Deposit, RunStarted
from actors.messages.decision import Action, OrderIntent, Reason, Side, VerdictSlice
from actors.money import run_exact
from actors.risk.ladder import first_refusal
from actors.risk.view import view_of
from ops.benchmarks.figures import Figure, median, options, report
from ops.benchmarks.market import SYMBOLS, CandleMarket, bundle, graph_of, settings_of

BARS: Final = 2_000
BARS_QUICK: Final = 60
NOISE: Final = bytes(65_536)
Times = dict[str, list[float]]


class Watch:
    """Adds up what two actors of a kernel take of one step; they go on as they are."""

    def __init__(self, kernel: Kernel) -> None:
        self.us = dict.fromkeys(("strategy", "risk"), 0.0)
        for name in self.us:
            mailbox = kernel._ports[name].mailbox
            mailbox.rules = {kind: self._timed(name, rule) for kind, rule in mailbox.rules.items()}

    def _timed(self, name: str, rule: Rule) -> Rule:
        def timed(actor: Actor[Any, Any], message: Any, at: int) -> Effects:
            before = time.perf_counter_ns()
            found = rule(actor, message, at)
            self.us[name] += (time.perf_counter_ns() - before) / 1e3
            return found

        return timed


def laddered(kernel: Kernel) -> float:
    """Microseconds of thirty entries through view, ladder and rooms, one a symbol."""
    risk = kernel.actor("risk")
    before = time.perf_counter_ns()
    for symbol in SYMBOLS:
        view = view_of(risk.config, risk.state, symbol, Side.BUY, kernel.at)
        first_refusal(intent_of(kernel, symbol), view)
    return (time.perf_counter_ns() - before) / 1e3


def intent_of(kernel: Kernel, symbol: str) -> OrderIntent:
    """An entry at the mark's ask."""
    risk = kernel.actor("risk")
    rules = risk.config.instruments[risk.config.index_of(symbol)]
    price = Decimal(1) * rules.tick
    return OrderIntent(
        10**6, symbol, Side.BUY, Decimal(200), Decimal(0), price, kernel.at, Action.ENTER,
        Reason.EDGE_ABOVE_COST, 700_000, 30_000, 9_500,
    )  # fmt: skip


def timed(bars: int) -> tuple[Times, int]:
    """Wall microseconds a bar, and how many campaigns were open in the middle."""
    times: Times = {name: [] for name in ("step", "strategy", "risk", "ladder", "noise")}
    market = CandleMarket(bars)
    kernel, start = graph_of(settings_of(60)).kernel, market.all[0].at
    watch = Watch(kernel)
    told = ("", "", "", "", bundle().predictor.bundle_id, "", "")  # type: ignore[union-attr]
    begun = RunStarted("run", "paper", "PAPER", 1, SYMBOLS, *told, model=bundle().statement)
    kernel.step(Input(1, start, begun))
    kernel.step(Input(2, start, Deposit("USD", Decimal("10000.0000"), "opening", start)))
    clock, opened = time.perf_counter_ns, []
    for seq, item in enumerate(market.all, 3):
        watch.us = dict.fromkeys(watch.us, 0.0)
        before = clock()
        result = kernel.step(Input(seq, item.at, item.body))
        after = clock()
        if not any(type(each.body) is VerdictSlice for each in result.records):
            continue
        sha256(NOISE).digest()
        times["noise"].append((clock() - after) / 1e3)
        times["step"].append((after - before) / 1e3)
        times["strategy"].append(watch.us["strategy"])
        times["risk"].append(watch.us["risk"])
        times["ladder"].append(run_exact(partial(laddered, kernel)))
        opened.append(len(kernel.actor("strategy").state.campaigns))
    return times, sorted(opened)[len(opened) // 2]


def measure(*, bars: int) -> list[Figure]:
    """The figures; times are wall microseconds a bar of thirty symbols."""
    times, opened = timed(bars)
    step, noise = median(times["step"]), median(times["noise"])
    figures = [
        Figure("a bar's whole step, p50", step, "us", "us, SHA-256 of 64 kB", noise),
    ]
    for name, what in (
        ("strategy", f"strategy with {opened} campaigns open"),
        ("risk", "risk, all of its messages"),
        ("ladder", "beside it: 30 entries through risk's view and ladder"),
    ):
        value = median(times[name])
        note = f"{100 * value / step:.0f} % of the step"
        figures.append(
            Figure(f"{what}, p50", value, "us", "us, SHA-256 of 64 kB", noise, note=note)
        )
    return figures


def main() -> None:
    given = options(__doc__).parse_args()
    report(measure(bars=BARS_QUICK if given.quick else BARS), as_json=given.json)


if __name__ == "__main__":
    main()
