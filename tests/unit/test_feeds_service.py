"""Feeds of a run: warm-up first, one digest, and what does not fit is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from actors.dataset import Dataset
from actors.instant import SECOND_NS
from service.bundles import choose_bundle
from service.datasets import datasets_of
from service.failures import ExitCode, UserError
from service.feeds import candle_feed, recorded_feed, refuse_coarse, seeded_feed
from service.segment import fresh_run_id
from service.settings import Settings

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


def test_a_feed_of_files_tells_each_file_by_its_content(tmp_path: Path) -> None:
    """Two holes of candles are three absent ones; no folder is named."""
    path = tmp_path / "XBTUSD_60.csv"
    stamps = (0, 1, 3, 4, 7)
    path.write_text("".join(f"{DAY + hour * 3600},10,12,9,11,5,3\n" for hour in stamps))
    (told,) = datasets_of(candle_feed((path,), symbol="", as_quote=""))
    assert told == Dataset(
        purpose="feed",
        kind="candles",
        name="XBTUSD_60.csv",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        symbol="BTC/USD",
        rows=5,
        first_ts=DAY * SECOND_NS,
        last_ts=(DAY + 7 * 3600) * SECOND_NS,
        gaps=3,
    )


def test_a_recording_and_its_warm_up_are_told_apart(tmp_path: Path, capture: Path) -> None:
    """Frames tell their gaps only while they are read; moved candles tell the file's own time."""
    old = candles(tmp_path / "ETHUSD_60.csv", first=DAY - 3_600_000)
    recorded, warm = datasets_of(recorded_feed(capture, (old,), shift=True))
    assert (recorded.purpose, recorded.name, recorded.rows) == ("feed", "capture.ndjson", 1)
    assert (recorded.kind, recorded.gaps, recorded.symbol) == ("kraken-ws2", None, "")
    assert (warm.purpose, warm.name, warm.symbol) == ("warm_up", "ETHUSD_60.csv", "ETH/USD")
    assert warm.first_ts == (DAY - 3_600_000) * SECOND_NS


def test_trades_tell_where_their_ids_jump(tmp_path: Path) -> None:
    path = tmp_path / "XBTUSD.csv"
    path.write_text(f"{DAY}.5,100,1\n{DAY + 9},101,2\n")
    (told,) = datasets_of(recorded_feed(path, (), shift=False))
    assert (told.kind, told.symbol, told.rows, told.gaps) == ("trades", "BTC/USD", 2, None)
    assert (told.first_ts, told.last_ts) == (DAY * SECOND_NS + 5 * 10**8, (DAY + 9) * SECOND_NS)


def test_a_seeded_market_is_told_by_its_seed_and_symbols() -> None:
    feed, history = datasets_of(seeded_feed(7, ("BTC/USD", "ETH/USD")))
    assert (feed.purpose, feed.seed, feed.rows, feed.last_ts) == ("feed", 7, None, None)
    assert (history.purpose, history.seed, history.rows) == ("warm_up", 7, 400)
    assert history.last_ts == feed.first_ts - HOUR_NS
    assert feed.sha256 != datasets_of(seeded_feed(7, ("BTC/USD",)))[0].sha256


@pytest.mark.parametrize("name", ["baseline", "synthetic"])
def test_a_model_states_each_file_that_it_was_trained_on(name: str) -> None:
    model = choose_bundle(name, mode="BACKTEST", feed_kind="seeded").statement
    assert model is not None
    assert {each.purpose for each in model.sources} == {"training"}
    assert all(len(each.sha256) == 64 and each.rows and each.licence for each in model.sources)
    assert min(each.first_ts for each in model.sources) == model.trained_from


def test_the_same_candles_from_another_file_are_another_run(tmp_path: Path) -> None:
    """What the start says is in the root, so it is in the run's id."""
    (tmp_path / "again").mkdir()
    settings = Settings()
    choice = choose_bundle("", mode="BACKTEST", feed_kind="candles")
    ids = [
        fresh_run_id(
            settings, candle_feed((candles(path),), symbol="", as_quote=""), choice, "BACKTEST"
        )
        for path in (
            tmp_path / "XBTUSD_60.csv",
            tmp_path / "again" / "XBTUSD_60.csv",
            tmp_path / "old_XBTUSD_60.csv",
        )
    ]
    assert ids[0] == ids[1] != ids[2]
