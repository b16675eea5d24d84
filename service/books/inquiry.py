"""The questions that `ballast books` answers: what is read for each, and what is made of it.

Every answer is a structure that can be shown as it is; a difference between two stored tellings is
part of the answer. Amounts are exact: run these under the money context.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from actors.instant import DAY_NS
from actors.kernel.snapshot import Snapshot
from actors.money import ZERO
from actors.ports import JournalCorruptError
from service.books.auditing import Audit
from service.books.instants import EVER
from service.books.lots import Event, LotBook, OpenLot, UnbookableError, in_order, parted
from service.books.profit import Profit, Tie, Totals, grouped, summed, ties, totals, within
from service.books.quotes import of_result
from service.books.reading import AccountBooks
from service.books.results import Result
from service.books.rows import AccountBalance, PortfolioRow
from service.books.statement import Statement, statement
from service.books.verification import (
    Check,
    Verdict,
    check,
    ledger_checks,
    order_check,
    proven_states,
    row_checks,
    trade_check,
)
from service.books.wording import OURS
from service.drivers.replay import verify_chain
from service.failures import ExitCode, UserError
from service.retention.tombstones import checked_seals, sealed_end
from service.trusted_snapshots import Passed, trusted_snapshots

Progress = Callable[[str, int, int], None]
CHAIN = "chain of roots holds"
SEALED = "sealed runs are signed"
JOURNAL = "tables are the journal's"


class Holding(msgspec.Struct, frozen=True):
    """One base asset told twice: by its lots, and by its postings (available, held, suspense).

    Below zero, facts took more than there was; what is owed has no lots.
    """

    asset: str
    lots: Decimal
    postings: Decimal

    @property
    def holds(self) -> bool:
        """Whether both are the same quantity; nothing is held of what is owed."""
        return self.lots == max(self.postings, ZERO)


class Lots(msgspec.Struct, frozen=True):
    """Open lots, oldest first by symbol, beside what the postings say is held."""

    lots: tuple[OpenLot, ...]
    holdings: tuple[Holding, ...]


class ProfitAnswer(msgspec.Struct, frozen=True):
    """Realised profit by cause, and the unrealised of the newest full hour that it is held to.

    Amounts of several currencies are never added: then there is no `total`, only one of each
    currency in `totals`, and groups of a time are told apart by currency. `unexplained` is how many
    of the results are of trades that no order explains.
    """

    groups: tuple[Profit, ...]
    total: Profit | None
    hour: PortfolioRow | None
    ties: tuple[Tie, ...]
    unexplained: int
    totals: tuple[Profit, ...] = ()


async def lots_of(books: AccountBooks) -> Lots:
    """The lots that the trades make, and whether the postings hold as much."""
    book = await _book(books)
    for each in await _events(books):
        _feed(book, each)
    return Lots(book.open_lots(), holdings(book, await books.balances()))


def holdings(book: LotBook, balances: Sequence[AccountBalance]) -> tuple[Holding, ...]:
    """What lots and postings say of each base asset that either of them knows."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for balance in balances:
        if balance.ledger_account.partition(":")[0] in OURS:
            held[balance.asset] += balance.balance
    of_lots: dict[str, Decimal] = defaultdict(Decimal)
    for instrument in book.instruments.values():
        of_lots[instrument.base] += book.quantity(instrument.symbol)
    return tuple(
        Holding(asset, quantity, held[asset])
        for asset, quantity in sorted(of_lots.items())
        if quantity or held[asset]
    )


async def results_of(
    books: AccountBooks, from_at: int, before: int, symbol: str = ""
) -> list[Result]:
    """What was realised in a time, by sale, with what the fills say of it."""
    book = await _book(books)
    for each in await _events(books, before):
        _feed(book, each)
    found = within(book.results, from_at, before)
    return [each for each in found if symbol in {"", each.symbol}]


async def profit_of(books: AccountBooks, from_at: int, before: int, by: str) -> ProfitAnswer:
    """Realised in a time by cause; all of it up to the newest hour is held against that hour."""
    book, hour = await _book(books), await books.portfolio(before)
    quote = book.reporting
    at_hour: Totals | None = None
    needed = before if hour is None else max(before, hour.at + 1)
    for each in await _events(books, min(needed, EVER)):
        if hour is not None and at_hour is None and each.order > hour.order:
            at_hour = totals(book)
        _feed(book, each)
    found = within(book.results, from_at, before)
    told: tuple[Tie, ...] = ()
    if hour is not None:
        balances = await books.balances(before_row=hour.order)
        told = ties(hour.state, at_hour or totals(book), balances, quote)
    strays = sum(each.unexplained for each in found)
    parts: dict[str, list[Result]] = {}
    for result in found:
        parts.setdefault(of_result(book.config, result.symbol), []).append(result)
    if len(parts) <= 1:
        return ProfitAnswer(tuple(grouped(found, by)), summed("total", found), hour, told, strays)
    groups: list[Profit] = []
    for currency in sorted(parts):
        apart = "" if by == "symbol" else f" {currency}"
        groups += [
            msgspec.structs.replace(group, key=f"{group.key}{apart}")
            for group in grouped(parts[currency], by)
        ]
    groups.sort(key=lambda group: group.key)
    sums = tuple(summed(f"total {currency}", parts[currency]) for currency in sorted(parts))
    return ProfitAnswer(tuple(groups), None, hour, told, strays, sums)


async def statement_of(books: AccountBooks, day: str, start: int) -> Statement:
    """The statement of the day that begins at `start`."""
    end = start + DAY_NS
    opening = await books.balances(before=start)
    transfers = [each async for each in books.transfers(start, end)]
    return statement(day, opening, transfers, await books.balances(before=end))


