"""The caps of a position, of all, of a cluster and of a quote currency, as shares and as amounts.

One row a case: what is held leaves room for exactly the smallest order, or a cent too little.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.messages.ledger import CurrencyView, PortfolioState, PositionView
from actors.messages.market import CurrencyRate
from actors.messages.risk import IntentRefused, Refusal, RiskLimits
from actors.risk.actor import RiskActor
from actors.risk.admission import limits_of
from actors.risk.profile import Cap, RiskConfig, RiskProfile
from actors.risk.state import initial_state
from tests.known_clusters import by_base
from tests.spoken_model import UNSIZED
from tests.unit.test_risk_state import CONFIG, NOW, TOMORROW, Desk, approved, refused
from tests.unit.test_risk_state import portfolio as dollars

D = Decimal
PAIRS = tuple(
    msgspec.structs.replace(CONFIG.instruments[0], symbol=f"{base}{quote}", base=base, quote=quote)
    for base, quote in (
        ("AAA", "USD"),
        ("AAA", "CAD"),
        ("AAA", "USDC"),
        ("BBB", "USD"),
        ("BBB", "CAD"),
        ("BBB", "EUR"),
    )
)
WIDE = {
    "position_cap_micros": 1_000_000,
    "normal_cap_micros": 1_000_000,
    "exposure_cap_micros": 1_000_000,
    "cluster_cap_micros": 1_000_000,
    "quote_cap_usd_micros": 1_000_000,
}


def cash(currency: str) -> CurrencyView:
    """A currency with cash enough, at par and worth nothing in the equity."""
    nothing, one = D(0), D(1)
    free = D("10000.00")
    shown = (nothing, nothing, nothing, one, one, NOW, nothing, nothing, nothing, nothing)
    return CurrencyView(currency, free, *shown)


def portfolio(
    *positions: PositionView, cash_free: str = "10000.00", drawdown: int = 0
) -> PortfolioState:
    """An account of 10,000 USD, with cash of every currency."""
    shown = dollars(*positions, cash=cash_free, drawdown=drawdown)
    return msgspec.structs.replace(shown, currencies=(cash("CAD"), cash("USDC")))


def desk(**limits: int) -> Desk:
    """A desk of six pairs of two bases; the equity is 10,000, and every currency is at par."""
    found = Desk()
    config = RiskConfig(PAIRS, RiskProfile(**UNSIZED | limits))
    found.actor = RiskActor(config, initial_state(config))
    for pair in ("USD/CAD", "USDC/USD"):
        for at in (NOW, TOMORROW):
            found.tell(CurrencyRate(pair, D(1), D(1), at), at)
    found.tell(by_base(PAIRS))
    found.tell(portfolio())
    return found


def worth(symbol: str, value: str) -> PositionView:
    """A position of which only the worth matters."""
    return PositionView(symbol, D("1.000"), D("1.000"), D(value), D(value))


CAPS = [
    ("position_cap", Refusal.POSITION_CAP, "AAAUSD"),
    ("exposure_cap", Refusal.EXPOSURE_CAP, "BBBCAD"),
    ("exposure_cap", Refusal.EXPOSURE_CAP, "OLDEUR"),
    ("cluster_cap", Refusal.CLUSTER_CAP, "AAACAD"),
    ("cluster_cap", Refusal.CLUSTER_CAP, "AAAUSDC"),
    ("cluster_cap", Refusal.CLUSTER_CAP, "OLDEUR"),  # whose cluster nobody knows
    ("quote_cap_usd", Refusal.QUOTE_CAP, "BBBUSD"),
    ("quote_cap_usd", Refusal.QUOTE_CAP, "OLDEUR"),  # whose quote nobody knows
]
MODES = [("share", 100_000, 0), ("amount", 0, 1_000)]


@pytest.mark.parametrize(("mode", "micros", "amount"), MODES)
@pytest.mark.parametrize(("cap", "refusal", "held"), CAPS)
def test_a_cap_admits_what_fits_exactly_and_refuses_a_cent_less(
    cap: str, refusal: Refusal, held: str, mode: str, micros: int, amount: int
) -> None:
    limits = WIDE | {f"{cap}_micros": micros, f"{cap}_amount": amount}
    found = desk(**limits)
    found.tell(portfolio(worth(held, "995.00")))
    assert approved(found.ask()) == D("0.050")  # worth 5, the least cost
    found = desk(**limits)
    found.tell(portfolio(worth(held, "995.01")))
    told = found.ask()
    assert isinstance(told, IntentRefused)
    assert (told.reason, told.value, told.threshold) == (refusal, "300.00", "4.99")


@pytest.mark.parametrize(("mode", "micros", "amount"), MODES)
@pytest.mark.parametrize(
    ("cap", "symbols"),
    [
        ("position_cap", ("AAAUSD",)),
        ("exposure_cap", ("BBBCAD", "AAACAD", "BBBUSD")),
        ("cluster_cap", ("AAACAD", "AAAUSDC")),
        ("quote_cap_usd", ("BBBUSD",)),
    ],
)
def test_an_open_buy_counts_at_its_worst_and_the_rest_is_the_size(
    cap: str, symbols: tuple[str, ...], mode: str, micros: int, amount: int
) -> None:
    found = desk(**WIDE | {f"{cap}_micros": micros, f"{cap}_amount": amount})
    for symbol in symbols:
        assert approved(found.ask(symbol, notional=D("300.00"))) == D("3.000")
    left = 10 - 3 * len(symbols)
    assert approved(found.ask(notional=D("5000.00"))) == D(f"{left}.000")


@pytest.mark.parametrize(
    ("cap", "elsewhere"),
    [
        ("position_cap", "AAACAD"),
        ("cluster_cap", "BBBUSD"),
        ("quote_cap_usd", "AAACAD"),
        ("quote_cap_usd", "BBBCAD"),
    ],
)
def test_what_is_held_elsewhere_does_not_count(cap: str, elsewhere: str) -> None:
    found = desk(**WIDE | {f"{cap}_micros": 100_000})
    found.tell(portfolio(worth(elsewhere, "1000.00")))
    assert approved(found.ask(notional=D("5000.00"))) == D("10.000")


@pytest.mark.parametrize(
    ("symbol", "room"), [("AAAUSD", 2), ("AAACAD", 3), ("AAAUSDC", 4), ("BBBCAD", 3)]
)
def test_every_quote_currency_has_a_cap_of_its_own(symbol: str, room: int) -> None:
    found = desk(
        quote_cap_usd_micros=20_000,
        quote_cap_cad_micros=0,
        quote_cap_cad_amount=300,
        quote_cap_usdc_micros=40_000,
        position_cap_micros=100_000,
        normal_cap_micros=100_000,
    )
    assert approved(found.ask(symbol, notional=D("5000.00"))) == D(f"{room}.000")


def test_a_currency_without_a_cap_buys_nothing() -> None:
    assert RiskProfile().quote_cap("EUR") == Cap(0)
    assert refused(desk().ask("BBBEUR")) is Refusal.CURRENCY_RATE_STALE


def test_three_quotes_of_one_base_share_the_cap_of_their_cluster() -> None:
    found = desk()
    sizes = [approved(found.ask(symbol)) for symbol in ("AAAUSD", "AAACAD", "AAAUSDC")]
    assert sizes == [D("3.000"), D("3.000"), D("2.000")]


@pytest.mark.parametrize(
    ("amount", "drawdown", "quantity"),
    [
        (250, 0, "2.500"),
        (300, 0, "3.000"),
        (1_000, 0, "3.000"),  # the tier's share, 3 %
        (250, 100_000, "1.500"),
        (100, 150_000, "1.000"),
        (99, 150_000, "0.990"),
    ],
)
def test_an_absolute_position_cap_and_the_tier_both_hold(
    amount: int, drawdown: int, quantity: str
) -> None:
    found = desk(position_cap_micros=0, position_cap_amount=amount)
    found.tell(portfolio(drawdown=drawdown), TOMORROW)
    assert approved(found.ask(at=TOMORROW)) == D(quantity)


@pytest.mark.parametrize(
    ("cap", "amount", "quantity"),
    [
        ("position_cap", 50_000, "10.000"),  # a tenth of the equity, whatever the amount
        ("position_cap", 1_001, "10.000"),
        ("position_cap", 1_000, "10.000"),
        ("position_cap", 999, "9.990"),
        ("exposure_cap", 50_000, "50.000"),
        ("cluster_cap", 50_000, "25.000"),
        ("cluster_cap", 2_499, "24.990"),
        ("quote_cap_usd", 50_000, "50.000"),
    ],
)
def test_an_amount_never_allows_more_than_a_share_may_be(
    cap: str, amount: int, quantity: str
) -> None:
    found = desk(**WIDE | {f"{cap}_micros": 0, f"{cap}_amount": amount})
    found.tell(portfolio(cash_free="99999.00"))
    assert approved(found.ask(notional=D("50000.00"))) == D(quantity)


@pytest.mark.parametrize(
    ("cap", "micros", "amount"),
    [
        ("position_cap", 30_000, 1),
        ("position_cap", 0, 0),
        ("exposure_cap", -1, 5),
        ("exposure_cap", 1_000_001, 0),
        ("cluster_cap", 0, -1),
        ("cluster_cap", 10, -1),
        ("quote_cap_cad", 1, 1),
        ("quote_cap_usd", 1, 1),
        ("quote_cap_usdc", 0, 0),
    ],
)
def test_a_cap_that_is_both_or_neither_is_refused_by_name(
    cap: str, micros: int, amount: int
) -> None:
    with pytest.raises(ValueError, match=f"of {cap}_micros .* and {cap}_amount exactly one must"):
        RiskProfile(**{f"{cap}_micros": micros, f"{cap}_amount": amount})


def test_the_database_is_told_no_share_that_an_amount_could_exceed() -> None:
    stated = limits_of(
        RiskProfile(
            position_cap_micros=0,
            position_cap_amount=1,
            exposure_cap_micros=0,
            exposure_cap_amount=1,
        )
    )
    assert isinstance(stated, RiskLimits)
    assert (stated.position_cap, stated.exposure_cap) == (100_000, 500_000)
    shares = limits_of(RiskProfile())
    assert (shares.position_cap, shares.exposure_cap) == (30_000, 200_000)
