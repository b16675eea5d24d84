"""What risk stands at when an hour is full: a record of the account, and one of each cluster.

Figures are those that the gate itself would use at that instant: positions at their worth, open
buys at their worst. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from actors.messages.decision import Side
from actors.messages.ledger import PortfolioHour
from actors.messages.risk import ClusterHour, RiskHour
from actors.money import ZERO, micros_up
from actors.risk.clusters import holding
from actors.risk.conversion import reported
from actors.risk.ladder import entries_closed
from actors.risk.profile import RiskConfig
from actors.risk.rooms import worth_of
from actors.risk.state import RiskState
from actors.risk.view import sound_portfolio, view_of


def hours_of(
    config: RiskConfig, state: RiskState, message: PortfolioHour, at: int
) -> Iterator[RiskHour | ClusterHour]:
    """The account's hour, then those of the clusters that hold or may buy, by name."""
    equity = ZERO if sound_portfolio(message.state) is None else message.state.equity
    clusters = list(_clusters(config, state, message, equity, at))
    worth = sum((each.positions_worth for each in clusters), ZERO)
    claim = sum((each.claims_worth for each in clusters), ZERO)
    view = view_of(config, state, "", Side.BUY, at)
    tier = view.profile.tier(view.drawdown_micros)
    open_orders = [each for each in state.reservations.values() if not each.over]
    yield RiskHour(
        message.hour_ts,
        state.standing.state,
        state.standing.kill_level,
        entries_closed(view),
        view.drawdown_micros,
        view.halt_at_micros,
        tier.name,
        min(tier.position_cap_micros, view.profile.position_cap.share_micros),
        view.profile.exposure_cap.share_micros,
        tier.positions_max_count,
        len(open_orders),
        sum(each.unknown for each in open_orders),
        equity,
        worth,
        claim,
        worth + claim,
        _share(worth + claim, equity),
        view.mark_age_ns,
    )
    yield from clusters


def _clusters(
    config: RiskConfig, state: RiskState, message: PortfolioHour, equity: Decimal, at: int
) -> Iterator[ClusterHour]:
    clusters = holding(state.clusters, at)
    worths: dict[str, Decimal] = {}
    claims: dict[str, Decimal] = {}
    for position in message.state.positions:
        name = clusters.of(position.symbol)
        index = config.index_of(position.symbol)
        worth = _in_reporting(config, state, worth_of(position), index)
        worths[name] = worths.get(name, ZERO) + worth
    for each in state.reservations.values():
        if each.side is Side.BUY:
            name = clusters.of(each.symbol)
            index = config.index_of(each.symbol)
            cost = each.worst_cost(config.instruments[index])
            cost = _in_reporting(config, state, cost, index)
            claims[name] = claims.get(name, ZERO) + cost
    for name in sorted({**worths, **claims}):
        worth, claim = worths.get(name, ZERO), claims.get(name, ZERO)
        both = worth + claim
        share = _share(both, equity)
        yield ClusterHour(message.hour_ts, name, clusters.version, worth, claim, both, share)


def _in_reporting(config: RiskConfig, state: RiskState, amount: Decimal, index: int) -> Decimal:
    """An amount of a symbol's quote as the gate counts it; nothing where no rate was ever told."""
    if index < 0:
        return amount
    rules = config.instruments[index]
    found = reported(config, state, amount, rules.quote, step=rules.quote_step)
    return ZERO if found is None else found


def _share(part: Decimal, equity: Decimal) -> int | None:
    """Millionths of the equity, rounded up; None where there is none."""
    return micros_up(part, equity) if equity > 0 else None
