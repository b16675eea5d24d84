"""Currencies at the gate: stale rates, a depeg, cash of the quote alone, and caps that cross.

The account is reported in USD and holds cash of every currency; boundaries hold at equality.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.instant import HOUR_NS, MINUTE_NS
from actors.messages.control import Note
from actors.messages.decision import Side
from actors.messages.ledger import CurrencyView, PortfolioHour, PortfolioState, PositionView
from actors.messages.market import CurrencyRate
from actors.messages.risk import IntentApproved, IntentRefused, Refusal, RiskHour
from actors.risk.actor import RiskActor
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.sizing import outlook
from actors.risk.state import initial_state
from tests.spoken_model import UNSIZED
from tests.unit.test_risk_ladder import VIEW
from tests.unit.test_risk_state import CONFIG, NOW, Desk, approved, portfolio

D = Decimal
PAIRS = tuple(
    msgspec.structs.replace(CONFIG.instruments[0], symbol=f"{base}{quote}", base=base, quote=quote)
    for base, quote in (("AAA", "USD"), ("BBB", "CAD"), ("CCC", "USDC"))
)
OLDEST = 5 * MINUTE_NS
LATER = NOW + OLDEST


def rate(pair: str, bid: str, ask: str = "", ts: int = NOW) -> CurrencyRate:
    return CurrencyRate(pair, D(bid), D(ask or bid), ts)


def cash(
    currency: str, free: str, worth: str, *, least: str = "1", rate_ts: int = NOW
) -> CurrencyView:
    unit, nothing = D(least), D(0)
    amounts = (D(free), nothing, D(free), D(worth), unit, unit, rate_ts)
    return CurrencyView(currency, *amounts, nothing, nothing, nothing, nothing)


def account(*currencies: CurrencyView, **changes: Any) -> PortfolioState:
    return msgspec.structs.replace(portfolio(), currencies=currencies, **changes)


RICH = account(cash("CAD", "9000.00", "0"), cash("USDC", "9000.00", "0"))


def desk(
    *rates: CurrencyRate,
    reporting: str = "USD",
    told: PortfolioState = RICH,
    limits: dict[str, int] | None = None,
) -> Desk:
    found = Desk()
    config = RiskConfig(PAIRS, RiskProfile(**UNSIZED | (limits or {})), reporting=reporting)
    found.actor = RiskActor(config, initial_state(config))
    for each in rates:
        assert found.tell(each) == ()
    found.tell(told)
    return found


def grounds(answer: object) -> tuple[Refusal, str, str]:
    assert isinstance(answer, IntentRefused), answer
    return answer.reason, answer.value, answer.threshold


CAD, PEG, LOONIE = rate("USD/CAD", "1.25"), rate("USDC/USD", "1"), rate("USDC/CAD", "1.25")
STALE = Refusal.CURRENCY_RATE_STALE
MOST = str(OLDEST)
AGES = [
    # reported in, bought with, rates told at NOW, asked at, refused because the oldest rate is
    ("USD", "AAAUSD", (), NOW, None),
    ("USD", "BBBCAD", (), NOW, "none"),
    ("USD", "BBBCAD", (CAD,), NOW, None),
    ("USD", "BBBCAD", (CAD,), LATER, None),
    ("USD", "BBBCAD", (CAD,), LATER + 1, str(OLDEST + 1)),
    ("USD", "BBBCAD", (PEG, LOONIE), NOW, "none"),
    ("USD", "CCCUSDC", (), NOW, "none"),
    ("USD", "CCCUSDC", (PEG,), LATER, None),
    ("USD", "CCCUSDC", (PEG,), LATER + 1, str(OLDEST + 1)),
    ("USD", "AAAUSD", (CAD, PEG), LATER + 1, None),
    ("CAD", "BBBCAD", (), NOW, None),
    ("CAD", "AAAUSD", (CAD,), LATER, None),
    ("CAD", "AAAUSD", (CAD,), LATER + 1, str(OLDEST + 1)),
    ("CAD", "CCCUSDC", (LOONIE,), NOW, "none"),  # the peg is rested on as well
    ("CAD", "CCCUSDC", (PEG,), NOW, "none"),
    ("CAD", "CCCUSDC", (PEG, LOONIE), LATER, None),
    ("CAD", "CCCUSDC", (PEG, rate("USDC/CAD", "1.25", ts=NOW - 1)), LATER, str(OLDEST + 1)),
    ("CAD", "CCCUSDC", (rate("USDC/USD", "1", ts=NOW - 1), LOONIE), LATER, str(OLDEST + 1)),
    ("USDC", "CCCUSDC", (), NOW, "none"),
    ("USDC", "CCCUSDC", (PEG,), NOW, None),
]


@pytest.mark.parametrize(("reporting", "symbol", "rates", "at", "value"), AGES)
def test_an_entry_rests_on_rates_of_late(
    reporting: str, symbol: str, rates: tuple[CurrencyRate, ...], at: int, value: str | None
) -> None:
    every = tuple(cash(each, "9000.00", "0", rate_ts=at) for each in ("CAD", "USD", "USDC"))
    found = desk(*rates, reporting=reporting, told=account(*every))
    answer = found.ask(symbol, at)
    if value is None:
        assert isinstance(answer, IntentApproved), answer
    else:
        assert grounds(answer) == (STALE, value, MOST)


def test_the_age_that_a_rate_may_have_is_a_value_of_the_profile() -> None:
    found = desk(CAD, limits={"currency_rate_max_age_ns": MINUTE_NS})
    assert approved(found.ask("BBBCAD", NOW + MINUTE_NS))
    answer = found.ask("BBBCAD", NOW + MINUTE_NS + 1)
    assert grounds(answer) == (STALE, str(MINUTE_NS + 1), str(MINUTE_NS))


PEGS = [
    ("0.99", "0.99", None),
    ("1.01", "1.01", None),
    ("0.99", "1.01", None),
    ("0.989999", "1", "10001"),
    ("0.9899999", "1", "10001"),  # rounded up: less than a millionth beyond is beyond
    ("1", "1.010001", "10001"),
    ("0.5", "1", "500000"),
]


@pytest.mark.parametrize(("bid", "ask", "off"), PEGS)
def test_a_depeg_closes_entries_that_usdc_pays_for_and_no_others(
    bid: str, ask: str, off: str | None
) -> None:
    found = desk(CAD, rate("USDC/USD", bid, ask))
    answer = found.ask("CCCUSDC")
    if off is None:
        assert isinstance(answer, IntentApproved), answer
    else:
        assert grounds(answer) == (Refusal.DEPEGGED, off, "10000")
    assert approved(found.ask("AAAUSD"))
    assert approved(found.ask("BBBCAD"))


def test_a_depeg_ends_with_the_first_rate_at_the_limit() -> None:
    found = desk(rate("USDC/USD", "0.98"))
    assert grounds(found.ask("CCCUSDC")) == (Refusal.DEPEGGED, "20000", "10000")
    found.tell(rate("USDC/USD", "0.99"))
    assert approved(found.ask("CCCUSDC"))


@pytest.mark.parametrize("rates", [(), (CAD, rate("USDC/USD", "0.5"))])
@pytest.mark.parametrize("symbol", ["BBBCAD", "CCCUSDC"])
def test_neither_keeps_anything_from_being_sold(
    rates: tuple[CurrencyRate, ...], symbol: str
) -> None:
    held = PositionView(symbol, D("1.000"), D("1.000"), D("100.00"), D("100.00"))
    found = desk(*rates, told=msgspec.structs.replace(RICH, positions=(held,)))
    at = LATER + 1
    answer = found.ask(symbol, at, side=Side.SELL, notional=D(0), quantity=D("1.000"))
    assert approved(answer) == D("1.000")


def test_only_cash_of_its_own_quote_pays_for_an_entry() -> None:
    poor = account(cash("CAD", "100.40", "0"), cash("USDC", "50.00", "0"))
    found = desk(CAD, PEG, told=poor)
    assert approved(found.ask("BBBCAD")) == D("1.000")  # 100.00 and a fee of 0.40
    reason, value, _ = grounds(found.ask("BBBCAD"))
    assert (reason, value) == (Refusal.INSUFFICIENT_CASH, "300.00")
    assert approved(found.ask("CCCUSDC")) == D("0.498")
    assert approved(found.ask("AAAUSD")) == D("3.000")


def test_without_any_cash_of_the_quote_nothing_is_bought_with_it() -> None:
    found = desk(CAD, PEG, told=portfolio())
    assert grounds(found.ask("BBBCAD"))[0] is Refusal.INSUFFICIENT_CASH


CROSSED = [
    # USD/CAD, cap in the profile, what of 10,000 USD it is in CAD
    ("1.25", {}, "375.00"),  # 3 % of 12,500.00
    ("1.2999", {}, "389.97"),
    ("1.25", {"position_cap_micros": 0, "position_cap_amount": 200}, "250.00"),
    ("1.25", {"exposure_cap_micros": 10_000}, "125.00"),
    ("1.25", {"exposure_cap_micros": 0, "exposure_cap_amount": 100}, "125.00"),
    ("1.25", {"cluster_cap_micros": 0, "cluster_cap_amount": 101}, "126.25"),
    ("1.25", {"quote_cap_cad_micros": 0, "quote_cap_cad_amount": 100}, "100.00"),  # of itself
    ("1.25", {"quote_cap_cad_micros": 10_000}, "125.00"),
]


@pytest.mark.parametrize(("told", "limits", "room"), CROSSED)
def test_caps_of_the_account_cross_into_the_quote_rounded_down(
    told: str, limits: dict[str, int], room: str
) -> None:
    answer = desk(rate("USD/CAD", told), limits=limits).ask("BBBCAD", notional=D("5000.00"))
    assert isinstance(answer, IntentApproved), answer
    assert answer.sizing.room == D(room)
    assert answer.quantity * 100 <= D(room)
    assert answer.admission.equity == D(told) * 10_000


def test_what_stands_against_a_cap_crosses_at_what_it_would_cost() -> None:
    """60 CAD are 60 / 1.2345 = 48.6026.. USD, rounded up: of 100 USD there are 51.39 left."""
    rates = rate("USD/CAD", "1.2345", "1.3")
    held = PositionView("BBBCAD", D("1.000"), D("1.000"), D("60.00"), D("60.00"))
    told = msgspec.structs.replace(RICH, positions=(held,))
    answer = desk(rates, told=told, limits={"exposure_cap_micros": 10_000}).ask("AAAUSD")
    assert isinstance(answer, IntentApproved), answer
    assert (answer.admission.total_worth, answer.sizing.room) == (D("48.61"), D("51.39"))


def test_between_two_other_currencies_a_claim_crosses_the_reporting_one() -> None:
    """100 CAD cost 80 USD, which cost 80 / 0.99 = 80.8080.. USDC: of 101.01 there are 20.20."""
    held = PositionView("BBBCAD", D("1.000"), D("1.000"), D("100.00"), D("100.00"))
    told = msgspec.structs.replace(RICH, positions=(held,))
    rates = (CAD, rate("USDC/USD", "0.99", "0.99"), rate("USDC/CAD", "5"))
    answer = desk(*rates, told=told, limits={"exposure_cap_micros": 10_000}).ask("CCCUSDC")
    assert isinstance(answer, IntentApproved), answer
    assert answer.admission.exposure_cap == D("101.01")
    assert (answer.admission.total_worth, answer.sizing.room) == (D("80.81"), D("20.20"))


def test_the_risk_of_a_position_is_of_the_equity_in_its_quote() -> None:
    found = desk(rate("USD/CAD", "1.25"), limits={"base_risk_micros": 20_000})
    answer = found.ask("BBBCAD")
    assert isinstance(answer, IntentApproved), answer
    assert (answer.sizing.base, answer.sizing.clip) == (D("250.00"), "risk")
    assert answer.quantity == D("2.500")


def test_an_open_buy_of_another_currency_counts_as_well() -> None:
    found = desk(rate("USD/CAD", "1.25"), limits={"exposure_cap_micros": 10_000})
    assert approved(found.ask("BBBCAD", notional=D("50.00"))) == D("0.500")
    answer = found.ask("AAAUSD")
    assert isinstance(answer, IntentApproved), answer
    assert (answer.admission.total_worth, answer.quantity) == (D("40.00"), D("0.600"))
    assert answer.admission.cash_free == D("10000.00")  # CAD claims none of it


UNMARKED = [
    # worth of the CAD, its rate's time, asked at, what is refused
    ("100.00", NOW, LATER + 1, None),
    ("100.01", NOW, LATER + 1, "10001"),
    ("9000.00", NOW, LATER, None),
    ("9000.00", NOW, LATER + 1, "900000"),
    ("-9000.00", NOW, LATER + 1, None),
    ("0", 0, NOW, "1000000"),
]


@pytest.mark.parametrize(("worth", "rate_ts", "at", "value"), UNMARKED)
def test_what_has_no_rate_of_late_is_unmarked(
    worth: str, rate_ts: int, at: int, value: str | None
) -> None:
    found = desk(CAD, told=account(cash("CAD", "500.00", worth, rate_ts=rate_ts)))
    answer = found.ask("AAAUSD", at)
    if value is None:
        assert isinstance(answer, IntentApproved), answer
    else:
        assert grounds(answer) == (Refusal.NO_PORTFOLIO, value, "10000")


def test_what_is_owed_in_a_currency_makes_up_for_nothing_unmarked() -> None:
    owed = cash("CAD", "-500.00", "-400.00")
    found = desk(CAD, told=account(owed, unmarked=D("100.01")))
    assert grounds(found.ask("AAAUSD", LATER + 1)) == (Refusal.NO_PORTFOLIO, "10001", "10000")


def test_nothing_of_a_currency_without_a_rate_is_nothing_unmarked() -> None:
    nothing = cash("CAD", "0", "0", least="0", rate_ts=0)
    assert approved(desk(told=account(nothing)).ask("AAAUSD"))


def test_a_stale_rate_is_told_before_the_value_that_lacks_it() -> None:
    found = desk(CAD, told=account(cash("CAD", "9000.00", "9000.00")))
    assert grounds(found.ask("BBBCAD", LATER + 1))[0] is STALE
    assert grounds(found.ask("AAAUSD", LATER + 1))[0] is Refusal.NO_PORTFOLIO


@pytest.mark.parametrize("worth", ["NaN", "Infinity", "1E+15"])
def test_a_worth_that_is_no_amount_is_no_portfolio(worth: str) -> None:
    answer = desk(told=account(cash("CAD", "1.00", worth))).ask("AAAUSD")
    assert grounds(answer) == (Refusal.NO_PORTFOLIO, "none", "a portfolio with equity")


@pytest.mark.parametrize(
    "told", [rate("EUR/USD", "1"), rate("USDC/USD", "0"), rate("USDC/USD", "1.1", "1.0")]
)
def test_what_is_no_rate_is_told_and_left(told: CurrencyRate) -> None:
    found = desk(PEG)
    (note,) = found.tell(told)
    assert isinstance(note, Note)
    assert note.event == "risk.currency_rate_refused"
    assert found.actor.state.exchange_rates["USDC/USD"].bid == 1


def test_an_older_rate_is_left_and_not_told_of() -> None:
    found = desk(PEG)
    assert found.tell(rate("USDC/USD", "0.5", ts=NOW - 1)) == ()
    assert approved(found.ask("CCCUSDC"))


def test_the_hour_counts_every_position_in_reporting_currency() -> None:
    held = tuple(
        PositionView(symbol, D("1.000"), D("1.000"), D("100.00"), D("100.00"))
        for symbol in ("AAAUSD", "BBBCAD", "CCCUSDC")
    )
    told = msgspec.structs.replace(RICH, positions=held)
    found = desk(CAD, rate("USDC/USD", "0.995", "0.996"), told=told)
    (hour,) = [
        each
        for each in found.tell(PortfolioHour(NOW // HOUR_NS * HOUR_NS, told))
        if isinstance(each, RiskHour)
    ]
    assert hour.positions_worth == D("279.60")  # 100, 80 and 99.60


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"unmarked_age_ns": 0}, "an old bid must have an age"),
        ({"mark_haircut_micros": -1}, "its haircut be a ratio"),
        ({"mark_haircut_micros": 1_000_001}, "its haircut be a ratio"),
        ({"currency_rate_max_age_ns": 0}, "a rate must have an age"),
        ({"depeg_max_micros": 1_000_000}, "a depeg be a ratio"),
        ({"cluster_correlation_micros": 0}, "the correlation of a cluster"),
        ({"cluster_correlation_micros": 1_000_000}, "the correlation of a cluster"),
        ({"cluster_interval_ns": 2 * 86_400 * 10**9}, "clusters must last an hour longer"),
        ({"cluster_history_min_count": 721}, "the window of the clusters must hold"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(values: dict[str, int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        RiskProfile(**values)


def test_without_a_rate_a_position_has_no_risk_that_could_be_sized() -> None:
    known = msgspec.structs.replace(VIEW, volatility_micros=20_000, p_up=600_000)
    assert outlook(known).risk > 0
    told = outlook(msgspec.structs.replace(known, into_quote=None))
    assert (told.base, told.scale, told.confidence, told.risk) == (D(0), 0, 0, D(0))
