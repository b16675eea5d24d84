"""Recorded days of stress: the brake holds on each of them, and the page says what happened."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from actors.instant import HOUR_NS
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.risk import Admission, IntentApproved
from actors.money import ZERO
from ops.stress.days import DAYS, PROFILES, Watched, replayed
from ops.stress.run import PAGE, pages
from tests.unit.test_risk_ladder import ENTRY, EXIT


def test_the_page_and_its_pictures_are_what_the_days_give(
    repository: Path, shared_data: Path
) -> None:
    """No cap exceeded, nothing bought after a halt, nothing sold for a loss: `pages` asserts it."""
    found = pages(shared_data)
    for path, text in found.items():
        assert (repository / path).read_text(encoding="utf-8") == text, path
    pictures = {f"docs/stress/{each.name}" for each in (repository / "docs/stress").iterdir()}
    assert pictures == set(found) - {PAGE}


def test_every_tier_is_bought_in_and_every_reckless_run_halts(shared_data: Path) -> None:
    for days in (DAYS[0], DAYS[3]):
        found = replayed(days, "reckless", shared_data)
        assert list(found.tiers) == ["normal", "caution", "defence"]
        assert found.halted_at
        assert found.refusals["drawdown_halt"] + found.refusals["reducing_only"] > 100
        _, risk = PROFILES["reckless"]
        assert found.worst >= risk.halt_drawdown_micros
        assert (found.bought_after_halt, found.broken) == (0, [])


def test_the_same_days_give_the_same_path(shared_data: Path) -> None:
    first, second = (replayed(DAYS[0], "cautious", shared_data, hours=240) for _ in range(2))
    assert first == second
    assert len(first.path) >= 240


FIT = Admission(
    equity=ENTRY.notional * 100,
    halt_at=200_000,
    position_cap=ENTRY.notional * 3,
    exposure_cap=ENTRY.notional * 20,
    positions_max_count=10,
    cash_free=ENTRY.notional * 90,
)
SALE = msgspec.structs.replace(EXIT, action=Action.EXIT, reason=Reason.THESIS_BROKEN)
BREAKS: list[tuple[str, OrderIntent, Admission]] = [
    ("position above its cap", ENTRY, msgspec.structs.replace(FIT, position_cap=ZERO)),
    ("exposure above its cap", ENTRY, msgspec.structs.replace(FIT, exposure_cap=ZERO)),
    ("more than free cash", ENTRY, msgspec.structs.replace(FIT, cash_free=ZERO)),
    ("bought in a drawdown halt", ENTRY, msgspec.structs.replace(FIT, drawdown=200_000)),
    (
        "sold for CATASTROPHE_STOP",
        msgspec.structs.replace(SALE, reason=Reason.CATASTROPHE_STOP),
        Admission(),
    ),
]


@pytest.mark.parametrize(("told", "intent", "seen"), BREAKS)
def test_the_watcher_sees_what_must_not_be(told: str, intent: OrderIntent, seen: Admission) -> None:
    quantity = intent.notional / intent.limit_price if intent.side is Side.BUY else intent.quantity
    watched = Watched(0)
    watched.approved(IntentApproved(intent, quantity, seen), HOUR_NS)
    assert watched.broken == [f"{HOUR_NS}: {told}"]
    fine = Watched(0)
    fine.approved(IntentApproved(ENTRY, ENTRY.notional / ENTRY.limit_price, FIT), HOUR_NS)
    fine.approved(IntentApproved(SALE, SALE.quantity, Admission()), HOUR_NS)
    assert (fine.broken, fine.bought, fine.sold) == ([], 1, 1)
