"""A handler that always raises, in each actor: Halted with the reason, until a person lifts it.

The broken actor is a subclass with one rule replaced, wired into the real graph. The halt survives
restarts; after the fix the account is reactivated, and every fact that was held is booked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

import service.graph
from actors.features import actor as features
from actors.features.actor import FeaturesActor
from actors.inference import actor as inference
from actors.inference.actor import InferenceActor
from actors.kernel.actor import Actor, Effects
from actors.ledger import actor as ledger
from actors.ledger.actor import LedgerActor
from actors.market_data import actor as market_data
from actors.market_data.actor import MarketDataActor
from actors.messages.base import Message
from actors.orders import actor as orders
from actors.orders.actor import OrdersActor
from actors.paper_venue.actor import PaperVenueActor
from actors.risk.actor import RiskActor
from actors.strategy.actor import StrategyActor
from service.cli.main import cli
from service.failures import ExitCode

REASON = "the planted fault of a test"
# Where the graph finds each actor's class.
CLASSES: dict[str, tuple[Any, str, type[Actor[Any, Any]]]] = {
    "paper_venue": (service.graph, "PaperVenueActor", PaperVenueActor),
    "market_data": (market_data, "MarketDataActor", MarketDataActor),
    "features": (features, "FeaturesActor", FeaturesActor),
    "inference": (inference, "InferenceActor", InferenceActor),
    "strategy": (service.graph, "StrategyActor", StrategyActor),
    "risk": (service.graph, "RiskActor", RiskActor),
    "orders": (orders, "OrdersActor", OrdersActor),
    "ledger": (ledger, "LedgerActor", LedgerActor),
}
HEALTHY = 400
BROKEN = 700


def boom(_actor: Any, _message: Message, _at: int) -> Effects:
    """A rule that always raises."""
    raise RuntimeError(REASON)


def break_actor(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From now on every rule of that actor raises, whoever wires a graph."""
    module, attribute, actor = CLASSES[name]
    rules = dict.fromkeys(actor.rules, boom)
    kinds = {"rules": rules, "__slots__": ()}
    monkeypatch.setattr(module, attribute, type(actor.__name__, (actor,), kinds))


def ballast(*arguments: str) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def trade(home: Path, events: int) -> tuple[int, dict[str, Any]]:
    """`ballast run` for so many inputs: its exit code and its card."""
    given = ("--feed", "seeded", "--events", str(events), "--headless", "--json")
    result = ballast("run", *given, "--journal", "file", "--data-dir", str(home))
    return result.exit_code, msgspec.json.decode(result.stdout)


def reactivate(home: Path) -> None:
    """`ballast reactivate`: the command waits for the next start."""
    result = ballast("reactivate", "--reason", "corrected", "--json", "--data-dir", str(home))
    assert result.exit_code == ExitCode.OK, result.output


@pytest.mark.parametrize("name", list(CLASSES))
def test_an_actor_that_always_raises_halts_the_service_until_a_person_lifts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Halted with the reason, still halted after restarts, active again after fix and lift."""
    code, card = trade(tmp_path, HEALTHY)
    assert (code, card["halted"]) == (ExitCode.OK, "")
    with monkeypatch.context() as patch:
        break_actor(patch, name)
        code, card = trade(tmp_path, BROKEN)
        assert code == ExitCode.HALTED
        assert card["halted"].startswith(f"{name} at input ")
        assert REASON in card["halted"]
        assert card["books_balanced"]
        assert card["chain_verified"]
        assert card["parity"], card["divergence"]
        reason = card["halted"]
        again, card = trade(tmp_path, BROKEN)
        assert (again, card["halted"]) == (ExitCode.HALTED, reason)
        reactivate(tmp_path)
        again, card = trade(tmp_path, BROKEN)
        assert again == ExitCode.HALTED, "a lift without a fix halts again"
        assert REASON in card["halted"]
        assert card["halted"] != reason
    code, card = trade(tmp_path, BROKEN)
    assert code == ExitCode.HALTED, "the fix alone lifts nothing"
    reactivate(tmp_path)
    code, card = trade(tmp_path, BROKEN)
    assert (code, card["halted"]) == (ExitCode.OK, "")
    assert card["decisions"] > 0
    assert card["books_balanced"]
    assert card["parity"], card["divergence"]
