"""The endpoint over real sockets: probes, metrics, status, ports, foreign names, and the verb."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner, Result

from actors.kernel.supervisor import Halt
from actors.messages.control import KillSwitch
from service.bundles import choose_bundle
from service.cli.health import health
from service.cli.main import BallastGroup
from service.cli.showing import watchers_of
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, trade
from service.failures import ExitCode, UserError
from service.feeds import seeded_feed
from service.observe.endpoint import Endpoint
from service.observe.port import (
    FIRST_PORT,
    PORTS_TRIED,
    Place,
    bind,
    is_loopback,
    read_place,
    write_place,
)
from tests.observed_run import SYMBOLS, ObservedRun, observed_run, settings_in


class Served:
    """A run with its endpoint, and a client."""

    def __init__(self, run: ObservedRun, endpoint: Endpoint, home: Path) -> None:
        self.run = run
        self.home = home
        self.address = endpoint.place.address

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and body."""
        async with (
            aiohttp.ClientSession() as client,
            client.get(self.address + path, headers=headers) as response,
        ):
            return response.status, await response.text()

    async def codes(self, path: str) -> tuple[int, set[str]]:
        """Status and the codes of the reasons."""
        status, body = await self.get(path)
        document = json.loads(body)
        assert document["ok"] is (status == 200)
        return status, {reason["code"] for reason in document["reasons"]}


@contextlib.asynccontextmanager
async def served(home: Path, *, inputs: int = 1200) -> AsyncIterator[Served]:
    """A run that is being served."""
    run = await observed_run(home, inputs=inputs)
    endpoint = Endpoint(bind("127.0.0.1", 0), home, run.stepping)
    try:
        await endpoint.opened(run.segment, run.tally, run.plan, run.choice)
        yield Served(run, endpoint, home)
    finally:
        await endpoint.closed()


def verb(*arguments: str) -> Result:
    """`ballast health` as a user calls it."""
    group = BallastGroup(name="ballast", commands={"health": health})
    return CliRunner().invoke(group, ["health", *arguments], env={"BALLAST__SERVER__PORT": None})


def test_a_warm_run_is_live_ready_and_may_trade(tmp_path: Path) -> None:
    async def asked() -> None:
        async with served(tmp_path) as there:
            for probe in ("live", "ready", "may-trade"):
                assert await there.codes(f"/health/{probe}") == (200, set()), probe

    asyncio.run(asked())


def test_a_cold_run_is_ready_but_may_not_trade(tmp_path: Path) -> None:
    async def asked() -> None:
        async with served(tmp_path, inputs=10) as there:
            assert await there.codes("/health/ready") == (200, set())
            status, codes = await there.codes("/health/may-trade")
            assert status == 503
            assert "not_warm" in codes

    asyncio.run(asked())


def test_a_kill_switch_shows_at_once_in_probe_metrics_and_status(tmp_path: Path) -> None:
    async def asked() -> None:
        async with served(tmp_path) as there:
            await there.run.say(KillSwitch(2, "tester", "drill"))
            assert await there.codes("/health/may-trade") == (503, {"kill_level"})
            _, metrics = await there.get("/metrics")
            assert 'ballast_blocked_reasons{reason="kill_level"} 1.0' in metrics
            assert "ballast_may_trade 0.0" in metrics
            _, status = await there.get("/status")
            document = json.loads(status)
            assert (document["kill_level"], document["may_trade"]) == (2, False)
            assert document["run_id"] == there.run.segment.run.run_id
            assert document["pid"] == os.getpid()

    asyncio.run(asked())


def test_a_halted_core_stays_live_and_is_neither_ready_nor_trading(tmp_path: Path) -> None:
    async def asked() -> None:
        async with served(tmp_path) as there:
            there.run.segment.graph.kernel.halt = Halt("ledger", 1, 2, "ValueError: broke")
            assert await there.codes("/health/live") == (200, set())
            assert await there.codes("/health/ready") == (503, {"core_halted"})
            _, body = await there.get("/health/may-trade")
            assert "ledger at input 2: ValueError: broke" in body

    asyncio.run(asked())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9464", 200), ("localhost", 200), ("[::1]:9464", 200),
        ("evil.example", 421), ("127.0.0.1.evil.example:80", 421), ("10.0.0.1", 421),
        ("localhost.evil.example", 421),
    ],
)  # fmt: skip
def test_a_request_meant_for_another_name_is_refused(
    host: str, status: int, tmp_path: Path
) -> None:
    async def asked() -> None:
        async with served(tmp_path, inputs=0) as there:
            for path in ("/metrics", "/status", "/health/live"):
                assert (await there.get(path, Host=host))[0] == status

    asyncio.run(asked())


