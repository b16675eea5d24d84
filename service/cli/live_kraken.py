"""`ballast live --venue kraken`: every gate first, then the account that the connected key opens.

The account is Kraken's, or that of a simulator on this machine, by the same way.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import click
import msgspec

from adapters.kraken.clock import EdgeClock
from adapters.kraken.signing import Credentials
from service.bundles import choose_bundle
from service.cli.answering import answer
from service.cli.gates_verbs import documents, examined, lines_of, tell
from service.cli.options import duration_of, settings_of
from service.cli.paper import LIVE_MARKET, named, refuse_other_journal
from service.cli.showing import finish, watchers_of
from service.confirmations import in_force, read_confirmations
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, RunResult, trade
from service.environment import LIVE
from service.failures import ExitCode, UserError
from service.kraken_account import kraken_account, refuse_elsewhere
from service.live_gates import refusal_of, shut
from service.live_market import LOOPBACK_KIND, LiveMarket
from service.settings import MarketSettings, Settings
from service.sole_service import sole_service
from service.stores import POSTGRES, account_place
from service.venue_clock import venue_clock

_SIMULATORS: Final = (("connect", None), ("faults", None), ("speed", 1.0), ("seed", 1))
_HERE: Final = "not a market result: the venue is on this machine"


def live_at_kraken(given: dict[str, Any]) -> None:
    """Trade, if every gate is open. Raises UserError at the first that is shut."""
    for name, usual in _SIMULATORS:
        if given[name] != usual:
            raise UserError(
                ExitCode.USAGE,
                f"The option --{name} does not go with --venue kraken.",
                "It is for `ballast live --venue simulator`.",
            )
    settings = _settings(given)
    refuse_elsewhere(settings)
    found, rows = examined(settings)
    if given["check"]:
        tell(rows, as_json=given["as_json"])
        return
    if not given["as_json"]:
        for line in lines_of(rows):
            click.echo(line, err=True)
    if closed := shut(rows):
        failure = refusal_of(closed[0])
        if given["as_json"]:
            answer({"gates": documents(rows)}, failure)
        raise failure
    assert found.credentials is not None, "its gates are open"
    with sole_service(settings.home, f"The account {settings.account.name}"):
        result = asyncio.run(trade_with(settings, found.credentials, given))
    finish(result, given["as_json"])


async def trade_with(
    settings: Settings, credentials: Credentials, given: dict[str, Any], speed: float = 1.0
) -> RunResult:
    """One live run with that key; a simulator on loopback may have a faster clock."""
    kind = given["journal"] or settings.journal.kind or POSTGRES
    refuse_other_journal(settings, kind, LIVE)
    limits = Limits(given["events"] or 0, duration_of(given["for_"]))
    plan = RunPlan(
        LIVE,
        kind,
        account_place(settings, kind),
        limits=limits,
        speed=1.0,
        lasting=True,
        opening=tuple(in_force(read_confirmations(settings)).values()),
    )
    clock = EdgeClock()
    if speed != 1:
        clock = await venue_clock(settings.kraken.public_socket_url, speed)
    market = LiveMarket(settings, tuple(dict.fromkeys(map(named, given["symbol"]))), clock=clock)
    choice = choose_bundle(
        settings.model.bundle, mode=LIVE, feed_kind=market.kind, activation=given["activate"] or ""
    )
    if market.kind == LOOPBACK_KIND:
        choice = msgspec.structs.replace(choice, notice=f"{_HERE}; {choice.notice}")
    watchers, say = watchers_of(
        settings, headless=given["headless"], as_json=given["as_json"], total=plan.total
    )
    async with kraken_account(settings, credentials, clock, market) as outside:
        return await trade(
            settings, market, choice, plan, watchers=watchers, outside=outside, say=say
        )


def _settings(given: dict[str, Any]) -> Settings:
    """What the user set, with a venue outside and what a live market needs."""
    kept = settings_of(given["settings_file"], given["data_dir"])
    defaults = MarketSettings()
    wanted = {
        name: value
        for name, value in LIVE_MARKET.items()
        if getattr(kept.market, name) == getattr(defaults, name)
    }
    overrides: dict[str, Any] = {"market": wanted, "venue": {"outside": True}}
    return settings_of(given["settings_file"], given["data_dir"], overrides)
