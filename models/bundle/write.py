"""Writing a bundle folder: the same content gives the same bytes, without time or path."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from models.bundle.manifest import FILES, MANIFEST_FILE, FileEntry, Manifest, canonical, identified


def write_bundle(folder: Path, manifest: Manifest, contents: dict[str, bytes]) -> Manifest:
    """Write the files and their manifest; return it with file list and id filled in.

    contents: bytes of every name in FILES. The manifest goes last, so a folder without one is
    never taken for a bundle. Raises OSError.
    """
    assert sorted(contents) == sorted(FILES), "a bundle has exactly these files"
    entries = tuple(
        FileEntry(name, len(contents[name]), hashlib.sha256(contents[name]).hexdigest())
        for name in FILES
    )
    complete = identified(msgspec.structs.replace(manifest, files=entries))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    for name in FILES:
        (folder / name).write_bytes(contents[name])
    (folder / MANIFEST_FILE).write_bytes(canonical(complete))
    return complete
