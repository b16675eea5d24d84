"""Recorded data through the command: a Kraken capture on paper, candles in a backtest."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import asyncpg
import pytest

from actors.messages.decision import Reason
from tests.e2e.conftest import Ballast

CAPTURE = "kraken/protocol/flashbook__ws2_live_ETHUSD.ndjson.gz"
HOURLY = "kraken/ohlcvt/avkhimen__XBTUSD_60.csv.gz"
ETHER = "binance/1h/Mounik__ETH_USDT-1h.feather"
Recorded = Callable[[str], Path]


def crc(bids: dict[str, str], asks: dict[str, str]) -> int:
    """Kraken's book checksum, written a second time from its documentation."""

    def digits(levels: list[str], side: dict[str, str]) -> str:
        texts = [text for price in levels[:10] for text in (price, side[price])]
        return "".join(text.replace(".", "").lstrip("0") for text in texts)

    low = digits(sorted(asks, key=float), asks)
    high = digits(sorted(bids, key=float, reverse=True), bids)
    return zlib.crc32((low + high).encode())


class Recorder:
    """Writes a capture of one symbol from seeded numbers, checksums and all."""

    def __init__(self, seed: int = 5, symbol: str = "BTC/USD") -> None:
        self._random = Random(seed)
        self._symbol = symbol
        self._now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self._trade_id = 0
        self.bids = {f"{50_000 - step * 0.5:.1f}": "1.00000000" for step in range(10)}
        self.asks = {f"{50_001 + step * 0.5:.1f}": "2.00000000" for step in range(10)}

    def book(self, kind: str, changes: dict[str, dict[str, str]], checksum: int) -> str:
        """A frame of the book channel."""
        sides = {
            side: [{"price": price, "qty": quantity} for price, quantity in levels.items()]
            for side, levels in changes.items()
        }
        body = {"symbol": self._symbol, **sides, "checksum": checksum, "timestamp": self._stamp()}
        return self._frame("book", kind, body)

    def snapshot(self) -> str:
        """The whole book."""
        whole = {"bids": self.bids, "asks": self.asks}
        return self.book("snapshot", whole, crc(self.bids, self.asks))

    def update(self) -> str:
        """One changed quantity, half a second later."""
        self._now += timedelta(milliseconds=500)
        name = self._random.choice(["bids", "asks"])
        side = self.bids if name == "bids" else self.asks
        price = self._random.choice(sorted(side))
        side[price] = f"{self._random.uniform(0.1, 9):.8f}"
        changes = {"bids": {}, "asks": {}, name: {price: side[price]}}
        return self.book("update", changes, crc(self.bids, self.asks))

    def trade(self) -> str:
        """A trade at the touch."""
        self._trade_id += 1
        body = {
            "symbol": self._symbol, "side": "buy", "price": min(self.asks, key=float), "qty": "0.1",
            "ord_type": "market", "trade_id": self._trade_id, "timestamp": self._stamp(),
        }  # fmt: skip
        return self._frame("trade", "update", body)

    def back(self, seconds: int) -> None:
        """Turn the venue's clock back."""
        self._now -= timedelta(seconds=seconds)

    def _stamp(self) -> str:
        return self._now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    @staticmethod
    def _frame(channel: str, kind: str, body: dict[str, object]) -> str:
        text = json.dumps({"channel": channel, "type": kind, "data": [body]})
        # Kraken sends numbers, and the checksum is over their text.
        for key in ("price", "qty"):
            text = text.replace(f'"{key}": "', f'"{key}": ').replace('", "qty"', ', "qty"')
        return text.replace('"}', "}").replace("Z}", 'Z"}').replace('0.1", "ord', '0.1, "ord')


def recording(lines: list[str], path: Path) -> Path:
    """The lines as a capture file."""
    path.write_text("\n".join(lines) + "\n")
    return path


def proven(ballast: Ballast, card: dict[str, object]) -> None:
    """The stored run replays to the same root, obeying what is recorded and not."""
    for option in ((), ("--verify",)):
        report = ballast("replay", card["run_id"], "--json", *option).json
        assert report["parity"] is True
        assert report["root_hash"] == card["root_hash"]
    words = ballast("replay", "last").out
    assert f"REPLAY PARITY: TRUE   root {card['root_hash']}" in words


