"""Faults of the network on the whole live path, over a proxy: faults.md A, its sisters and pairs.

After each the standing invariants hold. A case takes a quarter of a minute and more; those that are
not the quickest proof of their row run as `soak`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.network_desk import Desk, weathered
from tests.network_proxy import Rule
from tests.standing_invariants import assert_standing

pytestmark = pytest.mark.timeout(150)
ACKNOWLEDGED = b'"method":"add_order"'


def test_calm(tmp_path: Path) -> None:
    async def calm(desk: Desk) -> None:
        await asyncio.sleep(1)

    assert_standing(weathered(tmp_path, calm))


def test_A4_an_answer_after_our_patience_is_nobody_s_order(tmp_path: Path) -> None:
    """Held for longer than we wait; nothing is resent, and the doubt ends by the venue's lists."""
    late = Rule("down", ACKNOWLEDGED, "hold", seconds=6.0)

    async def case(desk: Desk) -> None:
        desk.private.rules.append(late)
        await desk.until(lambda: late.struck, 20, "an order whose answer is late")
        await desk.until(lambda: desk.steps.doubted, 10, "the doubt")
        await asyncio.sleep(2)

    left = weathered(tmp_path, case)
    assert left.desk.steps.doubted
    assert_standing(left)
