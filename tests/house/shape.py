"""Rules about the shape of code: size, docstrings, names, broad excepts, leftovers."""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from collections.abc import Iterator

from tests.house.source import Checkout, Module, Violation, docstrings, dotted, imports

LINES_MAX = 400
LINE_LENGTH_MAX = 100
FUNCTION_LINES_MAX = 60
FUNCTION_LINES_P90 = 40
MEDIAN_LINES_MAX = 200
ARGUMENTS_MAX = 5
DOCSTRING_LINES_MAX = 8
# The kernel, the order lifecycle and the ledger may open with an essay.
ESSAYS = frozenset(
    {
        "actors/kernel/kernel.py",
        "actors/orders/lifecycle.py",
        "actors/orders/actor.py",
        "actors/ledger/actor.py",
    }
)
BANNED_NAME = re.compile(r"(Manager|Helper|Utils?|Utility|Processor|Handler)$")
BANNED_FILE = re.compile(
    r"^(managers?|helpers?|utils?|utilities|processors?|handlers?|misc|common)$"
)
# Where a defect of any kind must be caught to be turned into a halt instead of a crash.
CATCHES_ALL = (
    "actors/kernel/kernel.py",
    "actors/kernel/supervisor.py",
    "service/nursery.py",
)
NO_COVER = "pragma" + ": no cover"
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b(?![^\n]*#\d+)")
BANNER = re.compile(r"^\s*#(\s*|.*\s)[-=*#~_+]{4,}\s*$")
SQL = re.compile(
    r"^\s*(?!(?-i:[A-Z][a-z]))(SELECT\s|INSERT\s+INTO\s"
    r"|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(OR\s|TABLE|INDEX"
    r"|UNIQUE|FUNCTION|ROLE|USER|DATABASE|SCHEMA|VIEW|EXTENSION)"
    r"|ALTER\s+(TABLE|ROLE|USER|DATABASE|SYSTEM)"
    r"|DROP\s+(TABLE|ROLE|DATABASE|SCHEMA)|WITH\s+\w+\s+AS\s*\(|GRANT\s|REVOKE\s|TRUNCATE\s"
    r"|COPY\s+\S+\s+(FROM|TO)\b"
    r"|LISTEN\s|NOTIFY\s|SET\s+(ROLE|LOCAL|SESSION)\s)",
    re.IGNORECASE,
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(module: Module) -> Iterator[Function]:
    for node in module.walk():
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def _length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def sizes(checkout: Checkout) -> Iterator[Violation]:
    """Files, lines and functions stay short enough to be read at once."""
    for module in checkout.modules:
        if len(module.lines) > LINES_MAX:
            message = f"{len(module.lines)} lines, at most {LINES_MAX}"
            yield Violation(module.path, 1, "sizes", message)
        for number, line in enumerate(module.lines, 1):
            if len(line) > LINE_LENGTH_MAX:
                yield Violation(module.path, number, "sizes", f"{len(line)} characters wide")
        for node in _functions(module):
            if _length(node) > FUNCTION_LINES_MAX:
                message = f"{node.name} has {_length(node)} lines, at most {FUNCTION_LINES_MAX}"
                yield Violation(module.path, node.lineno, "sizes", message)


def size_distribution(checkout: Checkout) -> Iterator[Violation]:
    """Nine functions in ten of the product are under 40 lines, half of its files under 200."""
    lengths = sorted(_length(node) for module in checkout.product for node in _functions(module))
    if lengths and lengths[int(len(lengths) * 0.9)] >= FUNCTION_LINES_P90:
        found = lengths[int(len(lengths) * 0.9)]
        yield Violation("(all)", 0, "size-distribution", f"the 90th percentile is {found} lines")
    files = [len(module.lines) for module in checkout.product]
    if files and statistics.median(files) >= MEDIAN_LINES_MAX:
        yield Violation("(all)", 0, "size-distribution", "the median file is too long")


def arguments(checkout: Checkout) -> Iterator[Violation]:
    """A function takes at most five arguments by position; more are keyword-only."""
    for module in checkout.modules:
        for node in _functions(module):
            given = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
            count = len([name for name in given if name not in {"self", "cls"}])
            is_test = module.package == "tests" and node.name.startswith("test_")
            if count > ARGUMENTS_MAX and not is_test:
                message = f"{node.name} takes {count} by position, at most {ARGUMENTS_MAX}"
                yield Violation(module.path, node.lineno, "arguments", message)


def module_docstrings(checkout: Checkout) -> Iterator[Violation]:
    """Every module opens with one to eight lines saying which rule lives there."""
    for module in checkout.modules:
        text = ast.get_docstring(module.tree)
        if not text:
            yield Violation(module.path, 1, "module-docstrings", "opens without a docstring")
        elif len(text.splitlines()) > DOCSTRING_LINES_MAX and module.path not in ESSAYS:
            message = f"{len(text.splitlines())} lines, at most {DOCSTRING_LINES_MAX}"
            yield Violation(module.path, 1, "module-docstrings", message)


def bare_packages(checkout: Checkout) -> Iterator[Violation]:
    """An `__init__.py` is a docstring and nothing else: a name has one import path."""
    for module in checkout.product:
        if module.path.endswith("__init__.py") and len(module.tree.body) > 1:
            yield Violation(module.path, 1, "bare-packages", "holds more than a docstring")


def names(checkout: Checkout) -> Iterator[Violation]:
    """Names are the field's nouns; a manager of something is a sign that nobody knows what it
    is.
    """
    for module in checkout.modules:
        for part in module.path.removesuffix(".py").split("/"):
            if BANNED_FILE.match(part):
                yield Violation(module.path, 1, "names", f"a file or folder called {part}")
        for node in module.walk():
            if isinstance(node, ast.ClassDef) and BANNED_NAME.search(node.name):
                yield Violation(module.path, node.lineno, "names", f"a class called {node.name}")


def broad_except(checkout: Checkout) -> Iterator[Violation]:
    """Only the supervisor and the nursery catch everything; elsewhere the weather has a name."""
    broad = {"Exception", "BaseException"}
    for module in checkout.modules:
        if module.path in CATCHES_ALL:
            continue
        for node in module.walk():
            if isinstance(node, ast.ExceptHandler):
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                if any(kind is None or dotted(kind) in broad for kind in kinds):
                    yield Violation(module.path, node.lineno, "broad-except", "catches everything")
            elif isinstance(node, ast.Call) and dotted(node.func).endswith("suppress"):
                if any(dotted(kind) in broad for kind in node.args):
                    yield Violation(
                        module.path, node.lineno, "broad-except", "suppresses everything"
                    )


def leftovers(checkout: Checkout) -> Iterator[Violation]:
    """No unfinished mark without an issue number, no banner, no line excused from coverage."""
    for module in checkout.modules:
        for number, line in enumerate(module.lines, 1):
            if UNFINISHED.search(line):
                yield Violation(module.path, number, "leftovers", "unfinished, and no issue named")
            if BANNER.match(line):
                yield Violation(module.path, number, "leftovers", "a banner")
            if NO_COVER in line:
                yield Violation(module.path, number, "leftovers", "excused from coverage")


def sql_in_strings(checkout: Checkout) -> Iterator[Violation]:
    """SQL lives in sql/, where it is prepared by a test; Python names its blocks."""
    for module in checkout.product:
        spoken = docstrings(module)
        for node in module.walk():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if id(node) not in spoken and SQL.match(node.value):
                    yield Violation(
                        module.path, node.lineno, "sql-in-strings", "a statement in Python"
                    )


def test_names(checkout: Checkout) -> Iterator[Violation]:
    """Test files have names of their own, test functions are sentences, and nothing is mocked."""
    stems = Counter(module.path.rsplit("/", 1)[-1] for module in checkout.tests)
    for module in checkout.tests:
        name = module.path.rsplit("/", 1)[-1]
        if stems[name] > 1 and name != "conftest.py":
            yield Violation(module.path, 1, "test-names", f"another test file is called {name}")
        for each in imports(module):
            if each.full.startswith("unittest.mock"):
                yield Violation(module.path, each.line, "test-names", "imports unittest.mock")
        if not name.startswith("test_"):
            continue
        classes = [node for node in module.walk() if isinstance(node, ast.ClassDef)]
        scopes: list[ast.Module | ast.ClassDef] = [module.tree, *classes]
        for scope in scopes:
            seen: set[str] = set()
            for node in scope.body:
                if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    continue
                if node.name.startswith("test_") and node.name.count("_") < 3:
                    message = f"{node.name} is no sentence"
                    yield Violation(module.path, node.lineno, "test-names", message)
                if node.name in seen:
                    yield Violation(module.path, node.lineno, "test-names", f"{node.name} twice")
                seen.add(node.name)
