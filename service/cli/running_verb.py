"""`ballast run`: what a new user starts. Paper trading at a simulated Kraken, kept, offline.

The simulator is ours: its market is planted, its state lies in the data folder, and it goes on
where it stopped. An account of the seeded feed, which `run` traded before, keeps it for life.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import click

from actors.instant import MINUTE_NS, SECOND_NS
from service.bundles import SEEDED
from service.cli.options import common, duration_of, settings_of, speed_of
from service.cli.paper import (
    EVENTS,
    FOR,
    JOURNAL,
    QUIET,
    SEED,
    SEEDED_SPEED,
    refuse_other_journal,
    trade_seeded,
)
from service.cli.showing import finish
from service.cli.socket_trading import Wanted, settings_at, trade_at
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, RunResult
from service.failures import ExitCode, UserError
from service.feeds import UNIVERSE
from service.live_market import SeededVenue
from service.run_index import RunIndex
from service.settings import Settings
from service.simulator_process import SimulatorPlace, kept_simulator
from service.sole_service import sole_service
from service.stores import MEMORY, POSTGRES, account_place

SIMULATOR: Final = "simulator"
SPEED: Final = 15.0
SPEED_MOST: Final = 60.0
BOOK_LEVELS: Final = 100
SECONDS_MOST: Final = 60


@click.command()
@common
@QUIET
@FOR
@EVENTS
@SEED
@JOURNAL
@click.option(
    "--feed",
    type=click.Choice([SIMULATOR, SEEDED]),
    help="What an account trades for life: a simulated Kraken (new ones), or the seeded feed.",
)
@click.option(
    "--speed",
    type=float,
    callback=speed_of,
    help=f"Market seconds a second. Default: {SPEED:g}, at most {SPEED_MOST:g}; seeded feed:"
    f" {SEEDED_SPEED:g}, and 0 is as fast as it can.",
)
def run(**given: Any) -> None:
    """Trade at a simulated Kraken on paper and keep the account (continues where it stopped).

    Real sockets, keys, orders, fills and reconciliation, but no network: the venue is a process of
    ours on this machine, and its market is synthetic, so nothing you see is a market result. Ctrl-C
    stops cleanly with the proof card.
    """
    settings = settings_of(given["settings_file"], given["data_dir"])
    if feed_of(settings, given["feed"]) == SEEDED:
        if given["feed"] is None:
            _say(
                f"the account {settings.account.name} keeps the seeded feed that it was opened"
                " with; another --data-dir opens one at the simulated Kraken"
            )
        trade_seeded(given, throwaway=False)
        return
    speed = SPEED if given["speed"] is None else given["speed"]
    if not 1 <= speed <= SPEED_MOST:
        raise UserError(
            ExitCode.USAGE,
            f"A simulated Kraken has a speed between 1 and {SPEED_MOST:g}, not {speed:g}.",
            "Leave --speed out, or trade with `--feed seeded` in another --data-dir.",
        )
    if given["journal"] == MEMORY:
        raise UserError(
            ExitCode.USAGE,
            "What trades at a kept venue must be kept too: --journal memory forgets.",
            "Leave it out, or try `ballast demo`.",
        )
    with sole_service(settings.home, f"The account {settings.account.name}"):
        finish(asyncio.run(_kept(settings, speed, given)), given["as_json"])


def feed_of(settings: Settings, asked: str | None) -> str:
    """The asked feed, else the one that the account of the data folder was opened with."""
    if asked is not None:
        return asked
    name = settings.account.name
    opened = [each for each in RunIndex(settings.home).entries() if each.account == name]
    return SEEDED if any(each.feed == SEEDED for each in opened) else SIMULATOR


async def _kept(kept: Settings, speed: float, given: dict[str, Any]) -> RunResult:
    """The simulator and the account of the data folder go on, until one of us is stopped."""
    kind = given["journal"] or kept.journal.kind or POSTGRES
    refuse_other_journal(kept, kind)
    log = kept.home / "logs" / "simulator.log"
    async with kept_simulator(_options(kept, speed, given["seed"]), log, _say) as place:
        settings = settings_at(given, kept, place, wanted_at(speed))
        limits = Limits(given["events"] or 0, duration_of(given["for_"]))
        where = account_place(settings, kind)
        plan = RunPlan("PAPER", kind, where, lasting=True, limits=limits, speed=1.0)
        return await trade_at(settings, place, plan, given, seeded=_seeded(place))


def wanted_at(speed: float) -> Wanted:
    """Settings for minute bars at a speed: what waits for this machine waits in its own seconds."""

    def here(seconds: float) -> int:
        return min(round(seconds * speed), SECONDS_MOST)

    return {
        "market": {
            "bar_interval_seconds": MINUTE_NS // SECOND_NS,
            "heartbeat_seconds": 10,
            "stale_after_seconds": 5 * SECONDS_MOST,
            "settle_ms": min(round(500 * speed), SECONDS_MOST * 1000 // 2),
        },
        "orders": {
            "decision_age_max_seconds": here(2),
            "deadline_seconds": here(5),
            "dead_man_seconds": 10 * SECONDS_MOST,
            "reconcile_seconds": 30 * SECONDS_MOST,
        },
        "feed": {"conflate_ms": 1000},
        "kraken": {"clock_skew_ms_max": here(1) * 1000},
    }


def _options(settings: Settings, speed: float, seed: int) -> list[str]:
    """How the simulator is started."""
    account = settings.account
    wanted = {
        "--seed": str(seed),
        "--speed": f"{speed:g}",
        "--market": "planted",
        "--account": f"ballast={account.quote}:{account.opening_balance}",
        "--conduct": f"book_levels={BOOK_LEVELS}",
        "--state": str(settings.home / SIMULATOR),
    }
    options = [word for pair in wanted.items() for word in pair]
    return options + [word for symbol in UNIVERSE for word in ("--pair", symbol)]


def _seeded(place: SimulatorPlace) -> SeededVenue:
    """What the process that we started a moment ago says of its market."""
    return SeededVenue(place.seed, place.market, place.process, place.pairs)


def _say(sentence: str) -> None:
    click.echo(f"ballast: {sentence}", err=True)
