"""A run's start and an operator's word, sound in every constraint, and rows that are not.

What the code cannot write is inserted by hand: each with the constraint that refuses it.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Final

import numpy as np

from actors.dataset import FEED, TRAINING, Dataset
from actors.instruments import Instrument
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import KillSwitch, RunStarted
from actors.messages.feature import FeatureSchema, FeatureSlice
from actors.messages.market import BarSlice
from actors.messages.prediction import PredictionSlice, RegimeSlice
from actors.model_statement import ModelStatement, TrainingFold, TrainingWindow
from models.features.regimes import RegimeCut

RULES = Instrument(
    symbol="XBT/USD",
    base="XBT",
    quote="USD",
    tick=Decimal("0.1"),
    lot=Decimal("0.00000001"),
    quantity_min=Decimal("0.0001"),
    cost_min=Decimal("0.5"),
    quote_decimals=4,
    maker_fee=Decimal("0.0025"),
    taker_fee=Decimal("0.0040"),
)
SEEDED = Dataset(FEED, "seeded", "seed 1", "0" * 64, first_ts=300, gaps=0, seed=1)
TRAINED_ON = Dataset(
    TRAINING, "candles", "XBTUSD_60.csv", "a" * 64, "XBT/USD", 90, 100, 210, 21, licence="CC0"
)
MODEL = ModelStatement(
    bundle_id="bundle",
    name="made up",
    marker="SYNTHETIC_ONLY",
    schema_hash="schema",
    gate="APPROVED",
    trained_from=100,
    trained_until=200,
    embargo_ns=10,
    windows=(TrainingWindow("fit", 100, 200),),
    activation="SYNTHETIC_ONLY",
    reason="seeded market",
    regime_cuts=(RegimeCut("volatile", "momentum", 900_000, 1_500_000),),
    folds=(TrainingFold(1, 100, 120, 130, 150, 160, 190, 7, 690_000, 693_147, 510_000),),
    sources=(TRAINED_ON,),
)
# The run's one symbol; its bar closes at 210, and so do the features and the prediction.
BAR = BarSlice(200, 210, sealed(np.array([[1.0, 3.0, 0.5, 2.0, 7.25, 4.0]])))
SCHEMA = FeatureSchema("schema", ("momentum", "weekday"))
FEATURES = FeatureSlice(210, sealed(np.array([[0.1, np.nan]])))
REGIME = RegimeSlice(210, "bundle", sealed_ints([[2]]))
PREDICTION = PredictionSlice(210, "bundle", sealed_ints([[600_000, 12, 5]]))


def causes(said: PredictionSlice) -> tuple[Message, ...]:
    """What must be on record before a prediction: the catalogue, a bar and its features."""
    bar = BarSlice(said.close_ts - 1, said.close_ts, BAR.rows)
    return (SCHEMA, bar, FeatureSlice(said.close_ts, FEATURES.rows))


SETTINGS = '{"strategy":{"name":"steady"}}'
STARTED = RunStarted(
    run_id="run-1",
    account="paper",
    mode="PAPER",
    epoch=1,
    symbols=("XBT/USD",),
    settings_hash=hashlib.sha256(SETTINGS.encode()).hexdigest(),
    settings=SETTINGS,
    code_fingerprint="code",
    feed="seeded:1",
    bundle_id="bundle",
    bundle_marker="SYNTHETIC_ONLY",
    genesis="00",
    rules=(RULES,),
    model=MODEL,
    datasets=(SEEDED,),
)
KILLED = KillSwitch(2, "operator", "news")

# What the database refuses of a run's statement about its model.
NOT_ACTIVATED: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("activation_synthetic_on_seeded_feed", {"feed": "kraken-ws2:1"}),
    ("activation_synthetic_on_seeded_feed", {"activation": "PAPER_ONLY"}),
    ("activation_synthetic_on_seeded_feed", {"marker": ""}),
    (
        "activation_of_refused_has_reason",
        {"marker": "", "activation": "PAPER_ONLY", "gate": "REFUSED", "reason": " "},
    ),
    (
        "activation_live_approved",
        {"marker": "", "activation": "LIVE", "gate": "REFUSED", "reason": "I know better"},
    ),
    ("activation_reaches_mode", {"marker": "", "activation": "PAPER_ONLY", "mode": "LIVE"}),
)

_KEYS: Final = "'a', 'r', 'm', 0, {seq}, 0, 1"
_RULED: Final = "'XBT/USD', 'XBT', 'USD', 0.1, 0.1, 0.1, 0.1, 4, 0, 0"
_FOLD: Final = "1, 2, 3, 4, 5, 6, 1, 1, 1, 1"
_PROFILE: Final = "encode(sha256('{}'), 'hex')"
_HASH: Final = f"'{'a' * 64}'"
# The constraint, the table, and the values of two rows after the keys; the second one is refused,
# and so is the first when it is None.
BY_HAND: Final[tuple[tuple[str, str, str | None, str], ...]] = (
    (
        "run_context_once",
        "run_context",
        "1, 'c', 's', 'f', '', '', '', '', true, 'u', ''",
        "2, 'd', 's', 'f', '', '', '', '', true, 'u', ''",
    ),
    ("universe_member_place_once", "universe_member", "'u', 0, 'XBT/USD'", "'u', 0, 'ETH/USD'"),
    ("instrument_once", "instrument", f"0, {_RULED}", f"0, {_RULED}"),
    ("profile_hash_of_content", "profile", None, "'another', 'risk', '{}'"),
    ("profile_kind", "profile", None, f"{_PROFILE}, 'luck', '{{}}'"),
    (
        "model_version_once",
        "model_version",
        "'b', 'n', '', 's', 'REFUSED', 1, 2, 0",
        "'c', 'n', '', 's', 'REFUSED', 1, 2, 0",
    ),
    ("model_version_trained", "model_version", None, "'b', 'n', '', 's', 'REFUSED', 2, 2, 0"),
    ("model_version_trained", "model_version", None, "'b', 'n', '', 's', 'REFUSED', 1, 2, -1"),
    ("training_window_once", "training_window", "'b', 'fit', 1, 2", "'b', 'fit', 2, 3"),
    ("training_window_purpose", "training_window", None, "'b', 'fun', 1, 2"),
    ("training_window_span", "training_window", None, "'b', 'fit', 2, 2"),
    (
        "activation_once",
        "activation",
        "'b', 'PAPER_ONLY', '', 'APPROVED', 'f', ''",
        "'b', 'LIVE', '', 'APPROVED', 'f', ''",
    ),
    ("activation_kind", "activation", None, "'b', 'EVERYWHERE', '', 'APPROVED', 'f', 'why'"),
    ("bar_slice_span", "bar_slice", None, "1, 1, ''"),
    ("bar_slice_aligned", "bar_slice", None, "-1, 1, ''"),
    ("bar_slice_closed", "bar_slice", None, "0, 2, ''"),
    ("feature_schema_once", "feature_schema", "'s', '{a}'", "'t', '{a}'"),
    ("training_fold_once", "training_fold", f"'b', 1, {_FOLD}", f"'c', 1, {_FOLD}"),
    ("training_fold_apart", "training_fold", None, "'b', 1, 1, 2, 2, 4, 5, 6, 1, 1, 1, 1"),
    ("training_fold_apart", "training_fold", None, "'b', 1, 1, 2, 3, 5, 5, 6, 1, 1, 1, 1"),
    ("training_fold_apart", "training_fold", None, "'b', 1, 1, 2, 3, 4, 6, 6, 1, 1, 1, 1"),
    ("training_fold_figures", "training_fold", None, "'b', 0, 1, 2, 3, 4, 5, 6, 1, 1, 1, 1"),
    ("training_fold_figures", "training_fold", None, "'b', 1, 1, 2, 3, 4, 5, 6, 0, 1, 1, 1"),
    ("training_fold_figures", "training_fold", None, "'b', 1, 1, 2, 3, 4, 5, 6, 1, 1, 1, 1000001"),
    ("regime_cut_once", "regime_cut", "'b', 'n', 'f', 1, 2", "'c', 'n', 'g', 1, 2"),
    ("regime_cut_share", "regime_cut", None, "'b', 'n', 'f', 1000000, 2"),
    ("regime_cut_share", "regime_cut", None, "'b', 'n', 'f', 0, 2"),
    ("regime_slice_known", "regime_slice", None, "1, 'b', '{1,4}'"),
    ("feature_schema_names", "feature_schema", None, "'s', '{}'"),
    (
        "prediction_slice_columns",
        "prediction_slice",
        None,
        "1, 'b', false, '{1}', '{1}', '{1,2}'",
    ),
    ("dataset_purpose", "dataset", None, f"'fun', 'k', 'n', {_HASH}, '', 1, 1, 2, 0, NULL, ''"),
    (
        "dataset_name_without_folder",
        "dataset",
        None,
        f"'feed', 'k', '/home/n', {_HASH}, '', 1, 1, 2, 0, NULL, ''",
    ),
    ("dataset_sha256_form", "dataset", None, "'feed', 'k', 'n', 'A', '', 1, 1, 2, 0, NULL, ''"),
    ("dataset_span", "dataset", None, f"'feed', 'k', 'n', {_HASH}, '', 1, 2, 1, 0, NULL, ''"),
    ("dataset_span", "dataset", None, f"'feed', 'k', 'n', {_HASH}, '', 1, -1, 1, 0, NULL, ''"),
    ("dataset_counts", "dataset", None, f"'feed', 'k', 'n', {_HASH}, '', 0, 1, 2, 0, NULL, ''"),
    ("dataset_counts", "dataset", None, f"'feed', 'k', 'n', {_HASH}, '', 1, 1, 2, -1, NULL, ''"),
    (
        "dataset_seeded_or_recorded",
        "dataset",
        None,
        f"'feed', 'seeded', 'n', {_HASH}, '', 1, 1, 2, 0, NULL, ''",
    ),
    ("operator_action_kind", "operator_action", None, "'guess', 'me', 'why', NULL, false"),
    ("operator_action_level", "operator_action", None, "'kill', 'me', 'why', NULL, false"),
    ("operator_action_level", "operator_action", None, "'reactivate', 'me', 'why', 2, false"),
)


def inserted(table: str, values: str, seq: int) -> str:
    """The command that writes a row by hand."""
    return f"INSERT INTO ballast.{table} VALUES ({_KEYS.format(seq=seq)}, {values})"
