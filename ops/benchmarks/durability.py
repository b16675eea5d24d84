"""The journal's figures with their targets: what journal.py measures, in the common form.

Durable-before-release adds what one small frame costs to commit: the median and the 99th percentile
of frames of one input. Nothing is measured here.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ops.benchmarks import journal
from ops.benchmarks.figures import Figure, options, report
from ops.benchmarks.stores import with_database, workplace

INPUTS: Final = 200_000
INPUTS_QUICK: Final = 5_000
INPUTS_LEAST: Final = 300_000
P50_MOST_MS, P99_MOST_MS = 1.0, 3.0
VERIFIED_LEAST: Final = 500_000
DISK: Final = "the same disk's write + fdatasync stands beside; its own flush is the floor"


def measure(dsn: str, folder: Path, *, inputs: int) -> list[Figure]:
    """Figures beside plain writes: wall time, but CPU time for verification."""
    found = asyncio.run(journal.run(dsn, folder, inputs))
    figures = []
    plain = found["write+fdatasync, frames of 1000"]["inputs_per_s"]
    for store in ("PostgreSQL", "file"):
        rate = found[f"{store}, frames of 1000"]["inputs_per_s"]
        name = f"inputs of 200 B journalled, {store}, frames of 1,000"
        beside = "inputs/s, write + fdatasync"
        least = INPUTS_LEAST if store == "PostgreSQL" else None
        figures.append(Figure(name, rate, "inputs/s", beside, plain, least=least, hint=DISK))
    flush = found["write+fdatasync, frames of 1"]
    for key, most in (("p50_ms", P50_MOST_MS), ("p99_ms", P99_MOST_MS)):
        for store in ("PostgreSQL", "file"):
            value = found[f"{store}, frames of 1"][key]
            name = f"durable before release adds, {store}, {key.removesuffix('_ms')}"
            beside = "ms, write + fdatasync"
            figures.append(Figure(name, value, "ms", beside, flush[key], most=most, hint=DISK))
    hashed = found["SHA-256 of the same bytes, once"]["inputs_per_s"]
    figures += [
        Figure(
            "chain verification",
            found["chain verification"]["inputs_per_s"],
            "inputs/CPU s",
            "inputs/CPU s, SHA-256 once",
            hashed,
            least=VERIFIED_LEAST,
            hint="two hashes an input (frame and root) and one look at its head",
        ),
        Figure(
            "frames read back and verified, PostgreSQL",
            found["PostgreSQL, read back"]["inputs_per_s"],
            "inputs/s",
        ),
    ]
    return figures


def main() -> None:
    given = with_database(options(__doc__)).parse_args()
    with workplace(given.dsn) as (dsn, folder):
        found = measure(dsn, folder, inputs=INPUTS_QUICK if given.quick else INPUTS)
    report(found, as_json=given.json)


if __name__ == "__main__":
    main()
