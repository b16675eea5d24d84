"""The code fingerprint: a hash over every source file that can change a decision.

A journal segment belongs to one fingerprint. Edges, drivers and documents do not enter: they may
change without opening a new segment.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import actors
import models
import service

_MODEL_PARTS = ("features", "onnx.py", "bundle")
_WIRING = ("graph.py",)
_LIBRARIES = ("msgspec", "numpy", "onnxruntime")


@cache
def code_fingerprint() -> str:
    """SHA-256 (hex) over the deciding source files and the versions of deciding libraries."""
    hasher = hashlib.sha256()
    for name, path in sorted(_deciding_files()):
        data = path.read_bytes()
        hasher.update(f"{name}\0{len(data)}\0".encode())
        hasher.update(data)
    for library in _LIBRARIES:
        hasher.update(f"{library}=={version(library)}\0".encode())
    return hasher.hexdigest()


def _deciding_files() -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    core = Path(actors.__path__[0])
    found += [(f"actors/{p.relative_to(core).as_posix()}", p) for p in core.rglob("*.py")]
    learned = Path(models.__path__[0])
    for part in _MODEL_PARTS:
        root = learned / part
        paths = root.rglob("*.py") if root.is_dir() else [root] if root.exists() else []
        found += [(f"models/{p.relative_to(learned).as_posix()}", p) for p in paths]
    wiring = Path(service.__path__[0])
    found += [(f"service/{name}", wiring / name) for name in _WIRING]
    return found
