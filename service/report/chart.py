"""One chart as inline SVG without any script.

The drawing stretches to the width of its box while lines keep their thickness; every label is text
beside it, placed in percent, so it stays readable on a telephone. Lines differ in dash as well as
in colour.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import msgspec

from service.report.axes import HEIGHT, WIDTH, Scale, time_ticks, value_scale, value_ticks
from service.report.curves import Curve


class Line(msgspec.Struct, frozen=True):
    """A curve with its legend text and style class; `filled` shades it down to zero."""

    label: str
    style: str
    curve: Curve
    filled: bool = False


class Chart(msgspec.Struct, frozen=True):
    """What one figure shows. `cut` (seconds UTC) ends the grey band, 0 for none."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    first: int
    last: int
    cut: int
    cut_label: str
    may_log: bool = False
    bounds: tuple[float, float] | None = None


def figure(chart: Chart, write: Callable[[float], str]) -> str:
    """The HTML figure; `write` formats a value of the y axis."""
    lines = [line for line in chart.lines if line.curve.values]
    if not lines or chart.last <= chart.first:
        return ""
    across = Scale(float(chart.first), float(chart.last), WIDTH)
    values = [value for line in lines for value in line.curve.values]
    if chart.bounds is None:
        up = value_scale(values, may_log=chart.may_log)
    else:
        reach = [*values, *chart.bounds]
        up = Scale(min(reach), max(reach), HEIGHT)
    ticks, instants = value_ticks(up), time_ticks(chart.first, chart.last)
    marks = [(at, label) for at, label in instants if 0.015 <= across.share(at) <= 0.985]
    unit = f"{chart.unit}, logarithmic" if up.log else chart.unit
    return "\n".join(
        (
            "<figure>",
            f"<figcaption><b>{escape(chart.title)}</b> <span>{escape(unit)}</span></figcaption>",
            _legend(lines, chart),
            '<div class="plot">',
            f'<div class="ys">{_y_labels(ticks, up, write)}</div>',
            _drawing(chart, lines, across, up, (ticks, [at for at, _ in marks])),
            f'<div class="xs">{_x_labels(marks, across)}</div>',
            "</div>",
            '<p class="axis">time (UTC)</p>',
            "</figure>",
        )
    )


def _legend(lines: list[Line], chart: Chart) -> str:
    items = [
        f'<li><svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">'
        f'<path class="{line.style}" d="M0 4H28"/></svg>{escape(line.label)}</li>'
        for line in lines
        if line.label
    ]
    if chart.cut:
        items.append(f'<li><i class="swatch"></i>{escape(chart.cut_label)}</li>')
    return f'<ul class="legend">{"".join(items)}</ul>'


def _drawing(
    chart: Chart,
    lines: list[Line],
    across: Scale,
    up: Scale,
    grid: tuple[list[float], list[int]],
) -> str:
    band = ""
    if chart.cut:
        width = across.place(chart.cut)
        band = f'<rect class="band" x="0" y="0" width="{width:.1f}" height="{HEIGHT:.0f}"/>'
    rows = "".join(f"M0 {HEIGHT - up.place(value):.1f}H{WIDTH:.0f}" for value in grid[0])
    columns = "".join(f"M{across.place(at):.1f} 0V{HEIGHT:.0f}" for at in grid[1])
    paths = "".join(_path(line, across, up) for line in lines)
    return (
        f'<svg class="drawing" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" '
        f'role="img"><title>{escape(chart.title)}</title>{band}'
        f'<path class="grid" d="{rows}{columns}"/>{paths}</svg>'
    )


def _path(line: Line, across: Scale, up: Scale) -> str:
    points = [
        f"{across.place(at):.1f} {HEIGHT - up.place(value):.1f}"
        for at, value in zip(line.curve.times, line.curve.values, strict=True)
    ]
    drawn = f'<path class="{line.style}" d="M{"L".join(points)}"/>'
    if not line.filled:
        return drawn
    base = f"{HEIGHT - up.place(0.0):.1f}"
    start, end = points[0].split()[0], points[-1].split()[0]
    area = f"M{start} {base}L{'L'.join(points)}L{end} {base}Z"
    return f'<path class="{line.style} area" d="{area}"/>{drawn}'


def _y_labels(ticks: list[float], up: Scale, write: Callable[[float], str]) -> str:
    return "".join(
        f'<span style="top:{100 - 100 * up.share(value):.2f}%">{escape(write(value))}</span>'
        for value in ticks
    )


def _x_labels(marks: list[tuple[int, str]], across: Scale) -> str:
    return "".join(
        f'<span style="left:{100 * across.share(at):.2f}%">{escape(label)}</span>'
        for at, label in marks
    )
