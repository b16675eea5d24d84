"""The checkout as the house rules see it: parsed Python modules, plain text files, violations.

A rule is a function from a `Checkout` to its violations; it knows nothing of pytest, so that it can
be shown a planted sample as easily as the repository itself.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PRODUCT = ("actors", "models", "adapters", "service")
PYTHON_ROOTS = (*PRODUCT, "ops", "tests")
TEXT_SUFFIXES = frozenset(
    ".py .pyi .md .toml .yml .yaml .json .sql .txt .cfg .ini .sh .conf .lock .env .example".split()
)
TEXT_NAMES = frozenset({"Makefile", "Dockerfile", "LICENSE", ".gitignore", ".dockerignore", "run"})
SKIPPED = frozenset({".git", ".venv", "__pycache__", "build", "dist", "htmlcov"})


@dataclass(frozen=True, order=True)
class Violation:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


@dataclass(frozen=True)
class Module:
    """One Python file: its path relative to the root, its dotted name, its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def name(self) -> str:
        dotted = self.path.removesuffix(".py").replace("/", ".")
        return dotted.removesuffix(".__init__")

    @property
    def package(self) -> str:
        return self.path.split("/", 1)[0]

    @property
    def is_product(self) -> bool:
        return self.package in PRODUCT

    def below_floor_two(self) -> bool:
        """Whether the file is core: the actors, and the feature formulas that they call."""
        return self.package == "actors" or self.path.startswith("models/features")

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def walk(self) -> Iterator[ast.AST]:
        return ast.walk(self.tree)


@dataclass(frozen=True)
class Checkout:
    """All Python modules and all text files under one root."""

    root: Path

    @cached_property
    def paths(self) -> list[str]:
        return sorted(_listed(self.root))

    @cached_property
    def modules(self) -> list[Module]:
        return [
            Module(path, (self.root / path).read_text(encoding="utf-8"))
            for path in self.paths
            if path.endswith(".py") and path.split("/", 1)[0] in PYTHON_ROOTS
        ]

    @property
    def product(self) -> list[Module]:
        return [module for module in self.modules if module.is_product]

    @property
    def core(self) -> list[Module]:
        return [module for module in self.modules if module.below_floor_two()]

    @property
    def tests(self) -> list[Module]:
        return [module for module in self.modules if module.package == "tests"]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Every text file of the checkout by path, Python included."""
        found = {}
        for path in self.paths:
            name = path.rsplit("/", 1)[-1]
            if name in TEXT_NAMES or any(name.endswith(suffix) for suffix in TEXT_SUFFIXES):
                found[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return found


Rule = Callable[[Checkout], Iterable[Violation]]


def _listed(root: Path) -> Iterator[str]:
    """Files that belong to the checkout: what git would commit; without git, what is not a build
    product.
    """
    command = ["git", "-C", str(root), "ls-files", "-coz", "--exclude-standard"]
    if (root / ".git").exists():
        try:
            listed = subprocess.run(command, check=True, capture_output=True).stdout.decode()
        except (OSError, subprocess.CalledProcessError):
            listed = ""
        if listed:
            yield from (name for name in listed.split("\0") if name and (root / name).is_file())
            return
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        hidden = any(part in SKIPPED or part.endswith("_cache") for part in parts)
        if path.is_file() and not hidden:
            yield "/".join(parts)


def dotted(node: ast.expr) -> str:
    """The dotted spelling of a name or attribute chain; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


@dataclass(frozen=True)
class Import:
    """One imported name: the module named, the attribute taken (or empty), and where."""

    module: str
    attribute: str
    line: int
    at_load: bool

    @property
    def full(self) -> str:
        return f"{self.module}.{self.attribute}" if self.attribute else self.module


def imports(module: Module) -> list[Import]:
    """Every import in a file, also those inside functions; relative ones resolved."""
    deferred = {
        id(inner)
        for node in module.walk()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or _is_type_checking(node)
        for inner in ast.walk(node)
    }
    found = []
    for node in module.walk():
        at_load = id(node) not in deferred
        if isinstance(node, ast.Import):
            found += [Import(alias.name, "", node.lineno, at_load) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = (
                    module.name if module.path.endswith("__init__.py") else _parent(module.name)
                )
                for _ in range(node.level - 1):
                    package = _parent(package)
                base = f"{package}.{base}" if base else package
            found += [Import(base, alias.name, node.lineno, at_load) for alias in node.names]
    return found


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and dotted(node.test) in {
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
    }


def docstrings(module: Module) -> set[int]:
    """The ids of the constant nodes that are docstrings."""
    found = set()
    for node in module.walk():
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found
