"""Histories of an account that hypothesis draws: what happens, and what becomes of the news of it.

News reach us once or twice, late, by halves, or never; time passes and the service starts anew.
"""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import strategies as st

from actors.messages.execution import ExecutionReport
from tests.outside_books import OutsideBooks, sparse

FATES = st.sampled_from(("lost", "once", "once", "twice", "late", "sparse"))
Step: TypeAlias = tuple[str, int, int, str]
"""What happens, which one is meant, how much of it, and the fate of its news."""


def steps(kinds: str, most: int) -> st.SearchStrategy[list[Step]]:
    """Histories of `kinds`, words between bars; one that stands twice is drawn twice as often."""
    step = st.tuples(st.sampled_from(kinds.split("|")), st.integers(0, 7), st.integers(1, 9), FATES)
    return st.lists(step, min_size=10, max_size=most)


class History:
    """What was drawn so far, played against the model of a venue."""

    def __init__(self, books: OutsideBooks) -> None:
        self.books = books
        self.books.read()
        self.late: list[ExecutionReport] = []
        self.epoch = 1

    def tell(self, facts: list[ExecutionReport], fate: str) -> None:
        """Facts on their way to us."""
        if fate == "late":
            self.late += facts
        elif fate != "lost":
            told = [sparse(each) for each in facts] if fate == "sparse" else facts
            self.books.deliver(told * (2 if fate == "twice" else 1))

    def pass_on(self, size: int) -> None:
        """Time passes; some of what is late comes now, the newest first, and twice."""
        self.books.pass_on(size)
        self.late.reverse()
        self.tell(self.late[:size], "twice")

    def restart(self) -> None:
        """The service is cut off and starts again."""
        self.epoch += 1
        self.books.cut()
        self.books.start(f"run {self.epoch}", self.epoch)
