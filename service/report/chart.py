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


class Frame(msgspec.Struct, frozen=True):
    """The time that every figure spans (seconds UTC). `cut` ends the grey band, 0 for none."""

    first: int
    last: int
    cut: int
    cut_label: str


class Chart(msgspec.Struct, frozen=True):
    """What one figure shows. `bounds` are values that its axis reaches at least."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    bounds: tuple[float, float] | None = None
    may_log: bool = False


def figure(chart: Chart, frame: Frame, write: Callable[[float], str]) -> str:
    """The HTML figure; `write` formats a value of the y axis. Empty when there is no line."""
    lines = [line for line in chart.lines if line.curve.values]
    if not lines or frame.last <= frame.first:
        return ""
    across = Scale(float(frame.first), float(frame.last), WIDTH)
    values = [value for line in lines for value in line.curve.values]
    if chart.bounds is None:
        up = value_scale(values, may_log=chart.may_log)
    else:
        reach = [*values, *chart.bounds]
        up = Scale(min(reach), max(reach), HEIGHT)
    ticks, instants = value_ticks(up), time_ticks(frame.first, frame.last)
    marks = [(at, label) for at, label in instants if 0.015 <= across.share(at) <= 0.985]
    rows, columns = [up.share(value) for value in ticks], [across.share(at) for at, _ in marks]
    ground = _ground(frame, across, rows, columns)
    unit = f"{chart.unit}, logarithmic" if up.log else chart.unit
    return "\n".join(
        (
            "<figure>",
            f"<figcaption><b>{escape(chart.title)}</b> <span>{escape(unit)}</span></figcaption>",
            _legend(lines, frame),
            '<div class="plot">',
            f'<div class="ys">{_y_labels(ticks, up, write)}</div>',
            _drawing(chart.title, ground + "".join(_path(line, across, up) for line in lines)),
            f'<div class="xs">{_x_labels(marks, across)}</div>',
            "</div>",
            '<p class="axis">time (UTC)</p>',
            "</figure>",
        )
    )


def _legend(lines: list[Line], frame: Frame) -> str:
    items = [
        f'<li><svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">'
        f'<path class="{line.style}" d="M0 4H28"/></svg>{escape(line.label)}</li>'
        for line in lines
        if line.label
    ]
    if frame.cut:
        items.append(f'<li><i class="swatch"></i>{escape(frame.cut_label)}</li>')
    return f'<ul class="legend">{"".join(items)}</ul>'


def _drawing(title: str, inside: str) -> str:
    return (
        f'<svg class="drawing" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" '
        f'role="img"><title>{escape(title)}</title>{inside}</svg>'
    )


def _ground(frame: Frame, across: Scale, rows: list[float], columns: list[float]) -> str:
    """The grey band and the grid; rows and columns are shares of the height and the width."""
    band = ""
    if frame.cut:
        width = across.place(frame.cut)
        band = f'<rect class="band" x="0" y="0" width="{width:.1f}" height="{HEIGHT:.0f}"/>'
    lines = "".join(f"M0 {HEIGHT * (1.0 - share):.1f}H{WIDTH:.0f}" for share in rows)
    lines += "".join(f"M{WIDTH * share:.1f} 0V{HEIGHT:.0f}" for share in columns)
    return f'{band}<path class="grid" d="{lines}"/>'


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
