"""`ballast demo` and `ballast paper`: trading on paper, without key or account."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from actors.instant import MILLISECOND_NS
from actors.ports import Feed
from adapters.instruments.table import UnknownSymbolError, canonical_symbol
from adapters.kraken.capture import CaptureFile, CaptureFileError
from service.bundles import Choice, choose_bundle
from service.cli.options import common, duration_of, no_file, settings_of, speed_of
from service.cli.showing import finish, watchers_of
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, RunResult, trade
from service.environment import PAPER, refuse_other_environment
from service.failures import ExitCode, UserError
from service.feeds import UNIVERSE, recorded_feed, seeded_feed
from service.live_market import LOOPBACK_KIND, LiveMarket, Source
from service.run_index import RunIndex
from service.segment import fresh_run_id
from service.settings import MarketSettings, Settings
from service.sole_service import sole_service
from service.stores import FILE, POSTGRES, account_place, own_place, own_stream

SEEDED_SPEED = 3600.0
RECORDED_STALE_SECONDS = 60  # a recorded book speaks many times a second
LIVE_MARKET = {"heartbeat_seconds": 1, "stale_after_seconds": 60, "settle_ms": 2000}
DEMO_SPEED = 14_400.0  # four hours a second: a demonstration trades within its first seconds
QUIET = click.option("--headless", is_flag=True, help="No terminal view; log lines on stderr.")
FOR = click.option("--for", "for_", metavar="DURATION", help="Stop after so much wall time (60s).")
EVENTS = click.option("--events", type=click.IntRange(min=1), help="Stop after so many inputs.")
SEED = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Which seeded market; equal seeds are equal markets.",
)
JOURNAL = click.option(
    "--journal",
    type=click.Choice(["postgres", "file", "memory"]),
    help="Where inputs are made durable: the database, files, or nowhere.",
)
_SHIFTED = "research: older candles (dollar tokens read as dollars) were moved to warm it up"
ABOUT_SPEED = "Logical seconds a second; 0 is as fast as it can."


@click.command()
@common
@QUIET
@FOR
@EVENTS
@SEED
@JOURNAL
@click.option(
    "--speed",
    type=float,
    callback=speed_of,
    default=DEMO_SPEED,
    show_default=True,
    help=ABOUT_SPEED,
)
def demo(**given: Any) -> None:
    """Trade the seeded market with a throwaway account (kept only with --data-dir).

    With --events and --seed the run is reproducible: the same root hash everywhere.
    """
    trade_seeded(given, throwaway=given["data_dir"] is None)


@click.command()
@common
@QUIET
@FOR
@EVENTS
@SEED
@JOURNAL
@click.option("--feed", default="seeded", show_default=True, help="seeded, or a recorded file.")
@click.option(
    "--speed",
    type=float,
    callback=speed_of,
    help=f"{ABOUT_SPEED} Default: {SEEDED_SPEED:g} seeded, 0 recorded.",
)
@click.option(
    "--warm-up", type=click.Path(path_type=Path), multiple=True, help="Candles before the feed."
)
@click.option(
    "--warm-up-shift",
    is_flag=True,
    help="Research: move older candles to just before a recorded feed.",
)
@click.option(
    "--activate", metavar="REASON", help="Use a model that its gate refused, for this reason."
)
@click.option("--as-quote", default="", help="Refused: a research mapping of backtests only.")
@click.option("--symbol", multiple=True, help="Trade only these symbols (seeded, --venue kraken).")
@click.option(
    "--venue",
    type=click.Choice(["kraken"]),
    help="Trade on the venue's live public feed (no key), filled by the paper venue.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    help="With --venue: also write every frame to this new file (.ndjson[.gz]).",
)
def paper(**given: Any) -> None:
    """Trade on paper: a seeded market, a recorded feed (Kraken frames, trades), or the live feed.

    A recorded feed decides on a one-second logical heartbeat; receive time is the last venue
    stamp. With --venue kraken the account is kept and continues where it stopped; Ctrl-C stops
    cleanly with the proof card.
    """
    if given["as_quote"]:
        raise UserError(
            ExitCode.USAGE,
            "The option --as-quote is a research mapping for backtests; paper and live refuse it.",
            "Leave it out, or use `ballast backtest`.",
        )
    if given["venue"]:
        _refuse(given, ("warm_up", "warm_up_shift", "speed"), "a live feed")
        _trade_live(given)
        return
    if given["feed"] == "seeded":
        _refuse(given, ("warm_up", "warm_up_shift", "activate", "record"), "a seeded feed")
        trade_seeded(given, throwaway=False)
        return
    _refuse(given, ("symbol", "record"), "a recorded feed")
    _trade_recorded(given)


def _refuse(given: dict[str, Any], options: tuple[str, ...], feed: str) -> None:
    """An option that means nothing here is refused, never passed over in silence."""
    for name in options:
        if given[name]:
            flag = f"--{name.replace('_', '-')}"
            raise UserError(
                ExitCode.USAGE,
                f"The option {flag} does not go with {feed}.",
                "Leave it out; `ballast paper --help` says what it is for.",
            )


def trade_seeded(given: dict[str, Any], *, throwaway: bool) -> None:
    """Trade the seeded market, with the data folder's account or one for this run alone."""
    symbols = tuple(given.get("symbol") or UNIVERSE)
    feed = seeded_feed(given["seed"], symbols)
    speed = SEEDED_SPEED if given["speed"] is None else given["speed"]
    if throwaway:
        with tempfile.TemporaryDirectory(prefix="ballast-demo-") as folder:
            given["data_dir"] = Path(folder)
            _run(given, feed, speed)
    else:
        _run(given, feed, speed)


