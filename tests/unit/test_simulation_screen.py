"""How a simulation is shown: columns, differences with their sign, rungs, and remarks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from service.cli.risk_simulating import OUTSIDE, WHAT_IT_IS, show_simulation
from service.resimulation.figure import Figure
from service.resimulation.running import Resimulation

D = Decimal
RECORDED = Figure(
    entries=5,
    sales=2,
    refused={"max_positions": 1_200},
    not_entered={"probability_too_low": 7},
    orders=7,
    fills=7,
    fees=D("1.50"),
    equity_before=D("1000.00"),
    equity=D("1010.25"),
    drawdown=15_000,
    exposure=130_000,
)
PROPOSED = msgspec.structs.replace(
    RECORDED,
    entries=3,
    refused={"position_cap": 2},
    not_entered={},
    fees=D("1.75"),
    equity=D("1009.00"),
    drawdown=15_000,
    exposure=130_500,
)
CURRENT = msgspec.structs.replace(RECORDED, entries=4, fees=D("1.60"))
FOUND = Resimulation(
    account="paper",
    quote="CAD",
    runs=("one", "two"),
    from_at=0,
    to_at=3_600_000_000_000,
    inputs=1_234,
    root="ab" * 32,
    outside=False,
    ended="",
    changes=(),
    recorded=RECORDED,
    current=RECORDED,
    proposed=PROPOSED,
)


def lines(capsys: pytest.CaptureFixture[str], *, whole: bool = True, **changes: Any) -> list[str]:
    show_simulation(msgspec.structs.replace(FOUND, **changes), whole=whole)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_table_of_what_happened_and_what_would_have(capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = lines(capsys)
    assert first.startswith(
        "1970-01-01 00:00:00 to 1970-01-01 01:00:00 UTC, 1,234 inputs of 2 runs"
    )
    assert first.endswith(", reproduced to root abababababababab")
    assert rest == [
        "recorded proposed difference",
        "entries admitted 5 3 -2",
        "entries refused 1,200 2 -1,198",
        "by max positions 1,200 0 -1,200",
        "by position cap 0 2 +2",
        "sales admitted 2 2 0",
        "orders 7 7 0",
        "fills 7 7 0",
        "fees, CAD 1.50 1.75 +0.25",
        "equity at the end, CAD 1010.25 1009.00 -1.25",
        "greatest drawdown 1.5 % 1.5 % 0 %",
        "highest exposure 13 % 13.05 % +0.05 %",
        "not entered: probability too low 7 0 -7",
        WHAT_IT_IS,
    ]


def test_the_short_one_has_no_rungs_and_one_run_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    short = lines(capsys, whole=False, runs=("one",))
    assert "1,234 inputs of 1 run, reproduced" in short[0]
    assert not [each for each in short if each.startswith(("by ", "not entered"))]
    assert len(short) == 12


def test_at_a_venue_outside_the_two_simulations_are_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = lines(capsys, outside=True, current=CURRENT)
    assert told[1] == "recorded current proposed difference"
    assert told[2] == "entries admitted 5 4 3 -1"
    assert "fees, CAD 1.50 1.60 1.75 +0.15" in told
    assert told[-2:] == [OUTSIDE, WHAT_IT_IS]


def test_days_that_were_cut_short_say_why(capsys: pytest.CaptureFixture[str]) -> None:
    told = lines(capsys, ended="a step failed at input 7, and another one would not")
    assert told[-2].startswith("The days end early: a step failed at input 7,")
