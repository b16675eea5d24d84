"""Rules of the money code: nothing that rounds in silence, nothing that was ever a binary float.

What is no amount (a sequence number, a count) may use these operators on a line that says so with
``# not money: <what it is>``; on the line of a ``def`` the mark covers the function.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source import Checkout, Module, Violation, dotted

MONEY_PATHS = (
    "actors/money.py",
    "actors/ledger/",
    "actors/orders/",
    "actors/paper_venue/",
    "actors/risk/",
    "actors/messages/execution.py",
    "actors/messages/ledger.py",
    "actors/messages/order.py",
    "actors/messages/risk.py",
    "service/books/",
)
ROUNDING_CALLS = frozenset({"int", "round", "float", "divmod"})
ROUNDING_METHODS = frozenset(
    {"to_integral_value", "to_integral_exact", "to_integral", "from_float", "__float__", "__int__"}
)
MARK = re.compile(r"# not money: \w+")
FLOAT_FORMAT = re.compile(r"[.\d]*[eEfFgG%n]$")


def is_money(module: Module) -> bool:
    return module.path.startswith(MONEY_PATHS)


def _marked(module: Module) -> set[int]:
    """The lines that say they are not about money, a marked function whole."""
    found = {number for number, line in enumerate(module.lines, 1) if MARK.search(line)}
    for node in module.walk():
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            # A long signature spans lines; its mark stands on any of them.
            head = range(node.lineno, node.body[0].lineno)
            if found.intersection(head):
                found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def silent_rounding(checkout: Checkout) -> Iterator[Violation]:
    """`//`, `%`, int(), round(), float() and their methods have no place in money code."""
    for module in checkout.product:
        if not is_money(module):
            continue
        marked = _marked(module)
        for node in module.walk():
            found, line = _rounds(node), getattr(node, "lineno", 0)
            if found and line not in marked:
                yield Violation(module.path, line, "silent-rounding", f"{found} rounds in silence")


def _rounds(node: ast.AST) -> str:
    match node:
        case ast.BinOp(op=ast.FloorDiv()) | ast.AugAssign(op=ast.FloorDiv()):
            return "//"
        case ast.BinOp(op=ast.Mod()) | ast.AugAssign(op=ast.Mod()):
            return "%"
        case ast.Call(func=ast.Name(id=name)) if name in ROUNDING_CALLS:
            return f"{name}()"
        case ast.Attribute(attr=name) if name in ROUNDING_METHODS:
            return name
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=str(spec))])):
            return f"format {spec}" if FLOAT_FORMAT.search(spec) else ""
        case ast.Call(func=ast.Name(id="format"), args=[_, ast.Constant(value=str(spec))]):
            return f"format {spec}" if FLOAT_FORMAT.search(spec) else ""
        case _:
            return ""


def float_money(checkout: Checkout) -> Iterator[Violation]:
    """No float literal and no float annotation in money code; `Decimal(0.1)` nowhere in the
    product.
    """
    for module in checkout.product:
        marked = _marked(module)
        for node in module.walk():
            line = getattr(node, "lineno", 0)
            if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "Decimal":
                if any(
                    isinstance(a, ast.Constant) and isinstance(a.value, float) for a in node.args
                ):
                    yield Violation(module.path, line, "float-money", "Decimal of a float literal")
            if not is_money(module) or line in marked:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                yield Violation(module.path, line, "float-money", f"float literal {node.value}")