def test_the_recorded_capture_is_verified_decided_and_replayed(
    ballast: Ballast, recorded: Recorded
) -> None:
    feed = recorded(CAPTURE)
    card = ballast("paper", "--feed", feed, "--activate", "to see it", "--json").card
    assert card["feed_counts"] == {
        "frames": 2430, "book_snapshots": 1, "book_updates": 2399, "checksums_verified": 2400,
        "trades": 5, "other_frames": 23,
    }  # fmt: skip
    assert card["decisions"] >= 15
    assert card["feed"] == "kraken-ws2"
    proven(ballast, card)
    again = ballast("paper", "--feed", feed, "--activate", "to see it", "--json").card
    assert (again["run_id"], again["root_hash"]) == (card["run_id"], card["root_hash"])


def test_the_window_is_a_setting_and_part_of_what_a_recorded_run_is(
    ballast: Ballast, tmp_path: Path
) -> None:
    """Two seconds take four updates in one; another window is another run."""
    recorder = Recorder()
    lines = [recorder.snapshot(), *(recorder.update() for _ in range(40))]
    feed = recording(lines, tmp_path / "own.ndjson")
    wide = tmp_path / "wide.toml"
    wide.write_text("[feed]\nconflate_ms = 2000\n")
    half = ballast("paper", "--feed", feed, "--json").card
    two = ballast("paper", "--feed", feed, "--json", "--settings", wide).card
    assert half["inputs"] > two["inputs"] > 10
    assert half["run_id"] != two["run_id"]
    proven(ballast, two)


def test_the_reasons_of_the_verdicts_are_rows_in_the_database(
    ballast: Ballast, recorded: Recorded
) -> None:
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not installed")
    feed = ("paper", "--feed", recorded(CAPTURE), "--journal", "postgres", "--json")
    cold = ballast(*feed).card
    warm = ballast(
        *feed, "--warm-up", recorded(ETHER), "--warm-up-shift", "--activate", "to see"
    ).card
    assert "research: older candles" in warm["notice"]
    address = ballast("db", "url").out.strip()
    reasons = f"count(*) filter (where reason[1] = {Reason.NOT_WARM.value})"

    def told(run: object) -> list[int]:
        query = (
            f"select count(distinct at), {reasons} from ballast.verdict_slice"
            f" where run_id = '{run}'"
        )
        done = subprocess.run(
            [psql, address, "-Atc", query], capture_output=True, text=True, check=True
        )
        return [int(count) for count in done.stdout.strip().split("|")]

    instants, not_warm = told(cold["run_id"])
    assert instants >= 15
    assert not_warm == instants
    instants, not_warm = told(warm["run_id"])
    assert instants >= 15
    assert not_warm == 0


def test_another_capture_works_the_same_way(ballast: Ballast, tmp_path: Path) -> None:
    recorder = Recorder()
    lines = [recorder.snapshot()]
    for number in range(60):
        lines.append(recorder.update())
        if number % 20 == 7:
            lines.append(recorder.trade())
    card = ballast("paper", "--feed", recording(lines, tmp_path / "own.ndjson"), "--json").card
    counts = card["feed_counts"]
    assert (counts["checksums_verified"], counts["trades"]) == (61, 3)
    assert "checksums_failed" not in counts
    assert card["decisions"] >= 15
    proven(ballast, card)


