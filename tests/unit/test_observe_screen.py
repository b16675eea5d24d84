"""The terminal page: fits any terminal, says what matters in words, and draws without Unicode."""

from __future__ import annotations

import asyncio
import io
import time
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from actors.messages.control import KillSwitch
from adapters.kraken.line import Line, LineState
from service.feeds import UNIVERSE
from service.observe.glyphs import meter, sparkline
from service.observe.screen import WIDE, page
from service.observe.stepping import Stepping
from service.observe.view import View
from service.safe_stop import SafeStopCounts
from service.tally import RecentDecision
from tests.observed_run import ObservedRun, observed_run

SIZES = [(200, 60), (130, 40), (104, 24), (103, 24), (80, 24), (60, 30), (40, 12), (20, 5)]


def view_of(run: ObservedRun, console: Console) -> View:
    view = View(console, run.stepping, None)
    view.tell("")
    view._reader = run.reader
    return view


def drawn(run: ObservedRun, width: int, height: int, encoding: str = "utf-8") -> list[str]:
    """The page as lines of text, without colours."""
    raw = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=raw, width=width, height=height, color_system=None, legacy_windows=False)
    console.print(view_of(run, console), height=height, end="")
    raw.flush()
    stored = raw.buffer
    assert isinstance(stored, io.BytesIO)
    return stored.getvalue().decode(encoding).splitlines()


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> ObservedRun:
    """A run that has decided, bought and sold."""
    folder = tmp_path_factory.mktemp("run")
    return asyncio.run(observed_run(folder, inputs=2500, symbols=UNIVERSE))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_page_never_outgrows_the_terminal(
    trading: ObservedRun, width: int, height: int
) -> None:
    lines = drawn(trading, width, height)
    assert len(lines) <= height
    assert max(len(line) for line in lines) <= width


@pytest.mark.parametrize(("width", "height"), [(130, 40), (80, 24)])
def test_a_usual_terminal_shows_mode_verdict_notice_money_and_decisions(
    trading: ObservedRun, width: int, height: int
) -> None:
    text = "\n".join(drawn(trading, width, height))
    reading = trading.reader.read()
    for words in (
        "PAPER", "MAY TRADE: yes", "not a market result", f"{reading.equity:,.2f}", "drawdown",
        "positions", "last decisions", "inputs/s", "durable",
        trading.tally.recent[-1].reason.replace("_", " "),
    ):  # fmt: skip
        assert words in text, words


def test_a_large_terminal_counts_verdicts_by_reason_and_names_every_mailbox(
    trading: ObservedRun,
) -> None:
    text = "\n".join(drawn(trading, 130, 40))
    for (_, reason), count in trading.tally.verdicts.most_common(3):
        assert reason.replace("_", " ") in text
        assert f"{count:,}" in text
    for each in trading.reader.read().mailboxes:
        assert f"{each.actor}:{each.depth}/{each.high_water}" in text


def test_what_stands_in_the_way_is_said_in_words(tmp_path: Path) -> None:
    async def killed() -> ObservedRun:
        run = await observed_run(tmp_path, inputs=1200)
        await run.say(KillSwitch(1, "tester", "a drill"))
        return run

    text = "\n".join(drawn(asyncio.run(killed()), 120, 30))
    assert "MAY TRADE: no  trading is Reducing: kill level 1: a drill" in text


@pytest.mark.parametrize(
    ("still", "words"),
    [(2, "SAFE MODE: 3 cancels asked, 2 still open"), (-1, "venue's list unreadable")],
)
def test_safe_mode_says_what_was_asked_and_what_still_rests_until_it_is_over(
    tmp_path: Path, still: int, words: str
) -> None:
    run = asyncio.run(observed_run(tmp_path, inputs=1200))
    run.stepping.safe_stop((), SafeStopCounts(4, 3, 1, still))
    text = "\n".join(drawn(run, 120, 30))
    assert words in text
    assert "MAY TRADE: no" in text
    assert "the run is in safe mode" in text
    run.stepping.progressed(1)
    text = "\n".join(drawn(run, 120, 30))
    assert "SAFE MODE" not in text
    assert "MAY TRADE: yes" in text


