"""How the simulated exchange behaves where Kraken's behaviour is a choice or not certain. Data."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's settings; the defaults are what Kraken is believed to do.

    `post_only_cancels`: a crossing post-only order is accepted and cancelled instead of refused.
    `exact_ledger`: costs and fees are rounded to the quote asset's ledger decimals, so that ledger
    and fills agree to the last digit; else cost has the pair's cost decimals and the ledger rounds.
    `book_rate` scales how often background levels change, `trade_rate` how often others trade.
    `market_protection`: a market order stops this ratio away from the best price (nompp lifts it).
    `book_levels` is how many levels a side others keep up.
    """

    post_only_cancels: bool = False
    exact_ledger: bool = False
    book_rate: float = 1.0
    trade_rate: float = 1.0
    market_protection: Decimal = Decimal("0.10")
    book_levels: int = 1_000
