"""The features actor carries bars to `models.features` and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from actors.features.actor import FeaturesActor, FeaturesConfig, FeaturesState, initial_state
from actors.instant import HOUR_NS
from actors.messages.arrays import sealed
from actors.messages.codec import encode, state_decoder
from actors.messages.feature import FeatureSlice
from actors.messages.market import BarSlice
from models.features.catalogue import FEATURE_NAMES, WARM_UP_BARS
from models.features.streaming import new_state, update

SYMBOLS = ("XBT/USD", "ETH/USD")


def bar(number: int, *, warm_up: bool = False, gap: bool = False) -> BarSlice:
    """The bar of one hour: prices wander without a pattern that repeats."""
    base = 100.0 + (number * 37 % 101) / 8.0
    row = [base, base + 2.0, base - 2.0, base + 1.0, 1.0 + number % 7, 5.0]
    rows = np.array([row, [2.0 * value for value in row]])
    if gap:
        rows[0] = np.nan
    return BarSlice(number * HOUR_NS, (number + 1) * HOUR_NS, sealed(rows), warm_up)


def new_actor() -> FeaturesActor:
    config = FeaturesConfig(SYMBOLS)
    return FeaturesActor(config, initial_state(config))


def features_of(actor: FeaturesActor, message: BarSlice) -> FeatureSlice:
    (effect,) = actor.handle(message, message.close_ts)
    assert isinstance(effect, FeatureSlice)
    return effect


def test_every_bar_gives_exactly_the_features_of_the_streaming_model() -> None:
    actor, windows = new_actor(), new_state(len(SYMBOLS))
    rows = np.empty(0)
    for number in range(WARM_UP_BARS + 20):
        message = bar(number, gap=number % 50 == 49)
        expected = update(windows, message.close_ts, message.rows[:, :5])
        found = features_of(actor, message)
        assert found.close_ts == message.close_ts
        assert found.rows.shape == (2, len(FEATURE_NAMES))
        assert found.rows.tobytes() == sealed(expected).tobytes()
        assert not found.rows.flags.writeable
        rows = found.rows
    assert not np.isnan(rows[1]).any()


def test_warm_up_bars_fill_the_windows_and_their_features_are_marked() -> None:
    warmed, told = new_actor(), new_actor()
    for number in range(WARM_UP_BARS):
        (marked,) = warmed.handle(bar(number, warm_up=True), 0)
        assert isinstance(marked, FeatureSlice)
        assert marked.warm_up
        assert not features_of(told, bar(number)).warm_up
    last = bar(WARM_UP_BARS)
    assert features_of(warmed, last).rows.tobytes() == features_of(told, last).rows.tobytes()


def test_a_bar_that_was_taken_already_is_refused() -> None:
    actor = new_actor()
    features_of(actor, bar(3))
    with pytest.raises(ValueError, match="was already taken"):
        actor.handle(bar(3), 0)


@pytest.mark.parametrize("shape", [(1, 6), (2, 5), (3, 6), (12,)])
def test_a_bar_slice_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not one bar of every symbol"):
        new_actor().handle(BarSlice(0, HOUR_NS, np.ones(shape)), 0)


@pytest.mark.parametrize("cut", [0, 1, 23, 24, 167, 168, 169, 200])
def test_a_state_that_was_written_and_read_goes_on_alike(cut: int) -> None:
    straight, broken = new_actor(), new_actor()
    decoder = state_decoder(FeaturesState)
    for number in range(210):
        if number == cut:
            data = encode(broken.state)
            broken.state = decoder.decode(data)
            assert encode(broken.state) == data
        message = bar(number, gap=number % 40 == 39)
        assert encode(features_of(straight, message)) == encode(features_of(broken, message))
