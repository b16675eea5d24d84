"""Replay the stress days and write docs/stress-days.md with its pictures.

``python ops/stress/run.py [DATA]``; DATA is the folder of the recorded data.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from actors.instant import SECOND_NS  # noqa: E402
from ops.stress.days import DAYS, PROFILES, Watched, replayed  # noqa: E402
from ops.stress.plots import picture  # noqa: E402

PAGE: Final = "docs/stress-days.md"
INTRODUCTION: Final = """# Stress days

Recorded days that broke accounts, replayed through the same actor graph as every run. The brake
is what is tested, so the model of these days never learns: sure of a rise for eight hours, sure
of a fall for four, whatever happens. `cautious` is the default profile (with the mark age of
hourly candles); `bold` is the boldest preset, and `reckless` may put everything into one coin
and knows no loss of a day: it is beyond every bound that a person may set ([why there are
bounds](adr/0047-bounded-profiles-and-presets.md)), so that every tier is reached.

A watcher does its own sums over every record: no purchase above a cap or free cash, none after
a halt, no negative cash or holding, no sale but for what the model says. It found nothing in
any of these runs; a test replays all of them and compares this page. Written by `python
ops/stress/run.py`.

"""
COLUMNS: Final = (
    ("days", "---"),
    ("profile", "---"),
    ("lowest equity", "---:"),
    ("worst drawdown", "---:"),
    ("bought, sold", "---:"),
    ("most in one coin", "---:"),
    ("most in all", "---:"),
    ("tiers bought in", "---"),
    ("halt (UTC)", "---"),
    ("bought after it", "---:"),
)
ENDING: Final = """
What refused, how often, in the order of how often:

"""
LIMITS: Final = """
Candles have no book: spread is assumed and orders fill at the next trade ([feeds](feeds.md)).
Nine coins are Kraken's BTC/USD and Binance's USDT pairs read as USD. Real halts of venues and
outages of these days are not in candles.
"""


def row(name: str, profile: str, found: Watched) -> str:
    """One line of the table."""
    halt = "none"
    if found.halted_at:
        halt = _day(found.halted_at)
    figures = (
        f"{min(float(equity) for _, equity, _ in found.path):,.0f}",
        f"{found.worst / 10_000:.2f} %",
        f"{found.bought:,}, {found.sold:,}",
        f"{100 * found.highest_position:.1f} %",
        f"{100 * found.highest_exposure:.1f} %",
        ", ".join(f"{tier} from {_day(at)}" for tier, at in found.tiers.items()),
        halt,
        f"{found.bought_after_halt}" if found.halted_at else "",
    )
    return f"| {name} | {profile} | {' | '.join(figures)} |\n"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND_NS, UTC).strftime("%d %b %H:%M")


def pages(data: Path) -> dict[str, str]:
    """The page and its pictures, by path in the repository. Raises AssertionError on a break."""
    found: dict[str, str] = {}
    table, refusals, plots = "", "", ""
    for days in DAYS:
        for name, (_, risk) in PROFILES.items():
            watched = replayed(days, name, data)
            assert not watched.broken, watched.broken
            assert not watched.bought_after_halt, f"{days.name}, {name}: bought after the halt"
            table += row(days.name, name, watched)
            told = ", ".join(f"`{why}` {times:,}" for why, times in watched.refusals.most_common())
            refusals += f"* {days.name}, {name}: {told}.\n"
            title = f"{days.name}, {name}"
            file = "".join(c if c.isalnum() else "-" for c in title.lower()).replace("--", "-")
            tiers = (
                ("caution", risk.caution_drawdown_micros),
                ("defence", risk.defence_drawdown_micros),
                ("halt", risk.halt_drawdown_micros),
            )
            found[f"docs/stress/{file}.svg"] = picture(title, watched, tiers)
            plots += f"\n![{title}](stress/{file}.svg)\n"
    head = "".join(f"| {' | '.join(each)} |\n" for each in zip(*COLUMNS, strict=True))
    found[PAGE] = INTRODUCTION + head + table + ENDING + refusals + plots + LIMITS
    return found


def main() -> None:
    """Write all of it."""
    default = os.environ.get("BALLAST_SHARED_DATA", str(ROOT.parent / "shared" / "data"))
    data = Path(sys.argv[1] if len(sys.argv) > 1 else default)
    for path, text in pages(data).items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
