"""The proof card and a replay's finding as a person reads them: a panel, or plain lines.

The words `REPLAY PARITY: TRUE` always stand in one line of their own with nothing before them.
"""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from service.drivers.replay import ReplayReport
from service.proof import ProofCard, lines_of

_PARITY = "REPLAY PARITY"
_ROOT = "root"
_GOOD = "bold green"
_BAD = "bold red"
_GREY = "yellow"


def card_lines(card: ProofCard) -> tuple[str, ...]:
    """The card as plain lines, for logs and pipes; parity and root share a line."""
    lines = []
    for label, value in lines_of(card):
        if label == _PARITY:
            lines.append(parity_line(card.parity, card.root_hash))
        elif label != _ROOT and value:
            lines.append(f"{label}: {value}")
    return tuple(lines)


def parity_line(parity: bool | None, root_hash: str) -> str:
    """The line that says whether the replay reached the same hash."""
    return f"{_PARITY}: {parity_word(parity)}   root {root_hash}"


def parity_word(parity: bool | None) -> str:
    """TRUE, FALSE, or SKIPPED when the user stopped the replay."""
    return "SKIPPED" if parity is None else "TRUE" if parity else "FALSE"


def card_panel(card: ProofCard) -> Panel:
    """The card for a terminal; narrow ones wrap it."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, value in lines_of(card):
        if label not in {_PARITY, _ROOT, "notice"} and value:
            facts.add_row(label, Text(value, style=_style(label, value)))
    good = card.proven and card.parity is True and not card.halted
    verdict = Text(f"{_PARITY}: {parity_word(card.parity)}", style=_GOOD if card.parity else _BAD)
    if card.parity is None:
        verdict.stylize(_GREY)
    verdict.append(f"   {card.seconds_replay:.3f} s", style="dim")
    parts: list[Table | Text] = [facts, Text(), verdict, Text(f"root {card.root_hash}")]
    if card.notice:
        parts += [Text(), Text(card.notice, style="bold yellow")]
    return Panel(
        Group(*parts),
        title="proof card",
        box=box.ROUNDED,
        border_style="green" if good else "red" if not card.proven or card.halted else _GREY,
        expand=False,
        padding=(0, 1),
    )


def replay_lines(report: ReplayReport) -> tuple[str, ...]:
    """What a replay found, the verdict first."""
    chain = "TRUE" if report.chain_verified else "FALSE"
    times = f"{report.verify_seconds:.3f} s   replayed in {report.replay_seconds:.3f} s"
    lines = [
        parity_line(report.parity, report.root_hash),
        f"run {report.run_id}   inputs {report.inputs:,}   chain verified {chain}   {times}",
    ]
    if report.rows:
        lines.append(f"rows {report.rows:,} as the journal makes them   hash {report.rows_hash}")
    if report.manifest:
        lines.append(f"manifest holds, of every table's rows   hash {report.manifest}")
    if not report.parity:
        lines.append(f"first divergence: {divergence_of(report)}")
    return tuple(lines)


def divergence_of(report: ReplayReport) -> str:
    """Where a replay first differed, and how."""
    return f"{report.kind} at input {report.seq}: {report.detail}"


def _style(label: str, value: str) -> str:
    if label == "HALTED" or value.startswith("FALSE") or label == "first divergence":
        return _BAD
    return _GOOD if value.startswith("TRUE") else ""
