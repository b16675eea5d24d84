"""Rules about what nobody uses: a setting that nothing reads, a SQL block that nothing names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source import Checkout, Violation, dotted

SETTINGS = "service/settings.py"
BLOCK = re.compile(r"^--\s*name:\s*(\w+)", re.MULTILINE)


def unused_settings(checkout: Checkout) -> Iterator[Violation]:
    """Every field of the settings tree is read somewhere as an attribute."""
    for module in checkout.product:
        if module.path != SETTINGS:
            continue
        read = {
            node.attr
            for other in checkout.product
            for node in other.walk()
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
        }
        for owner in module.walk():
            if not isinstance(owner, ast.ClassDef) or not owner.name.endswith("Settings"):
                continue
            for field in owner.body:
                if isinstance(field, ast.AnnAssign) and dotted(field.target) not in read:
                    message = f"nothing reads {owner.name}.{dotted(field.target)}"
                    yield Violation(module.path, field.lineno, "unused-settings", message)


def dead_sql(checkout: Checkout) -> Iterator[Violation]:
    """Every named block under sql/queries is named by the product."""
    spoken = {
        node.value
        for module in checkout.modules
        if module.package != "tests"
        for node in module.walk()
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for path, text in checkout.texts.items():
        if not path.startswith("sql/queries/"):
            continue
        for found in BLOCK.finditer(text):
            if found.group(1) not in spoken:
                line = text.count("\n", 0, found.start()) + 1
                yield Violation(path, line, "dead-sql", f"nothing names the block {found.group(1)}")
