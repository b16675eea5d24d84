"""Inputs that say under what a run decides, as rows: what a run was made of, and who intervened.

A profile is kept as the canonical JSON that was hashed, so its hash can be made again. Nothing is
computed but hashes. The tables are those of 0009_context.sql, regime_cut, training_fold, dataset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec

from actors.dataset import Dataset
from actors.messages.control import (
    KillSwitch,
    LiveConfirmed,
    Reactivate,
    ReadingAsked,
    RunStarted,
    StopAsked,
    SwitchConsent,
)
from actors.messages.prediction import PredictionSlice
from actors.messages.profile import ProfileInForce

Rows: TypeAlias = Iterator[tuple[str, tuple[Any, ...]]]

_RUN: Final = (
    "epoch",
    "code_fingerprint",
    "settings_hash",
    "feed",
    "bundle_id",
    "bundle_marker",
    "genesis",
    "state",
    "gapless",
)
_RULES: Final = (
    "symbol",
    "base",
    "quote",
    "tick",
    "lot",
    "quantity_min",
    "cost_min",
    "quote_decimals",
    "maker_fee",
    "taker_fee",
)
_MODEL: Final = (
    "name",
    "marker",
    "schema_hash",
    "gate",
    "trained_from",
    "trained_until",
    "embargo_ns",
)
_CUT: Final = ("name", "feature", "share_below", "micros")
_DATASET: Final = Dataset.__struct_fields__
SYNTHETIC_ONLY: Final = "SYNTHETIC_ONLY"
PREDICTIONS: Final = "prediction_slice"
_FOLD: Final = (
    "number",
    "fit_begins",
    "fit_ends",
    "calibrate_begins",
    "calibrate_ends",
    "test_begins",
    "test_ends",
    "rows_count",
    "log_loss",
    "log_loss_of_base_rate",
    "accuracy",
)
PREDICTED: Final = (
    "ts",
    "bundle_id",
    "in_sample",
    "p_up",
    "expected_move",
    "uncertainty",
    # NULL where the bundle has no such answers
    "p_up_h1",
    "move_h1",
    "p_up_h4",
    "move_h4",
    "p_up_h24",
    "move_h24",
    "rebound",
    "downside",
)
# The columns of each table after the keys of every row.
CONTEXT_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "run_context": (*_RUN, "universe_hash", "settings"),
    "universe_version": ("universe_hash", "symbols_count"),
    "universe_member": ("universe_hash", "place", "symbol"),
    "instrument": ("place", *_RULES),
    "profile": ("profile_hash", "kind", "content"),
    "profile_assignment": ("profile_hash", "kind"),
    "model_version": ("bundle_id", *_MODEL),
    "training_window": ("bundle_id", "purpose", "begins", "ends"),
    "regime_cut": ("bundle_id", *_CUT),
    "training_fold": ("bundle_id", *_FOLD),
    "activation": ("bundle_id", "kind", "marker", "gate", "feed", "reason"),
    "operator_action": ("kind", "actor", "reason", "kill_level", "hole"),
    "dataset": _DATASET,
}


class _Profiles(msgspec.Struct, frozen=True):
    """The parts of a run's settings that have a hash of their own, as they were written."""

    strategy: msgspec.Raw = msgspec.Raw(b"")
    risk: msgspec.Raw = msgspec.Raw(b"")


def universe_hash(symbols: tuple[str, ...]) -> str:
    """SHA-256 (hex) of the symbols in the run's order, a line each: a symbol has no line end."""
    return hashlib.sha256("\n".join(symbols).encode()).hexdigest()


def started_rows(body: RunStarted) -> Rows:
    """A run's start: its context, the universe, the rules of the day and the profiles."""
    universe = universe_hash(body.symbols)
    yield "run_context", (*(getattr(body, name) for name in _RUN), universe, body.settings)
    yield "universe_version", (universe, len(body.symbols))
    for place, symbol in enumerate(body.symbols):
        yield "universe_member", (universe, place, symbol)
    for place, rules in enumerate(body.rules):
        yield "instrument", (place, *(getattr(rules, name) for name in _RULES))
    profiles = msgspec.json.decode(body.settings or "{}", type=_Profiles)
    yield from _profile_rows(bytes(profiles.strategy).decode(), bytes(profiles.risk).decode())
    for dataset in body.datasets:
        yield "dataset", msgspec.structs.astuple(dataset)
    yield from _model_rows(body)


def _profile_rows(strategy: str, risk: str) -> Rows:
    for kind, content in (("strategy", strategy), ("risk", risk)):
        if content:
            named = hashlib.sha256(content.encode()).hexdigest()
            yield "profile", (named, kind, content)
            yield "profile_assignment", (named, kind)


def in_force_rows(body: ProfileInForce) -> Rows:
    """The profiles that decide from here on."""
    yield from _profile_rows(body.strategy, body.risk)


def _model_rows(body: RunStarted) -> Rows:
    """The model of a run, its data, and its activation when it has one."""
    model = body.model
    if model is None:
        return
    named = model.bundle_id
    yield "model_version", (named, *(getattr(model, name) for name in _MODEL))
    for window in model.windows:
        yield "training_window", (named, window.purpose, window.begins, window.ends)
    for cut in model.regime_cuts:
        yield "regime_cut", (named, *(getattr(cut, name) for name in _CUT))
    for fold in model.folds:
        yield "training_fold", (named, *(getattr(fold, name) for name in _FOLD))
    for source in model.sources:
        yield "dataset", msgspec.structs.astuple(source)
    if model.activation:
        told = (model.marker, model.gate, body.feed, model.reason)
        yield "activation", (named, model.activation, *told)
    if model.activation and model.activation != SYNTHETIC_ONLY:
        yield "operator_action", ("activate", "operator", model.reason, None, False)


def prediction_rows(body: PredictionSlice) -> Rows:
    """What a model said, ending with its matrix; nothing where no model spoke or it warmed up."""
    if body.bundle_id and not body.warm_up:
        yield PREDICTIONS, (body.close_ts, body.bundle_id, body.in_sample, body.rows)


def kill_rows(body: KillSwitch) -> Rows:
    """The kill level that somebody set."""
    yield "operator_action", ("kill", body.actor, body.reason, body.level, False)


def reactivation_rows(body: Reactivate) -> Rows:
    """The person who lifted a halt."""
    yield "operator_action", ("reactivate", body.actor, body.reason, None, body.hole)


def consent_rows(body: SwitchConsent) -> Rows:
    """The person who lets the venue's switch cancel foreign orders, or no longer does."""
    kind = "consent" if body.given else "consent_withdrawn"
    yield "operator_action", (kind, body.actor, body.reason, None, False)


def asked_rows(body: ReadingAsked) -> Rows:
    """The person who wanted the venue's lists to be read."""
    yield "operator_action", ("reconcile", body.actor, body.reason, None, False)


def stop_rows(body: StopAsked) -> Rows:
    """What a stop was to call back, and why it came."""
    yield "operator_action", ("stop", "service", f"{body.reason}: {body.cancels}", None, False)


def confirmed_rows(body: LiveConfirmed) -> Rows:
    """What a person confirmed before this live run; a risk text is named by its hash."""
    told = f"{body.reason} ({body.digest})" if body.digest else body.reason
    yield "operator_action", (body.kind, body.actor, told, None, False)
