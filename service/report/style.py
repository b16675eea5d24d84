"""The page's style sheet: light and dark, narrow and wide, colours that the colour-blind tell
apart.

Blue, vermilion and grey are from the palette of Okabe and Ito (2008).
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ground: #fdfdfc; --ink: #1c1e21; --soft: #5a6069;
  --rule: #dfe1e4; --band: #e9e9e7; --result: #0072b2; --hold: #d55e00; --grey: #8b8f95;
  --card: #f4f5f6; --warn: #fff4d6; --warn-edge: #e0a400; }
@media (prefers-color-scheme: dark) { :root { --ground: #15171a; --ink: #e6e7e9; --soft: #a2a8b0;
  --rule: #33373d; --band: #24272b; --result: #56b4e9; --hold: #e69f00; --grey: #7d838b;
  --card: #1e2125; --warn: #2e2814; --warn-edge: #b98a00; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.25rem 1rem 3rem; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem; }
p { margin: .35rem 0; }
.soft, .axis, figcaption span { color: var(--soft); }
.mono { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .8rem;
  overflow-wrap: anywhere; }
.notice { background: var(--warn); border-left: 4px solid var(--warn-edge); margin: .5rem 0;
  padding: .5rem .75rem; border-radius: 0 4px 4px 0; font-size: .95rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr.result td { font-weight: 600; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: .6rem;
  margin: 0; }
dl div { background: var(--card); border-radius: 6px; padding: .5rem .75rem; }
dt { color: var(--soft); font-size: .82rem; }
dd { margin: 0; font-size: 1.05rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
figure { margin: 1.5rem 0 0; }
figcaption { font-size: 1rem; }
.legend { list-style: none; margin: .2rem 0 .5rem; padding: 0; display: flex; flex-wrap: wrap;
  gap: .1rem 1.1rem; font-size: .85rem; }
.legend svg { margin-right: .4rem; vertical-align: middle; }
.swatch { display: inline-block; width: 28px; height: .8em; background: var(--band);
  border: 1px solid var(--rule); margin-right: .4rem; vertical-align: -.05em; }
.plot { display: grid; grid-template-columns: 4rem minmax(0, 1fr); font-size: .78rem;
  color: var(--soft); font-variant-numeric: tabular-nums; }
.ys { position: relative; }
.ys span { position: absolute; right: .5rem; transform: translateY(-50%); white-space: nowrap; }
.xs { grid-column: 2; position: relative; height: 1.4rem; }
.xs span { position: absolute; transform: translateX(-50%); white-space: nowrap; top: .2rem; }
.axis { text-align: right; font-size: .78rem; margin: 0; }
.drawing { width: 100%; height: 18rem; display: block; border: 1px solid var(--rule); }
.low .drawing { height: 10rem; }
path { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-width: 1.6; }
path.grid { stroke: var(--rule); stroke-width: 1; }
path.result { stroke: var(--result); }
path.hold { stroke: var(--hold); stroke-dasharray: 7 3; stroke-width: 1.4; }
path.nothing { stroke: var(--ink); stroke-dasharray: 2 4; }
path.grey { stroke: var(--grey); }
path.area { stroke: none; fill: var(--result); fill-opacity: .18; }
path.grey.area { fill: var(--grey); }
.band { fill: var(--band); }
@media (max-width: 34rem) {
  body { font-size: 15px; padding: 1rem .75rem 2rem; }
  .plot { grid-template-columns: 3.4rem minmax(0, 1fr); }
  .drawing { height: 13rem; }
  .low .drawing { height: 8rem; }
  .xs span:nth-child(even) { display: none; }
  table { font-size: .85rem; }
  th, td { padding: .3rem .35rem; }
  th, td:first-child { white-space: normal; vertical-align: bottom; }
  dl { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media print { body { max-width: none; } figure, dl div { break-inside: avoid; } }
""".strip()
