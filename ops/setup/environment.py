"""Build the checkout's own environment in .venv, then do one of make's verbs in it.

The rule here: whatever state .venv is in (absent, complete, stale, half built by a killed run), the
next call ends with exactly what requirements/*.lock says, checked by hash. Needs the standard
library only, and reaches nothing but the package registry that the user's own pip is configured
for.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
BIN = VENV / "bin"
BUILDING = VENV / "ballast-building"
STAMP = VENV / "ballast-environment.json"
LOCKS = ROOT / "requirements"
DOWNLOAD_MB = {"run": 140, "dev": 240}
HASHED = ("--require-hashes", "--only-binary", ":all:")
COMPILE = (
    "pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --quiet"
    " --no-emit-index-url --no-emit-find-links --no-annotate --no-header"
).split()


# A test file is a unit: its tests share what is expensive to make. `ARGS='-n 0'` for one process.
SPREAD = "-n auto --maxprocesses 4 --dist loadfile".split()


class SetupError(Exception):
    """One sentence for the user: what is wrong and what to do."""


def say(sentence: str) -> None:
    print(f"ballast: {sentence}", file=sys.stderr, flush=True)


def clean_environment() -> dict[str, str]:
    """The user's environment without what would redirect an install out of .venv."""
    stray = (
        "PYTHONHOME",
        "PYTHONPATH",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "__PYVENV_LAUNCHER__",
    )
    env = {name: value for name, value in os.environ.items() if name not in stray}
    env["VIRTUAL_ENV"] = str(VENV)
    env["PIP_USER"] = "0"
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return env


def run(arguments: Sequence[str | Path], env: dict[str, str], failure: str) -> None:
    """Run one step with the user's terminal attached; raise SetupError(failure) if it fails."""
    result = subprocess.run([str(part) for part in arguments], env=env, cwd=ROOT, check=False)
    if result.returncode:
        raise SetupError(failure)


def fingerprint(kind: str) -> str:
    """A hash of everything that decides what the environment of this kind contains, and where.

    The kinds are ``run`` and ``dev``, two sets of packages, and ``project``, the project itself.
    """
    digest = hashlib.sha256(str(ROOT).encode())
    names = ("pyproject.toml",) if kind == "project" else (f"{kind}.lock", "uv.lock")
    for name in names:
        digest.update((ROOT if kind == "project" else LOCKS).joinpath(name).read_bytes())
    return digest.hexdigest()


def built() -> dict[str, str]:
    """What the stamp says was completed: kind to fingerprint; empty when nothing was."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def usable_interpreter() -> bool:
    """Whether .venv holds an interpreter that starts and is new enough."""
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        result = subprocess.run(
            [str(BIN / "python"), "-I", "-c", probe], check=False, capture_output=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def complete(kind: str) -> bool:
    """Whether .venv holds the packages of this kind; ``dev`` includes those of ``run``."""
    stamp = built()
    wanted = ("run", "dev") if kind == "run" else ("dev",)
    return any(stamp.get(each) == fingerprint(each) for each in wanted) and usable_interpreter()


def satisfied(kind: str) -> bool:
    """Whether .venv holds the packages of this kind and the project as it is described now."""
    return complete(kind) and built().get("project") == fingerprint("project")


def write_stamp(stamp: dict[str, str]) -> None:
    """Replace the stamp by another, whole or not at all."""
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(stamp), encoding="utf-8")
    fresh.replace(STAMP)


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """One set-up at a time per checkout; the lock is this file, so nothing is left behind."""
    with Path(__file__).open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is running; waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_interpreter(env: dict[str, str]) -> None:
    """Leave a .venv with a working interpreter and pip, marked as being built."""
    half_built = BUILDING.exists() or not usable_interpreter()
    if VENV.exists() and half_built:
        say("the environment in .venv is incomplete; building it anew.")
        shutil.rmtree(VENV)
    if VENV.exists():
        BUILDING.touch()
        STAMP.unlink(missing_ok=True)
        return
    VENV.mkdir()
    BUILDING.touch()
    run(
        [sys.executable, "-m", "venv", VENV],
        env,
        f"{sys.executable} could not create .venv; install its venv module "
        "(Debian: apt-get install python3-venv) or name another with 'make PYTHON=...'.",
    )


def pip_settings(env: dict[str, str]) -> dict[str, str]:
    """Every setting of pip by its full name, from all of its files.

    `pip config list` reads them all; `get` leaves out the system's file in older versions.
    """
    told = subprocess.run(
        [str(BIN / "python"), "-m", "pip", "config", "list"],
        env=env,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    pairs = (line.partition("=") for line in told.stdout.splitlines())
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def uv_environment(env: dict[str, str]) -> dict[str, str]:
    """Hand pip's settings for index, certificates and cache to uv, which does not read them."""
    out = dict(env)
    known = pip_settings(env)
    for key, name in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE")):
        if name in out or (name == "UV_DEFAULT_INDEX" and "UV_INDEX_URL" in out):
            continue
        for scope in (":env:", "install", "global"):
            if found := known.get(f"{scope}.{key}"):
                out[name] = found
                break
    cache = Path(out.get("XDG_CACHE_HOME") or Path(out.get("HOME", "/nonexistent")) / ".cache")
    nearest = next(each for each in (cache, *cache.parents) if each.exists())
    if "UV_CACHE_DIR" not in out and not os.access(nearest, os.W_OK):
        out["UV_CACHE_DIR"] = str(VENV / "uv-cache")
    return out


