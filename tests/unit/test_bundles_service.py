"""Which bundle may predict where: fail closed, with the reason in words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service import bundles
from service.bundles import SHIPPED, SYNTHETIC_ONLY, bundle_by_id, choose_bundle
from service.failures import ExitCode, UserError


def test_the_seeded_market_gets_the_synthetic_bundle_and_says_so() -> None:
    choice = choose_bundle("", mode="PAPER", feed_kind="seeded")
    assert choice.bundle is not None
    assert choice.bundle.manifest.marker == SYNTHETIC_ONLY
    assert "not a market result" in choice.notice


@pytest.mark.parametrize("feed_kind", ["candles", "trades", "kraken-ws2", "live"])
@pytest.mark.parametrize("mode", ["PAPER", "BACKTEST", "LIVE"])
def test_a_synthetic_bundle_is_refused_on_every_other_feed(mode: str, feed_kind: str) -> None:
    with pytest.raises(UserError, match="SYNTHETIC_ONLY and refused") as caught:
        choose_bundle("synthetic", mode=mode, feed_kind=feed_kind, activation="please")
    assert caught.value.code == ExitCode.USAGE


def test_paper_on_real_data_has_no_model_until_a_person_activates_one() -> None:
    idle = choose_bundle("", mode="PAPER", feed_kind="kraken-ws2")
    assert (idle.bundle, idle.predictor) == (None, None)
    assert idle.notice.startswith("no active model")
    active = choose_bundle("", mode="PAPER", feed_kind="kraken-ws2", activation="to see")
    assert active.bundle is not None
    assert active.notice.startswith("PAPER_ONLY (to see)")
    assert active.training_end_ns > 0


def test_a_backtest_may_use_what_was_never_activated_and_says_so() -> None:
    choice = choose_bundle("", mode="BACKTEST", feed_kind="candles")
    assert choice.bundle is not None
    assert choice.notice.startswith("not activated")


@pytest.mark.parametrize("name", ["nope", "./nope"])
def test_an_unknown_bundle_names_those_that_exist(name: str) -> None:
    with pytest.raises(UserError) as caught:
        choose_bundle(name, mode="BACKTEST", feed_kind="candles")
    assert caught.value.code == ExitCode.MISSING
    assert "baseline, synthetic" in caught.value.remedy


@pytest.mark.parametrize("name", ["manifest.json", "*.onnx"])
def test_a_damaged_bundle_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED / "baseline", folder)
    path = next(folder.glob(name))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="A bundle is refused") as caught:
        choose_bundle(str(folder), mode="BACKTEST", feed_kind="candles")
    assert caught.value.code == ExitCode.BAD_INPUT


def test_a_stored_run_finds_its_bundle_by_hash_or_names_the_hash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    choice = choose_bundle("", mode="PAPER", feed_kind="seeded")
    assert choice.bundle is not None
    assert bundle_by_id(choice.bundle.bundle_id).bundle_id == choice.bundle.bundle_id
    monkeypatch.setattr(bundles, "SHIPPED", tmp_path)
    with pytest.raises(UserError, match=choice.bundle.bundle_id) as caught:
        bundle_by_id(choice.bundle.bundle_id)
    assert caught.value.code == ExitCode.MISSING
