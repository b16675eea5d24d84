"""The size of an entry: base x scale x confidence within every room, one row a case."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.instant import DAY_NS, HOUR_NS, MINUTE_NS
from actors.messages.base import Message
from actors.messages.control import RunStarted
from actors.messages.market import MarkSlice
from actors.messages.prediction import MISSING, PredictionSlice, wide
from actors.messages.risk import IntentApproved, IntentRefused, Refusal, Sizing
from actors.money import run_exact
from actors.risk.actor import RiskActor, active_bundle
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.rooms import Rooms
from actors.risk.sizing import confidence, outlook, sized, sizing_of, volatility_scale
from actors.risk.state import initial_state
from models.features.catalogue import FEATURE_NAMES, WINDOWS_BARS
from tests.spoken_model import BUNDLE, activated, moved, said
from tests.unit.test_risk_ladder import ENTRY, EXIT, VIEW
from tests.unit.test_risk_state import CONFIG, NOW, SYMBOLS, Desk, portfolio, position, refused

D = Decimal
PROFILE = RiskProfile()
W = D("9000")
WIDE = Rooms(W, W, W, W, W, positions_max_count=10)
changed = msgspec.structs.replace


@pytest.mark.parametrize(
    ("volatility", "scale"),
    [
        (1, 1_500_000),
        (13_333, 1_500_000),  # 1.500037...
        (13_334, 1_499_925),
        (19_999, 1_000_050),
        (20_000, 1_000_000),
        (20_001, 999_950),
        (39_999, 500_012),
        (40_000, 500_000),
        (40_001, 500_000),
        (10**9, 500_000),
    ],
)
def test_the_scale_is_what_is_aimed_at_over_what_is_realised(volatility: int, scale: int) -> None:
    assert volatility_scale(PROFILE, volatility) == scale


@pytest.mark.parametrize(
    ("p_up", "sure"),
    [
        (0, 500_000),
        (560_000, 500_000),
        (560_001, 500_008),
        (590_000, 750_000),
        (619_999, 999_991),
        (620_000, 1_000_000),
        (1_000_000, 1_000_000),
    ],
)
def test_confidence_rises_along_a_line_between_two_probabilities(p_up: int, sure: int) -> None:
    assert confidence(PROFILE, p_up) == sure


def view(**changes: Any) -> Any:
    return changed(VIEW, **{"profile": PROFILE, "rooms": WIDE} | changes)


@pytest.mark.parametrize(
    ("volatility", "p_up", "worth", "found"),
    [
        (20_000, 620_000, "0", ("200.00", 1_000_000, 1_000_000, "200.00", "risk", "200.00")),
        (40_000, 620_000, "0", ("200.00", 500_000, 1_000_000, "100.00", "risk", "100.00")),
        (10_000, 620_000, "0", ("200.00", 1_500_000, 1_000_000, "300.00", "risk", "300.00")),
        (20_000, 560_000, "0", ("200.00", 1_000_000, 500_000, "100.00", "risk", "100.00")),
        (40_000, 590_000, "0", ("200.00", 500_000, 750_000, "75.00", "risk", "75.00")),
        (20_001, 560_001, "0", ("200.00", 999_950, 500_008, "99.99", "risk", "99.99")),
        (20_000, 620_000, "150", ("200.00", 1_000_000, 1_000_000, "200.00", "risk", "50.00")),
    ],
)
def test_the_risk_of_a_position_is_its_base_scaled_less_what_it_holds(
    volatility: int, p_up: int, worth: str, found: tuple[str, int, int, str, str, str]
) -> None:
    rooms = changed(WIDE, symbol_worth=D(worth))
    seen = view(volatility_micros=volatility, p_up=p_up, rooms=rooms)
    told = run_exact(lambda: sizing_of(changed(ENTRY, notional=D("5000")), seen))
    base, scale, sure, risk, clip, room = found
    assert told == Sizing(D(base), volatility, scale, sure, D(risk), clip, D(room))


CLIPS = [
    ("asked", {}, D("99.99")),
    ("risk", {}, D("5000")),
    ("position cap", {"position": D("99.99")}, D("5000")),
    ("exposure cap", {"exposure": D("99.99")}, D("5000")),
    ("cluster cap", {"cluster": D("99.99")}, D("5000")),
    ("quote cap", {"quote": D("99.99")}, D("5000")),
    ("cash", {"cash": D("99.99")}, D("5000")),
]


@pytest.mark.parametrize(("clip", "rooms", "notional"), CLIPS)
def test_the_tightest_limit_is_the_size_and_is_named(
    clip: str, rooms: dict[str, Decimal], notional: Decimal
) -> None:
    seen = view(rooms=changed(WIDE, **rooms), volatility_micros=40_000)
    intent = changed(ENTRY, notional=notional)
    told = run_exact(lambda: sizing_of(intent, seen))
    assert (told.clip, told.room) == (clip, D("100.00") if clip == "risk" else D("99.99"))
    assert run_exact(lambda: sized(intent, seen)) == D("0.996" if clip != "risk" else "0.997")


@pytest.mark.parametrize(("clip", "rooms", "notional"), CLIPS)
def test_a_limit_that_equals_the_risk_exactly_changes_nothing(
    clip: str, rooms: dict[str, Decimal], notional: Decimal
) -> None:
    same = {name: D("100.00") for name in rooms}
    asked = D("100.00") if notional == D("99.99") else notional
    seen = view(rooms=changed(WIDE, **same), volatility_micros=40_000)
    told = run_exact(lambda: sizing_of(changed(ENTRY, notional=asked), seen))
    assert (told.clip, told.room) == ("asked" if clip == "asked" else "risk", D("100.00"))


def test_an_exit_has_no_sizing_and_keeps_its_quantity() -> None:
    assert sizing_of(EXIT, VIEW) == Sizing()
    assert sized(EXIT, VIEW) == EXIT.quantity


@pytest.mark.parametrize(
    "unknown", [{"volatility_micros": None}, {"p_up": None}, {"instrument": None}]
)
def test_what_is_not_known_sizes_nothing(unknown: dict[str, Any]) -> None:
    told = outlook(view(**unknown))
    assert (told.risk, told.scale, told.confidence) == (D(0), 0, 0)


micros = st.integers(1, 2_000_000)
cents = st.integers(1, 10**8).map(lambda value: D(value).scaleb(-2))


@given(micros, micros, st.integers(0, 10**6), st.integers(0, 10**6), cents)
def test_more_volatility_or_less_odds_never_give_a_larger_size(
    one: int, two: int, low: int, high: int, equity: Decimal
) -> None:
    calm, wild = sorted((one, two))
    doubtful, sure = sorted((low, high))
    intent = changed(ENTRY, notional=D("10000000"))

    def size(volatility: int, p_up: int) -> Decimal:
        seen = view(volatility_micros=volatility, p_up=p_up, equity=equity)
        return run_exact(lambda: sized(intent, seen))

    assert size(wild, doubtful) <= size(calm, doubtful) <= size(calm, sure)
    assert size(wild, sure) <= size(calm, sure)
    assert size(calm, sure) * intent.limit_price <= equity * D("0.03")


@given(micros, st.integers(0, 10**6), cents)
def test_a_size_is_never_above_its_exact_product(
    volatility: int, p_up: int, equity: Decimal
) -> None:
    told = run_exact(lambda: outlook(view(volatility_micros=volatility, p_up=p_up, equity=equity)))
    exact = equity * D("0.02") * told.scale * told.confidence
    assert 0 <= exact.scaleb(-12) - told.risk < D("0.01")


# How the figures come to risk.


class Sizes(Desk):
    """A desk on which a model spoke and the market moved, both at NOW; default limits."""

    def __init__(self, **limits: int) -> None:
        super().__init__()
        config = RiskConfig(CONFIG.instruments, RiskProfile(**limits))
        state = initial_state(config)
        state.bundle_id = BUNDLE
        self.actor = RiskActor(config, state)
        self.tell(portfolio())
        self.tell(moved(len(SYMBOLS), NOW))
        self.tell(said(len(SYMBOLS), NOW))

    def ask(self, symbol: str = "AAAUSD", at: int = NOW, **changes: Any) -> Message:
        """An entry, of what risk has heard by itself."""
        rows = np.tile(np.array([100.0, 100.1, 100.0, 0.0, 0.001, 1e6]), (len(SYMBOLS), 1))
        self.tell(MarkSlice(at, rows, np.zeros(len(SYMBOLS), dtype=np.int32)), at)
        self.number += 1
        asked = {"symbol": symbol, "intent_no": self.number, "decided_at": at}
        wish = {"limit_price": D("100.0"), "notional": D("5000.00")}
        intent = changed(ENTRY, **asked | wish | changes)
        (answer,) = self.tell(intent, at)
        return answer


def sizing(answer: Message) -> Sizing:
    assert isinstance(answer, IntentApproved), answer
    return answer.sizing


def test_an_approval_tells_how_it_was_sized() -> None:
    told = Sizes().ask()
    assert isinstance(told, IntentApproved)
    assert told.quantity == D("2.000")
    assert told.sizing == Sizing(
        D("200.00"), 20_000, 1_000_000, 1_000_000, D("200.00"), "risk", D("200.00")
    )


@pytest.mark.parametrize(
    ("daily", "volatility", "quantity"),
    [(0.01, 10_000, "3.000"), (0.02, 20_000, "1.999"), (0.08, 80_000, "1.000")],
)
def test_the_volatility_of_a_day_comes_from_that_of_its_bars(
    daily: float, volatility: int, quantity: str
) -> None:
    found = Sizes()
    found.tell(moved(len(SYMBOLS), NOW, daily, 0.3))
    told = found.ask()
    assert abs(sizing(told).volatility - volatility) <= 1  # rounded up
    assert isinstance(told, IntentApproved)
    assert told.quantity in {D(quantity), D("2.000")}


@pytest.mark.parametrize("window", WINDOWS_BARS)
def test_the_window_is_the_profiles(window: int) -> None:
    found = Sizes(volatility_window_count=window)
    rows = np.zeros((len(SYMBOLS), len(FEATURE_NAMES)))
    rows[:, FEATURE_NAMES.index(f"volatility_{window}")] = 0.01 / 24**0.5
    found.tell(changed(moved(len(SYMBOLS), NOW), rows=rows))
    assert abs(sizing(found.ask()).volatility - 10_000) <= 1


@pytest.mark.parametrize(
    ("interval_ns", "volatility"),
    [(DAY_NS, 1_000), (6 * HOUR_NS, 2_000), (15 * MINUTE_NS, 9_798)],
)
def test_a_day_has_as_many_bars_as_fit(interval_ns: int, volatility: int) -> None:
    found = Sizes()
    config = RiskConfig(CONFIG.instruments, bar_interval_ns=interval_ns)
    found.actor = RiskActor(config, found.actor.state)
    rows = np.full((len(SYMBOLS), len(FEATURE_NAMES)), 0.001)
    found.tell(changed(moved(len(SYMBOLS), NOW), rows=rows))
    assert sizing(found.ask()).volatility == volatility


@pytest.mark.parametrize("per_day", [float("nan"), 0.0, -0.02, float("inf"), 1e5])
def test_a_volatility_that_is_none_lets_nothing_in(per_day: float) -> None:
    found = Sizes()
    found.tell(moved(len(SYMBOLS), NOW, per_day))
    told = found.ask()
    assert isinstance(told, IntentRefused)
    assert (told.reason, told.value) == (Refusal.VOLATILITY_UNKNOWN, "none")
    assert isinstance(found.ask("BBBUSD"), IntentApproved)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (moved(len(SYMBOLS), NOW - 1), Refusal.VOLATILITY_UNKNOWN),
        (said(len(SYMBOLS), NOW - 1), Refusal.PREDICTION_TOO_OLD),
    ],
)
def test_what_is_a_nanosecond_too_old_is_refused_with_age_and_limit(
    message: Message, reason: Refusal
) -> None:
    later = NOW + 2 * HOUR_NS
    fresh = Sizes()
    fresh.tell(portfolio(), later)
    assert isinstance(fresh.ask(at=later), IntentApproved)
    aged = Sizes()
    aged.tell(portfolio(), later)
    aged.tell(message)
    told = aged.ask(at=later)
    assert isinstance(told, IntentRefused)
    age, most = "7200000000001", "7200000000000"
    assert (told.reason, told.value, told.threshold) == (reason, age, most)


@pytest.mark.parametrize(
    ("spoken", "value"),
    [
        (said(len(SYMBOLS), NOW, bundle_id="another"), "another"),
        (said(len(SYMBOLS), NOW, MISSING, bundle_id=""), "none"),
    ],
)
def test_only_the_runs_own_model_is_bought_by(spoken: PredictionSlice, value: str) -> None:
    found = Sizes()
    found.tell(spoken)
    told = found.ask()
    assert isinstance(told, IntentRefused)
    assert (told.reason, told.value, told.threshold) == (
        Refusal.NO_ACTIVE_MODEL,
        value,
        BUNDLE,
    )
    held = position("AAAUSD", "2.000")
    found.tell(portfolio(held))
    assert isinstance(found.sell("1.000"), IntentApproved)


def test_a_symbol_that_the_model_leaves_out_is_not_bought() -> None:
    found = Sizes()
    spoken = said(len(SYMBOLS), NOW)
    rows = wide(spoken.rows).copy()
    rows[0, 0] = MISSING
    found.tell(changed(spoken, rows=rows))
    assert refused(found.ask()) is Refusal.PREDICTION_TOO_OLD
    assert isinstance(found.ask("BBBUSD"), IntentApproved)


def test_a_second_entry_fills_the_risk_up_and_a_third_finds_none() -> None:
    found = Sizes()
    assert sizing(found.ask(notional=D("150.00"))).clip == "asked"
    second = found.ask()
    assert isinstance(second, IntentApproved)
    assert (second.sizing.clip, second.sizing.room) == ("risk", D("50.00"))
    told = found.ask()
    assert isinstance(told, IntentRefused)
    assert (told.reason, told.value, told.threshold) == (
        Refusal.POSITION_RISK,
        "5000.00",
        "0.00",
    )


def test_an_entry_is_a_quarter_above_the_least_cost_so_that_it_can_be_sold_later() -> None:
    told = Sizes().ask(notional=D("6.20"))
    assert isinstance(told, IntentRefused)
    assert (told.reason, told.value, told.threshold) == (
        Refusal.BELOW_MINIMUM,
        "0.062",
        "0.01 and worth 6.25",
    )
    told = Sizes().ask(notional=D("6.30"))
    assert isinstance(told, IntentApproved)
    assert told.quantity * 80 >= CONFIG.instruments[0].cost_min  # a fifth of the price is gone
    held = Sizes()
    held.tell(portfolio(position("AAAUSD", "0.050")))
    assert isinstance(held.sell("0.050"), IntentApproved)  # a sale needs no reserve


MODELS = [
    ("PAPER", "PAPER_ONLY", BUNDLE, BUNDLE),
    ("PAPER", "SYNTHETIC_ONLY", BUNDLE, BUNDLE),
    ("PAPER", "LIVE", BUNDLE, BUNDLE),
    ("PAPER", "", BUNDLE, ""),
    ("paper", "", BUNDLE, ""),
    ("LIVE", "LIVE", BUNDLE, BUNDLE),
    ("LIVE", "PAPER_ONLY", BUNDLE, ""),
    ("LIVE", "SYNTHETIC_ONLY", BUNDLE, ""),
    ("LIVE", "", BUNDLE, ""),
    ("BACKTEST", "", BUNDLE, BUNDLE),
    ("BACKTEST", "", "another", ""),
    ("PAPER", "PAPER_ONLY", "another", ""),
    ("PAPER", "PAPER_ONLY", "zeta", ""),
    ("LIVE", "".join("LIVE"), BUNDLE, BUNDLE),
]


@pytest.mark.parametrize(("mode", "activation", "named", "active"), MODELS)
def test_a_model_speaks_where_it_was_activated_for(
    mode: str, activation: str, named: str, active: str
) -> None:
    told = ("", "", "", "", named, "", "")
    model = activated(activation=activation)
    assert active_bundle(RunStarted("r", "a", mode, 1, (), *told, model=model)) == active


def test_a_run_without_a_model_has_none_that_speaks_and_the_next_run_may() -> None:
    found = Sizes()
    told = ("", "", "", "", "", "", "")
    found.tell(RunStarted("run", "a", "PAPER", 1, SYMBOLS, *told))
    assert refused(found.ask()) is Refusal.NO_ACTIVE_MODEL
    told = ("", "", "", "", BUNDLE, "", "")
    found.tell(RunStarted("next", "a", "PAPER", 2, SYMBOLS, *told, model=activated()))
    assert isinstance(found.ask(), IntentApproved)
