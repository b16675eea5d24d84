"""The loss limits as the orders actor knows them, from the portfolio and not from risk.

The same two limits, judged anew: equity at or below the capital floor, and a UTC day whose unit
value fell by the limit, until that day is over. What risk has latched or forgotten is not asked.
Entries that rest when a limit is reached are called back: they were decided before it was.
"""

from __future__ import annotations

from actors.instant import DAY_NS, floor_to
from actors.losses import fall_micros
from actors.messages.decision import Side
from actors.messages.ledger import PortfolioState
from actors.messages.order import CancelOrder, OrderState
from actors.messages.risk import Refusal
from actors.orders.state import Losses, OrdersConfig, OrdersState
from actors.orders.transitions import cancel


def observe(losses: Losses, message: PortfolioState, at: int) -> None:
    """Take over what a portfolio shows."""
    losses.equity = message.equity
    day = floor_to(at, DAY_NS)
    if day != losses.day:
        losses.day, losses.least_micros, losses.loss_micros = day, message.drawdown, 0
    losses.least_micros = min(losses.least_micros, message.drawdown)
    loss = fall_micros(losses.least_micros, message.drawdown)
    losses.loss_micros = max(losses.loss_micros, loss)


def reached(config: OrdersConfig, losses: Losses) -> tuple[Refusal, str, str] | None:
    """Why nothing may be bought: reason, value, threshold. What is no amount is no equity."""
    floor, most = config.capital_floor_amount, config.daily_loss_max_micros
    equity = losses.equity
    if floor and (equity is None or not equity.is_finite() or equity <= floor):
        return Refusal.CAPITAL_FLOOR, str(equity), f"above {floor}"
    if most and losses.loss_micros >= most:
        return Refusal.DAILY_LOSS_LIMIT, str(losses.loss_micros), f"below {most}"
    return None


def called_back(config: OrdersConfig, state: OrdersState) -> list[CancelOrder]:
    """Once a limit is reached, a cancel of every entry that may rest and was not called back."""
    grounds = reached(config, state.losses)
    if grounds is None:
        return []
    reason = f"{grounds[0].value}: {grounds[1]}, not {grounds[2]}"
    return [
        cancel(order, reason)
        for order in state.live.values()
        if order.side is Side.BUY and order.state is not OrderState.PENDING and not order.recalled
    ]
