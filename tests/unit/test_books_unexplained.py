"""Trades that no order explains: lots, results, audit and words, against figures made by hand."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from actors.ledger.strays import IMPOSSIBLE, NAMELESS, TOO_OLD, UNNAMED
from actors.messages.decision import Side
from actors.money import EXACT
from service.books.explanations import Explanations
from service.books.inquiry import Holding
from service.books.lots import Event, LotBook, UnbookableError, in_order, told_of
from service.books.rows import AccountBalance, BookedFill, PostedTransfer, UnexplainedTrade
from service.books.suspense import suspense_hints
from tests.stored_books import CONFIGS, fill, stray, transfer

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
OPENING = transfer(0, "external:USD", "available:USD", "10000.00", source="deposit:opening:in")
replace = msgspec.structs.replace


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    with decimal.localcontext(EXACT):
        yield


def booked(*events: Event) -> LotBook:
    book = LotBook(CONFIGS)
    fills = [each for each in events if isinstance(each, BookedFill)]
    strays = [each for each in events if isinstance(each, UnexplainedTrade)]
    deposits = [each for each in events if isinstance(each, PostedTransfer)]
    for each in in_order(fills, strays, [OPENING, *deposits]):
        book.feed(each)
    return book


def lots_of(book: LotBook) -> list[tuple[str, str, str, str, bool]]:
    return [
        (each.symbol, f"{each.quantity}", f"{each.cost}", each.exec_id, each.unexplained)
        for each in book.open_lots()
    ]


def results_of(book: LotBook) -> list[tuple[str, str, str, str]]:
    return [
        (each.exec_id, f"{each.realised}", f"{each.fee}", f"{each.slippage}")
        for each in book.results
    ]


BOUGHT = fill(1, BUY, "0.2", "100.0", cost="20.00", fee="0.08", decided="99.0")
OF_ETHER = fill(2, BUY, "1", "10.0", cost="10.00", fee="0.05", fee_asset="XBT", decided="9.0")
ETHER = replace(OF_ETHER, fill=replace(OF_ETHER.fill, symbol="ETH/USD"))
COVERED = (
    transfer(2, "external:XBT", "suspense:XBT", "0.2", source="deposit:late:in-covers"),
    transfer(2, "external:XBT", "available:XBT", "0.1", source="deposit:late:in"),
)
# The trades; then open lots (symbol, quantity, cost, execution, unexplained); then what each
# trade realised, with the fee and slippage in it.
DAYS: tuple[tuple[str, tuple[Event, ...], list[object], list[object]], ...] = (
    (
        "a purchase is a lot with its fee",
        (stray(1, BUY, "0.2", "20.00", fee="0.08"),),
        [("XBT/USD", "0.2", "20.08", "s1", True)],
        [],
    ),
    (
        "a sale takes from lots that orders bought, and what these carried",
        (BOUGHT, stray(2, SELL, "0.1", "12.00", fee="0.02")),
        [("XBT/USD", "0.1", "10.04", "x1", False)],
        [("s2", "1.94", "0.06", "0.10")],
    ),
    (
        "what was sold before it was bought is a cost of the purchase that covers it",
        (
            stray(1, SELL, "0.2", "20.00"),
            fill(2, BUY, "0.3", "100.0", cost="30.00", fee="0.03", decided="99.0"),
        ),
        [("XBT/USD", "0.1", "10.01", "x2", False)],
        [("s1", "20.00", "0", "0"), ("x2", "-20.02", "0.02", "0.20")],
    ),
    (
        "a purchase of nothing but what was owed is no lot",
        (stray(1, SELL, "0.2", "20.00"), stray(2, BUY, "0.2", "21.00", fee="0.01")),
        [],
        [("s1", "20.00", "0", "0"), ("s2", "-21.01", "0.01", "0")],
    ),
    (
        "one asset for another takes the cost along, with the fee and slippage in it",
        (
            BOUGHT,
            stray(2, BUY, "1", "0.1", symbol="ETH/XBT", fee="0.05"),
            stray(3, SELL, "1", "12.00", symbol="ETH/USD"),
        ),
        [("XBT/USD", "0.1", "10.04", "x1", False)],
        [("s2", "-0.05", "0.05", "0"), ("s3", "1.96", "0.04", "0.10")],
    ),
    (
        "a fee in what was given away for another asset is lost at once",
        (BOUGHT, stray(2, BUY, "1", "0.1", symbol="ETH/XBT", fee="0.05", fee_asset="XBT")),
        [("ETH/USD", "1", "10.04", "s2", True), ("XBT/USD", "0.05", "5.02", "x1", False)],
        [("s2", "-5.02", "0.02", "0.05")],
    ),
    (
        "a fee in a third asset takes of its lots",
        (BOUGHT, ETHER),
        [("ETH/USD", "1", "10.00", "x2", False), ("XBT/USD", "0.15", "15.06", "x1", False)],
        [("x2", "-5.02", "0.02", "0.05")],
    ),
    (
        "an asset outside the run is a loss until it is sold",
        (
            stray(1, BUY, "100", "15.00", symbol="DOGE/USD", fee="0.25"),
            stray(2, SELL, "100", "16.00", symbol="DOGE/USD", fee="0.25"),
        ),
        [],
        [("s1", "-15.25", "0.25", "0"), ("s2", "15.75", "0.25", "0")],
    ),
    (
        "a fee that is all that a trade brought is told, though nothing was realised",
        (stray(1, SELL, "5", "0.25", symbol="DOGE/USD", fee="0.25"),),
        [],
        [("s1", "0.00", "0.25", "0")],
    ),
    (
        "a fee in base leaves what came in before anything is covered",
        (
            stray(1, SELL, "0.2", "20.00"),
            fill(2, BUY, "0.4", "100.0", cost="40.00", fee="0.1", fee_asset="XBT"),
        ),
        [("XBT/USD", "0.1", "13.34", "x2", False)],
        [("s1", "20.00", "0", "0"), ("x2", "-26.66", "6.66", "0.00")],
    ),
    (
        "a trade that was booked before its order was known is not booked again",
        (
            stray(1, BUY, "0.2", "20.00"),
            replace(fill(2, BUY, "0.2", "100.0", cost="20.00", decided="99.0"), fill=replace(
                fill(2, BUY, "0.2", "100.0", cost="20.00", decided="99.0").fill, exec_id="s1"
            )),
        ),
        [("XBT/USD", "0.2", "20.00", "s1", True)],
        [],
    ),
    (
        "what was set aside moves nothing",
        (
            stray(1, None, "0.2", "20.00", symbol="", reason=NAMELESS),
            stray(2, BUY, "NaN", "20.00", reason=IMPOSSIBLE),
        ),
        [],
        [],
    ),
    (
        "a deposit in kind covers first what was sold too much",
        (stray(1, SELL, "0.2", "20.00"), *COVERED),
        [("XBT/USD", "0.1", "0.00", "", False)],
        [("s1", "20.00", "0", "0")],
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("events", "lots", "results"), [row[1:] for row in DAYS], ids=[row[0] for row in DAYS]
)
def test_lots_and_results_follow_what_the_ledger_booked(
    events: tuple[Event, ...], lots: list[object], results: list[object]
) -> None:
    book = booked(*events)
    assert lots_of(book) == lots
    assert results_of(book) == results
    assert sum((each.realised for each in book.results), D(0)) == book.state.realised
    fees = sum((each.fee for each in book.results), D(0)) + book.carried().fee
    assert fees == book.state.fees


@pytest.mark.parametrize(
    "changed",
    [{"booked": False}, {"reason": TOO_OLD}, {"side": "short"}, {"cost": D("NaN")}],
)
def test_a_row_that_the_ledger_would_have_told_otherwise_is_named(
    changed: dict[str, object],
) -> None:
    good = stray(7, BUY, "0.2", "20.00")
    bad = replace(good, trade=replace(good.trade, **changed))
    with pytest.raises(UnbookableError, match="the trade that no order explains of input 7 is not"):
        booked(bad)


def test_nothing_is_held_of_what_is_owed() -> None:
    assert Holding("XBT", D(0), D("-0.2")).holds
    assert not Holding("XBT", D("0.1"), D("-0.2")).holds
    assert not Holding("XBT", D(0), D("0.2")).holds


def moved(
    event: BookedFill | UnexplainedTrade, *legs: tuple[str, str, str]
) -> list[PostedTransfer]:
    told = told_of(event)
    source = f"fill:{told.cl_ord_id}:{told.exec_id}"
    return [
        transfer(event.seq, debit, credit, amount, source=f"{source}:leg")
        for debit, credit, amount in legs
    ]


STRAY = stray(1, SELL, "0.3", "20.00", fee="0.08")
LEGS = (
    ("available:XBT", "suspense-trades:XBT", "0.1"),
    ("suspense:XBT", "suspense-trades:XBT", "0.2"),
    ("suspense-trades:USD", "available:USD", "20.00"),
    ("available:USD", "fees:USD", "0.08"),
)
TOLD = "of the unexplained trade s1 of input 1 is"


@pytest.mark.parametrize(
    ("legs", "fault"),
    [
        (LEGS, ""),
        (LEGS[1:], f"the quantity {TOLD} 0.3, its transfers move 0.2"),
        (LEGS[:-1], f"the fee {TOLD} 0.08, its transfers move 0"),
        (
            (*LEGS[:2], ("available:USD", "suspense-trades:USD", "20.00"), LEGS[3]),
            f"the cost {TOLD} 20.00, its transfers move 20.00 the other way",
        ),
        ((*LEGS, ("market:USD", "available:USD", "5")), "transfers of fill::s1 belong to no fill"),
        ((*LEGS, ("held:USD", "available:USD", "5")), ""),  # a hold's rest is of the hold
    ],
)
def test_the_other_side_of_an_unexplained_trade_is_suspense(
    legs: tuple[tuple[str, str, str], ...], fault: str
) -> None:
    found = Explanations()
    found.unexplained(STRAY)
    for each in moved(STRAY, *legs):
        found.transfer(each, {})
    assert found.fault() == fault


def test_what_was_set_aside_shows_in_suspense_alone() -> None:
    event = stray(1, None, "0.5", "20.00", symbol="XBTUSD", reason=NAMELESS)
    shown = ("market:?XBTUSD", "suspense-trades:?XBTUSD", "0.5")
    for legs, fault in (
        ((shown,), ""),
        ((), f"the quantity {TOLD} 0.5, its transfers move 0"),
        ((shown, LEGS[3]), "transfers of fill::s1 belong to no fill"),
    ):
        found = Explanations()
        found.unexplained(event)
        found.unexplained(stray(2, BUY, "NaN", "1", reason=IMPOSSIBLE))
        for each in moved(event, *legs):
            found.transfer(each, {})
        assert found.fault() == fault


def test_a_trade_told_again_with_its_order_moves_nothing_as_long_as_it_is_remembered() -> None:
    again = fill(3, SELL, "0.3", "100.0", cost="20.00")
    again = replace(again, fill=replace(again.fill, exec_id="s1"))
    for remembered, fault in (
        (2, ""),
        (1, "the quantity of fill s1 of input 3 is 0.3, its transfers move 0"),
    ):
        found = Explanations(remembered=remembered)
        found.unexplained(STRAY)
        found.unexplained(stray(2, BUY, "0", "0"))
        found.fill(again)
        for each in moved(STRAY, *LEGS):
            found.transfer(each, {})
        assert found.fault() == fault
    found = Explanations()
    found.unexplained(replace(STRAY, seq=4))
    for each in moved(STRAY, *LEGS):
        found.transfer(each, {})
    found.fill(again)
    assert found.fault() == fault  # the fill came first


@pytest.mark.parametrize(
    ("debit", "credit", "source", "fault"),
    [
        ("suspense-trades:USD", "market:USD", "accepted:9:USD", ""),
        ("market:XBT", "suspense-trades:XBT", "accepted:9:XBT", ""),
        (
            "suspense-trades:ETH",
            "market:ETH",
            "accepted:9:ETH",
            "accepted:9 leaves 1.5 in suspense-trades:ETH",
        ),
        (
            "suspense-trades:USD",
            "available:USD",
            "accepted:9:USD",
            "accepted:9 moves from suspense-trades:USD to available:USD",
        ),
        (
            "market:USD",
            "fees:USD",
            "accepted:9:USD",
            "accepted:9 moves from market:USD to fees:USD",
        ),
        (
            "suspense-trades:USD",
            "available:USD",
            "hold:o1:release",
            "suspense-trades:USD is moved by hold:o1",
        ),
    ],
)
def test_accepting_moves_all_of_it_to_the_market(
    debit: str, credit: str, source: str, fault: str
) -> None:
    found = Explanations()
    sums = {
        "suspense-trades:USD": D(0),
        "suspense-trades:XBT": D(0),
        "suspense-trades:ETH": D("1.5"),
    }
    found.transfer(transfer(1, debit, credit, "1", source=source), sums)
    found.transfer(transfer(2, "market:XBT", "available:XBT", "1", source="other:in"), sums)
    assert found.fault() == fault


@pytest.mark.parametrize(
    ("account", "balance", "hints"),
    [
        ("suspense-trades:USD", "0", ()),
        ("suspense:USD", "0", ()),
        ("available:USD", "5", ()),
        (
            "suspense:USD",
            "-1.50",
            ("The venue took 1.50 USD more than was there; what comes in next covers it first.",),
        ),
        ("suspense-trades:XBT", "0.1", ("0.1 XBT went away in trades that no order explains.",)),
        ("suspense-trades:XBT", "-0.1", ("0.1 XBT came in by trades that no order explains.",)),
        (
            "suspense-trades:?XBT\x1b",
            "0.5",
            (
                (
                    "0.5 was traded as XBT\N{REPLACEMENT CHARACTER} by trades that were set aside:"
                    " nothing of ours moved for them."
                ),
            ),
        ),
        (
            "suspense-trades:?",
            "0.5",
            (
                (
                    "0.5 was traded as something by trades that were set aside:"
                    " nothing of ours moved for them."
                ),
            ),
        ),
    ],
)
def test_what_stands_in_suspense_is_told_with_what_to_do(
    account: str, balance: str, hints: tuple[str, ...]
) -> None:
    amount = D(balance)
    asset = account.partition(":")[2]
    found = suspense_hints([AccountBalance(account, asset, amount, amount, 1)])
    accept = (
        "Compare unexplained trades with the venue's own list; `ballast reactivate` accepts them."
    )
    assert found == (*hints, *((accept,) if "trades" in account and amount else ()))


def test_trades_that_the_venue_gave_no_id_are_fed_as_they_were_told() -> None:
    """The id in the row is the ledger's own; none of them is booked, and none is told twice."""
    nameless = [stray(seq, BUY, "0.2", "20.00", reason=UNNAMED) for seq in (1, 2)]
    assert [each.trade.exec_id for each in nameless] == ["s1", "s2"]
    book = booked(*(replace(each, trade=replace(each.trade, ts=each.at)) for each in nameless))
    assert lots_of(book) == []
    assert results_of(book) == []
    assert len(book.state.aside) == 2
