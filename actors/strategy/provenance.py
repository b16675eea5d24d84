"""What a verdict was made from, as SHA-256 in hex: an auditor computes each from the record again.

A profile is hashed as a run's record writes it, a portfolio as it is encoded; a prediction by its
bundle and all of its columns, little-endian int32 row by row; capital by the portfolio's hash and
the kill level.
"""

from __future__ import annotations

import functools
from hashlib import sha256

import msgspec
import numpy as np

from actors.messages.codec import encode


def of_prediction(rows: np.ndarray, bundle_id: str) -> str:
    """Of whole predictions, int32[N, 11]."""
    return sha256(bundle_id.encode() + b"\0" + rows.astype("<i4").tobytes()).hexdigest()


@functools.lru_cache(maxsize=16)
def of_capital(portfolio_hash: str, kill_level: int) -> str:
    """Of what is there and whether it may be risked; empty before a portfolio is known."""
    if not portfolio_hash:
        return ""
    return sha256(f"{portfolio_hash}:{kill_level}".encode()).hexdigest()


@functools.lru_cache(maxsize=16)
def of_profile(profile: msgspec.Struct) -> str:
    """Of the thresholds in force, as a run's record has them: JSON, fields in their order."""
    return sha256(msgspec.json.encode(profile, order="deterministic")).hexdigest()


def digest_of(value: msgspec.Struct) -> str:
    """Of a structure as it is encoded."""
    return sha256(encode(value)).hexdigest()