def test_what_is_wrong_within_a_capture_is_counted_and_the_run_is_still_proven(
    ballast: Ballast, tmp_path: Path
) -> None:
    recorder = Recorder()
    lines = [recorder.snapshot(), *(recorder.update() for _ in range(10))]
    lines.append(lines[-1][: len(lines[-1]) // 2])  # torn
    lines.append('{"channel":"book","type":"update","surprise":1,"data":[]}')
    crossed = recorder.book("update", {"bids": {"50009.0": "1.0"}, "asks": {}}, 1)
    lines += [crossed, recorder.update(), recorder.snapshot()]
    recorder.back(seconds=3)
    lines += [recorder.update() for _ in range(30)]
    card = ballast("paper", "--feed", recording(lines, tmp_path / "bad.ndjson"), "--json").card
    counts = card["feed_counts"]
    assert counts["corrupt_frames"] == 1
    assert counts["book_snapshots"] == 2
    assert counts["frames"] == len(lines)
    assert counts["checksums_verified"] + counts.get("books_crossed", 0) >= 41
    proven(ballast, card)


def test_the_holes_of_a_capture_are_rows_that_a_replay_makes_again(
    ballast: Ballast, tmp_path: Path
) -> None:
    recorder = Recorder()
    lines = [recorder.snapshot(), *(recorder.update() for _ in range(10))]
    lines.append(recorder.book("update", {"bids": {}, "asks": {}}, 1))
    lines += [recorder.snapshot(), *(recorder.update() for _ in range(10))]
    feed = recording(lines, tmp_path / "holes.ndjson")
    card = ballast("paper", "--feed", feed, "--journal", "postgres", "--json").card
    proven(ballast, card)

    async def asked(query: str) -> list[tuple[object, ...]]:
        connection = await asyncpg.connect(ballast("db", "url").out.strip())
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    gaps = asyncio.run(
        asked("SELECT kind, stream, ends IS NULL FROM ballast.ingestion_gap ORDER BY seq, ordinal")
    )
    assert ("checksum", "book", True) in gaps
    assert ("checksum", "book", False) in gaps
    (told,) = asyncio.run(asked("SELECT name, rows FROM ballast.dataset WHERE purpose = 'feed'"))
    assert told == ("holes.ndjson", len(lines))


def test_warm_up_candles_of_another_symbol_are_refused(
    ballast: Ballast, recorded: Recorded
) -> None:
    done = ballast("paper", "--feed", recorded(CAPTURE), "--warm-up", recorded(HOURLY), "--json")
    assert done.code == 3
    assert "holds BTC/USD, which is not in the universe" in done.sentence


def test_recorded_hours_are_backtested_with_a_report(ballast: Ballast, recorded: Recorded) -> None:
    done = ballast("backtest", recorded(HOURLY), "--events", 3000, "--json")
    card = done.card
    report = card["report"]
    assert report["data"][0] | {"bars": 0, "missing": 0} == {
        "symbol": "BTC/USD", "first": "2013-10-06T21:00Z", "last": "2014-04-29T00:00Z",
        "bars": 0, "missing": 0,
    }  # fmt: skip
    assert report["data"][0]["missing"] > 0
    assert report["metrics"] is None
    assert "in-sample" in report["unmeasured"]
    folder = Path(report["page"]).parent
    assert {"report.html", "card.json", "run.json"} <= {path.name for path in folder.iterdir()}
    (told,) = report["datasets"]
    assert told["sha256"] == hashlib.sha256(recorded(HOURLY).read_bytes()).hexdigest()
    assert (told["rows"], told["gaps"]) == (70_253, 10_856)
    (listed,) = ballast("runs", "--json").json["runs"]
    assert [each["name"] for each in listed["datasets"]] == [recorded(HOURLY).name]
    assert recorded(HOURLY).name in ballast("runs").out
    assert str(recorded(HOURLY).parent) not in json.dumps(listed["datasets"])
    proven(ballast, card)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nine_years_of_hours_end_with_metrics_and_parity(
    ballast: Ballast, recorded: Recorded
) -> None:
    card = ballast("backtest", recorded(HOURLY), "--json", patience=280).card
    report = card["report"]
    assert report["data"][0]["missing"] == 10_856
    assert report["training_end"] == "2019-07-01T00:00Z"
    assert report["metrics"]
    assert card["parity"] is True


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sixteen_symbols_at_once_name_their_research_mapping(
    ballast: Ballast, shared_data: Path
) -> None:
    files = sorted((shared_data / "binance" / "1h").glob("*.feather"))
    assert len(files) == 16
    done = ballast("backtest", *files, "--as-quote", "USD", "--json", patience=580)
    report = done.card["report"]
    assert len(report["symbols"]) == 16
    assert any("USDT" in notice["text"] for notice in report["notices"])
    assert done.card["parity"] is True
