"""When the account's fees are read and what is told of them; and what TradeVolume must say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest

from actors.instant import HOUR_NS, MINUTE_NS, SECOND_NS
from actors.messages.base import Message
from actors.messages.control import FeeTier, FeeTierRead
from actors.ports import ProtocolViolation, Transient
from adapters.kraken.fees import AccountFees, tiers_of
from adapters.kraken.names import Names
from adapters.kraken.records import Asset, AssetPair, TradeVolume
from adapters.kraken.rest import KrakenRest
from adapters.kraken.wire import decoded
from service.account_fees import (
    AFTER_HOUR_NS,
    AGAIN_NS,
    HOURLY,
    STALE_NS,
    FeeWatch,
    next_reading,
)
from service.failures import ExitCode, UserError

D = Decimal
PAIRS = ("BTC/USD", "DOGE/USD")
MIDNIGHT = 1_795_824_000 * SECOND_NS
NAMES = Names(
    {"XXBT": Asset("XBT", 10, 5), "XXDG": Asset("XDG", 8, 2), "ZUSD": Asset("USD", 4, 2)},
    {
        "XXBTZUSD": AssetPair("XBTUSD", "XXBT", "ZUSD", 1, 8),
        "XDGUSD": AssetPair("XDGUSD", "XXDG", "ZUSD", 7, 8),
    },
)


def tiers(taker: str = "0.0035", maker: str = "0.0020") -> tuple[FeeTier, ...]:
    return tuple(FeeTier(symbol, D(taker), D(maker)) for symbol in PAIRS)


class Clocked:
    """A watch whose venue answers from a script, and whose clock is moved by hand."""

    def __init__(self, *answers: tuple[FeeTier, ...] | str, at: int = MIDNIGHT) -> None:
        self.answers = list(answers)
        self.at = at
        self.asked: list[int] = []
        self.told: list[Message] = []
        self.watch = FeeWatch(self.read, self.tell, lambda: self.at)

    async def read(self, symbols: Sequence[str]) -> tuple[FeeTier, ...]:
        assert tuple(symbols) == PAIRS
        self.asked.append(self.at)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise Transient(answer)
        return answer

    async def tell(self, fact: Message) -> None:
        self.told.append(fact)

    async def look(self, after: int = HOUR_NS) -> FeeTierRead | None:
        self.at += after
        return await self.watch.look(PAIRS)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (0, AFTER_HOUR_NS),
        (AFTER_HOUR_NS - 1, AFTER_HOUR_NS),
        (AFTER_HOUR_NS, HOUR_NS + AFTER_HOUR_NS),
        (59 * MINUTE_NS, HOUR_NS + AFTER_HOUR_NS),
        (-1, AFTER_HOUR_NS),
    ],
)
def test_fees_are_read_after_every_full_hour_so_after_every_change_of_day(
    after: int, due: int
) -> None:
    assert next_reading(MIDNIGHT + after) == MIDNIGHT + due


@pytest.mark.asyncio
async def test_a_run_does_not_begin_without_the_accounts_fees() -> None:
    clocked = Clocked("EService:Unavailable")
    with pytest.raises(UserError, match="does not tell the account's fees") as refused:
        await clocked.watch.begin(PAIRS)
    assert refused.value.code is ExitCode.ENVIRONMENT
    await clocked.watch.close()


@pytest.mark.asyncio
async def test_only_what_moved_is_told() -> None:
    moved = (tiers()[0], FeeTier("DOGE/USD", D("0.0024"), D("0.0014")))
    clocked = Clocked(tiers(), tiers(), moved, moved)
    assert await clocked.watch.begin(PAIRS) == tiers()
    await clocked.watch.close()
    assert await clocked.look() is None
    assert await clocked.look() == FeeTierRead(clocked.at, moved[1:], HOURLY)
    assert await clocked.look() is None


@pytest.mark.asyncio
async def test_what_cannot_be_read_stands_for_hours_and_then_the_dearest_counts() -> None:
    clocked = Clocked(tiers("0.0035", "0.0030"), "down", "down", "down", "down", tiers())
    await clocked.watch.begin(PAIRS)
    await clocked.watch.close()
    first = await clocked.look()
    assert first == FeeTierRead(clocked.at, (), "down")
    assert await clocked.look(AGAIN_NS) is None
    dearest = await clocked.look(STALE_NS)
    assert dearest == FeeTierRead(
        clocked.at, tiers("0.0040", "0.0030"), "the dearest public fees: down"
    )
    assert await clocked.look(AGAIN_NS) is None
    assert await clocked.look() == FeeTierRead(clocked.at, tiers(), HOURLY)


@pytest.mark.asyncio
async def test_the_watch_tells_by_itself_and_asks_again_sooner_after_a_failure() -> None:
    clocked = Clocked(tiers(), "down", tiers("0.0024", "0.0014"))
    await clocked.watch.begin(PAIRS)
    clocked.at += HOUR_NS
    async with asyncio.timeout(10):
        for _ in iter(lambda: len(clocked.told) == 1, True):
            await asyncio.sleep(0.05)
        clocked.at += AGAIN_NS
        for _ in iter(lambda: len(clocked.told) == 2, True):
            await asyncio.sleep(0.05)
    await clocked.watch.close()
    assert clocked.asked == [MIDNIGHT, MIDNIGHT + HOUR_NS, MIDNIGHT + HOUR_NS + AGAIN_NS]
    assert clocked.told[1] == FeeTierRead(clocked.at, tiers("0.0024", "0.0014"), HOURLY)


def volume(fees: str, makers: str = "{}") -> TradeVolume:
    told = f'{{"currency":"ZUSD","volume":"1.0","fees":{fees},"fees_maker":{makers}}}'
    return decoded(told.encode(), TradeVolume)


def fee(percent: str) -> str:
    return f'{{"fee":"{percent}","minfee":"0.08","maxfee":"0.4"}}'


def test_percent_becomes_a_ratio_under_our_names() -> None:
    told = volume(
        f'{{"XXBTZUSD":{fee("0.3500")},"XDGUSD":{fee("0.4")},"FOO":{fee("1")}}}',
        f'{{"XXBTZUSD":{fee("0.2000")}}}',
    )
    found = tiers_of(told, NAMES, PAIRS)
    assert found == (
        FeeTier("BTC/USD", D("0.0035"), D("0.002")),
        FeeTier("DOGE/USD", D("0.004"), D("0.004")),
    )
    assert [str(each.taker) for each in found] == ["0.0035", "0.004"]


@pytest.mark.parametrize(
    ("fees", "why"),
    [
        ("{}", "tells no fee of BTC/USD, DOGE/USD"),
        (f'{{"XXBTZUSD":{fee("0.35")}}}', "tells no fee of DOGE/USD"),
        (f'{{"XXBTZUSD":{fee("-0.01")},"XDGUSD":{fee("0.4")}}}', "a fee of -0.01"),
        (f'{{"XXBTZUSD":{fee("35")},"XDGUSD":{fee("0.4")}}}', "a fee of 35"),
    ],
)
def test_an_answer_that_leaves_a_cost_open_is_worth_nothing(fees: str, why: str) -> None:
    with pytest.raises(ProtocolViolation, match=why):
        tiers_of(volume(fees), NAMES, PAIRS)


@pytest.mark.asyncio
async def test_a_symbol_without_a_name_at_the_venue_is_not_asked_for() -> None:
    rest = KrakenRest("http://127.0.0.1:1", clock=lambda: MIDNIGHT)
    with pytest.raises(ProtocolViolation, match="the venue lists no pair 'FOO/USD'"):
        await AccountFees(rest, NAMES).read(("BTC/USD", "FOO/USD"))
