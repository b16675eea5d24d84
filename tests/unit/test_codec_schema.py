"""The message schema is committed: it may grow, and its documents are written from it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from actors.messages.base import Message
from actors.messages.codec import (
    MESSAGE_TYPES,
    enumerations,
    message_types,
    schema_fingerprint,
    schema_lines,
)
from actors.messages.control import Tick


@pytest.fixture(scope="module")
def writer(repository: Path) -> ModuleType:
    path = repository / "ops" / "documents" / "messages.py"
    spec = importlib.util.spec_from_file_location("message_documents", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["message_documents"] = module
    spec.loader.exec_module(module)
    return module


def test_the_schema_is_the_committed_one(repository: Path, writer: ModuleType) -> None:
    """A changed message is a decision: `python ops/documents/messages.py` writes it down."""
    committed = (repository / writer.SCHEMA).read_text(encoding="utf-8")
    assert committed == writer.schema()
    assert committed.splitlines()[0] == schema_fingerprint()


def test_the_document_is_drawn_from_the_messages(repository: Path, writer: ModuleType) -> None:
    """docs/messages.md says how to write it anew."""
    assert (repository / writer.DOCUMENT).read_text(encoding="utf-8") == writer.document()


def test_every_message_is_listed_once_and_sorted() -> None:
    """The union is closed."""
    names = [kind.__name__ for kind in MESSAGE_TYPES]
    assert names == sorted(set(names))
    assert message_types() == MESSAGE_TYPES
    assert Tick in MESSAGE_TYPES
    assert Message not in MESSAGE_TYPES
    assert len(schema_lines()) == len(MESSAGE_TYPES) + len(enumerations())


def test_the_fingerprint_is_over_fields_types_and_values() -> None:
    """One line each."""
    assert "Tick(ts: int)" in schema_lines()
    assert "Side[BUY = buy, SELL = sell]" in schema_lines()
    assert "ClockSkew(offset_ns: int)" in schema_lines()


OLD = "0\nA(x: int, y: tuple[int, str])\nSide[BUY = buy]\n"


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (OLD, ""),
        ("0\nA(x: int, y: tuple[int, str], z: int = default)\nSide[BUY = buy]\n", ""),
        ("0\nA(x: int, y: tuple[int, str])\nB(q: int)\nSide[BUY = buy, SELL = sell]\n", ""),
        (OLD.replace("BUY = buy", "FLAT = flat, BUY = buy"), ""),
        ("0\nSide[BUY = buy]\n", "A is gone; it is in old journals"),
        ("0\nA(x: int)\nSide[BUY = buy]\n", "A has another beginning than before"),
        (
            "0\nA(y: tuple[int, str], x: int)\nSide[BUY = buy]\n",
            "A has another beginning than before",
        ),
        (
            "0\nA(x: str, y: tuple[int, str])\nSide[BUY = buy]\n",
            "A has another beginning than before",
        ),
        (
            "0\nA(x: int, y: tuple[int, str], z: int)\nSide[BUY = buy]\n",
            "A.z: int was added without a default",
        ),
        (
            "0\nA(x: int, y: tuple[int, str])\nSide[BUY = kauf]\n",
            "Side no longer has BUY = buy",
        ),
    ],
)
def test_a_schema_may_only_grow(writer: ModuleType, new: str, sentence: str) -> None:
    """Appending with defaults is fine; anything else would misread an old journal."""
    assert writer.breaches(OLD, new) == ([sentence] if sentence else [])


def test_the_writer_refuses_a_breach_unless_told(
    writer: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The committed file stays as it is."""
    for folder in ("docs", "tests"):
        (tmp_path / folder).mkdir()
    assert writer.main([], tmp_path) == 0
    committed = tmp_path / writer.SCHEMA
    longer = committed.read_text(encoding="utf-8") + "Bygone(x: int)\n"
    committed.write_text(longer, encoding="utf-8")
    assert writer.main([], tmp_path) == 1
    assert "Bygone is gone" in capsys.readouterr().err
    assert committed.read_text(encoding="utf-8") == longer
    assert writer.main(["--break"], tmp_path) == 0
    assert committed.read_text(encoding="utf-8") == writer.schema()