def test_a_plain_terminal_gets_plain_characters(trading: ObservedRun) -> None:
    assert "\n".join(drawn(trading, 100, 30, encoding="ascii")).isascii()


def test_text_from_outside_is_never_read_as_markup(trading: ObservedRun) -> None:
    console = Console(file=io.StringIO(), width=120, height=30, color_system=None)
    scene = view_of(trading, console)._scene(trading.reader)
    odd = msgspec.structs.replace(scene.reading, notice="[red]odd[/red]", account="[bold]")
    console.print(page(msgspec.structs.replace(scene, reading=odd), 120, 30), height=30)
    output = console.file
    assert isinstance(output, io.StringIO)
    assert "[red]odd[/red]" in output.getvalue()
    assert "[bold]" in output.getvalue()


def test_the_narrowest_wide_terminal_shows_a_partial_exit_uncut(trading: ObservedRun) -> None:
    console = Console(file=io.StringIO(), width=WIDE, height=31, color_system=None)
    scene = view_of(trading, console)._scene(trading.reader)
    recent = (
        RecentDecision(0, "AVAX/USD", "partial_exit", "edge_faded", 471_049, -9_679),
        RecentDecision(0, "AVAX/USD", "enter", "edge_above_cost", 656_937, 1_110),
    )
    console.print(page(msgspec.structs.replace(scene, recent=recent), WIDE, 31), height=31)
    output = console.file
    assert isinstance(output, io.StringIO)
    rows = [" ".join(line.split()[1:8]) for line in output.getvalue().splitlines()]
    assert "01-01 00:00 AVAX/USD enter edge above cost" in rows
    assert "01-01 00:00 AVAX/USD partial edge faded 47.1%" in rows


def test_the_view_takes_the_terminal_and_gives_it_back(tmp_path: Path) -> None:
    output = io.StringIO()
    console = Console(file=output, width=80, height=24, force_terminal=True)

    async def watched() -> list[bool]:
        run = await observed_run(tmp_path, inputs=300)
        view = View(console, Stepping(), None)
        taken = [view.active]
        await view.opened(run.segment, run.tally, run.plan, run.choice)
        await asyncio.sleep(0)
        taken.append(view.active)
        view.closing("stopped")
        view.proving(1, 2)
        await view.closed()
        await view.closed()
        return [*taken, view.active]

    assert asyncio.run(watched()) == [False, True, False]
    text = output.getvalue()
    assert text.index("\x1b[?1049h") < text.index("closing: stopped") < text.rindex("\x1b[?1049l")


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([], 5, ""), ([1.0], 0, ""), ([2.0, 2.0], 5, "▅▅"), ([0.0, 7.0], 5, "▁█"),
        ([9.0, 0.0, 1.0], 2, "▁█"), (list(range(8)), 8, "▁▂▃▄▅▆▇█"),
    ],
)  # fmt: skip
def test_a_sparkline_spans_its_least_and_greatest(
    values: list[float], width: int, expected: str
) -> None:
    assert sparkline(values, width) == expected


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(-1.0, "...."), (0.0, "...."), (0.001, "#..."), (0.5, "##.."), (1.0, "####"), (9.0, "####")],
)
def test_a_meter_shows_anything_above_nothing(ratio: float, expected: str) -> None:
    assert meter(ratio, 4, ascii_only=True) == expected


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_live_feed_has_a_line_of_its_own(trading: ObservedRun, width: int, height: int) -> None:
    """Whether it is heard, its lag, its losses; and why it is not heard."""
    line = Line(
        state=LineState.STREAMING, heard=time.monotonic(), books=30, frames=12_345, opened=3,
        renewals=2, lag_ns=41_000_000, refused=("KAS/USD",),
    )  # fmt: skip
    trading.segment.line = line
    try:
        lines = drawn(trading, width, height)
        assert len(lines) <= height
        assert max(len(each) for each in lines) <= width
        if width >= 130:
            assert "streaming, lag 41 ms   30 books, 12,345 frames, 2 reconnects" in lines[2]
            assert "refused: KAS/USD" in lines[2]
        line.state, line.detail = LineState.WAITING, "silent for 8 s"
        if width >= 80:
            assert "the feed is waiting: silent for 8 s" in drawn(trading, width, height)[2]
    finally:
        trading.segment.line = None
