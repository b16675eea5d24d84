"""Named choices of values. `cautious` is the defaults; each one is riskier than the one before.

A preset names only the fields that it changes; all of them lie within the catalogue's bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CAUTIOUS: Final = "cautious"
Values = Mapping[str, Mapping[str, int]]

PRESETS: Final[Mapping[str, Values]] = {
    CAUTIOUS: {},
    "balanced": {
        "risk": {
            "base_risk_micros": 26_000,
            "position_cap_micros": 40_000,
            "exposure_cap_micros": 300_000,
            "cluster_cap_micros": 120_000,
            "quote_cap_cad_micros": 300_000,
            "quote_cap_usd_micros": 300_000,
            "quote_cap_usdc_micros": 300_000,
            "normal_cap_micros": 40_000,
            "caution_cap_micros": 20_000,
            "daily_loss_max_micros": 40_000,
        },
        "strategy": {"base_fraction_micros": 40_000},
    },
    "bold": {
        "risk": {
            "base_risk_micros": 40_000,
            "position_cap_micros": 60_000,
            "exposure_cap_micros": 450_000,
            "cluster_cap_micros": 180_000,
            "quote_cap_cad_micros": 450_000,
            "quote_cap_usd_micros": 450_000,
            "quote_cap_usdc_micros": 450_000,
            "normal_cap_micros": 60_000,
            "caution_cap_micros": 30_000,
            "defence_cap_micros": 15_000,
            "halt_drawdown_micros": 250_000,
            "daily_loss_max_micros": 60_000,
        },
        "strategy": {"base_fraction_micros": 60_000, "entry_p_up_micros": 550_000},
    },
}
