"""Private methods about money: Balance, BalanceEx, TradeBalance, TradeVolume, Ledgers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.events import LedgerEntry
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.instruments import ASSETS, asset_named
from adapters.kraken_simulator.rest.naming import Naming, pairs_of
from adapters.kraken_simulator.rest.pages import Span, page, places_of, span_of
from adapters.kraken_simulator.rest.parsing import word, words
from adapters.kraken_simulator.rest.request import Request
from adapters.kraken_simulator.views import FeeRate, Wallet
from adapters.kraken_simulator.wire import seconds, text

IDS_MAX: Final = 20
_ZERO: Final = Decimal(0)


def balance(request: Request) -> dict[str, Any]:
    """Every asset's balance, holds included."""
    naming = Naming(request.params)
    return {naming.asset(each.asset): _sum(each, each.balance) for each in _wallets(request)}


def balance_ex(request: Request) -> dict[str, Any]:
    """Every asset's balance and what of it open orders hold."""
    naming = Naming(request.params)
    return {
        naming.asset(each.asset): {
            "balance": _sum(each, each.balance),
            "hold_trade": _sum(each, each.hold),
        }
        for each in _wallets(request)
    }


def trade_balance(request: Request) -> dict[str, Any]:
    """The account in one currency; no margin, so most of it is zero."""
    asked = asset_named(word(request.params, "asset") or "ZUSD")
    if asked is None:
        raise Refusal(argument("asset"))
    exchange = request.live.exchange
    worth, free = _ZERO, _ZERO
    for each in _wallets(request):
        rate = _rate(exchange, each.asset.partition(".")[0], asked)
        worth += each.balance * rate
        free += (each.balance - each.hold) * rate
    zero = text(_ZERO, 4)
    return {
        "eb": text(worth, 4),
        "tb": text(free, 4),
        "m": zero,
        "uv": zero,
        "n": zero,
        "c": zero,
        "v": zero,
        "e": text(free, 4),
        "mf": text(free, 4),
    }


def trade_volume(request: Request) -> dict[str, Any]:
    """The thirty-day volume; with `pair` also the account's rates in percent."""
    exchange, account = request.live.exchange, request.account
    naming = Naming(request.params)
    symbol = exchange.symbols[0]
    volume = exchange.fee_rate(account, symbol).volume_usd
    found: dict[str, Any] = {"currency": naming.asset("USD"), "volume": text(volume, 4)}
    if word(request.params, "pair") is None:
        return found
    rates = {
        key: exchange.fee_rate(account, row.symbol)
        for key, row in pairs_of(exchange, request.params).items()
    }
    found["fees"] = {key: _rate_of(rate, is_maker=False) for key, rate in rates.items()}
    found["fees_maker"] = {key: _rate_of(rate, is_maker=True) for key, rate in rates.items()}
    return found


def _rate_of(rate: FeeRate, *, is_maker: bool) -> dict[str, Any]:
    low, high = rate.maker_range if is_maker else rate.taker_range
    following = rate.next_maker if is_maker else rate.next_taker
    return {
        "fee": text(rate.maker if is_maker else rate.taker, 4),
        "minfee": text(low, 4),
        "maxfee": text(high, 4),
        "nextfee": None if following is None else text(following, 4),
        "nextvolume": None if rate.next_volume is None else text(rate.next_volume, 4),
        "tiervolume": text(rate.tier_volume, 4),
    }


def ledgers(request: Request) -> dict[str, Any]:
    """Ledger entries, newest first, fifty a page."""
    params, span = request.params, span_of(request.params)
    asked = words(params, "asset")
    names = None if asked in (None, ["all"]) else [asset_named(name) for name in asked or ()]
    kind = word(params, "type")
    rows = [
        each
        for each in _within(request.live.exchange.ledger(request.account), span)
        if (names is None or each.asset in names) and (kind in {None, "all", each.kind})
    ]
    found = {each.ledger_id: _entry(each, Naming(params)) for each in page(rows, span)}
    answer: dict[str, Any] = {"ledger": found}
    if not span.without_count:
        answer["count"] = len(rows)
    return answer


def query_ledgers(request: Request) -> dict[str, Any]:
    """Ledger entries by id."""
    asked = words(request.params, "id")
    if not asked or len(asked) > IDS_MAX:
        raise Refusal(argument("id"))
    known = {each.ledger_id: each for each in request.live.exchange.ledger(request.account)}
    if any(name not in known for name in asked):
        raise Refusal("EQuery:Unknown ledger entry")
    return {name: _entry(known[name], Naming(request.params)) for name in asked}


def _within(rows: tuple[LedgerEntry, ...], span: Span) -> list[LedgerEntry]:
    """Entries newest first inside the span; ids in `start` and `end` stand for their rows."""
    places = places_of((each.ledger_id, each.ts) for each in rows)
    return [each for each in reversed(rows) if span.holds(each.ledger_id, places)]


def _entry(each: LedgerEntry, naming: Naming) -> dict[str, Any]:
    decimals = ASSETS[each.asset.partition(".")[0]].decimals
    return {
        "aclass": "currency",
        "amount": text(each.amount, decimals),
        "asset": naming.asset(each.asset),
        "balance": text(each.balance, decimals),
        "fee": text(each.fee, decimals),
        "refid": each.ref_id,
        "time": seconds(each.ts),
        "type": each.kind,
        "subtype": each.subtype,
    }


def _wallets(request: Request) -> tuple[Wallet, ...]:
    return request.live.exchange.wallets(request.account)


def _sum(wallet: Wallet, value: Decimal) -> str:
    return text(value, ASSETS[wallet.asset.partition(".")[0]].decimals)


def _rate(exchange: Exchange, asset: str, into: str) -> Decimal:
    """How much of `into` one of an asset is worth, directly, inversely or by USD; else nothing."""
    if asset == into:
        return Decimal(1)
    for symbol, is_inverse in ((f"{asset}/{into}", False), (f"{into}/{asset}", True)):
        if symbol in exchange.symbols:
            last = exchange.ticker(symbol).last
            return 1 / last if is_inverse else last
    if "USD" in {asset, into}:
        return _ZERO
    return _rate(exchange, asset, "USD") * _rate(exchange, "USD", into)
