"""The live public market as a run meets it: what the venue lists, its rules, its history, its feed.

An account keeps its symbols for life; a new one takes those of the universe that the venue lists,
and the others are left out with a reason. Rules come from the venue of that day. Hours before the
first start are asked for, so that features are warm; later downtime stays a gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import msgspec
import numpy as np

from actors.dataset import FEED, Dataset
from actors.fees import with_fees
from actors.ids import digest_hex
from actors.instant import MILLISECOND_NS, MINUTE_NS, SECOND_NS
from actors.instruments import Instrument
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.control import FeeTier, RunStarted
from actors.messages.market import CandleSlice
from actors.ports import EdgeError, Feed, FeedItem, Journal
from adapters.instruments.facts import DECIMALS, MAKER_FEE, TAKER_FEE
from adapters.instruments.table import listed_symbol
from adapters.kraken.capture import CaptureFile
from adapters.kraken.clock import EdgeClock
from adapters.kraken.feed import FeedOptions, LiveFeed
from adapters.kraken.public_market import PATIENCE, PublicMarket, first_fee
from adapters.kraken.records import AssetPair
from adapters.kraken.rest import KrakenRest
from adapters.kraken.rule_book import PairRules
from adapters.kraken.socket import Patience
from service.bundles import SEEDED, SEEDED_KRAKEN
from service.currencies import needed_pairs
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.feeds import UNIVERSE
from service.settings import Settings
from service.settings_bounds import LOOPBACK

KIND: Final = "kraken-live"
LOOPBACK_KIND: Final = "kraken-loopback"
"""Whatever answers on this machine is not the market."""
FAULTS_MOST: Final = 3
CLOCK_OFF_MOST_NS: Final = 30 * SECOND_NS
_MINUTES: Final = (1, 5, 15, 30, 60, 240, 1440)
Say = Callable[[str], None]
AskFees = Callable[[tuple[str, ...]], Awaitable[tuple[FeeTier, ...]]]


class SeededVenue(msgspec.Struct, frozen=True):
    """The market of a simulator that this service started itself, by what it is made from.

    Only whoever starts the process may make one: an answer on loopback proves nothing.
    """

    seed: int
    market: str
    process: str
    symbols: tuple[str, ...]

    @property
    def dataset(self) -> Dataset:
        """The market as a run states it: made from a seed, of all symbols, without an end."""
        names = ",".join(self.symbols)
        digest = digest_hex("seeded kraken", self.process, self.market, str(self.seed), names)
        return Dataset(FEED, SEEDED, f"seed {self.seed}", digest, gaps=0, seed=self.seed)


class LiveMarket:
    """One live run's source. `prepare` it before anything of it is used; `close` it at the end.

    `symbols` empty means the account's, or of a new one the universe's. `pause_seconds` lie between
    two public calls.
    """

    datasets: tuple[Dataset, ...] = ()

    def __init__(
        self,
        settings: Settings,
        symbols: tuple[str, ...] = (),
        *,
        capture: CaptureFile | None = None,
        clock: EdgeClock | None = None,
        pause_seconds: float = PATIENCE.public_pause,
        seeded: SeededVenue | None = None,
    ) -> None:
        """`seeded` is the simulator behind the addresses, when we started it ourselves."""
        host = urlsplit(settings.kraken.public_socket_url).hostname or ""
        self.kind = LOOPBACK_KIND if host in LOOPBACK else KIND
        self.digest = digest_hex("kraken public market", host)
        if seeded is not None:
            assert self.kind == LOOPBACK_KIND, "a simulator of ours answers on this machine"
            self.kind, self.datasets = SEEDED_KRAKEN, (seeded.dataset,)
            self.digest = seeded.dataset.sha256
        self.symbols = symbols
        self.rules: tuple[Instrument, ...] = ()
        self._pair_rules: tuple[PairRules, ...] = ()
        self.left_out: dict[str, str] = {}
        self.warm_up: list[FeedItem] = []
        self.clock = clock or EdgeClock()
        self.account_fees: AskFees | None = None
        """Who tells what the account pays; without, the first public tier counts."""
        self._settings = settings
        self._capture = capture
        # A venue of ours counts no calls; its minutes may pass in seconds while we ask.
        pause = pause_seconds if seeded is None else 0.0
        patience = msgspec.structs.replace(PATIENCE, public_pause=pause)
        self._rest = KrakenRest(settings.kraken.rest_url, clock=self.clock.now, patience=patience)
        self._market = PublicMarket(self._rest, listed_symbol)
        self._open = AsyncExitStack()
        self._feed: LiveFeed | None = None
        self._listening: asyncio.Task[None] | None = None
        self._faults = 0

    @property
    def feed(self) -> LiveFeed:
        """The connection; there is one once this is prepared."""
        assert self._feed is not None, "prepare the market first"
        return self._feed

    @property
    def rate_pairs(self) -> tuple[str, ...]:
        """The pairs of currencies whose rates the feed asks for: those that the symbols need."""
        return needed_pairs(self._settings.account.quote, self.rules)

    @property
    def counts(self) -> object:
        """What the feed counted, None before there is one."""
        return None if self._feed is None else self._feed.counts

    @property
    def starts_at(self) -> int:
        """The time (ns UTC) of the first input."""
        return self.warm_up[0].at if self.warm_up else self.clock.now()

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The history that comes before the live feed."""
        return (item for item in self.warm_up if item.at > after)

    async def prepare(self, journal: Journal, say: Say, stop: asyncio.Event) -> None:
        """Ask the venue for its clock, its pairs and (for a new account) its history.

        A stop ends the asking early; the run then ends as it begins. Raises UserError when the
        venue does not answer, or the clocks are far apart.
        """
        rows = [row for row in await journal.runs() if row.last_seq >= row.first_seq]
        begun = await run_started(journal, rows[-1]) if rows else None
        await self._open.enter_async_context(self._rest)
        try:
            self._refuse_clock(await self._market.time())
            await self._market.learn_decimals()
            self._list(await self._market.pairs(), begun)
            for symbol, reason in self.left_out.items():
                say(f"{symbol} is left out: {reason}")
            if self.account_fees is not None:
                self.rules = with_tiers(self.rules, await self.account_fees(self.symbols))
            if begun is None:
                await self._remember(say, stop)
        except EdgeError as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The venue does not answer at {self._settings.kraken.rest_url} ({error}).",
                "Check the network and kraken.rest_url; nothing was started.",
            ) from error
        self._feed = LiveFeed(
            self.symbols,
            self._settings.kraken.public_socket_url,
            clock=self.clock,
            options=options_of(self._settings),
            trades=self._market,
            rules=self._pair_rules,
            pairs=self._market,
            rates=self._market,
            rate_pairs=self.rate_pairs,
            capture=self._capture,
        )

    def nudge(self) -> None:
        """Something came by another way: whoever waits for news looks again."""
        if self._feed is not None:
            self._feed.backlog.nudge()

    def doubt_rules(self) -> None:
        """An order broke a rule of its pair that we did not know of."""
        if self._feed is not None:
            self._feed.doubt_rules()

    def listen(self) -> None:
        """Connect, unless that was done.

        A fault of ours in the feed costs the connection; at the third one it is raised.
        """
        ended = self._listening
        if ended is not None:
            if not ended.done():
                return
            self._faults += 1
            if self._faults >= FAULTS_MOST:
                ended.result()
            self.feed.lost(f"the feed failed: {ended.exception()!r}"[:150])
        self._listening = asyncio.create_task(self.feed.run())

    async def hang_up(self) -> None:
        """Disconnect; what has come can still be taken."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            # What ended it was told by `listen`; here everything has to be let go.
            await asyncio.gather(listening, return_exceptions=True)

    async def close(self) -> None:
        """Disconnect from everything."""
        await self.hang_up()
        await self._open.aclose()
        if self._capture is not None:
            await self._capture.close()

    def _refuse_clock(self, venue_ts: int) -> None:
        apart = abs(venue_ts - self.clock.now())
        if apart > CLOCK_OFF_MOST_NS:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"This machine's clock is {apart // SECOND_NS} s away from the venue's.",
                "Set the clock (NTP), then start again.",
            )

    def _list(self, pairs: dict[str, AssetPair], begun: RunStarted | None) -> None:
        """Settle on the symbols and their rules."""
        self._settle(pairs, begun)
        self._pair_rules = tuple(pairs[each].rules(each) for each in self.symbols if each in pairs)

    def _settle(self, pairs: dict[str, AssetPair], begun: RunStarted | None) -> None:
        is_ours = begun is not None and begun.feed == f"{self.kind}:{self.digest}"
        if is_ours and begun is not None and self.symbols in {(), begun.symbols}:
            known = {rule.symbol: rule for rule in begun.rules}
            self.symbols = begun.symbols
            self.rules = tuple(
                rule_of(symbol, pairs[symbol]) if symbol in pairs else known[symbol]
                for symbol in self.symbols
            )
            return
        wanted = self.symbols or UNIVERSE
        self.left_out = {
            symbol: "the venue does not list it" for symbol in wanted if symbol not in pairs
        }
        self.symbols = tuple(symbol for symbol in wanted if symbol in pairs)
        if not self.symbols:
            raise UserError(
                ExitCode.BAD_INPUT,
                "The venue lists none of the symbols.",
                "Check --symbol and kraken.rest_url.",
            )
        self.rules = tuple(rule_of(symbol, pairs[symbol]) for symbol in self.symbols)

    async def _remember(self, say: Say, stop: asyncio.Event) -> None:
        """The closed bars before now, of every symbol that has any."""
        minutes = self._settings.market.bar_interval_seconds // 60
        if self._settings.market.bar_interval_seconds % 60 or minutes not in _MINUTES:
            say("the venue keeps no candles as long as a bar: features must warm up by themselves")
            return
        say(f"asking for the history of {len(self.symbols)} symbols")
        found: dict[int, list[tuple[int, list[float]]]] = {}
        for place, symbol in enumerate(self.symbols):
            if stop.is_set():
                return
            try:
                rows = await self._market.candles(symbol, minutes)
            except EdgeError as error:
                say(f"no history of {symbol}: {error}")
                continue
            for row in rows:
                if row.trades:  # a candle without trades is a gap, as everywhere
                    told = (row.open, row.high, row.low, row.close, row.volume, row.trades)
                    numbers = [float(each) for each in told]
                    found.setdefault(int(row.opened_ts), []).append((place, numbers))
        step = minutes * MINUTE_NS
        # All of it is news now: logical time begins with the account, not with its history.
        at = self.clock.now()
        self.warm_up = [
            FeedItem(at, _slice(opened, step, found[opened])) for opened in sorted(found)
        ]


def _slice(open_ts: int, step_ns: int, rows: list[tuple[int, list[float]]]) -> CandleSlice:
    places = sealed_ints([place for place, _ in rows])
    numbers = np.array([row for _, row in rows], dtype=np.float64)
    return CandleSlice(open_ts, step_ns, places, sealed(numbers), warm_up=True)


Source: TypeAlias = Feed | LiveMarket
"""What a run reads: the same items for whoever reads it, or the world as it happens."""


def rule_of(symbol: str, pair: AssetPair) -> Instrument:
    """The rules of a pair as the venue lists it; where it lists no fee, the dearest tier."""
    taker, maker = first_fee(pair.fees), first_fee(pair.fees_maker)
    rules = pair.rules(symbol)
    base, _, quote = symbol.partition("/")
    return Instrument(
        symbol=symbol,
        base=base,
        quote=quote,
        tick=rules.tick,
        lot=rules.lot,
        quantity_min=rules.quantity_min,
        cost_min=rules.cost_min,
        quote_decimals=DECIMALS[quote],
        maker_fee=Decimal(MAKER_FEE) if maker is None else maker,
        taker_fee=Decimal(TAKER_FEE) if taker is None else taker,
    )


def with_tiers(rules: tuple[Instrument, ...], tiers: tuple[FeeTier, ...]) -> tuple[Instrument, ...]:
    """The rules with the account's own fees."""
    told = {tier.symbol: tier for tier in tiers}
    return tuple(with_fees(rule, told) for rule in rules)


def options_of(settings: Settings) -> FeedOptions:
    """How the feed listens, by the settings."""
    return FeedOptions(
        conflate_ns=settings.feed.conflate_ms * MILLISECOND_NS,
        bar_ns=settings.market.bar_interval_seconds * SECOND_NS,
        skew_ns_most=settings.kraken.clock_skew_ms_max * MILLISECOND_NS,
        patience=Patience(silence=float(settings.kraken.silence_seconds)),
    )
