"""What an open order reserves, and what its fill may spend. Pure rules over an order and its pair.

A buy reserves the rest at its price and the fee at the account's taker rate, both rounded up to the
ledger; a sell reserves the rest of the base. A fee in base is reserved in base.
"""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from adapters.kraken_simulator.instruments import ASSETS, Instrument
from adapters.kraken_simulator.orders import ZERO, Order, Side


def ceiling(value: Decimal, decimals: int) -> Decimal:
    """Rounded up to so many decimals."""
    return value.quantize(Decimal((0, (1,), -decimals)), rounding=ROUND_UP)


def hold_asset(side: Side, row: Instrument) -> str:
    """The asset in which an order of this side reserves."""
    return row.quote if side == "buy" else row.base


def hold_for(
    order: Order, row: Instrument, *, qty: Decimal | None = None, price: Decimal | None = None
) -> Decimal:
    """What the unfilled rest of an order must reserve of its hold asset.

    `qty` (the rest) and `price` may be given to ask about a change before it is made. A stop
    without a limit reserves at its trigger price.
    """
    rest = order.remaining_qty if qty is None else qty
    if rest <= 0:
        return ZERO
    if order.side == "sell":
        fee = rest * order.fee_reserve if order.fee_in_base else ZERO
        return ceiling(rest + fee, max(row.lot_decimals, ASSETS[row.base].decimals))
    at = price or order.limit_price or order.trigger_price or ZERO
    decimals = ASSETS[row.quote].decimals
    cost = ceiling(rest * at, decimals)
    fee = ZERO if order.fee_in_base else ceiling(cost * order.fee_reserve, decimals)
    return cost + fee
