"""Kraken's REST API as typed calls: public data, the account's lists, orders and cancels.

Names of pairs and assets are the venue's; names.py knows ours. Reads raise Transient, Permanent or
ProtocolViolation. Orders and cancels raise Transient or Permanent when nothing was executed, and
UnknownOutcome when nobody can say; they are never sent twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from actors.instant import SECOND_NS
from actors.ports import EdgeError, ProtocolViolation, UnknownOutcome
from adapters.kraken.bodies import Amendment, Form, NewOrder, amendment_form, order_form
from adapters.kraken.limits import CallCost, CallLimits
from adapters.kraken.nonce import Nonces
from adapters.kraken.paging import PAGES_MOST, Page, at_offset, whole_list, window_form, within
from adapters.kraken.records import (
    Asset,
    AssetPair,
    Balance,
    BestPrices,
    Cancelled,
    Candle,
    Candles,
    Depth,
    KeyInfo,
    LedgerRecord,
    Listed,
    OrderRecord,
    Placed,
    PublicTrade,
    ServerTime,
    SocketToken,
    SwitchArmed,
    SystemStatus,
    TradeRecord,
    TradesPage,
    TradeVolume,
)
from adapters.kraken.signing import Credentials
from adapters.kraken.transport import Call, Patience, Transport
from adapters.kraken.wire import CutShortError, MisshapenError, decoded

TXIDS_MOST: Final = 50
SWITCH_SECONDS_MOST: Final = 86_400
T = TypeVar("T")
R = TypeVar("R", OrderRecord, TradeRecord)


class _Open(msgspec.Struct, frozen=True):
    open: dict[str, OrderRecord]


class _Closed(msgspec.Struct, frozen=True):
    closed: dict[str, OrderRecord]
    count: int | None = None


class _Trades(msgspec.Struct, frozen=True):
    trades: dict[str, TradeRecord]
    count: int | None = None


class _Ledger(msgspec.Struct, frozen=True):
    ledger: dict[str, LedgerRecord]
    count: int | None = None


class _Description(msgspec.Struct, frozen=True):
    order: str = ""


class _Added(msgspec.Struct, frozen=True):
    txid: tuple[str, ...]
    descr: _Description = _Description()


class _Checked(msgspec.Struct, frozen=True):
    descr: _Description


class _Amended(msgspec.Struct, frozen=True):
    amend_id: str


class _Count(msgspec.Struct, frozen=True):
    count: int


class KrakenRest:
    """A session with the REST API at `base_url`. Use as an async context.

    Without credentials only the public calls work.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        nonces: Nonces | None = None,
        *,
        clock: Callable[[], int],
        call_limits: CallLimits | None = None,
        patience: Patience = Patience(),  # noqa: B008  (frozen)
    ) -> None:
        self._transport = Transport(
            base_url,
            credentials,
            nonces,
            clock=clock,
            call_limits=call_limits or CallLimits(),
            patience=patience,
        )

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def time(self) -> ServerTime:
        """The venue's clock, to the second."""
        return await self._public("Time", (), ServerTime)

    async def system_status(self) -> SystemStatus:
        """Whether the venue trades."""
        return await self._public("SystemStatus", (), SystemStatus)

    async def assets(self) -> dict[str, Asset]:
        """Every asset by the venue's id."""
        return await self._public("Assets", (), dict[str, Asset])

    async def asset_pairs(self, pairs: Sequence[str] = ()) -> dict[str, AssetPair]:
        """Pairs by the venue's id; all of them, or those named. A row of another shape is no pair
        for us: it is left out, unless all of them are so.
        """
        form: Form = (("pair", ",".join(pairs)),) if pairs else ()
        listed = await self._public("AssetPairs", form, dict[str, msgspec.Raw])
        found: dict[str, AssetPair] = {}
        why = ""
        for key, raw in listed.items():
            try:
                found[key] = decoded(raw, AssetPair)
            except (CutShortError, MisshapenError) as error:
                why = why or f"AssetPairs: {key[:40]}: {error}"
        if why and not found:
            raise ProtocolViolation(why)
        return found

    async def depth(self, pair: str, count: int = 100) -> Depth:
        """The book's best levels."""
        return await self._of_pair("Depth", (("pair", pair), ("count", str(count))), Depth)

    async def trades(self, pair: str, since: int, count: int = 1000) -> TradesPage:
        """Trades after an instant (ns), oldest first; ask on from `last`."""
        form: Form = (("pair", pair), ("since", str(since)), ("count", str(count)))
        rows, last = await self._rows("Trades", form, tuple[PublicTrade, ...])
        return TradesPage(rows, last)

    async def ohlc(self, pair: str, minutes: int, since: int = 0) -> Candles:
        """Candles after `since` (ns); never more than the newest 720 and the forming one."""
        form: Form = (("pair", pair), ("interval", str(minutes)))
        if since:
            form = (*form, ("since", str(since // SECOND_NS)))
        rows, last = await self._rows("OHLC", form, tuple[Candle, ...])
        return Candles(rows, last * SECOND_NS)

    async def ticker(self, pair: str) -> BestPrices:
        """The best bid and ask of a pair."""
        return (await self._keyed("Ticker", (("pair", pair),), BestPrices))[0]

    async def balances(self) -> dict[str, Balance]:
        """BalanceEx: every asset of the account by the venue's id, suffixes included."""
        return await self._read("BalanceEx", (), dict[str, Balance])

    async def open_orders(self, cl_ord_id: str = "") -> tuple[OrderRecord, ...]:
        """Every order that rests, with its fills' ids; or the one with our id."""
        form: Form = (("trades", "true"),)
        if cl_ord_id:
            form = (*form, ("cl_ord_id", cl_ord_id))
        return tuple(_with_ids((await self._read("OpenOrders", form, _Open)).open).values())

    async def closed_orders(
        self, since: int, until: int, *, cl_ord_id: str = "", pages_most: int = PAGES_MOST
    ) -> Listed[OrderRecord]:
        """Orders that ended in the window (ns, both ends included)."""
        form: Form = (*window_form(since, until), ("trades", "true"), ("closetime", "close"))
        if cl_ord_id:
            form = (*form, ("cl_ord_id", cl_ord_id))

        async def page_at(offset: int) -> Page[OrderRecord]:
            page = await self._read(
                "ClosedOrders", at_offset(form, offset), _Closed, CallCost.HISTORY
            )
            return _with_ids(page.closed), page.count

        listed = await whole_list(page_at, pages_most=pages_most)
        return within(listed, lambda row: row.closed_ts or row.opened_ts, since, until)

    async def query_orders(
        self, txids: Sequence[str] = (), cl_ord_id: str = ""
    ) -> tuple[OrderRecord, ...]:
        """Orders by the venue's ids (50 at most) or by ours, in whatever state they are."""
        if bool(txids) == bool(cl_ord_id) or len(txids) > TXIDS_MOST:
            raise ValueError(f"ask for one of our ids, or for up to {TXIDS_MOST} of the venue's")
        wanted = ("txid", ",".join(txids)) if txids else ("cl_ord_id", cl_ord_id)
        form: Form = (wanted, ("trades", "true"))
        found = await self._read("QueryOrders", form, dict[str, OrderRecord])
        return tuple(_with_ids(found).values())

    async def trades_history(
        self, since: int, until: int, *, pages_most: int = PAGES_MOST
    ) -> Listed[TradeRecord]:
        """The account's fills in the window (ns, both ends included)."""
        form: Form = (*window_form(since, until), ("consolidate_taker", "false"))

        async def page_at(offset: int) -> Page[TradeRecord]:
            page = await self._read(
                "TradesHistory", at_offset(form, offset), _Trades, CallCost.HISTORY
            )
            return _with_ids(page.trades), page.count

        listed = await whole_list(page_at, pages_most=pages_most)
        return within(listed, lambda row: row.ts, since, until)

    async def ledgers(
        self, since: int, until: int, *, pages_most: int = PAGES_MOST
    ) -> Listed[LedgerRecord]:
        """Entries of the account's ledger in the window (ns, both ends included)."""
        form = window_form(since, until)

        async def page_at(offset: int) -> Page[LedgerRecord]:
            page = await self._read("Ledgers", at_offset(form, offset), _Ledger, CallCost.HISTORY)
            rows = {
                name: msgspec.structs.replace(row, ledger_id=name)
                for name, row in page.ledger.items()
            }
            return rows, page.count

        listed = await whole_list(page_at, pages_most=pages_most)
        return within(listed, lambda row: row.ts, since, until)

    async def trade_volume(self, pairs: Sequence[str]) -> TradeVolume:
        """The account's volume and its own fees for these pairs."""
        return await self._read("TradeVolume", (("pair", ",".join(pairs)),), TradeVolume)

    async def socket_token(self) -> SocketToken:
        """GetWebSocketsToken: what the private sockets want to see."""
        return await self._read("GetWebSocketsToken", (), SocketToken)

    async def key_info(self) -> KeyInfo:
        """What the key may do."""
        return await self._read("GetApiKeyInfo", (), KeyInfo)

    async def add_order(self, order: NewOrder) -> Placed:
        """Place a limit order, once."""
        added = await self._act("AddOrder", order_form(order), _Added)
        if len(added.txid) != 1 or not added.txid[0]:
            raise UnknownOutcome(f"AddOrder: {len(added.txid)} ids for one order")
        return Placed(added.txid[0], added.descr.order)

    async def check_order(self, order: NewOrder) -> str:
        """Let the venue check an order without placing it; its description."""
        form = order_form(order, validate_only=True)
        # Not repeated either, and where its outcome is unknown one had better look.
        return (await self._act("AddOrder", form, _Checked)).descr.order

    async def amend_order(self, amendment: Amendment) -> str:
        """Change a resting order in place; the amendment's id."""
        return (await self._act("AmendOrder", amendment_form(amendment), _Amended)).amend_id

    async def cancel_order(self, *, cl_ord_id: str = "", txid: str = "") -> Cancelled:
        """Cancel one order by our id or by the venue's."""
        if bool(txid) == bool(cl_ord_id):
            raise ValueError("cancel by our id or by the venue's")
        wanted = ("txid", txid) if txid else ("cl_ord_id", cl_ord_id)
        return await self._act("CancelOrder", (wanted,), Cancelled)

    async def cancel_all(self) -> int:
        """Cancel every order of the account, also those that are not ours; how many."""
        return (await self._act("CancelAll", (), _Count, CallCost.PLAIN)).count

    async def cancel_all_after(self, seconds: int) -> SwitchArmed:
        """Arm the dead man's switch of the whole account anew; 0 turns it off."""
        if not 0 <= seconds <= SWITCH_SECONDS_MOST:
            raise ValueError(f"the switch takes 0 to {SWITCH_SECONDS_MOST} seconds")
        form: Form = (("timeout", str(seconds)),)
        return await self._act("CancelAllOrdersAfter", form, SwitchArmed, CallCost.PLAIN)

    async def _public(self, name: str, form: Form, kind: type[T]) -> T:
        raw = await self._transport.result(Call(name, form, is_public=True))
        return _decoded(name, raw, kind, ProtocolViolation)

    async def _of_pair(self, name: str, form: Form, kind: type[T]) -> T:
        """The answer under the pair's key, whichever name the venue gave it."""
        return (await self._keyed(name, form, kind))[0]

    async def _rows(self, name: str, form: Form, kind: type[T]) -> tuple[T, int]:
        """The rows under the pair's key, and `last`."""
        rows, others = await self._keyed(name, form, kind)
        # A number for candles, text for trades.
        last = bytes(others.get("last", b"")).strip(b'"')
        if not (last.isdigit() and len(last) < 20):
            raise ProtocolViolation(f"{name}: last is {last[:40]!r}")
        return rows, int(last)

    async def _keyed(
        self, name: str, form: Form, kind: type[T]
    ) -> tuple[T, dict[str, msgspec.Raw]]:
        answer = await self._public(name, form, dict[str, msgspec.Raw])
        keys = [key for key in answer if key != "last"]
        if len(keys) != 1:
            raise ProtocolViolation(f"{name} answers for {len(keys)} pairs, not for one")
        return _decoded(name, answer[keys[0]], kind, ProtocolViolation), answer

    async def _read(
        self, name: str, form: Form, kind: type[T], cost: CallCost = CallCost.PLAIN
    ) -> T:
        raw = await self._transport.result(Call(name, form, cost))
        return _decoded(name, raw, kind, ProtocolViolation)

    async def _act(
        self, name: str, form: Form, kind: type[T], cost: CallCost = CallCost.ORDER
    ) -> T:
        """An answer that we cannot read says no more than none: the venue may have acted."""
        raw = await self._transport.result(Call(name, form, cost, acts=True))
        return _decoded(name, raw, kind, UnknownOutcome)


def _decoded(name: str, raw: msgspec.Raw, kind: type[T], failure: type[EdgeError]) -> T:
    try:
        return decoded(raw, kind)
    except (CutShortError, MisshapenError) as error:
        raise failure(f"{name}: {error}") from None


def _with_ids(rows: dict[str, R]) -> dict[str, R]:
    return {txid: msgspec.structs.replace(row, txid=txid) for txid, row in rows.items()}
