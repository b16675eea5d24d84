"""Every verb of the command line, in the order in which the help lists them."""

from __future__ import annotations

from service.cli.account import kill, reactivate
from service.cli.backtest import backtest
from service.cli.books import books
from service.cli.database import db
from service.cli.doctor import doctor
from service.cli.gates_verbs import gates
from service.cli.health import health
from service.cli.keys_verb import keys
from service.cli.live import live
from service.cli.paper import demo, paper
from service.cli.proving import proof, replay
from service.cli.reconciling_verbs import consent, reconcile
from service.cli.risk_verbs import risk
from service.cli.running_verb import run
from service.cli.runs import runs
from service.cli.settings_verb import settings_verb
from service.cli.simulating_verb import simulate
from service.cli.why_verb import why

VERBS = (
    run,
    demo,
    paper,
    live,
    backtest,
    replay,
    proof,
    runs,
    books,
    why,
    db,
    doctor,
    health,
    keys,
    gates,
    kill,
    reactivate,
    reconcile,
    consent,
    simulate,
    risk,
    settings_verb,
)
