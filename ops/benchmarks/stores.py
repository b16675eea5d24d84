"""Databases for benchmarks: the one that was named, or an embedded one in a temporary folder."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.roles import WRITER


def with_database(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The option that names a database."""
    parser.add_argument("--dsn", help="an administrator's address; default: the embedded server")
    return parser


@contextlib.contextmanager
def workplace(dsn: str | None) -> Iterator[tuple[str, Path]]:
    """An administrator's address and an empty folder; both are gone on exit if we made them."""
    folder = Path(tempfile.mkdtemp(prefix="ballast-bench-"))
    try:
        if dsn is not None:
            yield dsn, folder
            return
        server = EmbeddedPostgres(folder / "postgres", on_progress=_tell)
        address = server.start()
        try:
            yield address.dsn(), folder
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def writer_dsn(dsn: str) -> str:
    """The same address as the writer."""
    head, _, rest = dsn.partition("://")
    _, _, place = rest.rpartition("@")
    return f"{head}://{WRITER}@{place}"


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)
