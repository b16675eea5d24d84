"""The exchange's refusals, word for word as Kraken says them, and the exception that carries one.

Only texts live here; which rule comes first is decided in `rules` and `trading`.
"""

from __future__ import annotations

from typing import Final

UNKNOWN_PAIR: Final = "EQuery:Unknown asset pair"
UNKNOWN_ASSET: Final = "EQuery:Unknown asset"
INVALID_ARGUMENTS: Final = "EGeneral:Invalid arguments"
INVALID_PRICE: Final = "EOrder:Invalid price"
TICK_SIZE: Final = "EOrder:Tick size check failed"
ORDER_MINIMUM: Final = "EOrder:Order minimum not met"
COST_MINIMUM: Final = "EOrder:Cost minimum not met"
INSUFFICIENT_FUNDS: Final = "EOrder:Insufficient funds"
POST_ONLY: Final = "EOrder:Post only order"
UNKNOWN_ORDER: Final = "EOrder:Unknown order"
INVALID_ORDER: Final = "EOrder:Invalid order"
RATE_LIMIT: Final = "EOrder:Rate limit exceeded"
ORDERS_LIMIT: Final = "EOrder:Orders limit exceeded"
DEADLINE: Final = "EService:Deadline elapsed"
UNAVAILABLE: Final = "EService:Unavailable"
CANCEL_ONLY: Final = "EService:Market in cancel_only mode"
POST_ONLY_MODE: Final = "EService:Market in post_only mode"
LIMIT_ONLY: Final = "EService:Market in limit_only mode"
REDUCE_ONLY: Final = "EOrder:Reduce only:No position exists"
MARGIN: Final = "EOrder:Cannot open position"
INDEX_UNAVAILABLE: Final = "EOrder:Index unavailable"
NO_MPP: Final = "no_mpp order option is only available when ordertype = market"
CLIENT_ID_TAKEN: Final = f"{INVALID_ARGUMENTS}:cl_ord_id"


class Refusal(Exception):  # noqa: N818 - it is the venue's answer, not a fault of ours
    """The exchange says no. `error` is Kraken's exact text; nothing was changed but counters."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def argument(field: str) -> str:
    """The refusal of one field: "EGeneral:Invalid arguments:volume"."""
    return f"{INVALID_ARGUMENTS}:{field}"


def restricted(asset: str) -> str:
    """The refusal of an asset that this account may not trade."""
    return f"EAccount:Invalid permissions:{asset} trading restricted"
