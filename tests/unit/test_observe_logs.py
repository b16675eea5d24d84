"""Logs: one object a line whatever the text, secrets never, every note with run and sequence."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest

from actors.kernel.envelope import Envelope, Input
from actors.kernel.stamp import Stamp
from actors.kernel.step import StepResult
from actors.kernel.supervisor import OK, Failure, Outcome
from actors.messages.base import Message
from actors.messages.control import ClockSkew, Note, RunStarted, Tick
from actors.messages.execution import CancelOutcome, SafeStopAttempted
from actors.messages.market import FeedEvent, FeedStatus
from adapters.kraken.line import Line
from service.failures import ExitCode, UserError
from service.observe.logs import LogWatcher, RunLog, redact
from service.observe.stepping import Stepping
from service.safe_stop import SafeStopCounts
from service.settings import LogSettings
from tests.observed_run import observed_run

NASTY = 'a"\n{"event": "forged"}\r\u2028\x1b[31m'


def log_in(folder: Path, stream: io.StringIO | None = None, level: str = "info") -> RunLog:
    return RunLog(folder, LogSettings(level=level), to_stderr=stream is not None, stream=stream)


def lines_of(runlog: RunLog) -> list[dict[str, Any]]:
    return [json.loads(line) for line in runlog.path.read_text(encoding="utf-8").splitlines()]


def step(*notes: Note, outcome: Outcome = OK) -> StepResult:
    stamp = Stamp(1, "orders", 1)
    envelopes = [Envelope(stamp, stamp, "log", 5, note) for note in notes]
    return StepResult(7, b"", outcome, b"", b"", b"", [], [], envelopes, 1)


def test_no_text_can_start_a_line_of_its_own(tmp_path: Path) -> None:
    stream = io.StringIO()
    runlog = log_in(tmp_path, stream)
    runlog.log.info("odd", text=NASTY, **{NASTY: 1})
    runlog.close()
    (line,) = lines_of(runlog)
    assert line["text"] == NASTY
    assert stream.getvalue() == runlog.path.read_text()
    assert stream.getvalue().isascii()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"api_key": "k"}, {"api_key": "[redacted]"}),
        ({"Secret": "s", "n": 1}, {"Secret": "[redacted]", "n": 1}),
        ({"refresh_token": ["t"]}, {"refresh_token": "[redacted]"}),
        ({"fields": {"passphrase": "p", "side": "buy"}},
         {"fields": {"passphrase": "[redacted]", "side": "buy"}}),
        ({"list": [{"private_key": 1}]}, {"list": [{"private_key": "[redacted]"}]}),
        ({"dsn": "postgresql://me:pw@host/db"}, {"dsn": "postgresql://[redacted]@host/db"}),
        ({"cl_ord_id": "abc"}, {"cl_ord_id": "abc"}),
    ],
)  # fmt: skip
def test_values_of_secret_fields_never_reach_a_log(
    record: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert redact(None, "info", record) == expected


def test_notes_of_the_core_become_records_with_run_sequence_and_mode(tmp_path: Path) -> None:
    runlog = log_in(tmp_path)
    watcher = LogWatcher(runlog, Stepping(), every_seconds=10.0)
    started = RunStarted("r1", "a", "PAPER", 1, (), "", "", "", "", "", "", "")
    watcher(Input(1, 5, started), step())
    watcher(Input(2, 6, Tick(6)), step(Note("warning", "late_report", (("key", "x"), ("n", "1")))))
    runlog.close()
    (line,) = lines_of(runlog)
    assert {name: line[name] for name in ("run", "mode", "seq", "level", "event", "actor")} == {
        "run": "r1", "mode": "PAPER", "seq": 2, "level": "warning", "event": "late_report",
        "actor": "orders",
    }  # fmt: skip
    assert line["fields"] == {"key": "[redacted]", "n": "1"}


def test_a_note_below_the_level_is_left_out(tmp_path: Path) -> None:
    runlog = log_in(tmp_path, level="warning")
    LogWatcher(runlog, Stepping(), every_seconds=10.0)(
        Input(2, 6, Tick(6)), step(Note("info", "quiet"), Note("error", "loud"))
    )
    runlog.close()
    assert [line["event"] for line in lines_of(runlog)] == ["loud"]


def test_a_lost_delivery_is_an_error_that_names_actor_and_action(tmp_path: Path) -> None:
    runlog = log_in(tmp_path)
    failure = Failure("features", Stamp(1, "x", 1), "ValueError: odd", "d", False)
    LogWatcher(runlog, Stepping(), every_seconds=10.0)(
        Input(2, 6, Tick(6)), step(outcome=Outcome("failed", (failure,)))
    )
    runlog.close()
    (line,) = lines_of(runlog)
    assert (line["level"], line["actor"], line["action"]) == ("error", "features", "restarted")


def test_a_run_is_logged_from_its_opening_to_its_end_with_its_notice(tmp_path: Path) -> None:
    runlog = log_in(tmp_path / "logs")

    async def whole() -> str:
        watcher = LogWatcher(runlog, Stepping(), every_seconds=0.0)
        run = await observed_run(tmp_path, inputs=400, watch=watcher)
        await watcher.opened(run.segment, run.tally, run.plan, run.choice)
        watcher.progressed(400)
        watcher.closing("stopped")
        await watcher.closed()
        return run.segment.run.run_id

    run_id = asyncio.run(whole())
    lines = lines_of(runlog)
    events = [line["event"] for line in lines]
    assert [events[0], *events[-5:]] == [
        "trading_state", "run_opened", "progress", "progress", "run_closing", "run_closed",
    ]  # fmt: skip
    assert {line["run"] for line in lines} == {run_id}
    assert all("not a market result" in line["notice"] for line in lines[1:])
    assert lines[-3]["equity"].startswith("10000")


def test_every_attempt_of_safe_mode_is_a_line(tmp_path: Path) -> None:
    """Also those that no journal takes; a failed one is an error."""
    runlog = log_in(tmp_path)
    watcher = LogWatcher(runlog, Stepping(), every_seconds=10.0)
    attempts = (
        SafeStopAttempted("", 5, CancelOutcome.ASKING, "2 of our orders rest"),
        SafeStopAttempted("one", 5, CancelOutcome.ASKED),
        SafeStopAttempted("two", 5, CancelOutcome.NOT_REACHED, "no line"),
    )
    watcher.safe_stop(attempts, SafeStopCounts(1, 1, 1, 2))
    runlog.close()
    names = ("event", "level", "cl_ord_id", "outcome", "detail", "asked", "open")
    assert [tuple(line[name] for name in names) for line in lines_of(runlog)] == [
        ("safe_stop_attempted", "warning", "", "asking", "2 of our orders rest", 1, 2),
        ("safe_stop_attempted", "warning", "one", "asked", "", 1, 2),
        ("safe_stop_attempted", "error", "two", "not_reached", "no line", 1, 2),
    ]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError) as failed:
        log_in(tmp_path / "file" / "logs")
    assert failed.value.code is ExitCode.ENVIRONMENT
    assert "--data-dir" in failed.value.remedy


def test_an_unknown_level_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError) as failed:
        log_in(tmp_path, level="loud")
    assert failed.value.code is ExitCode.USAGE
    assert "warning" in failed.value.remedy


def test_what_befalls_a_live_feed_is_a_line_and_the_same_of_many_symbols_one(
    tmp_path: Path,
) -> None:
    async def run() -> list[dict[str, Any]]:
        run = await observed_run(tmp_path, inputs=3)
        runlog = log_in(tmp_path / "logs")
        watcher = LogWatcher(runlog, run.stepping, every_seconds=1000.0)

        def hears(at: int, body: Message) -> None:
            watcher(Input(at, at, body), step())

        await watcher.opened(run.segment, run.tally, run.plan, run.choice)
        hears(1, FeedStatus(1, "book", FeedEvent.GAP, -1, "of a recording: its card counts it"))
        run.segment.line = Line()
        hears(2, FeedStatus(2, "status", FeedEvent.ONLINE, -1, "online"))
        for symbol in range(3):
            hears(3, FeedStatus(3, "book", FeedEvent.GAP, symbol, "the consumer was slow"))
        hears(4, FeedStatus(4, "book", FeedEvent.RESYNCED, 1, ""))
        hears(5, FeedStatus(5, "book", FeedEvent.CHECKSUM, 1, "checksum"))
        hears(6, ClockSkew(-3_600_000_000_000))
        await watcher.closed()
        return lines_of(runlog)

    lines = asyncio.run(run())
    fed = [
        (each["told"], each["symbol"], each["level"])
        for each in lines
        if each["event"] == "feed_status"
    ]
    assert fed == [
        ("online", "", "info"),
        ("gap", "BTC/USD", "warning"),
        ("checksum", "ETH/USD", "warning"),
    ]
    (skew,) = (each for each in lines if each["event"] == "clock_skew")
    assert skew["offset_ms"] == -3_600_000
