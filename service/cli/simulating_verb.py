"""`ballast simulate kraken`: a Kraken on this machine's loopback, for tests and for trying out."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, get_args

import click

from adapters.kraken_simulator.faults.script import FaultError, parsed
from adapters.kraken_simulator.paths import MarketKind
from adapters.kraken_simulator.serving.plan import (
    DEFAULT_ACCOUNTS,
    WARM_UP_SECONDS,
    Away,
    Plan,
    PlanError,
    account_of,
    conduct_of,
    recording_of,
    speed_of,
)
from adapters.kraken_simulator.views import Tier
from adapters.kraken_simulator.wire import instant
from service.cli.answering import answer
from service.cli.options import no_file
from service.failures import ExitCode, UserError

if TYPE_CHECKING:
    from adapters.kraken_simulator.serving.launch import Running


@click.group()
def simulate() -> None:
    """Simulated venues to develop and test against, on this machine alone."""


@simulate.command()
@click.option(
    "--seed", type=int, default=1, show_default=True, help="What everything follows from."
)
@click.option(
    "--speed", default="1", show_default=True, help="Exchange seconds in one second here."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default=True,
    help="Port of 127.0.0.1; 0 picks a free one.",
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="NAME=ASSET:AMOUNT,...",
    help=f"An account, more than once if need be (default: {' and '.join(DEFAULT_ACCOUNTS)}).",
)
@click.option(
    "--tier",
    type=click.Choice(get_args(Tier)),
    default="pro",
    show_default=True,
    help="Which rate limits all accounts have.",
)
@click.option("--pair", "pairs", multiple=True, help="Only these pairs, as BTC/USD (default: all).")
@click.option(
    "--start", metavar="TIME", help="Exchange time at the start, RFC 3339 (default: now)."
)
@click.option(
    "--warm-up",
    type=click.IntRange(0, 86_400),
    default=WARM_UP_SECONDS,
    show_default=True,
    help="Seconds that others trade before the start.",
)
@click.option(
    "--faults",
    "faults_file",
    type=click.Path(path_type=Path),
    help="A JSON list of faults; docs/kraken-simulator.md lists them.",
)
@click.option(
    "--recorded",
    multiple=True,
    metavar="PAIR=FILE",
    help="Play a recording: candles (..._60.csv), or WebSocket frames as JSON lines.",
)
@click.option(
    "--conduct",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the venue does where that is not certain; docs/kraken-simulator-market.md.",
)
@click.option(
    "--market",
    type=click.Choice(get_args(MarketKind)),
    default="natural",
    show_default=True,
    help="natural: like recorded prices. planted: a minute moves as an hour does, and drifts.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="Keep accounts, orders and time in this folder, and go on there the next time.",
)
@click.option(
    "--away",
    type=click.Choice(get_args(Away)),
    default="stands",
    show_default=True,
    help="With --state: whether the venue's time stands or passes while nobody serves it.",
)
@click.option("--stop-at-eof", is_flag=True, help="Stop when standard input ends, as at Ctrl-C.")
@click.option("--tls", is_flag=True, help="Serve https and wss with a certificate of its own.")
@click.option("--print-keys", is_flag=True, help="Print every account's API keys and secrets.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def kraken(
    *, port: int, tls: bool, print_keys: bool, as_json: bool, stop_at_eof: bool, **options: Any
) -> None:
    """Serve a simulated Kraken: REST /0/..., sockets /v2 (public) and /v2-auth (private).

    Point a Kraken client at the printed address, with a printed key. Prices are made up from the
    seed; orders, fees, limits and errors follow the venue's rules. Nothing leaves this machine.

    With --state it goes on where it stopped, also after a crash: what it answered is on the disk.

    Stops cleanly, with exit code 0, at Ctrl-C or SIGTERM. Exit code 2 is a wrong option, 3 a wrong
    fault file or a state that is damaged or another simulator's, 5 a port that is taken, 6 a state
    that another simulator serves, 8 a file that is not there.
    """
    plan = _plan(port=port, tls=tls, **options)
    asyncio.run(_serve(plan, print_keys=print_keys, as_json=as_json, stop_at_eof=stop_at_eof))


def _plan(*, port: int, tls: bool, faults_file: Path | None, **options: Any) -> Plan:
    """The plan that the options ask for. Raises UserError."""
    started_ns = int(dt.datetime.now(dt.UTC).timestamp() * 1_000_000) * 1_000
    if options["start"] is not None:
        found = instant(options["start"])
        if found is None:
            raise _misused(f"{options['start']!r} is no time.", "Write 2026-09-25T12:00:00Z.")
        started_ns = found
    try:
        faults = () if faults_file is None else parsed(faults_file.read_bytes())
    except (FileNotFoundError, IsADirectoryError) as error:
        raise no_file(faults_file or Path()) from error
    except FaultError as error:
        raise UserError(
            ExitCode.BAD_INPUT,
            f"The fault file {faults_file} makes no sense: {error}.",
            "docs/kraken-simulator.md lists the faults and their fields.",
        ) from error
    if options["state"] is not None and (options["recorded"] or options["start"]):
        raise _misused(
            "The option --state goes with neither --recorded nor --start.",
            "What is kept says when it goes on; a recording has no state.",
        )
    try:
        accounts = tuple(
            account_of(text, options["tier"]) for text in options["accounts"] or DEFAULT_ACCOUNTS
        )
        speed = speed_of(options["speed"])
        recorded = tuple(recording_of(text) for text in options["recorded"])
        conduct = conduct_of(options["conduct"])
    except PlanError as error:
        raise _misused(f"{error}.", "See `ballast simulate kraken --help`.") from error
    plan = Plan(
        seed=options["seed"],
        started_ns=started_ns,
        accounts=accounts,
        speed=speed,
        port=port,
        warm_up_seconds=options["warm_up"],
        tls=tls,
        faults=faults,
        recorded=recorded,
        conduct=conduct,
        market=options["market"],
        state=options["state"],
        away=options["away"],
    )
    if not options["pairs"]:
        return plan
    unknown = [pair for pair in options["pairs"] if pair not in plan.symbols]
    if unknown:
        raise _misused(f"There is no pair {unknown[0]}.", f"Pairs: {', '.join(plan.symbols)}.")
    return Plan(**{**_fields(plan), "symbols": tuple(dict.fromkeys(options["pairs"]))})


def _fields(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__struct_fields__}


def _misused(sentence: str, remedy: str) -> UserError:
    return UserError(ExitCode.USAGE, sentence, remedy)


async def _serve(plan: Plan, *, print_keys: bool, as_json: bool, stop_at_eof: bool) -> None:
    """Serve until a signal. Raises UserError when the port or the state cannot be had."""
    from adapters.kraken_simulator.serving.launch import serving
    from adapters.kraken_simulator.serving.state import StateError, StateHeldError

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    if stop_at_eof:
        _watch_input(lambda: loop.call_soon_threadsafe(stop.set))
    try:
        async with serving(plan) as running:
            _announce(running, print_keys=print_keys, as_json=as_json)
            await _until(stop, running)
    except StateError as error:
        held = isinstance(error, StateHeldError)
        code = ExitCode.FENCED if held else ExitCode.BAD_INPUT
        raise UserError(code, f"{error}.", error.remedy) from error
    except OSError as error:
        if error.filename is not None:
            raise
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"Port {plan.port} of 127.0.0.1 cannot be had: {error.strerror or error}.",
            "Choose another one by --port, or 0 for a free one.",
        ) from error


async def _until(stop: asyncio.Event, running: Running) -> None:
    """Wait for the end, or raise what ended it."""
    ends = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(running.failed())}
    done, left = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for each in left:
        each.cancel()
    for each in done:
        each.result()


def _watch_input(stopped: Callable[[], object]) -> None:
    """Stop when whoever started this closes our standard input, or is gone."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        stopped()

    Thread(target=watch, name="standard input", daemon=True).start()


def _announce(running: Running, *, print_keys: bool, as_json: bool) -> None:
    if as_json:
        answer(running.described(keys=print_keys))
        return
    names = ", ".join(spec.account for spec in running.plan.accounts)
    click.echo(
        f"simulated Kraken at {running.rest} and {running.sockets}/v2, /v2-auth"
        f"   seed {running.plan.seed}   speed {float(running.plan.speed):g}   accounts {names}"
    )
    if print_keys:
        for key in running.keys:
            otp = f"   otp {key.otp_secret}" if key.otp_secret else ""
            click.echo(f"  {key.account} {key.name}   key {key.key}   secret {key.secret}{otp}")
