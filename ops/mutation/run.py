"""Mutate risk and strategy with cosmic-ray: `python ops/mutation/run.py rooms sizing --every 2`.

Cosmic-ray is no part of the lock files; CONTRIBUTING.md says how to have it. Every change of a
module is made in a copy of the repository, and the module's own tests are run against it. A mutant
that no test notices is a survivor; docs/mutation-testing.md explains those that are known. With
`--every` K only the first, the K-th after it and so on are made, in the tool's own order. What
stands in an annotation alone is never run, and is not counted.
"""

from __future__ import annotations

import argparse
import ast
import re
import shutil
import sqlite3
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
    "tests/unit/test_campaign_leaving.py",
    "tests/unit/test_strategy_amends.py",
    "tests/unit/test_strategy_evaluation.py",
    "tests/unit/test_strategy_gates.py",
    "tests/unit/test_strategy_intents.py",
    "tests/unit/test_strategy_messages.py",
    "tests/unit/test_strategy_orders.py",
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
    "tests/unit/test_risk_grounds.py",
    "tests/unit/test_risk_state.py",
    "tests/unit/test_risk_view.py",
    "tests/unit/test_risk_messages.py",
    "tests/unit/test_risk_rooms.py",
    "tests/unit/test_risk_standing.py",
    "tests/unit/test_risk_reservations.py",
    "tests/unit/test_risk_losses.py",
    "tests/unit/test_risk_pace.py",
    "tests/unit/test_risk_hours.py",
    "tests/unit/test_risk_amends.py",
    "tests/unit/test_risk_segments.py",
)
_STRATEGY_NAMES: Final = (
    *("scoring", "entering", "leaving", "campaigns", "ranking", "followed", "gates"),
    *("evaluation", "intents", "amending", "actor"),
)
_RISK_NAMES: Final = (
    *("sizing", "rooms", "ladder", "rules", "standing", "reservations"),
    *("admission", "view", "hours"),
)
MODULES: Final = {
    **{name: (f"actors/strategy/{name}.py", STRATEGY) for name in _STRATEGY_NAMES},
    **{name: (f"actors/risk/{name}.py", RISK) for name in _RISK_NAMES},
    **{f"risk-{name}": (f"actors/risk/{name}.py", RISK) for name in ("actor", "amending")},
}
"""What is mutated, and by which tests it should be noticed."""
SECONDS_MOST: Final = 60.0
_PLACES: Final = "SELECT rowid, start_pos_row, start_pos_col FROM mutation_specs"
Place = tuple[int, int]
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


def annotated(source: str) -> list[tuple[Place, Place]]:
    """From where to where annotations stand: line from 1 and column from 0, the end exclusive."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for each in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if each is not None:
                end = each.end_lineno, each.end_col_offset
                found.append(((each.lineno, each.col_offset), end))
    return found


def thinned(session: Path, source: str, every: int) -> None:
    """Leave the first mutant of the session, the `every`-th after it, and so on, where it runs."""
    spans = annotated(source)
    with sqlite3.connect(session) as found:
        rows = found.execute(_PLACES).fetchall()
        for row, *place in rows:
            noted = any(begin <= tuple(place) < end for begin, end in spans)
            if noted or (row - 1) % every:
                found.execute("DELETE FROM mutation_specs WHERE rowid = ?", (row,))
        found.execute(
            "DELETE FROM work_items WHERE job_id NOT IN (SELECT job_id FROM mutation_specs)"
        )


def mutated(tool: str, name: str, place: Path, every: int) -> tuple[int, int, str]:
    """Mutants, survivors and the report of one module, made in a copy below `place`."""
    path, tests = MODULES[name]
    copy = place / name
    copied = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".mypy_cache")
    shutil.copytree(ROOT, copy, ignore=copied)
    (copy / "mutants.toml").write_text(configuration(path, tests), encoding="utf-8")
    subprocess.run((tool, "init", "mutants.toml", "mutants.sqlite"), cwd=copy, check=True)
    thinned(copy / "mutants.sqlite", (copy / path).read_text(encoding="utf-8"), every)
    for words in (
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
    asked.add_argument("--every", type=int, default=1, metavar="K", help="make every K-th mutant")
    given = asked.parse_args()
    strangers = sorted(set(given.modules) - set(MODULES))
    if strangers:
        asked.error(f"no module {strangers[0]}; there are {', '.join(MODULES)}")
    place = Path(tempfile.mkdtemp(prefix="ballast-mutants-"))
    for name in given.modules or MODULES:
        complete, survived, report = mutated(given.tool, name, place, given.every)
        (place / f"{name}.txt").write_text(report, encoding="utf-8")
        killed = complete - survived
        print(
            f"{name}: {killed} of {complete} noticed, {100 * killed / complete:.1f} %", flush=True
        )
    print(f"reports are in {place}")


if __name__ == "__main__":
    main()