def _trade_recorded(given: dict[str, Any]) -> None:
    path = Path(given["feed"])
    if not path.is_file():
        raise no_file(path)
    warm_up = tuple(given["warm_up"])
    settings = settings_of(given["settings_file"], given["data_dir"])
    feed = recorded_feed(
        path,
        warm_up,
        shift=given["warm_up_shift"],
        bar_seconds=settings.market.bar_interval_seconds,
        conflate_ns=settings.feed.conflate_ms * MILLISECOND_NS,
    )
    _run(given, feed, given["speed"] or 0.0, own=True)


def _trade_live(given: dict[str, Any]) -> None:
    """The live public feed, with a lasting account; what is decided often must not be coarse."""
    if given["feed"] != "seeded":
        raise UserError(
            ExitCode.USAGE,
            "The option --feed does not go with --venue.",
            "Give one of both: a recording, or the venue's live feed.",
        )
    plain = settings_of(given["settings_file"], given["data_dir"])
    defaults = MarketSettings()
    wanted = {
        name: value
        for name, value in LIVE_MARKET.items()
        if getattr(plain.market, name) == getattr(defaults, name)
    }
    settings = settings_of(given["settings_file"], given["data_dir"], {"market": wanted})
    symbols = tuple(dict.fromkeys(map(named, given["symbol"])))
    market = LiveMarket(settings, symbols, capture=_capture(given["record"]))
    choice = choose_bundle(
        settings.model.bundle,
        mode="PAPER",
        feed_kind=market.kind,
        activation=given["activate"] or "",
    )
    if market.kind == LOOPBACK_KIND:
        notice = f"not a market result: the feed is on this machine; {choice.notice}"
        choice = msgspec.structs.replace(choice, notice=notice)
    kind = given["journal"] or settings.journal.kind or POSTGRES
    refuse_other_journal(settings, kind)
    limits = Limits(given["events"] or 0, duration_of(given["for_"]))
    plan = RunPlan("PAPER", kind, "", lasting=True, limits=limits, speed=1.0)
    with sole_service(settings.home, f"The account {settings.account.name}"):
        plan = msgspec.structs.replace(plan, journal_place=account_place(settings, kind))
        finish(run_plan(settings, market, choice, plan, given), given["as_json"])


def named(symbol: str) -> str:
    """The canonical name. Raises UserError(USAGE) with the nearest known one."""
    try:
        return canonical_symbol(symbol)
    except UnknownSymbolError as error:
        raise UserError(ExitCode.USAGE, f"{error}.", error.remedy) from error


