"""`ballast live`: orders leave for a venue, Kraken behind its gates or a simulator here."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from actors.ids import digest_hex
from service.cli.live_kraken import live_at_kraken
from service.cli.options import common, duration_of, settings_of
from service.cli.paper import own_account, refuse_other_journal
from service.cli.showing import finish
from service.cli.socket_trading import settings_at, trade_at
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, RunResult
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.simulator_process import SimulatorPlace, place_in, simulator
from service.sole_service import sole_service
from service.stores import FILE, POSTGRES, account_place

SPEED_MOST = 60


@click.command()
@common
@click.option(
    "--venue",
    type=click.Choice(["simulator", "kraken"]),
    required=True,
    help="simulator: a Kraken of our own on this machine. kraken: your account, behind gates.",
)
@click.option(
    "--connect",
    type=click.Path(path_type=Path),
    help="Keep an account at a running simulator: what its --print-keys --json said, in a file.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="The market of a simulator that is started here.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=1, max=SPEED_MOST),
    default=1.0,
    show_default=True,
    help="Seconds of such a simulator in one second here; minutes then pass in a moment.",
)
@click.option("--faults", type=click.Path(path_type=Path), help="A fault script for the simulator.")
@click.option("--check", is_flag=True, help="With --venue kraken: only show the gates.")
@click.option("--symbol", multiple=True, help="Trade only these symbols.")
@click.option("--activate", metavar="REASON", help="Use a model that its gate refused.")
@click.option("--headless", is_flag=True, help="No terminal view; log lines on stderr.")
@click.option("--for", "for_", metavar="DURATION", help="Stop after so much wall time (60s).")
@click.option("--events", type=click.IntRange(min=1), help="Stop after so many inputs.")
@click.option(
    "--journal",
    type=click.Choice(["postgres", "file"]),
    help="Where inputs are made durable: the database, or files.",
)
def live(**given: Any) -> None:
    """Trade through a venue's sockets: keys, orders, fills, reconciliation, all as in earnest.

    With --venue simulator a simulated Kraken is started on this machine, and everything runs as it
    would there, with an account that ends with it. With --connect the simulator is one that runs
    already, and the account is kept and goes on where it stopped. The mode is PAPER, and such an
    account can never be used for anything else. With --venue kraken the connected key is used and
    real money is traded, once every gate is open (`ballast gates check` shows them, --check too).
    Ctrl-C stops cleanly with the proof card.
    """
    if given["venue"] == "kraken":
        live_at_kraken(given)
        return
    if given["check"]:
        raise UserError(
            ExitCode.USAGE,
            "The option --check goes with --venue kraken.",
            "A simulator has no gates.",
        )
    kept = settings_of(given["settings_file"], given["data_dir"])
    if given["connect"] is None:
        finish(asyncio.run(_for_once(kept, given)), given["as_json"])
        return
    for name, usual in (("faults", None), ("speed", 1.0)):
        if given[name] != usual:
            raise UserError(
                ExitCode.USAGE,
                f"The option --{name} does not go with --connect.",
                f"Give it to the simulator: `ballast simulate kraken --{name} ...`.",
            )
    place = place_in(given["connect"])
    with sole_service(kept.home, f"The account {kept.account.name}"):
        finish(asyncio.run(_keeping(kept, place, given)), given["as_json"])


async def _for_once(kept: Settings, given: dict[str, Any]) -> RunResult:
    """A simulator and an account, both for this run alone."""
    funds = f"ballast={kept.account.quote}:{kept.account.opening_balance}"
    options = ["--seed", str(given["seed"]), "--account", funds, "--speed", f"{given['speed']:g}"]
    if given["faults"] is not None:
        options += ["--faults", str(given["faults"].absolute())]
    async with simulator(options, kept.home / "logs" / "simulator.log") as place:
        settings = settings_at(given, kept, place)
        plan = _plan(settings, given, FILE)
        name = digest_hex("simulated", str(time.time_ns()))[:16]
        with own_account(settings, plan, name) as owned:
            return await trade_at(settings, place, owned, given)


async def _keeping(kept: Settings, place: SimulatorPlace, given: dict[str, Any]) -> RunResult:
    """An account that outlives the run, as the simulator does."""
    settings = settings_at(given, kept, place)
    plan = _plan(settings, given, POSTGRES)
    refuse_other_journal(settings, plan.journal_kind)
    where = account_place(settings, plan.journal_kind)
    plan = msgspec.structs.replace(plan, journal_place=where, lasting=True)
    return await trade_at(settings, place, plan, given)


def _plan(settings: Settings, given: dict[str, Any], default: str) -> RunPlan:
    kind = given["journal"] or settings.journal.kind or default
    limits = Limits(given["events"] or 0, duration_of(given["for_"]))
    return RunPlan("PAPER", kind, "", limits=limits, speed=1.0)
