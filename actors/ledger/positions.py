"""Finding the position of a symbol or asset, what is owed of it, and forgetting it when it is flat.

An asset is owed when the venue's facts took more of it than our accounts had.
"""

from __future__ import annotations

from decimal import Decimal

from actors.ledger.state import LedgerConfig, LedgerState, Position
from actors.money import ZERO


def position_of(config: LedgerConfig, state: LedgerState, symbol: str) -> Position:
    """The position of `symbol`, opened empty when there is none; KeyError outside the run."""
    position = state.positions.get(symbol)
    if position is None:
        index = tuple(config.instruments).index(symbol)
        instrument = config.instruments[symbol]
        position = Position(symbol, index, f"available:{instrument.base}", instrument.quote_step)
        state.positions[symbol] = position
    return position


def symbol_of(config: LedgerConfig, asset: str) -> str | None:
    """The symbol whose base `asset` is; None when no symbol of the run trades it."""
    for symbol, instrument in config.instruments.items():
        if instrument.base == asset:
            return symbol
    return None


def owed(state: LedgerState, asset: str) -> Decimal:
    """How much of `asset` facts have taken beyond everything that our accounts had."""
    balance = state.balance
    short = balance(f"suspense:{asset}")
    if not short:
        return ZERO
    kinds = ("available", "held", "staked", "transit")
    return max(ZERO, -sum((balance(f"{kind}:{asset}") for kind in kinds), short))


def drop_if_flat(state: LedgerState, position: Position) -> None:
    """A position without quantity leaves; its cost must have left with its lots."""
    if not position.quantity:
        assert not position.lots
        assert not position.cost
        del state.positions[position.symbol]
