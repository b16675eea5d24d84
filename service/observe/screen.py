"""The terminal page: one reading laid out for the size of the terminal, wide or narrow.

Words carry the meaning and colour only repeats it. Nothing here reads the graph.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec
from rich import box
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from actors.instant import SECOND_NS
from service.observe.glyphs import meter, sparkline
from service.observe.reading import LineReading, Reading
from service.safe_stop import SafeStopCounts
from service.tally import RecentDecision

WIDE: Final = 104
_MICROS: Final = 1_000_000
_MODES: Final = {"PAPER": "white on blue", "BACKTEST": "black on grey70", "LIVE": "white on red"}
_ACTIONS: Final = {"enter": "green", "exit": "magenta", "partial_exit": "magenta", "refused": "red"}
_WARN_SHARE: Final = 0.5
_ACCOUNT_ROWS: Final = 8
_PANEL_ROWS_LEAST: Final = 4
_TIGHT_HEIGHT: Final = 30


class Scene(msgspec.Struct, frozen=True):
    """What one page shows beside the reading. Rates are per second of wall time."""

    reading: Reading
    equities: Sequence[float]
    recent: Sequence[RecentDecision]
    verdicts: Sequence[tuple[str, str, int]]
    inputs: int
    decisions: int
    orders: int
    fills: int
    input_rate: float
    message_rate: float
    address: str
    status: str


def page(scene: Scene, width: int, height: int, *, ascii_only: bool = False) -> RenderableType:
    """The page for a terminal of that size."""
    head = _header(scene, width)
    tight = width < WIDE and height < _TIGHT_HEIGHT
    boxes = _mailboxes(scene, brief=tight)
    engine_rows = 4 + _lines(boxes.plain, width - 4)
    account_rows = _ACCOUNT_ROWS - 1 if tight else _ACCOUNT_ROWS
    rows = height - len(head) - account_rows - engine_rows
    parts = [Layout(Group(*head), size=len(head))]
    if width >= WIDE:
        parts += _wide(scene, width, rows, ascii_only=ascii_only)
    else:
        parts += _narrow(scene, width, rows, tight=tight, ascii_only=ascii_only)
    parts.append(Layout(_engine(scene, boxes), size=engine_rows))
    body = Layout()
    body.split_column(*parts)
    return body


def _wide(scene: Scene, width: int, rows: int, *, ascii_only: bool) -> list[Layout]:
    upper = Layout(size=_ACCOUNT_ROWS)
    upper.split_row(
        Layout(_account(scene, width * 2 // 5 - 4, ascii_only=ascii_only), ratio=2),
        Layout(_positions(scene, _ACCOUNT_ROWS - 3), ratio=3),
    )
    if rows < _PANEL_ROWS_LEAST:
        return [upper]
    lower = Layout(size=rows)
    lower.split_row(
        Layout(_decisions(scene, rows - 3), ratio=3),
        Layout(_verdicts(scene, rows - 2), ratio=2),
    )
    return [upper, lower]


def _narrow(scene: Scene, width: int, rows: int, *, tight: bool, ascii_only: bool) -> list[Layout]:
    account = _account(scene, width - 4, counts=not tight, ascii_only=ascii_only)
    parts = [Layout(account, size=_ACCOUNT_ROWS - 1 if tight else _ACCOUNT_ROWS)]
    wanted = max(len(scene.reading.positions), 1) + 3
    held = min(wanted, rows if rows < 2 * _PANEL_ROWS_LEAST else max(rows // 2, 4))
    if rows >= _PANEL_ROWS_LEAST:
        parts.append(Layout(_positions(scene, held - 3), size=held))
    left = rows - held
    if left >= _PANEL_ROWS_LEAST:
        parts.append(Layout(_decisions(scene, left - 3), size=left))
    elif rows > 0:
        parts[-1].size = (parts[-1].size or 0) + (left if rows >= _PANEL_ROWS_LEAST else rows)
    return parts


def _header(scene: Scene, width: int) -> list[Text]:
    reading = scene.reading
    ribbon = Text(no_wrap=True, overflow="ellipsis")
    ribbon.append(f" {reading.mode} ", style=f"bold {_MODES.get(reading.mode, 'reverse')}")
    ribbon.append(f"  {_when(reading.at)}  ", style="bold")
    ribbon.append(f"{reading.feed}   account {reading.account}   run {reading.run_id}", "dim")
    verdict = Text(no_wrap=True, overflow="ellipsis")
    word, style = ("yes", "bold green") if reading.may_trade else ("no", "bold red")
    verdict.append(f"MAY TRADE: {word}", style=style)
    if reading.in_safe_mode:
        verdict.append(f"  {_safe_stop_words(reading.safe_stop)}", style="bold red")
    if scene.status:
        verdict.append(f"  {scene.status}", style="cyan")
    verdict.append("  " + "; ".join(reason.text for reason in reading.reasons))
    lines = [ribbon, verdict]
    if reading.line is not None:
        lines.append(_feed_words(reading.line))
    if reading.notice:
        words = Text(reading.notice, style="bold yellow", no_wrap=True, overflow="ellipsis")
        lines.append(words)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _feed_words(line: LineReading) -> Text:
    """The live connection in one line."""
    words = Text(no_wrap=True, overflow="ellipsis")
    words.append(" FEED ", "bold red" if line.trouble else "bold green")
    words.append(line.trouble or f"{line.state}, lag {line.lag_seconds * 1e3:,.0f} ms")
    words.append(f"   {line.books} books, {line.frames:,} frames, ")
    words.append(f"{max(0, line.opened - 1)} reconnects, {line.renewals} resubscribed")
    if line.refused:
        words.append(f"   refused: {' '.join(line.refused)}", "yellow")
    if line.recording:
        words.append(f"   {line.recording}", "bold red")
    return words


def _safe_stop_words(counts: SafeStopCounts) -> str:
    still = "venue's list unreadable" if counts.open < 0 else f"{counts.open} still open"
    return f"SAFE MODE: {counts.asked} cancels asked, {still}"


def _account(scene: Scene, inner: int, *, ascii_only: bool, counts: bool = True) -> Panel:
    reading = scene.reading
    facts = Table.grid(padding=(0, 1), expand=True)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(justify="right", no_wrap=True)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(justify="right", no_wrap=True)
    facts.add_row("equity", Text(_money(reading.equity), "bold"), "fees", _money(reading.fees))
    facts.add_row("cash", _money(reading.cash_free), "held", _money(reading.cash_held))
    facts.add_row("realised", _signed(reading.realised), "unrealised", _signed(reading.unrealised))
    limit = reading.drawdown_limit_ratio
    share = reading.drawdown_ratio / limit if limit else 0.0
    style = "green" if share < _WARN_SHARE else "yellow" if share < 1 else "red"
    down = Text("drawdown ", style="dim", no_wrap=True)
    down.append(meter(share, 16, ascii_only=ascii_only), style=style)
    down.append(f" {reading.drawdown_ratio:.2%} of {limit:.0%}", style="default")
    curve = Text(sparkline(scene.equities, inner, ascii_only=ascii_only), "cyan", no_wrap=True)
    figures = Text(
        f"{scene.decisions:,} decisions  {scene.orders:,} orders  {scene.fills:,} fills",
        no_wrap=True,
        overflow="ellipsis",
    )
    return _panel(f"account, {reading.quote}", facts, down, *([figures] if counts else ()), curve)


def _positions(scene: Scene, rows: int) -> Panel:
    held = sorted(scene.reading.positions, key=lambda each: -each.value)
    table = _table(("symbol", "left"), ("quantity", "right"), ("value", "right"), ("gain", "right"))
    shown = held[: max(rows, 1)]
    for each in shown:
        table.add_row(
            each.symbol,
            f"{each.quantity.normalize():f}",
            _money(each.value),
            _signed(each.value - each.cost),
        )
    more = f", {len(shown)} shown" if len(shown) < len(held) else ""
    empty = Text("nothing is held", style="dim")
    return _panel(f"positions: {len(held)}{more}", table if held else empty)


def _decisions(scene: Scene, rows: int) -> Panel:
    table = _table(
        ("time", "left"), ("symbol", "left"), ("action", "left"), ("reason", "left"),
        ("p up", "right"), ("edge", "right"),
    )  # fmt: skip
    for each in list(scene.recent)[::-1][: max(rows, 1)]:
        table.add_row(
            _when(each.at)[5:16],
            each.symbol,
            # "partial" alone: with "exit" the row outgrows its panel, and cuts what matters.
            Text(each.action.removesuffix("_exit"), style=_ACTIONS.get(each.action, "")),
            each.reason.replace("_", " "),
            f"{each.p_up / _MICROS:.1%}" if each.p_up else "",
            f"{each.edge / _MICROS:+.2%}" if each.edge else "",
        )
    empty = Text("no order was decided yet", style="dim")
    return _panel("last decisions", table if scene.recent else empty)


def _verdicts(scene: Scene, rows: int) -> Panel:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for action, reason, count in scene.verdicts[: max(rows, 1)]:
        table.add_row(action.replace("_", " "), reason.replace("_", " "), f"{count:,}")
    return _panel("verdicts and reasons", table)


def _engine(scene: Scene, boxes: Text) -> Panel:
    reading = scene.reading
    rates = Text(no_wrap=True, overflow="ellipsis")
    rates.append(f"{scene.input_rate:,.0f} inputs/s   {scene.message_rate:,.0f} messages/s")
    rates.append(f"   {scene.inputs:,} inputs", style="dim")
    journal = Text(no_wrap=True, overflow="ellipsis")
    journal.append(f"journal durable {reading.durable_seq:,}")
    journal.append(f"  waiting {reading.seq - reading.durable_seq:,}", style="dim")
    journal.append(f"  append {reading.last_append_seconds * 1e3:.2f} ms")
    if scene.address:
        journal.append(f"   {scene.address}/metrics", style="dim")
    return _panel("engine", rates, journal, boxes)


def _mailboxes(scene: Scene, *, brief: bool) -> Text:
    """Messages that wait and the most that ever did, an actor each; `brief` names no actor."""
    found = scene.reading.mailboxes
    if brief:
        depth, most = sum(each.depth for each in found), max(each.high_water for each in found)
        return Text(f"mailboxes: {depth} waiting, {most} at most", style="dim")
    boxes = Text("waiting/most ", style="dim")
    for each in found:
        boxes.append(f" {each.actor}:", style="red" if each.restarts else "dim")
        boxes.append(f"{each.depth}/{each.high_water} ", style="default")
    return boxes


def _lines(words: str, width: int) -> int:
    """How many lines `words` take at that width."""
    return len(textwrap.wrap(words, max(width, 20)))


def _panel(title: str, *parts: RenderableType) -> Panel:
    return Panel(
        Group(*parts),
        title=f"[bold]{title}[/bold]",
        title_align="left",
        box=box.ROUNDED,
        border_style="grey42",
        padding=(0, 1),
    )


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    for name, justify in columns:
        right = justify == "right"
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    return table


def _money(value: Decimal) -> str:
    return f"{value:,.2f}"


def _signed(value: Decimal) -> Text:
    style = "green" if value > 0 else "red" if value < 0 else ""
    return Text(f"{value:+,.2f}", style=style)


def _when(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
