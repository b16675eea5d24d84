"""Rebuilding the graph that made a stored run, from the run's own first input."""

from __future__ import annotations

from collections.abc import Callable

from actors.kernel.kernel import Kernel
from actors.kernel.schedule import Schedule
from actors.messages.control import RunStarted
from actors.ports import Predictor
from adapters.instruments.table import instruments as instruments_of
from service.bundles import RecordedBundle, bundle_by_id
from service.graph import Graph, build_graph
from service.settings import decode_decision_settings


def graph_of(started: RunStarted, *, verify: bool, schedule: Schedule | None = None) -> Graph:
    """The graph that made a run, rebuilt from its first input, with the rules of that day.

    With `verify` the real model predicts; raises UserError when its bundle is not installed.
    """
    decision = decode_decision_settings(started.settings)
    predictor: Predictor | None = None
    if started.bundle_id and verify:
        predictor = bundle_by_id(started.bundle_id).predictor()
    elif started.bundle_id:
        predictor = RecordedBundle(started.bundle_id, started.bundle_marker)
    rules = started.rules or instruments_of(started.symbols)
    return build_graph(decision, rules, predictor, schedule=schedule)


def builder(*, verify: bool) -> Callable[[RunStarted], Kernel]:
    """What `replay_run` needs to rebuild a kernel."""
    return lambda started: graph_of(started, verify=verify).kernel
