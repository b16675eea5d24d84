"""The manifest of a run: what its rows come to, written with its end and compared later.

Hashes are made by the database from the rows that are stored (0017_manifests.sql), so writing costs
nothing while a run decides, and what is read later is read in the same way.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from actors.ports import ManifestCheck, RunManifest, RunRow, TableHash
from adapters.postgres.journal_connection import Connection
from adapters.postgres.journal_rows import COLUMNS
from adapters.postgres.statements import statement

# Reading all rows of a long run takes longer than a command may.
LIMIT_S: Final = 1800.0
NO_ROWS: Final = TableHash(0, hashlib.sha256(b"").hexdigest())


async def write_manifest(connection: Connection, run: RunRow) -> None:
    """Within the transaction that ends the run: sum it up; one without inputs came to nothing."""
    tables = await hash_tables(connection, run)
    await connection.execute(
        statement("write_manifest"),
        run.account,
        run.run_id,
        msgspec.json.encode(tables).decode(),
        sum(each.rows for each in tables.values()),
        timeout=LIMIT_S,
    )


async def hash_tables(connection: Connection, run: RunRow) -> dict[str, TableHash]:
    """Rows and hash of every table of rows, also of those that the run has none in."""
    found = await connection.fetch(
        statement("hash_tables"),
        run.account,
        run.first_seq,
        run.last_seq,
        run.run_id,
        timeout=LIMIT_S,
    )
    told = {name: TableHash(rows, digest) for name, rows, digest in found}
    return {name: told.pop(name, NO_ROWS) for name in COLUMNS} | told


async def check_manifest(connection: Connection, run: RunRow) -> ManifestCheck:
    """See `Journal.check_manifest`."""
    row = await connection.fetchrow(statement("manifest_of"), run.account, run.run_id)
    if row is None:
        ended = run.closed and run.last_seq >= run.first_seq
        asked = statement("manifest_is_due"), run.account, run.run_id
        is_gone = ended and await connection.fetchval(*asked)
        fault = "the run was closed, and its manifest is gone" if is_gone else ""
        return ManifestCheck(fault=fault)
    *told, is_as_written = row
    fields = dict(zip(RunManifest.__struct_fields__, told, strict=True))
    fields["tables"] = msgspec.json.decode(fields["tables"])
    manifest = msgspec.convert(fields, RunManifest)
    found = await hash_tables(connection, run)
    return ManifestCheck(manifest, _fault(manifest, run, found, is_as_written=is_as_written))


def _fault(
    manifest: RunManifest, run: RunRow, found: dict[str, TableHash], *, is_as_written: bool
) -> str:
    """The first difference in words; tables first, as they say the most."""
    for name in {**manifest.tables, **found}:
        due, stored = manifest.tables.get(name, NO_ROWS), found.get(name, NO_ROWS)
        if due.rows != stored.rows:
            return f"{name} holds {stored.rows} rows of the run, its manifest says {due.rows}"
        if due.hash != stored.hash:
            return (
                f"the rows of {name} come to {stored.hash[:16]}, the run's manifest says "
                f"{due.hash[:16]}"
            )
    told = (manifest.first_seq, manifest.last_seq, manifest.genesis, manifest.root)
    if told != (run.first_seq, run.last_seq, run.genesis.hex(), run.root.hex()):
        return "the run's manifest tells of another span or other roots"
    if manifest.rows != sum(each.rows for each in manifest.tables.values()) or not is_as_written:
        return "the run's manifest has not the hash of what it says"
    return ""
