"""What every test shares: the recorded data's place and the property-test profiles.

Recorded data is read where it lies and never copied into the repository. A test that needs it asks
for ``shared_data`` (or one file of it) and is skipped, with a sentence, on a machine that does not
have it.
"""

from __future__ import annotations

import decimal
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from actors.money import EXACT
from tests.postgres_server import drop_made_since, made_by_now

REPOSITORY = Path(__file__).resolve().parents[1]

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=100,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", settings.get_profile("ci"), derandomize=False, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def databases_of_one_test() -> Iterator[None]:
    """What a test made on the running servers goes with it; what its module shares was before."""
    before = made_by_now()
    yield
    drop_made_since(before)


@pytest.fixture
def exact_money() -> Iterator[None]:
    """A test of money runs where a silent rounding raises."""
    with decimal.localcontext(EXACT):
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded market data: ``BALLAST_SHARED_DATA``, else ``../shared/data``."""
    named = os.environ.get("BALLAST_SHARED_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"there is no recorded data at {folder}; set BALLAST_SHARED_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def recorded(shared_data: Path) -> Callable[[str], Path]:
    """A function from a file's name in the recorded data to its path; skips when it is absent."""

    def find(name: str) -> Path:
        path = shared_data / name
        if not path.is_file():
            pytest.skip(f"the recorded data has no {name}")
        return path

    return find
