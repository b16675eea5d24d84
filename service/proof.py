"""The proof card that ends a run: what went in, what came out, and whether it can be proven.

Books balanced, chain verified, replay parity with the root hash, and how long each took.
"""

from __future__ import annotations

from typing import Any

import msgspec

from actors.ports import RunRow
from service.drivers.replay import ReplayReport


class ProofCard(msgspec.Struct, frozen=True):
    """The card. `parity` None means that the replay was skipped by the user."""

    run_id: str
    mode: str
    feed: str
    account: str
    market_result: bool
    notice: str
    inputs: int
    messages: int
    decisions: int
    orders: int
    fills: int
    books_balanced: bool
    chain_verified: bool
    parity: bool | None
    root_hash: str
    bundle_id: str
    bundle_marker: str
    code_fingerprint: str
    seconds_run: float = 0.0
    seconds_books: float = 0.0
    seconds_chain: float = 0.0
    seconds_replay: float = 0.0
    divergence: str = ""
    halted: str = ""
    equity: str = ""
    feed_counts: dict[str, int] = {}
    manifest: str = ""

    @property
    def proven(self) -> bool:
        """Whether everything that was checked holds."""
        return self.books_balanced and self.chain_verified and self.parity is not False


def with_replay(card: ProofCard, report: ReplayReport | None) -> ProofCard:
    """The card with the replay's findings; None when the user skipped it."""
    if report is None:
        return msgspec.structs.replace(card, parity=None)
    divergence = "" if report.parity else f"{report.kind} at input {report.seq}: {report.detail}"
    return msgspec.structs.replace(
        card,
        parity=report.parity,
        chain_verified=report.chain_verified,
        root_hash=report.root_hash,
        seconds_chain=round(report.verify_seconds, 6),
        seconds_replay=round(report.replay_seconds, 6),
        divergence=divergence,
        manifest=report.manifest,
    )


def card_of(run: RunRow, **facts: Any) -> ProofCard:
    """A card for a closed run; replay findings are added by `with_replay`."""
    return ProofCard(
        run_id=run.run_id,
        mode=run.mode,
        feed=run.feed,
        account=run.account,
        root_hash=run.root.hex(),
        chain_verified=False,
        parity=None,
        **facts,
    )


def lines_of(card: ProofCard) -> tuple[tuple[str, str], ...]:
    """Label and value of each line, for the terminal."""
    parity = "SKIPPED" if card.parity is None else "TRUE" if card.parity else "FALSE"
    chain = "not checked" if card.parity is None else _yes(card.chain_verified)
    rows = [
        ("run", f"{card.run_id}  {card.mode}  {card.feed}  account {card.account}"),
        ("inputs", f"{card.inputs:,}   messages {card.messages:,}"),
        ("decisions", f"{card.decisions:,}   orders {card.orders:,}   fills {card.fills:,}"),
        ("equity" if card.mode == "PAPER" else "equity, whole run", card.equity),
        ("books balanced", f"{_yes(card.books_balanced)}   {card.seconds_books:.3f} s"),
        ("chain verified", f"{chain}   {card.seconds_chain:.3f} s, of this run"),
        ("REPLAY PARITY", f"{parity}   {card.seconds_replay:.3f} s"),
        ("root", card.root_hash),
    ]
    if card.feed_counts:
        told = "   ".join(f"{name} {count:,}" for name, count in card.feed_counts.items())
        rows.insert(2, ("feed", told))
    if card.manifest:
        rows.append(("manifest", f"{card.manifest}, of every table's rows"))
    if card.divergence:
        rows.append(("first divergence", card.divergence))
    if card.halted:
        rows.append(("HALTED", card.halted))
    if card.notice:
        rows.append(("notice", card.notice))
    return tuple(rows)


def _yes(value: bool) -> str:
    return "TRUE" if value else "FALSE"
