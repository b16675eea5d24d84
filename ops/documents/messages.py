"""Write docs/messages.md and the committed schema anew: ``python ops/documents/messages.py``.

Messages are recorded for ever, so the schema may only grow: fields are appended with defaults,
enumerations gain members, tags are never reused. A change that breaks this is refused, unless
``--break`` says that no journal of the old kind has to be read any more.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from pathlib import Path

import msgspec

from actors.messages.base import Message
from actors.messages.codec import MESSAGE_TYPES, enumerations, schema_fingerprint, schema_lines
from actors.routes import routes

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = Path("docs") / "messages.md"
SCHEMA = Path("tests") / "message_schema.txt"
DEFAULT = " = default"
LINE = re.compile(r"^(\w+)([\[(])(.*)[\])]$")


def schema() -> str:
    """The schema file: the fingerprint, then one line a message and one an enumeration."""
    return "\n".join((schema_fingerprint(), *schema_lines())) + "\n"


def breaches(old: str, new: str) -> list[str]:
    """One sentence for each way in which records of the `old` schema would be misread."""
    before, after = _parsed(old), _parsed(new)
    found = []
    for name, members in before.items():
        now = after.get(name)
        if now is None:
            found.append(f"{name} is gone; it is in old journals")
        elif not is_message(old, name):
            found += [f"{name} no longer has {each}" for each in members if each not in now]
        elif now[: len(members)] != members:
            found.append(f"{name} has another beginning than before")
        else:
            found += [
                f"{name}.{each} was added without a default"
                for each in now[len(members) :]
                if not each.endswith(DEFAULT)
            ]
    return found


def is_message(text: str, name: str) -> bool:
    """Whether the line of `name` is a message's (enumerations have square brackets)."""
    return f"\n{name}(" in text


def _parsed(text: str) -> dict[str, list[str]]:
    found = {}
    for line in text.splitlines()[1:]:
        match = LINE.match(line)
        assert match is not None, line
        found[match[1]] = _split(match[3])
    return found


def _split(members: str) -> list[str]:
    """At commas outside brackets."""
    parts, depth = [""], 0
    for character in members:
        depth += (character in "[(") - (character in "])")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def document() -> str:
    """The generated part of the documentation: every message and every enumeration."""
    lines = [
        "# Messages",
        "",
        "Generated from `actors/messages` and `actors/routes.py`; a test compares them.",
        "To write it anew: `python ops/documents/messages.py`.",
        "",
        "Every message is a frozen structure, encoded as a MessagePack array that begins with its",
        "tag. Fields are only ever appended, with defaults; tags and enumeration values are never",
        "reused, because journals are read for ever. Money is `Decimal`; matrices are read-only",
        "little-endian arrays (`actors/messages/arrays.py`); times are nanoseconds UTC.",
        "`paper_venue` stands for the venue: outside the graph, its orders go to the outbox.",
        "",
        f"Schema fingerprint: `{schema_fingerprint()}`",
    ]
    modules: dict[str, list[type[Message]]] = {}
    for kind in MESSAGE_TYPES:
        modules.setdefault(kind.__module__, []).append(kind)
    for name in sorted(modules):
        lines += ["", f"## {name.rsplit('.', 1)[1].capitalize()}"]
        for kind in modules[name]:
            lines += ["", *_message(kind)]
    lines += ["", "## Enumerations"]
    for enumeration in enumerations():
        members = ", ".join(f"`{member.name}` {member.value}" for member in enumeration)
        lines += ["", f"### {enumeration.__name__}", "", _spoken(enumeration), "", members]
    return "\n".join(lines) + "\n"


def _message(kind: type[Message]) -> list[str]:
    lines = [f"### {kind.__name__}", "", _spoken(kind), ""]
    table = routes(venue_in_graph=True)
    if kind in table:
        lines += [f"Goes to: {', '.join(table[kind]) or 'nobody; it moves time or marks an end'}."]
    elif kind.__name__ in {"SetTimer", "CancelTimer", "Note"}:
        lines += ["Goes to: the kernel, from any actor."]
    elif kind.__name__ == "TimerFired":
        lines += ["Goes to: the actor that set the timer."]
    else:
        lines += ["Travels inside other messages."]
    lines += ["", "| field | type | default |", "|---|---|---|"]
    for field in msgspec.structs.fields(kind):
        default = "" if field.required else f"`{field.default!r}`"
        annotation = str(kind.__annotations__[field.name]).replace("|", "\\|")
        lines.append(f"| `{field.name}` | `{annotation}` | {default} |")
    return lines


def _spoken(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write both files; exit code 1 when the schema would break old journals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--break", dest="may_break", action="store_true", help="accept a breach")
    options = parser.parse_args(arguments)
    committed = root / SCHEMA
    if committed.exists() and not options.may_break:
        found = breaches(committed.read_text(encoding="utf-8"), schema())
        if found:
            print("; ".join(found), file=sys.stderr)
            print("Append fields with defaults, or give --break.", file=sys.stderr)
            return 1
    committed.write_text(schema(), encoding="utf-8")
    (root / DOCUMENT).write_text(document(), encoding="utf-8")
    print(f"wrote {SCHEMA} and {DOCUMENT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
