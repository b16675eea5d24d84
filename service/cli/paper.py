"""`ballast run`, `ballast demo` and `ballast paper`: trading on paper, without key or account."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import click

from actors.ports import Feed
from service.bundles import Choice, choose_bundle
from service.cli.options import common, duration_of, missing_file, settings_of
from service.cli.showing import finish, watchers_of
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, RunResult, trade
from service.failures import ExitCode, UserError
from service.feeds import UNIVERSE, recorded_feed, seeded_feed
from service.segment import fresh_run_id
from service.settings import Settings
from service.stores import FILE, POSTGRES, account_place, own_place, own_stream

SEEDED_SPEED = 3600.0
_QUIET = click.option("--headless", is_flag=True, help="No terminal view; log lines on stderr.")
_FOR = click.option("--for", "for_", metavar="DURATION", help="Stop after so much wall time (60s).")
_EVENTS = click.option("--events", type=click.IntRange(min=1), help="Stop after so many inputs.")
_SEED = click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
_JOURNAL = click.option("--journal", type=click.Choice(["postgres", "file", "memory"]))


@click.command()
@common
@_QUIET
@_FOR
@_EVENTS
@_SEED
@_JOURNAL
@click.option("--speed", type=float, default=SEEDED_SPEED, show_default=True)
def run(**given: Any) -> None:
    """Trade the seeded market on paper and keep the account (continues where it stopped).

    The market is synthetic: nothing you see is a market result. Ctrl-C stops cleanly with the
    proof card.
    """
    _trade_seeded(given, throwaway=False)


@click.command()
@common
@_QUIET
@_FOR
@_EVENTS
@_SEED
@_JOURNAL
@click.option("--speed", type=float, default=SEEDED_SPEED, show_default=True)
def demo(**given: Any) -> None:
    """Trade the seeded market with a throwaway account (kept only with --data-dir).

    With --events and --seed the run is reproducible: the same root hash everywhere.
    """
    _trade_seeded(given, throwaway=given["data_dir"] is None)


@click.command()
@common
@_QUIET
@_FOR
@_EVENTS
@_SEED
@_JOURNAL
@click.option("--feed", default="seeded", show_default=True, help="seeded, or a recorded file.")
@click.option(
    "--speed", type=float, help="Logical seconds a second; 0 is as fast as it can (recorded: 0)."
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
@click.option("--as-quote", default="", help="Research: read USDT pairs as this currency.")
@click.option("--symbol", multiple=True, help="Trade only these symbols of a seeded feed.")
def paper(**given: Any) -> None:
    """Trade on paper from a seeded market or a recorded feed (Kraken frames, trades).

    A recorded feed decides on a one-second logical heartbeat; receive time is the last venue
    stamp. Live sockets are not part of this version.
    """
    if given["feed"] == "seeded":
        _trade_seeded(given, throwaway=False)
        return
    _trade_recorded(given)


def _trade_seeded(given: dict[str, Any], *, throwaway: bool) -> None:
    symbols = tuple(given.get("symbol") or UNIVERSE)
    feed = seeded_feed(given["seed"], symbols)
    if throwaway:
        with tempfile.TemporaryDirectory(prefix="ballast-demo-") as folder:
            given["data_dir"] = Path(folder)
            _run(given, feed, given["speed"] or SEEDED_SPEED)
    else:
        _run(given, feed, given["speed"] or SEEDED_SPEED)


def _trade_recorded(given: dict[str, Any]) -> None:
    path = Path(given["feed"])
    if not path.is_file():
        raise missing_file(path)
    warm_up = tuple(given["warm_up"])
    feed = recorded_feed(path, warm_up, shift=given["warm_up_shift"], as_quote=given["as_quote"])
    _run(given, feed, given["speed"] or 0.0, own=True)


def _run(given: dict[str, Any], feed: Feed, speed: float, *, own: bool = False) -> None:
    """Trade; a recorded feed has an account of its own and decides every second."""
    overrides: dict[str, Any] = {"market": {"heartbeat_seconds": 1}} if own else {}
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
    place, stream = account_place(settings, kind), ""
    if own:
        run_id = fresh_run_id(settings, feed, choice, "PAPER")
        place, stream = own_place(settings, kind, run_id), own_stream(kind, run_id)
    plan = RunPlan(
        mode="PAPER",
        journal_kind=kind,
        journal_place=place,
        stream=stream,
        lasting=not own,
        limits=limits,
        speed=speed,
    )
    result = run_plan(settings, feed, choice, plan, given)
    finish(result, given["as_json"])


def run_plan(
    settings: Settings, feed: Feed, choice: Choice, plan: RunPlan, given: dict[str, Any]
) -> RunResult:
    """Trade with whoever should look on. Raises UserError(INTERRUPTED) when cut off."""
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
