"""The journal in PostgreSQL: a frame and its derived rows are one transaction, fenced by triggers.

A row that the database refuses is left out alone (journal_refill). A commit whose answer was lost
is looked up, so that `append` returns or raises what really happened. Which rules a frame must keep
is written once, in sql/migrations/0001_journal.sql.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import msgspec

from actors.ids import GENESIS_ROOT
from actors.ports import (
    DerivedRow,
    Frame,
    JournalError,
    ManifestCheck,
    RefusedRow,
    RowParity,
    RunRow,
    Seal,
    StoredSnapshot,
)
from adapters.postgres.journal_connection import (
    COMMAND_LIMIT_S,
    Connection,
    ConnectionLostError,
    JournalConnection,
)
from adapters.postgres.journal_parity import compare
from adapters.postgres.journal_refill import RowRefusedError, copy_rows, refill
from adapters.postgres.journal_rows import Row, table_rows
from adapters.postgres.run_manifest import check_manifest, write_manifest
from adapters.postgres.statements import statement

SEQ_MAX: Final = 2**63 - 1
_PAGE_BYTES: Final = 8 * 1024 * 1024
_PAGE_FRAMES: Final = (16, 4096)
_RETRY_S: Final = 0.2


class PostgresJournal:
    """`Journal` over one account's rows; see the port for what each method promises.

    `dsn` is the address of a migrated database as its writer (`ServerAddress.dsn`, or any libpq
    URI). Nothing is connected before the first call. `notes` are warnings for people.
    """

    def __init__(
        self,
        dsn: str,
        account: str,
        *,
        command_limit_s: float = COMMAND_LIMIT_S,
        reconnect_limit_s: float = 10.0,
        server: JournalConnection | None = None,
    ) -> None:
        """Over a connection of its own, or over `server`, which somebody lends."""
        self._reconnect_limit_s = reconnect_limit_s
        self._server = server or JournalConnection(dsn, command_limit_s=command_limit_s)
        self._account = account
        self._epoch = 0
        self._run: RunRow | None = None

    @property
    def notes(self) -> Sequence[str]:
        return self._server.notes

    async def open_epoch(self, holder: str) -> int:
        """Become the leader, once the append that is under way has ended."""
        async with self._server.use() as connection, connection.transaction():
            await connection.execute(statement("lock_stream"), self._account)
            opened = await connection.fetchval(statement("open_epoch"), self._account, holder)
        self._epoch = int(opened)
        return self._epoch

    async def append(
        self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
    ) -> tuple[RefusedRow, ...]:
        """Commit the frame with its rows. After a lost answer, find out what was committed."""
        self._check_writer()
        tables = table_rows(await self._run_of(frame), rows) if rows else {}
        refused: list[RefusedRow] = []
        try:
            await self._commit(frame, tables, refused)
        except ConnectionLostError as error:
            if not await self._was_committed(frame, error):
                # Proven not to be stored, and its backend has ended: once more is safe.
                await self._commit(frame, tables, refused)
        return tuple(refused)

    async def _commit(
        self, frame: Frame, tables: Mapping[str, Sequence[Row]], refused: list[RefusedRow]
    ) -> None:
        """One transaction; when a row is refused, another one that leaves out what is refused."""
        refused.clear()
        async with self._server.use() as connection:
            if not tables:
                await self._insert(connection, frame)
                return
            try:
                async with connection.transaction():
                    await self._insert(connection, frame)
                    for table, lines in tables.items():
                        await copy_rows(connection, table, lines)
            except RowRefusedError:
                async with connection.transaction():
                    await self._insert(connection, frame)
                    refused += await refill(connection, tables)

    async def refused_since(self, seq: int) -> tuple[RefusedRow, ...]:
        """The rows that constraints left out."""
        async with self._server.use() as connection:
            rows = await connection.fetch(statement("refused_since"), self._account, seq)
        return tuple(RefusedRow(*row) for row in rows)

    async def compare_rows(
        self, run: RunRow, span: tuple[int, int], rows: tuple[DerivedRow, ...], before: RowParity
    ) -> RowParity:
        """Hold stored rows against `rows`."""
        async with self._server.use() as connection:
            return await compare(connection, run, span, rows, before)

    async def begin_run(self, run: RunRow) -> None:
        """Register a segment."""
        self._check_writer()
        if run.account != self._account:
            raise JournalError(f"Run {run.run_id} is of account {run.account}, not of this one.")
        async with self._server.use() as connection, connection.transaction():
            await self._lead(connection)
            known = await self._find_run(connection, run.run_id)
            if known is None:
                await connection.execute(
                    statement("begin_run"),
                    run.account,
                    run.run_id,
                    self._epoch,
                    run.mode,
                    run.feed,
                    run.genesis,
                    run.first_seq,
                )
            elif _as_begun(known) != _as_begun(run):
                raise JournalError(f"Run {run.run_id} is registered with other facts.")
        self._run = run

    async def end_run(self, run_id: str) -> None:
        """Mark a segment as closed, and sum it up, both or neither."""
        self._check_writer()
        async with self._server.use() as connection, connection.transaction():
            await self._lead(connection)
            run = await self._find_run(connection, run_id)
            if run is None:
                raise JournalError(f"There is no run {run_id} to end.")
            await connection.execute(statement("end_run"), self._account, run_id, self._epoch)
            if not run.closed:
                await write_manifest(connection, run)

    async def check_manifest(self, run: RunRow) -> ManifestCheck:
        """Hold what a run's end wrote against its rows."""
        async with self._server.use() as connection:
            return await check_manifest(connection, run)

    async def runs(self) -> tuple[RunRow, ...]:
        """Every segment in stream order."""
        async with self._server.use() as connection:
            return await self._fetch_runs(connection)

    async def seals(self) -> tuple[Seal, ...]:
        """The tombstones, as stored."""
        async with self._server.use() as connection:
            rows = await connection.fetch(statement("seals"), self._account)
        return tuple(Seal(*row) for row in rows)

    async def frames(self, from_seq: int = 1, to_seq: int | None = None) -> AsyncIterator[Frame]:
        """Frames that hold any input of the range, page by page."""
        last = SEQ_MAX if to_seq is None else to_seq
        async with self._server.use() as connection:
            holding = await connection.fetchval(statement("frame_holding"), self._account, from_seq)
        next_seq, limit = holding or from_seq, _PAGE_FRAMES[0]
        while True:
            async with self._server.use() as connection:
                page = await connection.fetch(
                    statement("frames_from"), self._account, next_seq, last, limit
                )
            for row in page:
                yield Frame(*row)
            if len(page) < limit:
                return
            next_seq = page[-1]["first_seq"] + 1
            mean = 1 + sum(len(row["records"]) for row in page) // len(page)
            limit = max(_PAGE_FRAMES[0], min(_PAGE_FRAMES[1], _PAGE_BYTES // mean))

    async def head(self) -> tuple[int, bytes]:
        """Last durable sequence and root."""
        async with self._server.use() as connection:
            row = await connection.fetchrow(statement("head"), self._account)
        return (0, GENESIS_ROOT) if row is None else (row["last_seq"], row["root_after"])

    async def save_snapshot(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot durably."""
        async with self._server.use() as connection:
            await connection.execute(
                statement("save_snapshot"),
                self._account,
                snapshot.seq,
                snapshot.root,
                snapshot.run_id,
                snapshot.data,
            )

    async def snapshots(self) -> AsyncIterator[StoredSnapshot]:
        """Snapshots, newest first, one read at a time."""
        before = SEQ_MAX
        while True:
            async with self._server.use() as connection:
                row = await connection.fetchrow(statement("snapshot_before"), self._account, before)
            if row is None:
                return
            yield StoredSnapshot(*row)
            before = row["seq"]

    async def close(self) -> None:
        """Close the connection and give up writing."""
        self._epoch = 0
        await self._server.close()

    def _check_writer(self) -> None:
        if self._epoch == 0:
            raise JournalError("This journal was opened for reading; open an epoch to write.")

    async def _lead(self, connection: Connection) -> None:
        """Within a transaction: nobody else writes until its end, and the epoch is still ours."""
        await connection.execute(statement("lock_stream"), self._account)
        await connection.execute(statement("check_leader"), self._account, self._epoch)

    async def _insert(self, connection: Connection, frame: Frame) -> None:
        if frame.epoch != self._epoch:
            # The trigger knows the newest epoch, only this object knows which one is its own.
            await connection.execute(statement("check_leader"), self._account, self._epoch)
        await connection.execute(
            statement("append_frame"),
            self._account,
            frame.first_seq,
            frame.last_seq,
            frame.epoch,
            frame.run_id,
            frame.hour_ts,
            frame.root_before,
            frame.root_after,
            frame.checksum,
            frame.records,
        )

    async def _was_committed(self, frame: Frame, lost: JournalError) -> bool:
        """Whether the frame is stored; raises JournalError when that cannot be found out now."""
        stored = (frame.epoch, frame.last_seq, frame.root_after, frame.checksum)
        deadline = time.monotonic() + self._reconnect_limit_s
        while True:
            try:
                return await self._stored(frame.first_seq) == stored
            except JournalError as error:
                if time.monotonic() > deadline:
                    span = f"inputs {frame.first_seq} to {frame.last_seq}"
                    raise JournalError(
                        f"{lost} Whether {span} were stored is not known."
                    ) from error
            await asyncio.sleep(_RETRY_S)

    async def _stored(self, first_seq: int) -> tuple[object, ...] | None:
        async with self._server.use() as connection, connection.transaction():
            # The lock waits for a backend that may still be committing.
            await connection.execute(statement("lock_stream"), self._account)
            row = await connection.fetchrow(statement("stored_frame"), self._account, first_seq)
        return None if row is None else tuple(row)

    async def _run_of(self, frame: Frame) -> RunRow:
        if self._run is None or self._run.run_id != frame.run_id:
            async with self._server.use() as connection:
                self._run = await self._find_run(connection, frame.run_id)
        if self._run is None:
            raise JournalError(f"Run {frame.run_id} is not the newest run; begin it first.")
        return self._run

    async def _find_run(self, connection: Connection, run_id: str) -> RunRow | None:
        for run in await self._fetch_runs(connection):
            if run.run_id == run_id:
                return run
        return None

    async def _fetch_runs(self, connection: Connection) -> tuple[RunRow, ...]:
        rows = await connection.fetch(statement("runs"), self._account)
        return tuple(RunRow(*row) for row in rows)


def _as_begun(run: RunRow) -> RunRow:
    return msgspec.structs.replace(run, last_seq=0, root=run.genesis, closed=False)
