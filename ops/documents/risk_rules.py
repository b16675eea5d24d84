"""Write the tables of both profiles in docs/risk-rules.md anew from the catalogue.

``python ops/documents/risk_rules.py``. The rest of that document is written by hand; a test
compares the tables.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from actors.profiles.catalogue import RISK, STRATEGY, Row, shown  # noqa: E402
from actors.risk.profile import RiskProfile  # noqa: E402
from actors.strategy.profile import StrategyProfile  # noqa: E402

TABLE = re.compile(r"\| field \| default \|[^\n]*\n(?:\|[^\n]*\n?)+")
HEAD = "| field | default | reads | least | most | riskier | meaning |"
RULE = "| --- | ---: | ---: | ---: | ---: | --- | --- |"


def table(rows: dict[str, Row], profile: msgspec.Struct) -> str:
    """One profile's table: what a value is, what it may be, and why it is there."""
    lines = [HEAD, RULE]
    for name, row in rows.items():
        value = getattr(profile, name)
        reads, least, most = (shown(row.unit, each) for each in (value, row.least, row.most))
        lines.append(
            f"| `{name}` | {value:,} | {reads} | {least} | {most} | {row.riskier.value} |"
            f" {row.why} |"
        )
    return "\n".join(lines) + "\n"


def written(text: str) -> str:
    """The document with both tables anew, in their order."""
    tables = iter((table(RISK, RiskProfile()), table(STRATEGY, StrategyProfile())))
    return TABLE.sub(lambda _: next(tables), text)


def main() -> None:
    """Write the document when a table has changed."""
    path = ROOT / "docs" / "risk-rules.md"
    text = path.read_text(encoding="utf-8")
    if written(text) != text:
        path.write_text(written(text), encoding="utf-8")
        print("wrote docs/risk-rules.md")


if __name__ == "__main__":
    main()
