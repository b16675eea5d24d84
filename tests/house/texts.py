"""Rules about every text file.

A document has one title and links that lead somewhere; lock files name no host; nothing bears a
trace of the machine that the project happens to be written on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.house.source import Checkout, Violation

# Spelt with a character class, so that this file does not contain what it looks for.
MACHINE = re.compile(
    r"/wor[k]/|/far[m]/|\bfar[m]-[a-z]|/roo[t]/|/tm[p]/ballast|\.librar[y]\b"
    r"|pythonhoste[d]|pypi\.or[g]|registry\.npmj[s]|deb\.debia[n]|/op[t]/(wheels|pypi)"
)
FENCE = re.compile(r"^\s*(```|~~~)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HASHED = re.compile(
    r"^[a-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ;.*)? \\$|^ +--hash=sha256:[0-9a-f]{64}( \\)?$"
)


def machine_traces(checkout: Checkout) -> Iterator[Violation]:
    """No path, tool or registry host of the machine at hand."""
    for path, text in checkout.texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            found = MACHINE.search(line)
            if found:
                yield Violation(path, number, "machine-traces", f"names {found.group()}")


def lock_files(checkout: Checkout) -> Iterator[Violation]:
    """A lock file is pinned versions and hashes, nothing else: no option, no host, no path."""
    for path, text in checkout.texts.items():
        if not path.endswith(".lock"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if not HASHED.match(line):
                yield Violation(path, number, "lock-files", f"not a pin or a hash: {line[:60]}")


def _prose(text: str) -> Iterator[tuple[int, str]]:
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def titles(checkout: Checkout) -> Iterator[Violation]:
    """A document has one title, on its first line."""
    for path, text in checkout.texts.items():
        if not path.endswith(".md"):
            continue
        found = [number for number, line in _prose(text) if line.startswith("# ")]
        if found != [1]:
            yield Violation(
                path, 1, "titles", f"titles on lines {found or 'none'}, want one on line 1"
            )


def links(checkout: Checkout) -> Iterator[Violation]:
    """A relative link in a document leads to a file of the checkout."""
    for path, text in checkout.texts.items():
        if not path.endswith(".md"):
            continue
        for number, line in _prose(text):
            for target in LINK.findall(line):
                plain = target.split("#")[0]
                if not plain or "://" in plain or plain.startswith("mailto:"):
                    continue
                if not (checkout.root / path).parent.joinpath(plain).exists():
                    yield Violation(path, number, "links", f"{target} leads nowhere")
