"""What risk records when an hour is full: the figures that its gate would use at that instant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.instant import HOUR_NS, SECOND_NS
from actors.instruments import Instrument
from actors.messages.control import ActorRestarted, ConstraintViolated, KillSwitch
from actors.messages.ledger import PortfolioHour, PortfolioState
from actors.messages.market import CurrencyRate
from actors.messages.order import OrderState
from actors.messages.risk import ClusterHour, RiskHour, TradingState
from actors.risk.actor import RiskActor
from actors.risk.clusters import ALL, NO_VERSION, UNKNOWN
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.state import initial_state
from tests.known_clusters import by_base, told
from tests.spoken_model import speaks
from tests.unit.test_risk_state import CONFIG, NOW, SYMBOLS, Desk, approved, portfolio, position

D = Decimal
HOUR = NOW - NOW % HOUR_NS


def hour(desk: Desk, state: PortfolioState, at: int = NOW) -> tuple[RiskHour, *tuple[Any, ...]]:
    """The records of a full hour, after the portfolio that the ledger tells before it."""
    speaks(desk.actor.state, at)
    desk.tell(state, at)
    risk, *clusters = desk.tell(PortfolioHour(HOUR, state), at)
    assert isinstance(risk, RiskHour)
    return (risk, *clusters)


def test_an_empty_account_stands_open_with_its_limits() -> None:
    (risk,) = hour(Desk(), portfolio())
    assert risk == RiskHour(
        hour_ts=HOUR,
        state=TradingState.ACTIVE,
        kill_level=0,
        closed="",
        drawdown=0,
        halt_at=200_000,
        tier="normal",
        position_cap=30_000,
        exposure_cap=200_000,
        positions_max_count=10,
        orders_count=0,
        unknown_count=0,
        equity=D("10000.00"),
        positions_worth=D(0),
        claims_worth=D(0),
        exposure=D(0),
        share=0,
        mark_age=None,
    )


def test_positions_count_at_their_worth_and_open_buys_at_their_worst() -> None:
    desk = Desk()
    quantity = approved(desk.ask("BBBUSD"))
    desk.update(1, OrderState.UNKNOWN)
    held = portfolio(position("AAAUSD", "1.5"), position("BBBUSD", "0.5"))
    risk, first, second = hour(desk, held, NOW + SECOND_NS)
    claim = quantity * 100
    assert (risk.positions_worth, risk.claims_worth) == (D("200"), claim)
    assert risk.exposure == D("200") + claim == sum(each.exposure for each in (first, second))
    assert risk.share == (D("200") + claim) * 100
    assert (risk.orders_count, risk.unknown_count, risk.mark_age) == (1, 1, SECOND_NS)
    version = by_base(CONFIG.instruments).version
    assert first == ClusterHour(HOUR, "AAA", version, D("150"), D(0), D("150"), 15_000)
    assert (second.cluster, second.positions_worth, second.claims_worth) == ("BBB", D("50"), claim)


def test_a_share_is_rounded_up_so_that_no_risk_is_understated() -> None:
    held = portfolio(position("AAAUSD", "0.0000001"))
    risk, cluster = hour(Desk(), held)
    assert (risk.share, cluster.share) == (1, 1)


@pytest.mark.parametrize(
    ("told", "closed", "state"),
    [
        (KillSwitch(1, "ann", "drill"), "kill_switch", TradingState.REDUCING),
        (ConstraintViolated("fill_side", 7, ""), "halted", TradingState.HALTED),
        (ActorRestarted("features", "digest"), "actor_restarting", TradingState.ACTIVE),
    ],
)
def test_what_closes_every_entry_is_named(told: Any, closed: str, state: TradingState) -> None:
    desk = Desk()
    desk.tell(told)
    (risk,) = hour(desk, portfolio())
    assert (risk.closed, risk.state) == (closed, state)


def test_a_drawdown_closes_entries_in_its_tier_and_after_it_recovered() -> None:
    desk = Desk()
    (deep,) = hour(desk, portfolio(drawdown=200_000))
    assert (deep.closed, deep.tier, deep.state) == (
        "drawdown_halt",
        "defence",
        TradingState.REDUCING,
    )
    assert (deep.position_cap, deep.positions_max_count) == (10_000, 5)
    (after,) = hour(desk, portfolio(drawdown=100_000), NOW + 1)
    assert (after.closed, after.tier, after.position_cap) == ("reducing_only", "caution", 15_000)


def test_an_account_without_equity_has_no_share() -> None:
    broke = msgspec.structs.replace(portfolio(position("AAAUSD", "1")), equity=D(0))
    risk, cluster = hour(Desk(), broke)
    assert (risk.closed, risk.equity, risk.share, cluster.share) == (
        "no_portfolio",
        D(0),
        None,
        None,
    )
    assert risk.exposure == D("100")


def test_an_account_of_less_than_one_has_a_share() -> None:
    poor = msgspec.structs.replace(portfolio(position("AAAUSD", "0.001")), equity=D("0.50"))
    risk, cluster = hour(Desk(), poor)
    assert (risk.share, cluster.share) == (200_000, 200_000)


def test_what_is_recorded_goes_by_the_map_of_the_gate_and_a_stranger_is_unknown() -> None:
    def pair(quote: str) -> Instrument:
        return msgspec.structs.replace(
            CONFIG.instruments[0], symbol=f"AAA{quote}", quote=quote, base="AAA"
        )

    config = RiskConfig((pair("USD"), pair("CAD")))
    desk = Desk()
    desk.actor = RiskActor(config, initial_state(config))
    found = by_base(config.instruments)
    desk.tell(found)
    desk.tell(CurrencyRate("USD/CAD", D(1), D(1), NOW))
    held = portfolio(position("AAAUSD", "1"), position("AAACAD", "2"), position("OLDUSD", "3"))
    _, both, stranger = hour(desk, held)
    assert (both.cluster, both.exposure) == ("AAA", D("300"))
    assert (stranger.cluster, stranger.exposure) == (UNKNOWN, D("300"))
    assert both.version == stranger.version == found.version != NO_VERSION


def test_without_a_map_that_holds_the_hour_has_one_cluster() -> None:
    desk = Desk()
    desk.tell(told(SYMBOLS, as_of=NOW - 2, valid_until=NOW))
    _, cluster = hour(desk, portfolio(position("AAAUSD", "1"), position("BBBUSD", "2")), NOW)
    assert (cluster.cluster, cluster.version, cluster.exposure) == (ALL, NO_VERSION, D("300"))


def test_what_open_sales_and_ended_orders_leave_of_a_claim() -> None:
    """A sale claims nothing of worth; an ended buy claims what no portfolio shows yet."""
    desk = Desk()
    desk.tell(portfolio(position("AAAUSD", "2.000")))
    first = approved(desk.ask("BBBUSD", notional=D("100.00")))
    second = approved(desk.ask("BBBUSD", notional=D("50.00")))
    approved(desk.sell("1.000"))
    desk.update(1, OrderState.FILLED, str(first))
    desk.update(2, OrderState.OPEN)
    seen = portfolio(position("AAAUSD", "2.000"))
    speaks(desk.actor.state, NOW)
    risk, held, claimed = desk.tell(PortfolioHour(HOUR, seen), NOW)
    assert isinstance(risk, RiskHour)
    assert isinstance(held, ClusterHour)
    assert isinstance(claimed, ClusterHour)
    assert (risk.orders_count, risk.unknown_count) == (2, 0), "a sale and a purchase"
    assert (held.cluster, held.positions_worth, held.claims_worth) == ("AAA", D("200"), D(0))
    assert (claimed.cluster, claimed.positions_worth) == ("BBB", D(0))
    assert claimed.claims_worth == (first + second) * 100 == risk.claims_worth
    assert risk.exposure == D("200") + risk.claims_worth


def test_only_open_orders_of_unknown_outcome_are_counted() -> None:
    desk = Desk()
    for symbol in ("AAAUSD", "BBBUSD", "CCCUSD"):
        approved(desk.ask(symbol, notional=D("100.00")))
    desk.update(1, OrderState.UNKNOWN)
    desk.update(2, OrderState.UNKNOWN)
    desk.update(2, OrderState.CANCELLED, "0.500")
    risk, *_ = hour(desk, portfolio(), NOW)
    assert (risk.orders_count, risk.unknown_count) == (2, 1)


def test_clusters_come_by_name_whatever_is_held_first() -> None:
    held = portfolio(*(position(f"{name}USD", "1") for name in ("CCC", "AAA", "BBB", "DDD")))
    _, *clusters = hour(Desk(), held)
    assert [each.cluster for each in clusters] == ["AAA", "BBB", "CCC", "DDD"]


@pytest.mark.parametrize(
    ("micros", "least"), [(20_000, 20_000), (40_000, 30_000), (30_000, 30_000), (0, 30_000)]
)
def test_the_cap_of_a_position_is_the_tighter_of_the_tiers_and_its_own(
    micros: int, least: int
) -> None:
    limits = {"position_cap_micros": micros, "position_cap_amount": 0 if micros else 500}
    config = RiskConfig(CONFIG.instruments, RiskProfile(**limits))
    desk = Desk()
    desk.actor = RiskActor(config, initial_state(config))
    (risk,) = hour(desk, portfolio())
    assert risk.position_cap == least
