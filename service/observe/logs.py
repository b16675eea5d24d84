"""Structured logs: one JSON object a line, with run, sequence and mode, secrets taken out.

Notes of the core come here as records; nothing that the core does depends on them. JSON escapes
every control and every non-ASCII character, so no text can start a line of its own.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final, TextIO

import structlog

from actors.instant import MILLISECOND_NS
from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.messages.control import ClockSkew, Note, RunStarted
from actors.messages.execution import CancelOutcome, SafeStopAttempted
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.risk import TradingState, TradingStateChanged
from service.bundles import Choice
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan
from service.failures import ExitCode, UserError
from service.observe.reading import Reader
from service.observe.stepping import Stepping
from service.pump import Observer
from service.safe_stop import SafeStopCounts
from service.segment import OpenSegment
from service.settings import LogSettings
from service.tally import Tally

FILE_BYTES: Final = 10_000_000
FILES_KEPT: Final = 5
REDACTED: Final = "[redacted]"
_SECRET_KEY: Final = re.compile(
    r"key|secret|token|passphrase|password|signature|api.?sign|credential|\botp\b", re.IGNORECASE
)
_SECRET_URL: Final = re.compile(r"(?<=://)[^/@\s]+@")
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class QuietFile(RotatingFileHandler):
    """A rotating file whose own failures (a full disk) never reach the trading loop."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (the base's name)
        """Lose the line."""


