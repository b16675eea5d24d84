"""How long each step took, and the bar that a terminal shows meanwhile."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from service.backup.steps import Steps


def test_steps_are_told_in_the_order_in_which_they_were_taken() -> None:
    """One that is taken twice counts twice, under the same name."""
    steps = Steps()
    for name in ("load", "chain", "load"):
        with steps.step(name, 10) as moved:
            moved(10)
    assert list(steps.seconds) == ["load", "chain"]
    assert all(seconds >= 0 for seconds in steps.seconds.values())


def test_a_step_that_fails_is_told_too() -> None:
    steps = Steps()
    with pytest.raises(OSError, match="full"), steps.step("load"):
        raise OSError("full")
    assert list(steps.seconds) == ["load"]


def test_a_terminal_sees_the_step_and_how_far_it_is() -> None:
    shown = io.StringIO()
    steps = Steps(Console(file=shown, force_terminal=True, width=80))
    for name, total in (("load", 10), ("rules", 0)):
        with steps.step(name, total) as moved:
            moved(5)
    assert "load" in shown.getvalue()
    assert "50%" in shown.getvalue()
    assert "rules" in shown.getvalue()
