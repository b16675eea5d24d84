"""Small files that only their owner may read: read with that rule, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from adapters.secrets.stored import TEXT_BYTES_MAX, SecretError, Trouble

_READ: Final = stat.S_IRWXG | stat.S_IRWXO
_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def read_private(path: Path, *, others_may_read: bool = False) -> bytes:
    """The bytes of a small regular file of ours. A link to one is followed only where others may
    read it, as containers mount secrets through links.

    Raises SecretError: MISSING, EXPOSED to others, or UNUSABLE.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags | (0 if others_may_read else os.O_NOFOLLOW))
    except FileNotFoundError:
        raise SecretError(
            Trouble.MISSING,
            f"There is no file {path}.",
            "Check the path, or connect the key again.",
        ) from None
    except OSError as error:
        raise _unusable(path, error.strerror or "refused") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _unusable(path, "it is no regular file")
        if not others_may_read and found.st_uid not in {os.geteuid(), 0}:
            raise _exposed(path, "belongs to another user")
        if found.st_mode & (_WRITE if others_may_read else _READ):
            kind = "written" if others_may_read else "read"
            raise _exposed(path, f"may be {kind} by others")
        data = os.read(descriptor, TEXT_BYTES_MAX + 1)
    except OSError as error:
        raise _unusable(path, error.strerror or "refused") from None
    finally:
        os.close(descriptor)
    if len(data) > TEXT_BYTES_MAX:
        raise _unusable(path, "it is too long")
    return data


def write_private(path: Path, data: bytes) -> None:
    """Put `data` at `path`, durably, for its owner alone. Raises SecretError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(beside, flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise _unusable(path, error.strerror or "refused") from None


def remove_private(path: Path) -> bool:
    """Unlink the file; whether there was one. Raises SecretError."""
    try:
        path.unlink()
        _flush_folder(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(path, error.strerror or "refused") from None
    return True


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exposed(path: Path, how: str) -> SecretError:
    return SecretError(
        Trouble.EXPOSED,
        f"The file {path} {how}.",
        f"Close it (chmod 600 {path}) after you know who could have copied it; if in doubt, "
        "revoke the API key at the venue.",
    )


def _unusable(path: Path, why: str) -> SecretError:
    return SecretError(
        Trouble.UNUSABLE,
        f"The file {path} cannot be used ({why}).",
        "Check the path and its rights.",
    )
