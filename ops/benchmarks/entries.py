"""Whether a running core would let an entry in now: the gates that the outside can close, asked.

Risk's rungs that depend on the venue, its market and the account's agreement with it, and the last
look of the orders; what depends on an intent's own figures is left out.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.kernel.kernel import Kernel
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.risk import Refusal
from actors.orders.recheck import barred
from actors.orders.switch import unguarded
from actors.risk.ladder import LADDER
from actors.risk.view import view_of

_ZERO: Final = Decimal(0)
_OUTSIDE: Final = frozenset(
    {
        Refusal.HALTED,
        Refusal.KILL_SWITCH,
        Refusal.REDUCING_ONLY,
        Refusal.RECONCILING,
        Refusal.UNKNOWN_ORDER,
        Refusal.NO_PORTFOLIO,
        Refusal.STALE_PRICE,
        Refusal.MARKET_UNSOUND,
        Refusal.ACTOR_RESTARTING,
        Refusal.DRAWDOWN_HALT,
        Refusal.CAPITAL_FLOOR,
        Refusal.DAILY_LOSS_LIMIT,
    }
)
_RUNGS: Final = tuple(each for each in LADDER if each.refusal in _OUTSIDE)


def kept_out(kernel: Kernel, symbol: str) -> str:
    """Why an entry in `symbol` would be refused now, as a name; empty when it would not."""
    if kernel.halt is not None:
        return Refusal.HALTED.value
    risk, orders = kernel.actor("risk"), kernel.actor("orders")
    view = view_of(risk.config, risk.state, symbol, Side.BUY, kernel.at)
    intent = OrderIntent(
        0, symbol, Side.BUY, _ZERO, _ZERO, _ZERO, kernel.at, Action.ENTER, Reason.EDGE_ABOVE_COST,
        0, 0, 0,
    )  # fmt: skip
    for rung in _RUNGS:
        if rung.rule(intent, view) is not None:
            return rung.refusal.value
    if (grounds := barred(orders.state, Side.BUY)) is not None:
        return grounds[0].value
    if unguarded(orders.config, orders.state, kernel.at):
        return Refusal.UNGUARDED.value
    return ""


def all_kept_out(kernel: Kernel, symbols: tuple[str, ...]) -> dict[str, str]:
    """The symbols that cannot be entered, with the reason."""
    found = {symbol: kept_out(kernel, symbol) for symbol in symbols}
    return {symbol: why for symbol, why in found.items() if why}
