"""Rules about who may import whom: the floors, the core's short list of libraries, cycles, dead
modules.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from tests.house.source import PRODUCT, Checkout, Import, Module, Violation, imports

CORE_LIBRARIES = frozenset({"msgspec", "numpy"})
ADAPTERS_MAY = (
    "actors.dataset",
    "actors.messages",
    "actors.money",
    "actors.ports",
    "actors.venue_port",
    "actors.instant",
    "actors.instruments",
    "actors.ids",
)
ENTRIES = ("service.cli.main", "service.entry")


def _within(name: str, *roots: str) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def _own_adapter(module: Module) -> str:
    """The adapter a module belongs to: `adapters.kraken.book` and all beside it are
    `adapters.kraken`.
    """
    return ".".join(module.name.split(".")[:2])


def _allowed(module: Module, wanted: str) -> bool:
    match module.package:
        case "models":
            return _within(wanted, "models")
        case "actors":
            return _within(wanted, "actors", "models.features")
        case "adapters":
            return _within(wanted, *ADAPTERS_MAY, _own_adapter(module))
        case _:
            return _within(wanted, *PRODUCT)


def _ours(each: Import) -> bool:
    return each.module.split(".")[0] in {*PRODUCT, "tests", "ops"}


def floors(checkout: Checkout) -> Iterator[Violation]:
    """No module imports from a floor above it, nor a neighbour that it may not know."""
    for module in checkout.product:
        for each in imports(module):
            # `from actors import money` names the module actors.money; `from actors.money import
            # Money` a member.
            if _ours(each) and not (_allowed(module, each.full) or _allowed(module, each.module)):
                message = f"{module.package}/ may not import {each.full}"
                yield Violation(module.path, each.line, "floors", message)


def core_libraries(checkout: Checkout) -> Iterator[Violation]:
    """Below floor 2 only the standard library, msgspec and numpy exist."""
    for module in checkout.core:
        for each in imports(module):
            top = each.module.split(".")[0]
            known = top in sys.stdlib_module_names or top in CORE_LIBRARIES or _ours(each)
            if not known:
                yield Violation(
                    module.path, each.line, "core-libraries", f"the core may not import {top}"
                )


def _graph(checkout: Checkout, *, at_load_only: bool) -> dict[str, set[str]]:
    """Module to the modules that it imports, among the modules of the checkout."""
    names = {module.name for module in checkout.modules}
    graph: dict[str, set[str]] = {module.name: set() for module in checkout.modules}
    for module in checkout.modules:
        for each in imports(module):
            if at_load_only and not each.at_load:
                continue
            target = each.full if each.full in names else each.module
            if target in names and target != module.name:
                graph[module.name].add(target)
    return graph


def cycles(checkout: Checkout) -> Iterator[Violation]:
    """Modules import each other in one direction (imports inside functions do not count)."""
    graph = _graph(checkout, at_load_only=True)
    paths = {module.name: module.path for module in checkout.modules}
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        stack = list(graph[start])
        while stack:
            name = stack.pop()
            if name not in seen:
                seen.add(name)
                stack.extend(graph[name])
        reach[start] = seen
    for name in sorted(graph):
        others = sorted(other for other in reach[name] if name in reach[other] and other != name)
        if others and name < others[0]:
            yield Violation(
                paths[name], 1, "cycles", f"imports in a circle with {', '.join(others)}"
            )


def _named_in_strings(checkout: Checkout) -> set[str]:
    """Dotted names spelt as strings, which is how commands load their modules late."""
    return {
        node.value.split(":")[0]
        for module in checkout.modules
        if module.package != "tests"
        for node in module.walk()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value
    }


def dead_modules(checkout: Checkout) -> Iterator[Violation]:
    """Every product module is reached from the command or from ops/; a test alone keeps nothing
    alive.
    """
    graph = _graph(checkout, at_load_only=False)
    alive = {*ENTRIES, *_named_in_strings(checkout)}
    alive |= {name for name in graph if name.startswith("ops.") or name.endswith("__main__")}
    stack = list(alive)
    while stack:
        for target in graph.get(stack.pop(), ()):
            if target not in alive:
                alive.add(target)
                stack.append(target)
    for module in checkout.product:
        if module.name not in alive and not module.path.endswith("__init__.py"):
            yield Violation(module.path, 1, "dead-modules", "nothing but tests imports this module")
