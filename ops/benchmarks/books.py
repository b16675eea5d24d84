"""What the books cost in PostgreSQL: transfers by batch size with and without triggers, and hours.

Transfers are made by the ledger's own posting, outside the timing: each order holds, is filled with
a fee, and lets the rest go, as the actor books it. The reference of every figure is the same COPY
into a table with the same columns, keys and checks and no trigger.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import asyncpg

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.ids import GENESIS_ROOT
from actors.instant import HOUR_NS
from actors.journal_chain import build_frame
from actors.ledger.state import LedgerConfig, initial_state
from actors.ledger.transfers import Posting
from actors.messages.ledger import PortfolioHour, PortfolioState, PositionView, TransfersPosted
from actors.ports import DerivedRow, RefusedRow, RunRow
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.journal_rows import COLUMNS, KEYS, table_rows
from adapters.postgres.roles import prepare_database
from ops.benchmarks.figures import Figure, median, options, report
from ops.benchmarks.journal import RUN_ID, START_NS, records, roots
from ops.benchmarks.stores import with_database, workplace, writer_dsn

BATCHES: Final = (1, 10, 100, 1_000, 10_000)
ROWS_MOST: Final = 80_000
APPENDS: Final = 40
APPENDS_QUICK: Final = 3
ROUNDS: Final = 3
POSTINGS_LEAST: Final = 100_000
POSITIONS: Final = 10
HINT: Final = "COPY, five unique keys, and one trigger that makes every hash again"
BARE: Final = Path(__file__).with_name("bare_transfer.sql")
_ONE: Final = Decimal("1.00")


def postings(orders: int) -> Iterator[TransfersPosted]:
    """What the ledger records for so many orders: a hold, a fill with its fee, and a release."""
    state = initial_state(LedgerConfig({}))
    paid_in = Posting(state, "deposit:bench", "deposit")
    paid_in.move("USD", Decimal(10_000_000), "external", "available", leg="in")
    yield TransfersPosted(START_NS, tuple(paid_in.transfers))
    for number in range(orders):
        for source, moves in _order(f"{number:016x}"):
            linked = Posting(state, source, f"{number:016x}")
            for asset, amount, debit, credit, leg in moves:
                linked.move(asset, amount, debit, credit, leg=leg)
            yield TransfersPosted(START_NS, tuple(linked.transfers))


def _order(name: str) -> tuple[tuple[str, tuple[tuple[str, Decimal, str, str, str], ...]], ...]:
    fill = (
        ("USD", 100 * _ONE, "held", "market", "cost"),
        ("XBT", Decimal("0.00312345"), "market", "available", "quantity"),
        ("USD", Decimal("0.40"), "held", "fees", "fee"),
    )
    return (
        (f"hold:{name}", (("USD", 102 * _ONE, "available", "held", "place"),)),
        (f"fill:{name}:T", fill),
        (f"hold:{name}", (("USD", Decimal("1.60"), "held", "available", "release"),)),
    )


def rows_of(transfers: int) -> list[DerivedRow]:
    """Rows of at least so many transfers, an input each event."""
    found, count = [], 0
    for seq, body in enumerate(postings(1 + transfers // 5), 1):
        found.append(DerivedRow(seq, START_NS + seq, body))
        count += len(body.transfers)
        if count >= transfers:
            break
    return found


def run_of(account: str) -> RunRow:
    """A run that these rows can be of."""
    return RunRow(RUN_ID, account, "paper", "none", GENESIS_ROOT, 1, 0, GENESIS_ROOT, closed=False)


async def copied(
    connection: asyncpg.Connection[Any], schema: str, table: str, lines: Sequence[Any], size: int
) -> float:
    """Seconds to append `lines` in transactions of `size` rows each."""
    columns = (*KEYS, *COLUMNS["transfer"])
    started = time.perf_counter()
    for first in range(0, len(lines), size):
        async with connection.transaction():
            await connection.copy_records_to_table(
                table, records=lines[first : first + size], columns=columns, schema_name=schema
            )
    return time.perf_counter() - started


async def by_batch(dsn: str, label: str, *, appends: int) -> list[Figure]:
    """Rows a second by batch size, into the table with its triggers and into the bare one."""
    figures = []
    guarded = await asyncpg.connect(writer_dsn(dsn))
    bare = await asyncpg.connect(dsn)
    try:
        for size in BATCHES:
            seconds: dict[str, list[float]] = {"ballast": [], "public": []}
            count = min(size * appends, max(size, ROWS_MOST))
            for turn in range(ROUNDS):
                await bare.execute(BARE.read_text(encoding="utf-8"))
                account = f"{label}-{size}-{turn}"
                made = table_rows(run_of(account), rows_of(count))["transfer"][:count]
                for connection, schema, table in (
                    (guarded, "ballast", "transfer"),
                    (bare, "public", "bare_transfer"),
                ):
                    seconds[schema].append(await copied(connection, schema, table, made, size))
            rate = {name: count / median(took) for name, took in seconds.items()}
            figures.append(
                Figure(
                    f"transfers appended, {size:,} a commit, triggers on",
                    rate["ballast"],
                    "rows/s",
                    "rows/s, no trigger",
                    rate["public"],
                )
            )
        name = f"postings appended, {BATCHES[-1]:,} transfers a commit, triggers on"
        most = 2 * figures[-1].value
        figures.append(Figure(name, most, "postings/s", least=POSTINGS_LEAST, hint=HINT))
    finally:
        await guarded.close()
        await bare.close()
    return figures


class Appends:
    """A journal that appends frames of one input with whatever rows."""

    def __init__(self, dsn: str, account: str, inputs: int) -> None:
        self.journal = PostgresJournal(writer_dsn(dsn), account)
        self.account = account
        self._records = records(inputs)
        self._chain = roots(self._records)
        self._seq = 0

    async def begin(self) -> None:
        """Become the leader of a new run."""
        await self.journal.open_epoch("bench")
        await self.journal.begin_run(run_of(self.account))

    async def append(self, rows: Sequence[DerivedRow], inputs: int) -> float:
        """Seconds for one frame of `inputs` inputs with these rows."""
        first, last = self._seq, self._seq + inputs
        frame = build_frame(
            self._records[first:last],
            run_id=RUN_ID,
            epoch=1,
            first_seq=first + 1,
            root_before=self._chain[first],
            root_after=self._chain[last],
        )
        self._seq = last
        started = time.perf_counter()
        refused: tuple[RefusedRow, ...] = await self.journal.append(frame, tuple(rows))
        elapsed = time.perf_counter() - started
        assert not refused, refused
        return elapsed


async def whole_path(dsn: str, label: str, *, appends: int) -> list[Figure]:
    """Postings a second through the journal: frames, rows, hashes, keys, triggers, commit."""
    size = 400
    made = rows_of(size * 5 * appends // 3)
    journal = Appends(dsn, label, len(made))
    await journal.begin()
    took, count = 0.0, 0
    for first in range(0, len(made), size):
        rows = made[first : first + size]
        took += await journal.append(rows, len(rows))
        count += sum(_postings(row) for row in rows)
    await journal.journal.close()
    name = f"postings appended with their frames, {size} events a commit"
    return [Figure(name, count / took, "postings/s")]


def _postings(row: DerivedRow) -> int:
    return 2 * len(row.body.transfers) if isinstance(row.body, TransfersPosted) else 0


async def hours(dsn: str, label: str, *, appends: int) -> list[Figure]:
    """What an hour's rows add to a commit of one input."""
    view = PositionView("XBT/USD", _ONE, _ONE, _ONE, _ONE)
    state = PortfolioState(
        START_NS, _ONE, _ONE, _ONE, _ONE, _ONE, _ONE, _ONE, 0, (view,) * POSITIONS
    )
    journal = Appends(dsn, label, 2 * appends)
    await journal.begin()
    plain, full = [], []
    for number in range(appends):
        plain.append(await journal.append((), 1))
        at = START_NS - START_NS % HOUR_NS + number * HOUR_NS
        row = DerivedRow(2 * number + 2, at, PortfolioHour(at, state))
        full.append(await journal.append((row,), 1))
    await journal.journal.close()
    name = f"an hour of portfolio and {POSITIONS} positions, committed"
    return [
        Figure(name, 1e3 * median(full), "ms", "ms, one input without rows", 1e3 * median(plain))
    ]


def measure(dsn: str, *, appends: int) -> list[Figure]:
    """All figures; wall time, because another process does most of it."""

    async def all_of() -> list[Figure]:
        await prepare_database(dsn)
        label = f"b{time.time_ns() // 1000 % 16**6:x}"
        return [
            *await by_batch(dsn, label, appends=appends),
            *await whole_path(dsn, f"{label}-path", appends=appends),
            *await hours(dsn, f"{label}-hours", appends=appends),
        ]

    return asyncio.run(all_of())


def main() -> None:
    given = with_database(options(__doc__)).parse_args()
    with workplace(given.dsn) as (dsn, _):
        found = measure(dsn, appends=APPENDS_QUICK if given.quick else APPENDS)
    report(found, as_json=given.json)


if __name__ == "__main__":
    main()
