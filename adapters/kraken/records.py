"""What Kraken's REST answers hold, as typed facts: amounts are exact decimals, times are ns UTC.

Fields bear our names; what we do not use is left out, what is unknown is ignored. An amount that
no market has (not finite, absurdly long) is refused while it is read; a negative zero becomes zero.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Generic, TypeVar

import msgspec

from actors.money import ZERO, step_of
from adapters.kraken.rule_book import PairRules

DIGITS_MOST: Final = 40
"""Neither a digit before nor one behind the point may be further away than this."""
_ZERO: Final = Decimal(0)
T = TypeVar("T")


class Instant(int):
    """Nanoseconds UTC; on the wire seconds with a fraction, as a number or text."""


class Stamp(int):
    """Nanoseconds UTC; on the wire RFC 3339, or "0" for never, which is 0."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One thing that the venue told; every decimal in it is finite and of sane length."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if type(value) is Decimal:
                msgspec.structs.force_setattr(self, name, sane(value))


def sane(value: Decimal) -> Decimal:
    """The amount, without the sign of a zero. Raises ValueError for what is no amount."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("an amount is not a number")  # noqa: TRY004  (msgspec wants this one)
    if exponent < -DIGITS_MOST or exponent > DIGITS_MOST or value.adjusted() > DIGITS_MOST:
        raise ValueError("an amount is too long")
    return value.copy_abs() if value.is_zero() else value


class ServerTime(Fact, frozen=True):
    """The venue's clock, to the second; never one from a cache."""

    ts: Instant = msgspec.field(name="unixtime")


class SystemStatus(Fact, frozen=True):
    """online, maintenance, cancel_only or post_only; the announcements may be absent."""

    status: str
    timestamp: Stamp
    upcoming_maintenance: tuple[msgspec.Raw, ...] = ()
    emergency: tuple[msgspec.Raw, ...] = ()


class Asset(Fact, frozen=True):
    """One asset by the venue's id; `decimals` is the ledger's precision."""

    altname: str
    decimals: int
    display_decimals: int
    aclass: str = "currency"
    status: str = "enabled"


class BestPrices(Fact, frozen=True):
    """What a ticker tells of the two sides of a book: price, whole lots, lots; no time with it."""

    a: tuple[Decimal, ...]
    b: tuple[Decimal, ...]

    def __post_init__(self) -> None:
        """Each side begins with its price. Raises ValueError where one is missing."""
        if not self.a or not self.b:
            raise ValueError("a ticker has a side without a price")
        msgspec.structs.force_setattr(self, "a", tuple(map(sane, self.a)))
        msgspec.structs.force_setattr(self, "b", tuple(map(sane, self.b)))


class AssetPair(Fact, frozen=True):
    """One pair; what old listings lack is None, the fee lists may be empty. Fees in percent."""

    altname: str
    base: str
    quote: str
    pair_decimals: int
    lot_decimals: int
    wsname: str = ""
    cost_decimals: int | None = None
    ordermin: Decimal | None = None
    costmin: Decimal | None = None
    tick_size: Decimal | None = None
    status: str = "online"
    fees: tuple[tuple[Decimal, Decimal], ...] = ()
    fees_maker: tuple[tuple[Decimal, Decimal], ...] = ()
    base_decimals: int = -1
    """What the venue's ledger keeps of the base asset; no field of the list, -1: not known."""

    def rules(self, symbol: str) -> PairRules:
        """Its rules; where it lists no tick, one of its last decimal, and no minimum where none.

        No lot is finer than the ledger: what that cuts off would be missing from the balance.
        """
        least = ZERO if self.base_decimals < 0 else step_of(self.base_decimals)
        return PairRules(
            symbol,
            self.tick_size or step_of(self.pair_decimals),
            max(step_of(self.lot_decimals), least),
            ZERO if self.ordermin is None else self.ordermin,
            ZERO if self.costmin is None else self.costmin,
            least,
        )


class Level(Fact, frozen=True, array_like=True):
    """A price level of the depth; `ts` is to the second."""

    price: Decimal
    volume: Decimal
    ts: Instant


class Depth(Fact, frozen=True):
    """Both sides, best first; without checksum or sequence, so no part of a live book."""

    asks: tuple[Level, ...]
    bids: tuple[Level, ...]


class PublicTrade(Fact, frozen=True, array_like=True):
    """One trade of the tape; `side` is the taker's (b or s), `kind` m or l."""

    price: Decimal
    volume: Decimal
    ts: Instant
    side: str
    kind: str
    misc: str
    trade_id: int


class TradesPage(msgspec.Struct, frozen=True):
    """Trades, oldest first; `last` is what to ask from next (ns)."""

    rows: tuple[PublicTrade, ...]
    last: int


class Candle(Fact, frozen=True, array_like=True):
    """One candle by its opening; an interval without trades is flat, with vwap and volume zero."""

    opened_ts: Instant
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    vwap: Decimal
    volume: Decimal
    trades: int


