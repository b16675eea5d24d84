"""Writing an export: as the transfers come, and whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from service.books.exports import BeancountExport, CsvExport, Export, JsonExport
from service.books.inquiry import Progress
from service.books.reading import AccountBooks
from service.books.rows import PostedTransfer
from service.failures import ExitCode, UserError

PROGRESS_ROWS: Final = 1_000


async def exported(opened: AccountBooks, kind: str, text: IO[str], progress: Progress) -> int:
    """Write every transfer; how many."""
    made = await _export_of(opened, kind)
    text.write(made.head())
    done, waiting = 0, list[PostedTransfer]()
    async for each in opened.transfers():
        # A booking is written when the next one begins.
        if waiting and (waiting[0].seq, waiting[0].event) != (each.seq, each.event):
            text.write(made.booking(waiting))
            waiting = []
        waiting.append(each)
        done += 1
        if not done % PROGRESS_ROWS:
            progress("exporting", done, opened.transfer_count)
    if waiting:
        text.write(made.booking(waiting))
    text.write(made.tail())
    return done


async def _export_of(opened: AccountBooks, kind: str) -> Export:
    if kind == "csv":
        return CsvExport()
    if kind == "json":
        return JsonExport(opened.account)
    balances = await opened.balances()
    return BeancountExport(opened.account, balances, opened.first_at, opened.last_at)


@contextmanager
def whole(out: Path | None) -> Iterator[IO[str]]:
    """A text that becomes the file, or goes to stdout, when the block ends well; else nothing.

    Raises UserError(MISSING) when there is no such folder.
    """
    folder = None if out is None else out.absolute().parent
    if folder is not None and not folder.is_dir():
        sentence = f"There is no folder {folder}."
        raise UserError(ExitCode.MISSING, sentence, "Make it, or check --out.")
    with tempfile.NamedTemporaryFile(
        "w+", encoding="utf-8", newline="", dir=folder, prefix=".ballast-", delete=False
    ) as text:
        try:
            yield text
            text.flush()
            os.fsync(text.fileno())
            if out is not None:
                Path(text.name).replace(out)
            else:
                text.seek(0)
                shutil.copyfileobj(text, sys.stdout)
        finally:
            Path(text.name).unlink(missing_ok=True)
