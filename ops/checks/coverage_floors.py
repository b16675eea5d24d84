"""Measure test coverage and hold it to its floors.

Branches count. The parts that can lose money or the record of it are covered wholly, the rest to
95 %. Reads the JSON report of coverage.py; with ``--measure`` runs the tests first to make it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

OVERALL_PERCENT = 95.0
WHOLE_PERCENT = 100.0
# As in ops/setup/environment.py: tracing makes the kernel's tests three times as long.
SPREAD = "-n auto --maxprocesses 4 --dist loadfile".split()
# What must be covered wholly, as path prefixes.
WHOLE = (
    "actors/kernel/",
    "actors/ledger/",
    "actors/money.py",
    "actors/orders/",
    "actors/risk/",
)


@dataclass
class Tally:
    """Covered and countable statements and branches."""

    covered: int = 0
    total: int = 0

    def add(self, summary: dict[str, int]) -> None:
        self.covered += summary["covered_lines"] + summary.get("covered_branches", 0)
        self.total += summary["num_statements"] + summary.get("num_branches", 0)

    @property
    def percent(self) -> float:
        return 100.0 * self.covered / self.total if self.total else 100.0


def tallies(report: dict[str, dict[str, dict[str, dict[str, int]]]]) -> dict[str, Tally]:
    """Coverage of everything (under the name ``overall``) and of each part in WHOLE that exists."""
    found = {"overall": Tally()}
    for path, entry in report["files"].items():
        found["overall"].add(entry["summary"])
        for part in WHOLE:
            if path.startswith(part):
                found.setdefault(part, Tally()).add(entry["summary"])
    return found


def shortfalls(found: dict[str, Tally]) -> list[str]:
    """One sentence for every part that is under its floor."""
    floors = {"overall": OVERALL_PERCENT}
    return [
        f"{name} is covered to {tally.percent:.2f} %, the floor is"
        f" {floors.get(name, WHOLE_PERCENT):g} %"
        for name, tally in found.items()
        if tally.percent < floors.get(name, WHOLE_PERCENT)
    ]


def measure(path: Path) -> int:
    """Run every test under coverage and write the JSON report; return pytest's exit code."""
    packages = [f"--cov={name}" for name in ("actors", "models", "adapters", "service")]
    command = [sys.executable, "-m", "pytest", "-q", *SPREAD, "--cov-branch", *packages]
    reports = ["--cov-report=", f"--cov-report=json:{path}"]
    return subprocess.run([*command, *reports], check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold test coverage to its floors.")
    parser.add_argument("report", type=Path, help="the JSON report of coverage.py")
    parser.add_argument("--measure", action="store_true", help="run the tests to make it first")
    options = parser.parse_args()
    if options.measure and measure(options.report):
        print("coverage: the tests failed, so there is nothing to hold to the floors.")
        return 1
    try:
        report = json.loads(options.report.read_text(encoding="utf-8"))
        found = tallies(report)
    except (OSError, ValueError, KeyError) as error:
        print(f"coverage: {options.report} is no coverage report ({error}); add --measure.")
        return 1
    for name, tally in sorted(found.items()):
        print(f"coverage: {name:24} {tally.percent:6.2f} % of {tally.total}")
    missed = shortfalls(found)
    for sentence in missed:
        print(f"coverage: {sentence}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
