"""Fuzz one parser with atheris: `python ops/fuzz/run.py frame --seconds 60`.

Atheris is no part of the lock files; CONTRIBUTING.md says how to have it. The corpus is kept where
`--corpus` says, so that a later run goes on; a crash leaves its input there and fails the run.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
with atheris.instrument_imports(include=["adapters", "actors.money", "ops.fuzz"]):
    from ops.fuzz.parsers import PARSERS

LENGTH_MOST = 8_192


def main() -> None:
    """Plant the corpus and hand over to the fuzzer, which ends the process."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parser", choices=sorted(PARSERS))
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--corpus", type=Path)
    given = asked.parse_args()
    place = given.corpus or Path(tempfile.mkdtemp(prefix="ballast-fuzz-"))
    corpus = place / given.parser
    corpus.mkdir(parents=True, exist_ok=True)
    parser = PARSERS[given.parser]
    for seed in parser.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed[:LENGTH_MOST])
    options = (
        f"-max_total_time={given.seconds}",
        f"-max_len={LENGTH_MOST}",
        f"-artifact_prefix={place}/crash-{given.parser}-",
        "-print_final_stats=1",
        "-verbosity=1",
    )
    atheris.Setup([sys.argv[0], *options, str(corpus)], parser.take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
