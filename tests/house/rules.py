"""The list of all house rules, by name, and the waivers that a dated line in waivers.toml
grants.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

from tests.house import core, floors, money, shape, texts, unused
from tests.house.source import Rule, Violation

RULES: dict[str, Rule] = {
    "floors": floors.floors,
    "core-libraries": floors.core_libraries,
    "cycles": floors.cycles,
    "dead-modules": floors.dead_modules,
    "ambient": core.ambient,
    "asynchronous": core.asynchronous,
    "set-iteration": core.set_iteration,
    "portable-maths": core.portable_maths,
    "silent-rounding": money.silent_rounding,
    "float-money": money.float_money,
    "sizes": shape.sizes,
    "size-distribution": shape.size_distribution,
    "arguments": shape.arguments,
    "module-docstrings": shape.module_docstrings,
    "bare-packages": shape.bare_packages,
    "names": shape.names,
    "broad-except": shape.broad_except,
    "leftovers": shape.leftovers,
    "sql-in-strings": shape.sql_in_strings,
    "test-names": shape.test_names,
    "machine-traces": texts.machine_traces,
    "lock-files": texts.lock_files,
    "titles": texts.titles,
    "links": texts.links,
    "unused-settings": unused.unused_settings,
    "dead-sql": unused.dead_sql,
}
WAIVERS = Path(__file__).with_name("waivers.toml")


@dataclass(frozen=True)
class Waiver:
    """One exception: which rule, which path pattern, since when, and why it is right."""

    rule: str
    path: str
    since: date
    reason: str

    def covers(self, violation: Violation) -> bool:
        return violation.rule == self.rule and fnmatch(violation.path, self.path)


def waivers(path: Path = WAIVERS) -> list[Waiver]:
    """The granted waivers; raises TypeError when one lacks a field or has a strange one."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Waiver(**entry) for entry in table.get("waiver", [])]