def install(kind: str, env: dict[str, str]) -> None:
    """Install the locked packages of this kind into .venv, and nothing that is not locked."""
    network = "; check the network and pip's index settings, then run the same command again."
    pip: list[str | Path] = [
        BIN / "python",
        *"-m pip install --quiet".split(),
        *HASHED,
        "-r",
        LOCKS / "uv.lock",
    ]
    run(pip, env, f"the installer could not be fetched{network}")
    uv: list[str | Path] = [BIN / "uv", "pip", "sync", "--python", BIN / "python", *HASHED]
    locks = (LOCKS / "uv.lock", LOCKS / f"{kind}.lock")
    run([*uv, *locks], uv_environment(env), f"the locked packages could not be installed{network}")


def install_project(env: dict[str, str]) -> None:
    """Install the project itself, editable; needs no network, its build system is installed."""
    uv: list[str | Path] = [BIN / "uv", "pip", "install", "--python", BIN / "python"]
    options = "--quiet --no-deps --no-build-isolation --offline --editable .".split()
    failure = "the project itself could not be installed; the lines above say why."
    run([*uv, *options], env, failure)


def ensure(kind: str) -> None:
    """Make .venv complete for this kind; do nothing, and write nothing, when it already is."""
    if satisfied(kind):
        return
    if not os.access(VENV if VENV.exists() else ROOT, os.W_OK):
        raise SetupError(f"{ROOT} is not writable by this user; use a checkout of your own.")
    with exclusive():
        if satisfied(kind):
            return
        # A developer's environment is brought up to date as one, not cut down by `make run`.
        kind = "dev" if "dev" in built() else kind
        env = clean_environment()
        if complete(kind):
            install_project(env)
            write_stamp(built() | {"project": fingerprint("project")})
            return
        size = f"about {DOWNLOAD_MB[kind]} MB to download the first time"
        say(f"building .venv with {sys.executable}: {size}.")
        make_interpreter(env)
        install(kind, env)
        install_project(env)
        write_stamp({kind: fingerprint(kind), "project": fingerprint("project")})
        # The mark goes last: killed before, the next run builds anew.
        BUILDING.unlink()
        say("the environment is ready; .venv/bin/ballast is the command.")


def become(arguments: Sequence[str | Path]) -> NoReturn:
    """Replace this process by a command of the environment, which then owns the terminal's Ctrl-C.

    make dies of the same Ctrl-C that asks the service to stop, and reports failure for a clean
    stop. So the service gets the terminal for itself; Ctrl-Z is off, because nobody would be left
    to take it back.
    """
    sys.stdout.flush()
    if os.isatty(0):
        with contextlib.suppress(OSError):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
            if os.tcgetpgrp(0) == os.getpgrp():
                os.setpgid(0, 0)
                os.tcsetpgrp(0, os.getpgrp())
                signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})
    command = [str(part) for part in arguments]
    os.execve(command[0], command, clean_environment())


def check(extra: Sequence[str]) -> int:
    """Run every checker, all of them even when one fails; return 1 if any failed."""
    env, python = clean_environment(), str(BIN / "python")
    coverage = VENV / "ballast-coverage.json"
    steps = {
        "ruff": [str(BIN / "ruff"), "check", "."],
        "mypy": [str(BIN / "mypy")],
        "house rules": [python, "-m", "pytest", "-q", "tests/house", *extra],
        "coverage": [python, "ops/checks/coverage_floors.py", str(coverage), "--measure"],
    }
    failed = []
    for name, command in steps.items():
        say(f"{name} ...")
        if subprocess.run(command, env=env, cwd=ROOT, check=False).returncode:
            failed.append(name)
    say(f"failed: {', '.join(failed)}." if failed else "check is clean.")
    return 1 if failed else 0


def lock() -> int:
    """Resolve the lock files anew, the runtime set constrained to the development set."""
    env = uv_environment(clean_environment())
    uv = BIN / "uv"
    dev, runtime = LOCKS / "dev.lock", LOCKS / "run.lock"
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "uv.in"
        wanted.write_text("uv\n", encoding="utf-8")
        jobs: list[list[str | Path]] = [
            [wanted, "--upgrade", "-o", LOCKS / "uv.lock"],
            ["pyproject.toml", "--extra", "dev", "--upgrade", "-o", dev],
            ["pyproject.toml", "--extra", "build", "--upgrade", "-c", dev, "-o", runtime],
        ]
        for job in jobs:
            run(
                [uv, *COMPILE, *job],
                env,
                "the lock files could not be resolved; the lines above say why.",
            )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up .venv and do one of make's verbs in it.")
    parser.add_argument("verb", choices=("setup", "run", "test", "check", "bench", "lock"))
    verb, extra = parser.parse_known_args()
    os.chdir(ROOT)
    kind = "run" if verb.verb in ("setup", "run") else "dev"
    ensure(kind)
    match verb.verb:
        case "run":
            become([BIN / "ballast", "run", *extra])
        case "test":
            become([BIN / "python", "-m", "pytest", *SPREAD, *extra])
        case "bench":
            become([BIN / "python", "ops/benchmarks/run.py", *extra])
        case "check":
            return check(extra)
        case "lock":
            return lock()
        case _:
            return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SetupError as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say("stopped; the next run goes on from here.")
        sys.exit(130)
