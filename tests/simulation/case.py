"""One simulated case: a place, a journal of some kind, traders that come and go, comparisons."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from actors.ports import Journal
from service.stores import open_journal
from tests.simulation.nursery import Place
from tests.simulation.trader import Orders, Told
from tests.simulation.venue_sink import Sink, read_log
from tests.simulation.witness import Witness, check_books, check_end, check_sink, witness

SIGKILL = -9


class Case:
    """A place and a journal kind: trade, compare."""

    def __init__(self, where: Place, orders: Orders) -> None:
        self.where = where
        self.orders = orders

    def run(self, fail_point: str = "") -> int:
        """Trade until the end or until death; its exit code."""
        return self.where.nursery.wait(self.where.trade(self.orders, fail_point))

    def compare(self) -> Witness | None:
        """Everything that must hold at any moment."""
        return asyncio.run(self._compare())

    def finish(self) -> Witness:
        """Trade to the end; everything that must hold then."""
        assert self.run() == 0, self.where.told("trader")
        card = self.where.answer().card
        assert card is not None
        assert card.books_balanced
        assert card.chain_verified
        assert card.parity
        found = self.compare()
        assert found is not None
        check_end(found, read_log(self.where.log))
        return found

    async def _compare(self) -> Witness | None:
        async with self._journal() as journal:
            found = await witness(journal)
        check_sink(found, read_log(self.where.log))
        if found is not None:
            check_books(found)
        return found

    def _journal(self) -> AbstractAsyncContextManager[Journal]:
        orders = self.orders
        return open_journal(orders.kind, orders.place, account=orders.account)

    def until(self, met: Callable[[], bool], limit_s: float = 20.0) -> None:
        """Wait until something is so."""
        limit = time.monotonic() + limit_s
        while not met():
            assert time.monotonic() < limit, self.where.told("trader")
            time.sleep(0.005)

    def sent(self) -> int:
        """How many orders the sink has written down."""
        return sum(line.op == "submit" for line in read_log(self.where.log))

    def over(self) -> set[str]:
        """The orders of which the sink has written down the last trade."""
        sink = Sink(self.where.log, 0, faults=False)
        return {name for name, book in sink.orders.items() if not book.open}

    def stop(self, pid: int) -> Told:
        """SIGTERM to a trader, and what it answers."""
        self.where.nursery.kill(pid, signal.SIGTERM)
        return self.where.answer()


NewCase = Callable[..., Case]


def die_once(case: Case, fail_point: str) -> None:
    """One death, then on to the end."""
    assert case.run(fail_point) == SIGKILL, f"{fail_point}: {case.where.told('trader')}"
    case.compare()
    found = case.finish()
    assert len(found.submits) > 5, f"only {len(found.submits)}: too quiet to prove anything"
