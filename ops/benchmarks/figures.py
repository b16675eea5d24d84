"""What every benchmark shares: a figure with target and reference, timed loops, the table.

A figure stands beside a reference loop of the same run, so that a slow or busy machine shows.
Computing is timed in CPU seconds of this process, because other programs take turns on the cores;
whatever waits for a disk or another process is timed by the wall. The unit says which.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

ROUNDS: Final = 5
ROUNDS_QUICK: Final = 2


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measured number. `reference` is in the same unit and from the same run.

    `least` and `most` are the target (None: no target); `hint` says where the time goes, `note`
    what was measured.
    """

    name: str
    value: float
    unit: str
    reference_name: str = ""
    reference: float = 0.0
    least: float | None = None
    most: float | None = None
    hint: str = ""
    note: str = ""

    @property
    def ratio(self) -> float:
        """Times the reference; 0 when there is none."""
        return self.value / self.reference if self.reference else 0.0

    @property
    def target(self) -> str:
        """The target in words, empty when there is none."""
        if self.least is not None:
            return f">= {written(self.least)}"
        return f"<= {written(self.most)}" if self.most is not None else ""

    @property
    def missed(self) -> bool:
        """Whether there is a target and the value is on the wrong side of it."""
        if self.least is not None:
            return self.value < self.least
        return self.most is not None and self.value > self.most

    @property
    def verdict(self) -> str:
        """`met`, `MISSED`, or nothing where nothing was asked."""
        if not self.target:
            return ""
        return "MISSED" if self.missed else "met"


def written(value: float) -> str:
    """A number as a person reads it."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one call, with the cycle collector at rest."""
    gc.collect()
    gc.disable()
    try:
        before = time.process_time()
        work()
        return time.process_time() - before
    finally:
        gc.enable()


def interleaved(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of every work in every round: each round runs all of them once, in turn."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(cpu_seconds(work))
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


median = statistics.median


def machine() -> str:
    """One line about where this ran."""
    load = "/".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{_processor()}, {os.cpu_count()} cores, load {load}, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"msgspec {msgspec.__version__}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def show(figures: Sequence[Figure]) -> None:
    """One line a figure: value, target and verdict, then the reference and the ratio to it."""
    width = max((len(each.name) for each in figures), default=0)
    for each in figures:
        beside = f"{written(each.reference)} {each.reference_name}" if each.reference else ""
        ratio = f"{each.ratio:.2f}x" if each.reference else ""
        print(
            f"{each.name:<{width}}  {written(each.value):>10} {each.unit:<14}"
            f"{each.target:>12} {each.verdict:<7}{ratio:>9}  {beside}"
        )
    for note in dict.fromkeys(each.note for each in figures if each.note):
        print(note)
    for each in figures:
        if each.missed and each.hint:
            print(f"MISSED {each.name}: {each.hint}")


def options(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="small sizes: a look, not a figure")
    parser.add_argument("--json", action="store_true", help="figures as one JSON array on stdout")
    return parser


def report(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print figures for a person or for a program."""
    if as_json:
        print(msgspec.json.encode(figures).decode())
        return
    show(figures)
    print(machine(), file=sys.stderr)


def parsed(text: str) -> list[Figure]:
    """Figures from a program's stdout. Raises msgspec.MsgspecError on anything else."""
    return msgspec.convert(json.loads(text), list[Figure])