def test_only_reading_is_possible(tmp_path: Path) -> None:
    async def asked() -> None:
        async with served(tmp_path, inputs=0) as there, aiohttp.ClientSession() as client:
            for path in ("/metrics", "/status", "/health/ready"):
                async with client.post(there.address + path, data=b"x") as response:
                    assert response.status == 405
            assert (await there.get("/nothing"))[0] == 404

    asyncio.run(asked())


def test_the_place_is_written_while_it_serves_and_taken_away_after(tmp_path: Path) -> None:
    async def asked() -> None:
        async with served(tmp_path, inputs=0) as there:
            place = read_place(tmp_path)
            assert place is not None
            assert place.address == there.address
            assert place.run_id == there.run.segment.run.run_id
        assert read_place(tmp_path) is None

    asyncio.run(asked())


def test_port_0_takes_the_first_free_port_and_two_services_stand_side_by_side() -> None:
    first, second = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    try:
        ports = [each.getsockname()[1] for each in (first, second)]
        assert FIRST_PORT <= ports[0] < ports[1] < FIRST_PORT + PORTS_TRIED
    finally:
        first.close()
        second.close()


def test_a_used_port_is_one_sentence_before_anything_is_journalled(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError) as failed:
            watchers_of(settings_in(tmp_path, port=port), headless=True, as_json=False, total=0)
    assert failed.value.code is ExitCode.ENVIRONMENT
    assert failed.value.sentence == f"Port {port} on 127.0.0.1 is in use."
    assert "server.port" in failed.value.remedy


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.com", "::"])
def test_the_endpoint_never_leaves_loopback(host: str) -> None:
    with pytest.raises(UserError) as failed:
        bind(host, 0)
    assert failed.value.code is ExitCode.USAGE
    assert not is_loopback(host)


def test_a_trading_run_serves_until_it_ends_and_frees_its_port(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    feed = seeded_feed(1, SYMBOLS)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    plan = RunPlan("PAPER", "memory", "", Limits(events=100_000, seconds=20.0), speed=3600.0)

    async def both() -> tuple[dict[str, object], int]:
        watchers, say = watchers_of(settings, headless=True, as_json=True, total=0)
        trading = asyncio.create_task(
            trade(settings, feed, choice, plan, watchers=watchers, say=say)
        )
        while (place := read_place(tmp_path)) is None:  # noqa: ASYNC110  (a file appears)
            await asyncio.sleep(0.01)
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{place.address}/status") as response,
        ):
            document = await response.json()
        trading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await trading
        return document, place.port

    document, port = asyncio.run(both())
    assert (document["mode"], document["phase"]) == ("PAPER", "trading")
    assert read_place(tmp_path) is None
    bind("127.0.0.1", port).close()


def test_the_health_verb_finds_the_service_of_a_data_folder(tmp_path: Path) -> None:
    async def asked(*arguments: str) -> Result:
        async with served(tmp_path) as there:
            if "--halt" in arguments:
                there.run.segment.graph.kernel.halt = Halt("risk", 1, 2, "broke")
            if "--expired" in arguments:
                there.run.segment.graph.kernel.actor("risk").state.clusters = None
            given = [each for each in arguments if each not in {"--halt", "--expired"}]
            return await asyncio.to_thread(verb, "--data-dir", str(tmp_path), *given)

    assert asyncio.run(asked()).exit_code == 0
    ready, profiles = asyncio.run(asked()).stdout.splitlines()
    assert ready.startswith("ready: yes")
    assert profiles == "profiles: those of the configuration"
    assert "no map of clusters holds" in asyncio.run(asked("--expired")).stdout
    document = json.loads(asyncio.run(asked("--json", "--probe", "may-trade")).stdout)
    assert (document["ok"], document["probe"]) == (True, "may-trade")
    assert (document["profiles"]["version"], document["profiles"]["waiting"]) == (0, None)
    halted = asyncio.run(asked("--halt"))
    assert halted.exit_code == ExitCode.HALTED
    assert "risk at input 2: broke" in halted.stderr
    assert asyncio.run(asked("--halt", "--probe", "live")).exit_code == 0


def test_the_health_verb_says_so_when_nothing_or_a_stranger_answers(tmp_path: Path) -> None:
    nothing = verb("--data-dir", str(tmp_path))
    assert nothing.exit_code == ExitCode.ENVIRONMENT
    assert "ballast run" in nothing.stderr
    write_place(tmp_path, Place("127.0.0.1", 1, 1))
    gone = verb("--data-dir", str(tmp_path))
    assert gone.exit_code == ExitCode.ENVIRONMENT
    assert "Nothing answers at http://127.0.0.1:1 (connection refused)." in gone.stderr

    async def stranger() -> Result:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await asyncio.to_thread(verb, "--port", str(port))

    strange = asyncio.run(stranger())
    assert strange.exit_code == ExitCode.ENVIRONMENT
    assert "is not Ballast" in strange.stderr
