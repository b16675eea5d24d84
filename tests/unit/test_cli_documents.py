"""docs/cli.md, docs/exit-codes.md and docs/settings.md say what the program declares."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def written(repository: Path) -> ModuleType:
    """The program that writes them."""
    path = repository / "ops" / "documents" / "command_line.py"
    spec = importlib.util.spec_from_file_location("command_line_documents", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "exit-codes.md", "settings.md"])
def test_the_document_is_what_the_program_declares(
    repository: Path, written: ModuleType, name: str
) -> None:
    """When this fails: `python ops/documents/command_line.py` writes them anew."""
    assert (repository / "docs" / name).read_text(encoding="utf-8") == written.DOCUMENTS[name]()


def test_every_verb_has_an_example_that_names_it(written: ModuleType) -> None:
    paths = [path for path, _ in written.verbs(written.cli)]
    assert sorted(paths) == sorted(written.EXAMPLES)
    assert all(f"ballast {path}" in written.EXAMPLES[path] for path in paths)
