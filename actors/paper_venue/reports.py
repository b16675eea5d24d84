"""Execution reports of the paper venue: numbered per order, priced by the venue's own
arithmetic.

Cost and fee are rounded half to even at the quote's exponent, as a venue does; the fee is
charged in quote. A filled order is forgotten at once, so nothing is ever said of it twice.
"""

from __future__ import annotations

from decimal import Decimal

from actors.ids import execution_id
from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Liquidity
from actors.money import multiply_even
from actors.paper_venue.state import PaperVenueConfig, PaperVenueState, VenueOrderState


def told(order: VenueOrderState, kind: ExecKind, ts: int, text: str = "") -> ExecutionReport:
    """A report that moves no quantity."""
    order.ordinal += 1
    return ExecutionReport(
        order.cl_ord_id,
        execution_id(order.cl_ord_id, order.ordinal),
        kind,
        ts,
        venue_order_id=_venue_order_id(order),
        text=text,
    )


def traded(
    config: PaperVenueConfig,
    state: PaperVenueState,
    order: VenueOrderState,
    *,
    quantity: Decimal,
    price: Decimal,
    liquidity: Liquidity,
    ts: int,
) -> ExecutionReport:
    """A fill of `quantity` at `price`; the order leaves the venue when nothing remains."""
    assert 0 < quantity <= order.remaining
    buys = order.side is Side.BUY
    assert price <= order.limit_price if buys else price >= order.limit_price
    instrument: Instrument = config.instruments[order.symbol]
    step = instrument.quote_step
    rate = instrument.maker_fee if liquidity is Liquidity.MAKER else instrument.taker_fee
    cost = multiply_even(quantity, price, step)
    order.ordinal += 1
    order.remaining -= quantity
    if not order.remaining:
        del state.orders[order.cl_ord_id]
    return ExecutionReport(
        order.cl_ord_id,
        execution_id(order.cl_ord_id, order.ordinal),
        ExecKind.TRADE,
        ts,
        quantity,
        price,
        cost,
        multiply_even(cost, rate, step),
        instrument.quote,
        liquidity,
        _venue_order_id(order),
    )


def _venue_order_id(order: VenueOrderState) -> str:
    return f"PAPER-{order.cl_ord_id[:12]}"
