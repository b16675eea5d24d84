"""docs/schema.md is written from the canonical schema, with a reason for every constraint."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from adapters.postgres.schema_snapshot import read_snapshot


@pytest.fixture(scope="module")
def writer(repository: Path) -> ModuleType:
    path = repository / "ops" / "documents" / "schema.py"
    spec = importlib.util.spec_from_file_location("schema_documents", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["schema_documents"] = module
    spec.loader.exec_module(module)
    return module


def test_the_document_is_the_snapshots(repository: Path, writer: ModuleType) -> None:
    """To write both anew: `python ops/documents/schema.py`."""
    text = (repository / writer.DOCUMENT).read_text(encoding="utf-8")
    assert text == writer.document(read_snapshot())


def test_every_constraint_of_the_document_has_a_reason(repository: Path) -> None:
    text = (repository / "docs" / "schema.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `.*` \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) > 30
    assert [name for name, why in rows if not why.strip()] == []
