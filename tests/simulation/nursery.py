"""A process that has imported everything and forks the programs of the simulations on demand.

Starting Python and its libraries costs more than most cases; a fork of a warm process costs
nothing, and can be killed like any other. One line of JSON asks, one line of JSON answers.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tests.conftest import REPOSITORY
from tests.simulation import trader, venue_sink

PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "trader": trader.main,
    "sink": venue_sink.main,
}
WAIT_S = 40.0
TOO_LONG = 124


class Ask(msgspec.Struct):
    """Start a program (with `program`), or wait for the process `pid` to end."""

    program: str = ""
    arguments: list[str] = []
    environment: dict[str, str] = {}
    out: str = ""
    err: str = ""
    pid: int = 0


def _child(ask: Ask) -> None:
    code = 1
    try:
        for path, number in ((ask.out, 1), (ask.err, 2)):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(descriptor, number)
        sys.stdout = os.fdopen(1, "w")
        sys.stderr = os.fdopen(2, "w")
        os.environ.update(ask.environment)
        PROGRAMS[ask.program](ask.arguments)
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            if code == 1:
                sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        os._exit(code)


def _wait(pid: int) -> int:
    """Its exit code; whoever takes too long is killed, so that one case cannot stop the rest."""
    limit = time.monotonic() + WAIT_S
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > limit:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return TOO_LONG
        time.sleep(0.002)


def main() -> None:
    """Fork and wait as asked, until the other side hangs up."""
    for text in sys.stdin:
        ask = msgspec.json.decode(text, type=Ask)
        if ask.program:
            pid = os.fork()
            if pid == 0:
                _child(ask)
            answer = pid
        else:
            answer = _wait(ask.pid)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


class Nursery:
    """The test's end of the line."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from tests.simulation import nursery; nursery.main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            text=True,
        )

    def start(self, ask: Ask) -> int:
        """The pid of a new process."""
        return self._ask(ask)

    def wait(self, pid: int) -> int:
        """Its exit code, negative for a signal."""
        return self._ask(Ask(pid=pid))

    def kill(self, pid: int, number: int = signal.SIGKILL) -> int:
        """Send a signal and wait."""
        os.kill(pid, number)
        return self.wait(pid)

    def signal(self, pid: int, number: int) -> None:
        """Send a signal and go on."""
        os.kill(pid, number)

    def close(self) -> None:
        """End the process; its children have been waited for."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _ask(self, ask: Ask) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(ask).decode() + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Place:
    """One case: a home, a sink with its log, and the traders that come and go."""

    def __init__(
        self, nursery: Nursery, folder: Path, *, sink_seed: int, faults: bool, fate: int
    ) -> None:
        self.nursery = nursery
        self.folder = folder
        self.home = folder / "home"
        self.socket = folder / "s"
        self.log = folder / "sink.ndjson"
        self._arguments = [str(self.socket), str(self.log), "--seed", str(sink_seed)]
        self._arguments += ["--fate", str(fate)]
        if faults:
            self._arguments.append("--faults")
        self.sink = 0

    def start_sink(self, die_at: str = "never:0", *, refuse_cancels: int = 0) -> None:
        """Start the sink (again); its orders come from its log."""
        self.socket.unlink(missing_ok=True)
        more = ["--die-at", die_at, "--refuse-cancels", str(refuse_cancels)]
        ask = Ask("sink", [*self._arguments, *more], {}, *self._files("sink"))
        self.sink = self.nursery.start(ask)
        limit = time.monotonic() + 10
        while not self.socket.exists():
            assert time.monotonic() < limit, self.told("sink")
            time.sleep(0.005)

    def stop_sink(self) -> None:
        """SIGTERM to the sink."""
        if self.sink:
            self.nursery.kill(self.sink, signal.SIGTERM)
            self.sink = 0

    def trade(self, orders: trader.Orders, fail_point: str = "") -> int:
        """Start a trader; it dies at `fail_point`. Its pid."""
        Path(self.folder / "trader.out").unlink(missing_ok=True)
        arguments = [msgspec.json.encode(orders).decode()]
        environment = {"BALLAST_FAIL_POINT": fail_point}
        return self.nursery.start(Ask("trader", arguments, environment, *self._files("trader")))

    def told(self, program: str) -> str:
        """What a program wrote to stderr."""
        path = self.folder / f"{program}.err"
        return path.read_text() if path.exists() else ""

    def answer(self) -> trader.Told:
        """The one JSON object that the last trader printed."""
        text = (self.folder / "trader.out").read_bytes()
        assert text, self.told("trader")
        return msgspec.json.decode(text, type=trader.Told)

    def _files(self, program: str) -> tuple[str, str]:
        return str(self.folder / f"{program}.out"), str(self.folder / f"{program}.err")


@contextlib.contextmanager
def place(
    nursery: Nursery, folder: Path, *, sink_seed: int = 1, faults: bool = True, fate: int = -1
) -> Iterator[Place]:
    """A case with its sink running."""
    found = Place(nursery, folder, sink_seed=sink_seed, faults=faults, fate=fate)
    found.start_sink()
    try:
        yield found
    finally:
        found.stop_sink()
