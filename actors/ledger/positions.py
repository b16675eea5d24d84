"""Finding the position of a symbol, and forgetting it when nothing is left of it."""

from __future__ import annotations

from actors.ledger.state import LedgerConfig, LedgerState, Position


def position_of(config: LedgerConfig, state: LedgerState, symbol: str) -> Position:
    """The position of `symbol`, opened empty when there is none; KeyError outside the run."""
    position = state.positions.get(symbol)
    if position is None:
        index = tuple(config.instruments).index(symbol)
        instrument = config.instruments[symbol]
        position = Position(symbol, index, f"available:{instrument.base}", instrument.quote_step)
        state.positions[symbol] = position
    return position


def drop_if_flat(state: LedgerState, position: Position) -> None:
    """A position without quantity leaves; its cost must have left with its lots."""
    if not position.quantity:
        assert not position.lots
        assert not position.cost
        del state.positions[position.symbol]
