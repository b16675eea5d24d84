"""The proofs that a restore must give before it says yes; none of them believes the backup.

The schema is this version's, no row breaks a rule, every account's chain leads from genesis to the
head that was signed, and the kernel of each lasting account reaches that root by recovery.
"""

from __future__ import annotations

import asyncio

import msgspec

from actors.journal_chain import ChainVerifier
from actors.ports import Journal, JournalCorruptError
from adapters.postgres.schema_objects import read_schema
from adapters.postgres.schema_snapshot import Difference, differences, read_snapshot
from adapters.postgres.statements import statement
from adapters.postgres.table_copies import Connection
from adapters.postgres.validations import validate_within
from service.backup.manifest import AccountHead, Manifest
from service.backup.steps import Steps
from service.backup.take import heads
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.fingerprint import code_fingerprint
from service.rebuilding import graph_of
from service.recovery import recover
from service.retention.tombstones import Keys, checked_seals, sealed_end

_OWN = "own-"
_NOTHING = "Nothing was restored. Restore another backup, and keep this one to be looked at."
_OF_SUPERUSERS = ("event trigger ", "firing of event trigger ")


class Proven(msgspec.Struct, frozen=True):
    """An account whose chain was verified and, when it lasts, whose kernel was recovered."""

    account: str
    seq: int
    root: str
    frames: int
    recovered_from: int
    stepped: int


async def prove_database(connection: Connection, manifest: Manifest, steps: Steps) -> int:
    """The schema, the rules and the heads; how many rules hold. Raises UserError."""
    with steps.step("schema"):
        drift = differences(read_snapshot(), await read_schema(connection))
        is_superuser = await connection.fetchval(statement("is_superuser"))
        drift = tuple(each for each in drift if is_superuser or not _is_out_of_reach(each))
    if drift:
        raise _unsound(f"its schema is not the one of this version: {drift[0].sentence()}")
    with steps.step("rules"):
        rules = 0
        async for each in validate_within(connection):
            if each.violations:
                first = each.first[0]
                raise _unsound(f"rows break {each.name}, first {first.account} {first.detail}")
            rules += 1
    if await heads(connection) != manifest.accounts:
        raise _unsound("its accounts do not stand where its manifest says")
    return rules


async def prove_account(
    journal: Journal, head: AccountHead, steps: Steps, keys_of: Keys = frozenset
) -> Proven:
    """The chain from genesis to the head, then recovery to its root. Raises UserError.

    Sealed runs are proven by their tombstones, signed by a key of `keys_of`; the chain begins after
    them, and `frames` counts what is there.
    """
    root = bytes.fromhex(head.root)
    try:
        with steps.step("chain", head.seq) as moved:
            await checked_seals(journal, keys_of)
            begun_seq, begun_root = await sealed_end(journal)
            chain = ChainVerifier(begun_root, begun_seq)
            moved(begun_seq)
            async for frame in journal.frames():
                moved(len(chain.check(frame)))
                await asyncio.sleep(0)
            frames = chain.finish(head.seq, root).frames
        runs = await journal.runs()
        if len(runs) != head.runs:
            raise _unproven(head.account, f"it has {len(runs)} runs, {head.runs} are listed")
        begun = [run for run in runs if run.last_seq >= run.first_seq]
        if head.account.startswith(_OWN) or not begun:
            return Proven(head.account, head.seq, head.root, frames, 0, 0)
        with steps.step("recovery") as moved:
            kernel = graph_of(await run_started(journal, begun[-1]), verify=False).kernel
            recovered = await recover(kernel, journal, code_fingerprint())
    except JournalCorruptError as error:
        raise _unproven(head.account, f"{error}") from error
    if (kernel.seq, kernel.root) != (head.seq, root):
        raise _unproven(head.account, f"recovery ends at input {kernel.seq} with another root")
    return Proven(
        head.account, head.seq, head.root, frames, recovered.snapshot_seq, recovered.stepped
    )


def _is_out_of_reach(difference: Difference) -> bool:
    """The guards, which an administrator who is no superuser cannot make."""
    return difference.kind == "missing" and difference.name.startswith(_OF_SUPERUSERS)


def _unsound(what: str) -> UserError:
    return UserError(ExitCode.UNSOUND, f"The backup is not sound: {what}.", _NOTHING)


def _unproven(account: str, what: str) -> UserError:
    return UserError(
        ExitCode.NOT_PROVEN, f"The account {account} does not prove itself: {what}.", _NOTHING
    )
