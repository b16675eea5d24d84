"""Rules of the core (actors/ and models/features): nothing ambient, no order by accident, the same
bits everywhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import Checkout, Module, Violation, dotted, imports

AMBIENT_MODULES = frozenset(
    "time random secrets uuid os logging structlog asyncio threading multiprocessing concurrent"
    " socket ssl subprocess tempfile pathlib shutil io signal locale platform urllib http sched"
    " selectors".split()
)
AMBIENT_CALLS = frozenset({"open", "print", "input", "hash", "id", "exec", "eval", "__import__"})
AMBIENT_ATTRIBUTES = frozenset({"now", "utcnow", "today", "getenv", "environ", "uuid4", "urandom"})
PORTS = ("actors/ports.py", "actors/venue_port.py")
PORTABLE = "models/features/portable.py"
UNPORTABLE = frozenset(
    "log log2 log10 log1p exp exp2 expm1 power float_power pow sin cos tan arcsin arccos"
    " arctan arctan2 sinh cosh tanh asin acos atan atan2 erf erfc gamma lgamma"
    " cbrt logaddexp hypot".split()
)
ORDER_FREE = frozenset({"sorted", "any", "all", "min", "max", "len", "set", "frozenset"})
ORDER_TAKING = frozenset(
    {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "sum", "reversed"}
)


def ambient(checkout: Checkout) -> Iterator[Violation]:
    """No clock, randomness, environment, logger, thread, file or address below floor 2."""
    for module in checkout.core:
        for each in imports(module):
            if each.module.split(".")[0] in AMBIENT_MODULES or each.full.startswith("numpy.random"):
                yield Violation(module.path, each.line, "ambient", f"imports {each.full}")
        for node in module.walk():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in AMBIENT_CALLS:
                    yield Violation(module.path, node.lineno, "ambient", f"calls {node.func.id}()")
            elif isinstance(node, ast.Attribute):
                spelt = dotted(node)
                is_random = spelt.startswith(("np.random", "numpy.random"))
                if is_random or (node.attr in AMBIENT_ATTRIBUTES and spelt != f"self.{node.attr}"):
                    yield Violation(
                        module.path, node.lineno, "ambient", f"uses {spelt or node.attr}"
                    )


def asynchronous(checkout: Checkout) -> Iterator[Violation]:
    """The core is plain function calls; awaiting belongs to the edge, whose ports it only
    declares.
    """
    kinds = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    for module in checkout.core:
        if module.path in PORTS:
            continue
        for node in module.walk():
            if isinstance(node, kinds):
                yield Violation(
                    module.path, node.lineno, "asynchronous", "async code below floor 2"
                )


def _is_set_type(annotation: ast.expr | None) -> bool:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value.startswith(("set", "frozenset"))
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return base is not None and dotted(base) in {"set", "frozenset", "AbstractSet", "abc.Set"}


def _makes_set(node: ast.expr | None) -> bool:
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    return isinstance(node, ast.Call) and dotted(node.func) in {"set", "frozenset"}


def _set_names(module: Module) -> set[str]:
    """Spellings (`seen`, `self._seen`) that this file assigns or annotates as sets."""
    names: set[str] = set()
    for node in module.walk():
        if isinstance(node, ast.AnnAssign) and (
            _is_set_type(node.annotation) or _makes_set(node.value)
        ):
            names.add(dotted(node.target))
            names.add(f"self.{dotted(node.target)}")
        elif isinstance(node, ast.Assign) and _makes_set(node.value):
            names |= {dotted(target) for target in node.targets}
        elif isinstance(node, ast.arg) and _is_set_type(node.annotation):
            names.add(node.arg)
    return names - {"", "self."}


def set_iteration(checkout: Checkout) -> Iterator[Violation]:
    """No result below floor 2 depends on the order of a set; sort it first."""
    for module in checkout.core:
        names = _set_names(module)
        free: set[int] = set()
        for node in module.walk():
            if isinstance(node, ast.Call) and dotted(node.func) in ORDER_FREE:
                free |= {id(argument) for argument in node.args}
        for node in module.walk():
            for ordered in _iterated(node, free):
                if _makes_set(ordered) or dotted(ordered) in names:
                    yield Violation(
                        module.path, ordered.lineno, "set-iteration", "iterates over a set"
                    )


def _iterated(node: ast.AST, free: set[int]) -> Iterator[ast.expr]:
    """The expressions whose order this node turns into a result."""
    match node:
        case ast.For():
            yield node.iter
        case ast.ListComp() | ast.DictComp():
            yield from (part.iter for part in node.generators)
        case ast.GeneratorExp() if id(node) not in free:
            yield from (part.iter for part in node.generators)
        case ast.Starred():
            yield node.value
        case ast.Call(func=ast.Name(id=name)) if name in ORDER_TAKING and id(node) not in free:
            yield from node.args
        case ast.Call(func=ast.Attribute(attr="join")):
            yield from node.args
        case ast.Call(func=ast.Attribute(attr="pop"), args=[]):
            yield node.func.value  # type: ignore[attr-defined]
        case _:
            return


def portable_maths(checkout: Checkout) -> Iterator[Violation]:
    """Logarithms and their kind differ between CPUs; the core has one portable function for
    them.
    """
    for module in checkout.core:
        if module.path == PORTABLE:
            continue
        for node in module.walk():
            if isinstance(node, ast.Attribute) and node.attr in UNPORTABLE:
                base = dotted(node.value)
                if base in {"np", "numpy", "math", "cmath"}:
                    yield Violation(
                        module.path, node.lineno, "portable-maths", f"uses {base}.{node.attr}"
                    )
        for each in imports(module):
            if each.module in {"math", "numpy", "cmath"} and each.attribute in UNPORTABLE:
                yield Violation(module.path, each.line, "portable-maths", f"imports {each.full}")
