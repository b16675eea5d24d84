"""Every benchmark, one after the other, each in a process of its own; one table at the end.

A missed target is marked and explained, and the exit code stays 0: a figure is told, not judged. A
benchmark that cannot run is named with the last line it said, and the exit code is 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ops.benchmarks.figures import Figure, machine, options, parsed, show
from ops.benchmarks.stores import with_database, workplace

HERE: Final = Path(__file__).resolve().parent
PROGRAMS: Final = (
    "kernel",
    "bars",
    "durability",
    "orders",
    "campaigns",
    "recovery",
    "replay",
    "books",
    "feed",
    "exchange",
    "reconciliation",
    "wire",
    "reconnect",
)
WITH_DATABASE: Final = frozenset({"bars", "durability", "recovery", "books", "wire"})


class BenchmarkError(Exception):
    """A program did not give figures; the text is one sentence."""


def run_program(name: str, dsn: str, *, quick: bool) -> list[Figure]:
    """The figures of one program. Raises BenchmarkError."""
    command = [sys.executable, str(HERE / f"{name}.py"), "--json"]
    command += ["--quick"] if quick else []
    command += ["--dsn", dsn] if name in WITH_DATABASE else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"{name}.py ended with {done.returncode}: {last}")
    try:
        return parsed(done.stdout)
    except (msgspec.MsgspecError, json.JSONDecodeError) as error:
        raise BenchmarkError(f"{name}.py printed no figures: {error}") from error


def run_all(
    names: tuple[str, ...], dsn: str | None, *, quick: bool
) -> tuple[list[Figure], list[str]]:
    """Figures and failures of all programs, with a progress bar on a terminal."""
    figures: list[Figure] = []
    failures: list[str] = []
    columns = (TextColumn("{task.description:<24}"), BarColumn(), TimeElapsedColumn())
    with workplace(dsn) as (address, _), Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("benchmarks", total=len(names))
        for name in names:
            bar.update(task, description=name)
            try:
                figures += run_program(name, address, quick=quick)
            except BenchmarkError as error:
                failures.append(str(error))
            bar.advance(task)
    return figures, failures


def main() -> int:
    parser = with_database(options(__doc__))
    parser.add_argument("--only", metavar="NAME", choices=PROGRAMS, action="append")
    given = parser.parse_args()
    started = time.perf_counter()
    figures, failures = run_all(tuple(given.only or PROGRAMS), given.dsn, quick=given.quick)
    if given.json:
        document = {"machine": machine(), "quick": given.quick, "figures": figures}
        print(msgspec.json.encode(document).decode())
    else:
        show(figures)
        missed = sum(each.missed for each in figures)
        asked = sum(bool(each.target) for each in figures)
        print(f"{asked - missed} of {asked} targets met, in {time.perf_counter() - started:.0f} s")
        print(machine())
        if given.quick:
            print("--quick: sizes too small to be figures")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
