"""A stretch of days as one picture: equity above, drawdown below with the tiers that it crossed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from actors.instant import DAY_NS, SECOND_NS
from ops.stress.days import Watched

WIDTH, HEIGHT, LEFT, GAP = 720, 300, 56, 24
UPPER, LOWER = 130, 100
EVERY: Final = 4
"""Hours between two points: finer is not seen."""
_GREY, _BLUE, _RED = "#888888", "#1f5fa8", "#b3261e"


def picture(title: str, watched: Watched, tiers: tuple[tuple[str, int], ...]) -> str:
    """SVG of the path; `tiers` are names and drawdowns in millionths."""
    path = watched.path[::EVERY]
    first, last = path[0][0], path[-1][0]
    equities = [float(equity) for _, equity, _ in path]
    low, high = min(equities), max(equities)
    deepest = max(250_000, watched.worst)

    def x(at: int) -> float:
        return LEFT + (WIDTH - LEFT - 8) * (at - first) / (last - first)

    def upper(equity: float) -> float:
        return 30 + UPPER * (high - equity) / max(high - low, 1.0)

    def lower(drawdown: int) -> float:
        return 30 + UPPER + GAP + LOWER * drawdown / deepest

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{title}</title>",
        "<style>text{font:11px sans-serif;fill:#888}path{fill:none;stroke-width:1.5}</style>",
        f'<text x="{LEFT}" y="16">{title}</text>',
        _line([(x(at), upper(float(equity))) for at, equity, _ in path], _BLUE),
        _line([(x(at), lower(drawdown)) for at, _, drawdown in path], _RED),
        *(_word(LEFT - 4, upper(each), f"{each:,.0f}") for each in (high, low)),
        *_tiers(tiers, lower),
        *_days(first, last, x),
    ]
    if watched.halted_at:
        at = x(watched.halted_at)
        parts.append(
            f'<path d="M{at:.1f} 30V{HEIGHT - 24}" stroke="{_RED}" stroke-dasharray="2 3"/>'
        )
        parts.append(f'<text x="{at + 4:.1f}" y="40">halt</text>')
    return "\n".join((*parts, "</svg>")) + "\n"


def _line(points: list[tuple[float, float]], colour: str) -> str:
    text = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{text}" stroke="{colour}"/>'


def _word(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'


def _tiers(tiers: tuple[tuple[str, int], ...], lower: object) -> list[str]:
    assert callable(lower)
    found = []
    for name, drawdown in tiers:
        y = lower(drawdown)
        found.append(
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - 8}" stroke="{_GREY}" stroke-dasharray="1 4"/>'
        )
        found.append(_word(LEFT - 4, y, f"{drawdown / 10_000:.0f} %"))
        found.append(f'<text x="{WIDTH - 8}" y="{y - 2:.1f}" text-anchor="end">{name}</text>')
    return found


def _days(first: int, last: int, x: object) -> list[str]:
    assert callable(x)
    found, at = [], first - first % (7 * DAY_NS) + 7 * DAY_NS
    while at < last:
        day = datetime.fromtimestamp(at // SECOND_NS, UTC).strftime("%d %b")
        found.append(f'<text x="{x(at):.1f}" y="{HEIGHT - 8}">{day}</text>')
        at += 7 * DAY_NS
    return found