def _capture(path: Path | None) -> CaptureFile | None:
    """A new recording. Raises UserError(ENVIRONMENT), also where there is a file already."""
    if path is None:
        return None
    try:
        return CaptureFile(path)
    except CaptureFileError as error:
        raise UserError(
            ExitCode.ENVIRONMENT, f"{error}.", "Choose a new file in a folder that can be written."
        ) from error


def _run(given: dict[str, Any], feed: Feed, speed: float, *, own: bool = False) -> None:
    """Trade; a recorded feed has an account of its own and decides every second."""
    overrides: dict[str, Any] = (
        {"market": {"heartbeat_seconds": 1, "stale_after_seconds": RECORDED_STALE_SECONDS}}
        if own
        else {}
    )
    settings = settings_of(given["settings_file"], given["data_dir"], overrides)
    limits = Limits(given["events"] or 0, duration_of(given["for_"]))
    if given["events"] and not given["for_"]:
        speed = 0.0 if given["headless"] or given["as_json"] else speed
    choice = choose_bundle(
        settings.model.bundle,
        mode="PAPER",
        feed_kind=feed.kind,
        activation=given.get("activate") or "",
    )
    kind = given["journal"] or settings.journal.kind or (FILE if own else POSTGRES)
    if not own:
        refuse_other_journal(settings, kind)
    plan = RunPlan("PAPER", kind, "", lasting=not own, limits=limits, speed=speed)
    if not own:
        with sole_service(settings.home, f"The account {settings.account.name}"):
            plan = msgspec.structs.replace(plan, journal_place=account_place(settings, kind))
            finish(run_plan(settings, feed, choice, plan, given), given["as_json"])
        return
    if given["warm_up_shift"]:
        choice = msgspec.structs.replace(choice, notice=f"{choice.notice}; {_SHIFTED}")
    run_id = fresh_run_id(settings, feed, choice, "PAPER")
    with own_account(settings, plan, run_id) as owned:
        finish(run_plan(settings, feed, choice, owned, given), given["as_json"])


def refuse_other_journal(settings: Settings, kind: str, mode: str = PAPER) -> None:
    """An account is in one journal for life: another kind would be another account.

    Neither do paper and live share a data folder.
    """
    refuse_other_environment(settings, mode)
    name = settings.account.name
    kept = {e.journal for e in RunIndex(settings.home).entries() if e.account == name}
    if kept and kind not in kept:
        raise UserError(
            ExitCode.USAGE,
            f"The account {name} of {settings.home} is kept in a {min(kept)} journal, not {kind}.",
            f"Give --journal {min(kept)}, or start another account with another --data-dir.",
        )


@contextmanager
def own_account(settings: Settings, plan: RunPlan, run_id: str) -> Iterator[RunPlan]:
    """The plan with a journal of its own; an equal run at the same time is refused."""
    kind = plan.journal_kind
    with sole_service(RunIndex(settings.home).of(run_id), f"The run {run_id}"):
        yield msgspec.structs.replace(
            plan, journal_place=own_place(settings, kind, run_id), stream=own_stream(kind, run_id)
        )


def run_plan(
    settings: Settings, feed: Source, choice: Choice, plan: RunPlan, given: dict[str, Any]
) -> RunResult:
    """Trade with whoever should look on. Raises UserError(INTERRUPTED) when cut off."""
    if settings.venue.outside:
        raise UserError(
            ExitCode.USAGE,
            "The setting venue.outside is for live trading, which this version does not have.",
            "Leave it out: orders then go to the paper venue.",
        )
    watchers, say = watchers_of(
        settings, headless=given["headless"], as_json=given["as_json"], total=plan.total
    )
    try:
        return asyncio.run(trade(settings, feed, choice, plan, watchers=watchers, say=say))
    except KeyboardInterrupt as error:
        raise UserError(
            ExitCode.INTERRUPTED,
            "The run was interrupted before its clean stop was done.",
            "Start again: everything that was durable is recovered.",
        ) from error
