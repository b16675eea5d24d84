"""Mutate risk and strategy with cosmic-ray: `python ops/mutation/run.py rooms sizing`.

Cosmic-ray is no part of the lock files; CONTRIBUTING.md says how to have it. Every change of a
module is made in a copy of the repository, and the module's own tests are run against it. A mutant
that no test notices is a survivor; docs/mutation-testing.md explains those that are known.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
STRATEGY: Final = (
    "tests/unit/test_campaigns.py",
    "tests/unit/test_campaign_memory.py",
    "tests/unit/test_campaign_books.py",
    "tests/unit/test_strategy_gates.py",
    "tests/unit/test_strategy_verdicts.py",
    "tests/unit/test_strategy_positions.py",
    "tests/unit/test_strategy_ranking.py",
    "tests/property/test_strategy_histories.py",
)
RISK: Final = (
    "tests/unit/test_risk_sizing.py",
    "tests/unit/test_risk_sizing_edges.py",
    "tests/unit/test_risk_caps.py",
    "tests/unit/test_risk_ladder.py",
    "tests/unit/test_risk_state.py",
    "tests/unit/test_risk_losses.py",
    "tests/unit/test_risk_pace.py",
)
MODULES: Final = {
    **{
        name: (f"actors/strategy/{name}.py", STRATEGY)
        for name in ("scoring", "entering", "leaving", "campaigns", "ranking", "followed", "gates")
    },
    **{
        name: (f"actors/risk/{name}.py", RISK)
        for name in ("sizing", "rooms", "ladder", "rules", "standing", "reservations")
    },
}
"""What is mutated, and by which tests it should be noticed."""
SECONDS_MOST: Final = 60.0
_COMPLETE: Final = re.compile(r"complete: (\d+)")
_SURVIVED: Final = re.compile(r"surviving mutants: (\d+)")


def configuration(path: str, tests: tuple[str, ...]) -> str:
    """The session as cosmic-ray reads it."""
    command = f"{sys.executable} -m pytest -q -x -p no:cacheprovider {' '.join(tests)}"
    return (
        f'[cosmic-ray]\nmodule-path = ["{path}"]\ntimeout = {SECONDS_MOST}\n'
        f'excluded-modules = []\ntest-command = "{command}"\n'
        '[cosmic-ray.distributor]\nname = "local"\n'
    )


def mutated(tool: str, name: str, place: Path) -> tuple[int, int, str]:
    """Mutants, survivors and the report of one module, made in a copy below `place`."""
    path, tests = MODULES[name]
    copy = place / name
    copied = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".mypy_cache")
    shutil.copytree(ROOT, copy, ignore=copied)
    (copy / "mutants.toml").write_text(configuration(path, tests), encoding="utf-8")
    for words in (
        (tool, "init", "mutants.toml", "mutants.sqlite"),
        (tool, "baseline", "mutants.toml"),
        (tool, "exec", "mutants.toml", "mutants.sqlite"),
    ):
        subprocess.run(words, cwd=copy, check=True)
    report = subprocess.run(
        (str(Path(tool).with_name("cr-report")), "mutants.sqlite", "--show-diff"),
        cwd=copy,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    complete, survived = (pattern.search(report) for pattern in (_COMPLETE, _SURVIVED))
    assert complete is not None
    return int(complete[1]), int(survived[1]) if survived else 0, report


def main() -> None:
    """Mutate what was asked, and say how many were noticed; reports are kept."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(MODULES))
    asked.add_argument("--tool", default=shutil.which("cosmic-ray") or "cosmic-ray")
    given = asked.parse_args()
    strangers = sorted(set(given.modules) - set(MODULES))
    if strangers:
        asked.error(f"no module {strangers[0]}; there are {', '.join(MODULES)}")
    place = Path(tempfile.mkdtemp(prefix="ballast-mutants-"))
    for name in given.modules or MODULES:
        complete, survived, report = mutated(given.tool, name, place)
        (place / f"{name}.txt").write_text(report, encoding="utf-8")
        killed = complete - survived
        print(
            f"{name}: {killed} of {complete} noticed, {100 * killed / complete:.1f} %", flush=True
        )
    print(f"reports are in {place}")


if __name__ == "__main__":
    main()