class RunLog:
    """Where log records of one process go: a rotating file and, when asked, stderr."""

    def __init__(
        self, folder: Path, settings: LogSettings, *, to_stderr: bool, stream: TextIO | None = None
    ) -> None:
        level = _LEVELS.get(settings.level.lower())
        if level is None:
            raise UserError(
                ExitCode.USAGE,
                f"log.level is {settings.level!r}, which is no level.",
                f"Choose one of {', '.join(_LEVELS)}.",
            )
        self.path = folder / "ballast.log"
        self._sink = logging.getLogger(f"ballast:{self.path}")
        self._sink.setLevel(level)
        self._sink.propagate = False
        self._sink.addHandler(_file(self.path))
        if to_stderr or settings.to_stderr:
            self._sink.addHandler(logging.StreamHandler(stream or sys.stderr))
        self.log: Any = structlog.wrap_logger(
            self._sink,
            processors=[
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
                redact,
                structlog.processors.JSONRenderer(default=str, sort_keys=True),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            cache_logger_on_first_use=False,
        )

    def bind(self, **facts: Any) -> None:
        """Say these facts in every record from now on."""
        self.log = self.log.bind(**facts)

    def close(self) -> None:
        """Close the file."""
        for handler in tuple(self._sink.handlers):
            self._sink.removeHandler(handler)
            handler.close()


def redact(
    logger: Any,
    name: str,
    event: MutableMapping[str, Any],
) -> MutableMapping[str, Any]:
    """The record without the values of secret fields, at any depth, and without URL passwords."""
    del logger, name
    return {key: _safe(key, value) for key, value in event.items()}


def _safe(key: str, value: Any) -> Any:
    if _SECRET_KEY.search(key):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_URL.sub(f"{REDACTED}@", value)
    if isinstance(value, Mapping):
        return {str(inner): _safe(str(inner), each) for inner, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_safe("", each) for each in value]
    return value


def _file(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return QuietFile(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The log {path} cannot be written ({error.strerror}).",
            "Make the data folder writable, or choose another one by --data-dir.",
        ) from error


class LogWatcher(Silent):
    """Writes what happens to a run: its start, notes, failures, regular progress, its end."""

    def __init__(self, runlog: RunLog, stepping: Stepping, *, every_seconds: float) -> None:
        self._runlog = runlog
        self._stepping = stepping
        self._every_seconds = every_seconds
        self._told = stepping.last_input
        self._told_of_feed: tuple[int, FeedEvent, str] | None = None
        self._reader: Reader | None = None

    def observers(self) -> tuple[Observer, ...]:
        """Itself."""
        return (self,)

    def __call__(self, entry: Input, result: StepResult) -> None:
        """Records of one step; most steps have none."""
        if type(entry.body) is RunStarted:
            self._runlog.bind(run=entry.body.run_id, mode=entry.body.mode)
        elif type(entry.body) is FeedStatus:
            self._feed(entry, entry.body)
        elif type(entry.body) is ClockSkew:
            offset_ms = entry.body.offset_ns // MILLISECOND_NS
            self._runlog.log.warning("clock_skew", seq=entry.seq, at=entry.at, offset_ms=offset_ms)
        for envelope in result.notes:
            if isinstance(envelope.body, Note):
                self._note(entry, envelope.stamp.actor, envelope.body)
        for failure in result.outcome.failures:
            action = "halted" if failure.halted else "restarted"
            self._runlog.log.error(
                "actor_failed",
                seq=entry.seq,
                at=entry.at,
                actor=failure.actor,
                action=action,
                error=failure.error,
            )
        for envelope in result.records:
            if type(envelope.body) is TradingStateChanged:
                self._state(entry, envelope.body)

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        """The start, and the notice that goes with every figure of this run."""
        self._reader = Reader(segment, tally, plan, choice=choice, stepping=self._stepping)
        if choice.notice:
            self._runlog.bind(notice=choice.notice)
        self._runlog.log.info(
            "run_opened",
            seq=segment.run.first_seq,
            feed=segment.run.feed,
            account=segment.run.account,
            epoch=segment.epoch,
            bundle=segment.graph.bundle_id,
            recovered_inputs=segment.recovered.head_seq,
            symbols=len(segment.graph.symbols),
        )

    def progressed(self, admitted: int) -> None:
        """A line now and then."""
        now = self._stepping.last_input
        if self._reader is not None and now - self._told >= self._every_seconds:
            self._told = now
            self._progress(self._reader, admitted)

    def safe_stop(self, attempts: tuple[SafeStopAttempted, ...], counts: SafeStopCounts) -> None:
        """A line for every attempt, also where no journal takes it."""
        for each in attempts:
            fine = each.outcome in (CancelOutcome.ASKING, CancelOutcome.ASKED)
            level = _LEVELS["warning" if fine else "error"]
            self._runlog.log.log(
                level,
                "safe_stop_attempted",
                at=each.ts,
                cl_ord_id=each.cl_ord_id,
                outcome=each.outcome.value,
                detail=each.detail,
                asked=counts.asked,
                open=counts.open,
            )

    def closing(self, reason: str) -> None:
        """Why feeding ended, with the last figures."""
        if self._reader is not None:
            self._progress(self._reader, self._reader.tally.inputs)
            seq = self._reader.kernel.seq
            self._runlog.log.info("run_closing", seq=seq, reason=reason)

    async def closed(self) -> None:
        """The last line."""
        seq = 0 if self._reader is None else self._reader.kernel.seq
        self._runlog.log.info("run_closed", seq=seq)
        self._runlog.close()

    def _feed(self, entry: Input, body: FeedStatus) -> None:
        """What befell a live feed; a recording's troubles are counted on its card."""
        if self._reader is None or self._reader.segment.line is None:
            return
        if body.event is FeedEvent.RESYNCED:
            return  # one a symbol after every connection; the line of progress says how many
        told = (entry.at, body.event, body.detail)
        if told == self._told_of_feed:
            return  # the same of many symbols at once: the first one stands for all
        self._told_of_feed = told
        symbols = self._reader.segment.graph.symbols
        fine = body.event is FeedEvent.ONLINE
        self._runlog.log.log(
            _LEVELS["info" if fine else "warning"],
            "feed_status",
            seq=entry.seq,
            at=entry.at,
            stream=body.stream,
            told=body.event.value,
            symbol=symbols[body.symbol] if body.symbol >= 0 else "",
            detail=body.detail,
        )

    def _note(self, entry: Input, actor: str, note: Note) -> None:
        fields = dict(note.fields)
        level = _LEVELS.get(note.level.lower(), _LEVELS["info"])
        self._runlog.log.log(
            level, note.event, seq=entry.seq, at=entry.at, actor=actor, fields=fields
        )

    def _state(self, entry: Input, body: TradingStateChanged) -> None:
        level = _LEVELS["info" if body.state is TradingState.ACTIVE else "warning"]
        self._runlog.log.log(
            level,
            "trading_state",
            seq=entry.seq,
            at=entry.at,
            state=body.state.value,
            kill_level=body.kill_level,
            reason=body.reason,
        )

    def _progress(self, reader: Reader, admitted: int) -> None:
        reading, tally = reader.read(), reader.tally
        self._runlog.log.info(
            "progress",
            seq=reading.seq,
            durable_seq=reading.durable_seq,
            at=reading.at,
            admitted=admitted,
            decisions=tally.decisions,
            orders=tally.orders,
            fills=tally.fills,
            equity=str(reading.equity),
            asset=reading.quote,
            drawdown_ratio=reading.drawdown_ratio,
            positions=[each.symbol for each in reading.positions],
            may_trade=reading.may_trade,
            reasons=[reason.code.value for reason in reading.reasons],
        )
