"""The card of a bundle: what it is, what it was shown, what it is worth, in words and tables.

Written from the manifest alone, so that it cannot say anything else.
"""

from __future__ import annotations

from datetime import UTC, datetime

from models.bundle.manifest import Check, Manifest, heads_of
from models.features.regimes import MICROS


def card(manifest: Manifest) -> str:
    """Markdown text of the card."""
    data = manifest.data
    lines = [
        f"# {manifest.name}",
        "",
        _summary(manifest),
        "",
        "## Question and answer",
        "",
        _question(manifest),
        "",
        "## Data",
        "",
        "| file | symbol | bars | missing | first | last | sha256 |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {s.file} | {s.symbol} | {s.bars} | {s.gaps} | {_day(s.first_ts_ns)} "
            f"| {_day(s.last_ts_ns)} | {s.sha256[:16]} |"
            for s in data.sources
        ),
        "",
        _history(manifest),
        "",
        "## Model",
        "",
        _model(manifest),
        "",
        "## Regimes",
        "",
        _regimes(manifest),
        "",
        "## Measured",
        "",
        *_metrics(manifest),
        "",
        *_heads(manifest),
        "## Folds",
        "",
        *_folds(manifest),
        "",
        "## Gate",
        "",
        f"Verdict: **{manifest.gate.status}**.",
        "",
        *_checks("Walk-forward folds before the end of training", manifest.gate.walk_forward),
        "",
        *_checks("Out of sample, after the end of training", manifest.gate.out_of_sample),
        "",
        f"Licence of this bundle: {manifest.licence}.",
    ]
    return "\n".join(lines) + "\n"


def _question(manifest: Manifest) -> str:
    label, minutes = manifest.label, manifest.features.base_step_ns // 60_000_000_000
    return (
        f"What becomes of a purchase at the next open, sold {label.horizon_bars} bars of {minutes} "
        f"minutes later? P(up) is the probability that {label.p_up}; the expected move is the mean "
        f"{label.expected_move}; with them comes the half-width of P(up)'s 90 % interval, all in "
        f"millionths. Trades below are charged {label.costs.fee_bps:g} bp fee and "
        f"{label.costs.half_spread_bps:g} bp half spread on each side."
    )


def _history(manifest: Manifest) -> str:
    data = manifest.data
    return (
        f"Licence of the data: {data.licence}. Missing bars stayed gaps. Fitted on labels that end "
        f"by {_day(data.fit_until_ns)}, calibrated on those that follow until "
        f"{_day(data.calibrated_until_ns)} (both at 00:00 UTC); the bars after that were used for "
        "the column out of sample and for nothing else."
    )


def _model(manifest: Manifest) -> str:
    training = manifest.training
    return (
        f"{training.trees} trees of at most {training.leaves_max} leaves (LightGBM "
        f"{training.libraries['lightgbm']}), fitted on rises, size chosen on walk-forward folds, "
        f"seed {training.seed}, one thread. Feature schema {manifest.features.hash[:16]}; not "
        f"shown to it: {', '.join(manifest.features.ignored) or 'nothing'}."
    )


def _regimes(manifest: Manifest) -> str:
    cuts = ", ".join(
        f"{cut.name} at {cut.micros / MICROS:g} of `{cut.feature}` "
        f"({cut.share_below / MICROS:.0%} of the fit lie below)"
        for cut in manifest.regimes
    )
    return f"Cuts, placed on the rows of the fit: {cuts}."


def _summary(manifest: Manifest) -> str:
    if manifest.marker:
        return (
            f"**{manifest.marker}**: trained on the planted signal of the feed "
            f"`{manifest.data.feed}`. Nothing it makes is a market result; it is refused "
            "everywhere else."
        )
    if manifest.gate.status == "REFUSED":
        return (
            "A baseline that shows the whole path from candles to predictions. The gate refuses "
            "it: the evidence below does not support trading with it."
        )
    return "A baseline whose evidence passed every check of the gate below."


def _day(ts_ns: int) -> str:
    return datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d")


def _metrics(manifest: Manifest) -> list[str]:
    before, after = manifest.metrics["walk_forward"], manifest.metrics["out_of_sample"]
    lines = ["| metric | walk-forward | out of sample |", "|---|---|---|"]
    return lines + [
        f"| {name.replace('_', ' ')} | {_number(before[name])} | {_number(after[name])} |"
        for name in after
    ]


def _heads(manifest: Manifest) -> list[str]:
    """What each head answers and is worth; nothing for a bundle without."""
    heads = heads_of(manifest)
    if not heads:
        return []
    lines = [
        "## Heads",
        "",
        (
            "Further answers of the same trees, with leaf values and a curve of their own; the "
            "gate below asks for none of them. Before the stroke walk-forward, behind it out of "
            "sample."
        ),
        "",
        (
            "| head | bars | probability that | share of yes | accuracy | Brier skill "
            "| calibration error | AUC |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    for head in heads:
        before, after = head.metrics["walk_forward"], head.metrics["out_of_sample"]
        figures = " | ".join(
            f"{_number(before[name])} / {_number(after[name])}" for name in _HEAD_FIGURES
        )
        lines.append(f"| {head.name} | {head.bars} | {head.meaning} | {figures} |")
    return [*lines, ""]


_HEAD_FIGURES = ("share_up", "accuracy", "brier_skill", "calibration_error", "auc")


def _folds(manifest: Manifest) -> list[str]:
    """Each walk-forward fold: what it was tested on, and whether it beat the base rate there."""
    lines = [
        "| fold | fit ends | test begins | ends | labels | log-loss | of base rate | accuracy |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return lines + [
        f"| {fold.number} | {_day(fold.fit_ends)} | {_day(fold.test_begins)} "
        f"| {_day(fold.test_ends)} | {fold.rows_count} | {fold.log_loss / MICROS:.6f} "
        f"| {fold.log_loss_of_base_rate / MICROS:.6f} | {fold.accuracy / MICROS:.4f} |"
        for fold in manifest.folds
    ]


def _checks(title: str, checks: tuple[Check, ...]) -> list[str]:
    lines = [
        f"### {title}",
        "",
        "| gate | check | value | limit | passed |",
        "|---|---|---|---|---|",
    ]
    return lines + [
        f"| {c.gate} | {c.name} | {_number(c.value)} | {c.limit} | {'yes' if c.passed else 'no'} |"
        for c in checks
    ]


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.6g}"
