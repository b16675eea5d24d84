"""A journal rewritten as a whole is consistent with itself; the card beside it is not."""

from __future__ import annotations

import msgspec
import pytest

from service.cli.proving import held_against
from service.cli.showing import failure_of
from service.drivers.replay import ReplayReport
from service.failures import ExitCode
from service.proof import ProofCard, lines_of

REPORT = ReplayReport("run", True, "aa" * 32, 10, True, 0.1, 0.2)


def card(root_hash: str) -> ProofCard:
    """A card of the run with this root."""
    return ProofCard(
        run_id="run",
        mode="PAPER",
        feed="seeded",
        account="paper",
        market_result=False,
        notice="",
        inputs=10,
        messages=20,
        decisions=5,
        orders=1,
        fills=1,
        books_balanced=True,
        chain_verified=True,
        parity=True,
        root_hash=root_hash,
        bundle_id="",
        bundle_marker="",
        code_fingerprint="",
    )


@pytest.mark.parametrize("known", [None, card("aa" * 32)], ids=["no card", "the same root"])
def test_a_report_stands_when_no_card_says_otherwise(known: ProofCard | None) -> None:
    assert held_against(REPORT, known) == REPORT


def test_another_root_on_the_card_is_no_parity_and_says_so() -> None:
    held = held_against(REPORT, card("bb" * 32))
    assert not held.parity
    assert held.kind == "foreign"
    assert "bb" * 32 in held.detail


def test_a_divergence_that_was_found_already_is_kept() -> None:
    diverged = msgspec.structs.replace(REPORT, parity=False, kind="state", detail="x", seq=3)
    assert held_against(diverged, card("bb" * 32)) == diverged


def test_a_proof_that_was_skipped_is_no_damage() -> None:
    skipped = msgspec.structs.replace(card("aa" * 32), parity=None, chain_verified=False)
    assert failure_of(skipped) is None
    assert ("chain verified", "not checked   0.000 s, of this run") in lines_of(skipped)


def test_books_that_do_not_balance_are_damage_whether_or_not_the_proof_was_skipped() -> None:
    broken = msgspec.structs.replace(card("aa" * 32), parity=None, books_balanced=False)
    failure = failure_of(broken)
    assert failure is not None
    assert failure.code is ExitCode.NOT_PROVEN