async def verified(books: AccountBooks, progress: Progress) -> list[Check]:
    """Every check in order; a broken chain is the first FALSE, and nothing is proven by it then."""
    found = [*await _sealed(books), await _chain(books, progress)]
    whole = all(each.verdict is Verdict.TRUE for each in found)
    proven: Snapshot | None = None
    if whole:
        passed = Passed()
        async for snapshot in trusted_snapshots(books.journal, books.last_seq, passed):
            proven = snapshot
            break
        if proven is None:
            found.append(await _unproven(books, passed))
    mark = 0 if proven is None else proven.kernel.seq
    audit = await audited(books, progress, mark_seq=mark)
    found += row_checks(audit)
    if whole:
        return [*found, *await _derived(books, audit, proven)]
    # What the ledger went by in each run is in the journal too.
    return [*found, Check(JOURNAL, Verdict.SKIPPED, "the journal is damaged")]


async def audited(books: AccountBooks, progress: Progress, *, mark_seq: int = 0) -> Audit:
    """Every stored trade, fill and transfer, added up from zero."""
    audit = Audit(mark_seq=mark_seq)
    async for stray in books.unexplained():
        audit.unexplained(stray)
    async for booked in books.fills():
        audit.fill(booked)
    done = 0
    async for posted in books.transfers():
        audit.transfer(posted)
        done += 1
        if not done % 1000:  # not money: how often the bar moves
            progress("adding up", done, books.transfer_count)
    audit.finish()
    return audit


async def _sealed(books: AccountBooks) -> list[Check]:
    """The tombstones; where there are none, the chain says what is missing."""
    if not await books.journal.seals():
        return []
    try:
        seals = await checked_seals(books.journal, books.keys_of)
    except JournalCorruptError as error:
        return [check(SEALED, f"{error}")]
    end, count = seals[-1].last_seq, "1 run" if len(seals) == 1 else f"{len(seals)} runs"
    return [check(SEALED, "", f"{count} up to input {end:,}, by a key of this data folder")]


async def _chain(books: AccountBooks, progress: Progress) -> Check:
    """Every root of every run, from the first input of the account that is not sealed."""
    seq, root = await sealed_end(books.journal)
    runs, begun = [run for run in await books.runs() if run.last_seq > seq], seq
    for run in runs:
        if (run.genesis, run.first_seq) != (root, seq + 1):
            return check(CHAIN, f"the run {run.run_id} does not follow the one before it")
        try:
            await verify_chain(books.journal, run, _onwards(progress, seq, books.last_seq))
        except JournalCorruptError as error:
            return check(CHAIN, f"{error}")
        root, seq = run.root, run.last_seq
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    count += f" after what is sealed up to input {begun:,}" if begun else ""
    return check(CHAIN, "", f"{seq - begun:,} inputs, {count}, root {root.hex()[:16]}")


def _onwards(progress: Progress, before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: progress("verifying", before + done, total)


async def _unproven(books: AccountBooks, passed: Passed) -> Check:
    """No state that the chain names: in a short life that is so, later it was taken away."""
    if passed.count:
        return check(JOURNAL, f"none of {passed.count} snapshots is one that the chain names")
    if any(run.closed for run in await books.runs()):
        return check(JOURNAL, "a run was closed, but its snapshot is gone")
    return Check(JOURNAL, Verdict.SKIPPED, "no snapshot has been taken yet")


async def _derived(books: AccountBooks, audit: Audit, proven: Snapshot | None) -> list[Check]:
    """What the ledger's rules make of the fills, against the trades and the journal's states."""
    book, seq = await _book(books), 0 if proven is None else proven.kernel.seq
    trades = [each async for each in books.trades()]
    found: list[Check] = []
    try:
        until, later = parted(await _events(books), seq)
        for each in until:
            book.feed(each)
        if proven is not None:
            found = await _against(books, audit, book, proven)
        for each in later:
            book.feed(each)
    except UnbookableError as error:
        return [*found, check("fills can be booked", f"{error}")]
    return [*found, trade_check(book, trades)]


async def _against(
    books: AccountBooks, audit: Audit, book: LotBook, proven: Snapshot
) -> list[Check]:
    seq, states = proven.kernel.seq, proven_states(dict(proven.actors))
    if states is None:
        return [Check(JOURNAL, Verdict.SKIPPED, f"the state of input {seq:,} is of other code")]
    ledger, orders = states
    assert audit.at_mark is not None
    events = await books.order_events(seq)
    checks = (
        *ledger_checks(ledger, audit.at_mark, book),
        order_check(orders, events, audit.filled),
    )
    place = f"up to input {seq:,} of {books.last_seq:,}"
    return [
        msgspec.structs.replace(each, detail=f"{each.detail}, {place}".removeprefix(", "))
        for each in checks
    ]


async def _book(books: AccountBooks) -> LotBook:
    return LotBook(await books.configs())


async def _events(books: AccountBooks, before: int = EVER) -> list[Event]:
    fills = [each async for each in books.fills(before)]
    strays = [each async for each in books.unexplained(before)]
    deposits = [each async for each in books.deposits(before)]
    return in_order(fills, strays, deposits, [each async for each in books.entries(before)])


def _feed(book: LotBook, event: Event) -> None:
    try:
        book.feed(event)
    except UnbookableError as error:
        raise UserError(
            ExitCode.UNSOUND,
            f"The stored fills are not sound: {error}.",
            "Run `ballast books verify` and `ballast db validate` for what else differs.",
        ) from error


def carried_rest(balances: Sequence[AccountBalance]) -> dict[str, Decimal]:
    """What the balances of each asset come to; zero when they are sound."""
    found: dict[str, Decimal] = {}
    for each in balances:
        found[each.asset] = found.get(each.asset, ZERO) + each.balance
    return found
