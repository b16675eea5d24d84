"""Feeds of a run: warm-up first, one digest, and what does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.failures import ExitCode, UserError
from service.feeds import candle_feed, recorded_feed, refuse_coarse, seeded_feed

HOUR_NS = 3_600_000_000_000
DAY = 1_783_382_400
TRADE = (
    '{"channel":"trade","type":"update","data":[{"symbol":"ETH/USD","side":"buy","price":2.5,'
    '"qty":1,"ord_type":"limit","trade_id":1,"timestamp":"2026-07-07T12:00:00.5Z"}]}\n'
)


def candles(path: Path, *, first: int = DAY - 30 * 3600, step: int = 3600) -> Path:
    """Twenty candles."""
    path.write_text("".join(f"{first + n * step},10,12,9,11,5,3\n" for n in range(20)))
    return path


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A recording of one trade of ETH/USD."""
    path = tmp_path / "capture.ndjson"
    path.write_text(TRADE)
    return path


def test_a_seeded_feed_is_warm_and_continues_where_it_stopped() -> None:
    feed = seeded_feed(1, ("BTC/USD",))
    items = feed.items()
    warm = [next(items) for _ in range(200)]
    assert all(getattr(item.body, "warm_up", False) for item in warm)
    rest = [next(items) for _ in range(3)]
    after = feed.items(warm[-1].at)
    assert [next(after).at for _ in range(3)] == [item.at for item in rest]
    assert feed.digest == seeded_feed(1, ("BTC/USD",)).digest != seeded_feed(2, ("BTC/USD",)).digest


def test_warm_up_candles_end_before_the_recording(tmp_path: Path, capture: Path) -> None:
    cold = recorded_feed(capture, (), shift=False)
    feed = recorded_feed(capture, (candles(tmp_path / "ETHUSD_60.csv"),), shift=False)
    start = next(iter(cold.items())).at
    warm = [item for item in feed.items() if getattr(item.body, "warm_up", False)]
    assert len(warm) == 20
    assert all(item.at <= start for item in warm)
    assert feed.digest != cold.digest


def test_older_candles_are_moved_only_when_asked(tmp_path: Path, capture: Path) -> None:
    old = candles(tmp_path / "ETHUSD_60.csv", first=DAY - 3_600_000)
    start = next(iter(recorded_feed(capture, (), shift=False).items())).at
    moved = recorded_feed(capture, (old,), shift=True)
    last = [item.at for item in moved.items() if getattr(item.body, "warm_up", False)][-1]
    assert 0 <= start - last < HOUR_NS


@pytest.mark.parametrize(
    ("name", "shift", "told"),
    [
        ("XBTUSD_60.csv", False, "holds BTC/USD, which is not in the universe"),
        ("XBTUSD_60.csv", True, "holds BTC/USD, which is not in the universe"),
        ("ETHUSDT_60.csv", False, "holds ETH/USDT, which is not in the universe"),
        ("ETHEUR_60.csv", True, "a pair quoted in EUR cannot stand for one quoted in USD"),
        ("FOOBAR_60.csv", False, "'FOOBAR' is not a symbol known here"),
        ("ETHUSD_240.csv", True, "Candles of 14400 s cannot be made into bars of 3600 s."),
    ],
)
def test_candles_that_do_not_fit_the_recording_are_refused(
    tmp_path: Path, capture: Path, name: str, shift: bool, told: str
) -> None:
    step = 14_400 if "240" in name else 3600
    file = candles(tmp_path / name, first=DAY - 30 * step, step=step)
    with pytest.raises(UserError) as caught:
        recorded_feed(capture, (file,), shift=shift)
    assert caught.value.code == ExitCode.BAD_INPUT
    assert told in caught.value.sentence


def test_dollar_tokens_stand_for_dollars_only_in_moved_candles(
    tmp_path: Path, capture: Path
) -> None:
    feed = recorded_feed(capture, (candles(tmp_path / "ETHUSDT_60.csv"),), shift=True)
    assert feed.symbols == ("ETH/USD",)


@pytest.mark.parametrize("name", ["XBTUSD_60.csv", "XBTUSD_1440.csv.gz", "BTC_USDT-1h.feather"])
def test_a_file_of_candles_is_no_recording(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(UserError, match="named like a file of candles"):
        recorded_feed(tmp_path / name, (), shift=False)


@pytest.mark.parametrize(("bar_seconds", "fits"), [(3600, True), (7200, True), (5400, False)])
def test_a_bar_is_a_whole_number_of_candles(tmp_path: Path, bar_seconds: int, fits: bool) -> None:
    feed = candle_feed((candles(tmp_path / "XBTUSD_60.csv"),), symbol="", as_quote="")
    if fits:
        refuse_coarse(feed, bar_seconds)
    else:
        with pytest.raises(UserError, match="cannot be made into bars of 5400 s"):
            refuse_coarse(feed, bar_seconds)
