"""One run through the sockets of a simulator: its clock, its market, its account, its settings."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.kraken.clock import EdgeClock
from adapters.kraken.signing import Credentials
from service.bundles import SYNTHETIC_ONLY, Choice, choose_bundle
from service.cli.options import settings_of
from service.cli.paper import LIVE_MARKET, named
from service.cli.showing import watchers_of
from service.drivers.trading import RunPlan, RunResult, trade
from service.kraken_account import kraken_account
from service.live_market import LiveMarket, SeededVenue
from service.settings import Settings
from service.simulator_process import SimulatorPlace
from service.venue_clock import venue_clock

Wanted = dict[str, dict[str, int]]
"""Settings by section and name."""
_NOTICE = "not a market result: a simulated venue on this machine"
_SEEDED_NOTICE = "not a market result: simulated Kraken, planted market, SYNTHETIC_ONLY bundle"


async def trade_at(
    settings: Settings,
    place: SimulatorPlace,
    plan: RunPlan,
    given: dict[str, Any],
    *,
    seeded: SeededVenue | None = None,
) -> RunResult:
    """Trade there. `seeded`: it is a market of ours, and a model of such markets may be used."""
    clock = EdgeClock()
    if place.speed != 1:
        clock = await venue_clock(place.websocket, place.speed)
    symbols = tuple(dict.fromkeys(map(named, given.get("symbol", ()))))
    market = LiveMarket(settings, symbols, clock=clock, seeded=seeded)
    choice = _choice(settings, market, given.get("activate") or "")
    watchers, say = watchers_of(
        settings, headless=given["headless"], as_json=given["as_json"], total=plan.total
    )
    _, key = place.trader()
    credentials = Credentials(key.key, key.secret)
    async with kraken_account(settings, credentials, clock, market) as outside:
        return await trade(
            settings, market, choice, plan, watchers=watchers, outside=outside, say=say
        )


def settings_at(
    given: dict[str, Any],
    kept: Settings,
    place: SimulatorPlace,
    wanted: Wanted | None = None,
) -> Settings:
    """What the user set, with the simulator's addresses; where nothing was set, what is `wanted`.

    Without `wanted` that is what a live market needs.
    """
    defaults = Settings()
    overrides: dict[str, dict[str, Any]] = {
        section: {
            name: value
            for name, value in values.items()
            if getattr(getattr(kept, section), name) == getattr(getattr(defaults, section), name)
        }
        for section, values in (wanted or {"market": LIVE_MARKET}).items()
    }
    overrides["venue"] = {"outside": True}
    overrides.setdefault("kraken", {}).update(
        rest_url=place.rest,
        public_socket_url=place.websocket,
        private_socket_url=place.websocket_auth,
        tier=place.trader()[0].tier,
    )
    return settings_of(given["settings_file"], given["data_dir"], overrides)


def _choice(settings: Settings, market: LiveMarket, activation: str) -> Choice:
    choice = choose_bundle(
        settings.model.bundle, mode="PAPER", feed_kind=market.kind, activation=activation
    )
    if choice.activation == SYNTHETIC_ONLY:
        return msgspec.structs.replace(choice, notice=_SEEDED_NOTICE)
    return msgspec.structs.replace(choice, notice=f"{_NOTICE}; {choice.notice}")