class Candles(msgspec.Struct, frozen=True):
    """At most 720 committed candles, oldest first, then the one that still forms.

    `last_ts` is the opening of the last committed one.
    """

    rows: tuple[Candle, ...]
    last_ts: int

    @property
    def committed(self) -> tuple[Candle, ...]:
        """Those that cannot change any more."""
        return tuple(each for each in self.rows if each.opened_ts <= self.last_ts)


class Balance(Fact, frozen=True):
    """What lies there of one asset, holds included."""

    balance: Decimal
    hold_trade: Decimal = _ZERO
    credit: Decimal = _ZERO
    credit_used: Decimal = _ZERO

    @property
    def available(self) -> Decimal:
        """What an order may use."""
        return self.balance + self.credit - self.credit_used - self.hold_trade


class OrderText(Fact, frozen=True):
    """How the venue describes an order; prices are text, some are relative. `pair` is altname."""

    pair: str
    side: str = msgspec.field(name="type")
    ordertype: str
    price: str = ""
    price2: str = ""
    leverage: str | None = None
    order: str = ""
    close: str | None = None


class OrderRecord(Fact, frozen=True):
    """One order of the account. `status` closed means filled; a cancelled one may have filled too.

    `price` is the average of the fills; `descr.price` is the limit. No cl_ord_id: not ours.
    """

    status: str
    descr: OrderText
    volume: Decimal = msgspec.field(name="vol")
    filled: Decimal = msgspec.field(name="vol_exec")
    cost: Decimal
    fee: Decimal
    price: Decimal
    opened_ts: Instant = msgspec.field(name="opentm")
    closed_ts: Instant | None = msgspec.field(name="closetm", default=None)
    expires_ts: Instant | None = msgspec.field(name="expiretm", default=None)
    cl_ord_id: str | None = None
    userref: int | None = None
    refid: str | None = None
    reason: str | None = None
    oflags: str = ""
    misc: str = ""
    trades: tuple[str, ...] = ()
    txid: str = ""


class TradeRecord(Fact, frozen=True):
    """One fill of the account; `pair` is the venue's id of the pair, `txid` the fill's own."""

    ordertxid: str
    pair: str
    ts: Instant = msgspec.field(name="time")
    side: str = msgspec.field(name="type")
    ordertype: str
    price: Decimal
    cost: Decimal
    fee: Decimal
    volume: Decimal = msgspec.field(name="vol")
    margin: Decimal = _ZERO
    misc: str = ""
    trade_id: int | None = None
    maker: bool | None = None
    cl_ord_id: str | None = None
    txid: str = ""


class LedgerRecord(Fact, frozen=True):
    """One entry of the account's ledger at the venue; `asset` is the venue's id."""

    refid: str
    ts: Instant = msgspec.field(name="time")
    kind: str = msgspec.field(name="type")
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    subtype: str = ""
    aclass: str = "currency"
    ledger_id: str = ""


class Fee(Fact, frozen=True):
    """The account's own fee for a pair, in percent."""

    fee: Decimal
    minfee: Decimal
    maxfee: Decimal
    nextfee: Decimal | None = None
    nextvolume: Decimal | None = None
    tiervolume: Decimal | None = None


class TradeVolume(Fact, frozen=True):
    """Thirty days' volume and the fees by pair; takers' in `fees`."""

    currency: str
    volume: Decimal
    fees: dict[str, Fee] = msgspec.field(default_factory=dict)
    fees_maker: dict[str, Fee] = msgspec.field(default_factory=dict)


class KeyInfo(Fact, frozen=True):
    """What the key may do; `permissions` is never guessed. Its text shows no key.

    `valid_until` 0 is for ever. The other times are text as the venue writes them.
    """

    permissions: tuple[str, ...]
    name: str = msgspec.field(name="api_key_name", default="")
    api_key: str = ""
    nonce: str | int | None = None
    nonce_window: str | int | None = None
    valid_until: Instant | None = None
    query_from: str | int | None = None
    query_to: str | int | None = None
    created_time: str | int | None = None
    modified_time: str | int | None = None
    last_used: str | int | None = None
    ip_allowlist: tuple[str, ...] | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the key may be used from; empty: anywhere. The venue lists an empty text then."""
        return tuple(each for each in self.ip_allowlist or () if each)

    def __repr__(self) -> str:
        return f"KeyInfo(name={self.name!r}, permissions={self.permissions!r})"


class SocketToken(Fact, frozen=True):
    """A token for the private sockets, to be used within `expires` seconds; not shown as text."""

    token: str
    expires: int

    def __repr__(self) -> str:
        return f"SocketToken(redacted, expires={self.expires})"


class Placed(msgspec.Struct, frozen=True):
    """The venue took the order; it says nothing about fills."""

    txid: str
    description: str


class Cancelled(Fact, frozen=True):
    """How many orders ended, or will where `pending`."""

    count: int
    pending: bool = False


class SwitchArmed(Fact, frozen=True):
    """The dead man's switch by the venue's clock; `trigger_ts` 0 means off."""

    current_ts: Stamp = msgspec.field(name="currentTime")
    trigger_ts: Stamp = msgspec.field(name="triggerTime")


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """A list over a whole window; not `complete`: something may be missing, `why` says what."""

    rows: tuple[T, ...]
    complete: bool
    why: str = ""
