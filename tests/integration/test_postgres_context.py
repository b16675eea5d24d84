"""What a run was made of and who intervened: rows beside the inputs that said it.

On real servers.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from actors.messages.base import Message
from actors.messages.control import (
    LiveConfirmed,
    Reactivate,
    ReadingAsked,
    StopAsked,
    SwitchConsent,
)
from actors.messages.prediction import PredictionSlice
from actors.ports import RefusedRow
from adapters.postgres.context_rows import universe_hash
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER, WRITER
from tests.context_records import (
    BY_HAND,
    KILLED,
    MODEL,
    NOT_ACTIVATED,
    PREDICTION,
    RULES,
    STARTED,
    TRAINED_ON,
    causes,
    inserted,
)
from tests.journal_records import changed, rows_of
from tests.journal_samples import ACCOUNT, frame, run_row
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.asyncio


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return running_server(request.config, request.param)


@pytest_asyncio.fixture
async def database(server: Server) -> str:
    return await server.fresh_database()


@pytest_asyncio.fixture
async def journal(server: Server, database: str) -> AsyncIterator[PostgresJournal]:
    """The leader of a fresh database, with a run begun."""
    journal = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    yield journal
    await journal.close()


async def test_a_run_states_what_it_is_made_of(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    settings = '{"risk":{"cap":1},"strategy":{}}'
    started = changed(STARTED, symbols=("XBT/USD", "ETH/USD"), settings=settings, gapless=True)
    assert await journal.append(frame(1, 1), rows_of(started)) == ()
    (run,) = await server.ask(database, "SELECT * FROM ballast.run_context", READER)
    assert (run["code_fingerprint"], run["feed"], run["gapless"]) == ("code", "seeded:1", True)
    assert (run["settings"], run["universe_hash"]) == (settings, universe_hash(started.symbols))
    members = await server.ask(
        database, "SELECT place, symbol FROM ballast.universe_member ORDER BY place", READER
    )
    assert [tuple(row) for row in members] == [(0, "XBT/USD"), (1, "ETH/USD")]
    (rules,) = await server.ask(database, "SELECT * FROM ballast.instrument", READER)
    assert (rules["symbol"], rules["taker_fee"]) == ("XBT/USD", RULES.taker_fee)
    profiles = await server.ask(
        database,
        "SELECT kind, content, profile_hash FROM ballast.profile"
        " JOIN ballast.profile_assignment USING (account_id, run_id, kind, profile_hash)"
        " ORDER BY kind",
        READER,
    )
    assert [tuple(row)[:2] for row in profiles] == [("risk", '{"cap":1}'), ("strategy", "{}")]
    assert profiles[1][2] == hashlib.sha256(b"{}").hexdigest()


async def test_who_intervened_and_why_is_on_record(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    lifted = Reactivate("anna", "checked the venue", hole=False)
    allowed, taken_back = (SwitchConsent(given, "anna", "mine too") for given in (True, False))
    asked = ReadingAsked("bert", "a deposit is on its way")
    stopped = StopAsked("cancel_entries", "SIGTERM")
    accepted = LiveConfirmed("accept_risk", "anna", "version 1", "abc", 7)
    cut_short = LiveConfirmed("override_trial", "bert", "ran elsewhere", "", 8)
    said = rows_of(KILLED, lifted, allowed, taken_back, asked, stopped, accepted, cut_short)
    assert await journal.append(frame(1, 1), said) == ()
    found = await server.ask(
        database,
        "SELECT kind, actor, reason, kill_level, hole FROM ballast.operator_action"
        " ORDER BY ordinal",
        READER,
    )
    assert [tuple(row) for row in found] == [
        ("kill", "operator", "news", 2, False),
        ("reactivate", "anna", "checked the venue", None, False),
        ("consent", "anna", "mine too", None, False),
        ("consent_withdrawn", "anna", "mine too", None, False),
        ("reconcile", "bert", "a deposit is on its way", None, False),
        ("stop", "service", "SIGTERM: cancel_entries", None, False),
        ("accept_risk", "anna", "version 1 (abc)", None, False),
        ("override_trial", "bert", "ran elsewhere", None, False),
    ]


@pytest.mark.parametrize(("name", "table", "before", "values"), BY_HAND)
async def test_what_the_code_does_not_write_the_database_refuses(
    server: Server, database: str, name: str, table: str, before: str | None, values: str
) -> None:
    if before is not None:
        await server.run(database, inserted(table, before, 1))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=name):
        await server.ask(database, inserted(table, values, 2), WRITER)


async def test_a_model_is_stated_with_its_data_and_what_it_said(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    silent = changed(PREDICTION, bundle_id="")
    bodies = (STARTED, *causes(PREDICTION), PREDICTION, changed(PREDICTION, warm_up=True), silent)
    assert await journal.append(frame(1, 1), rows_of(*bodies)) == ()
    (model,) = await server.ask(database, "SELECT * FROM ballast.model_version", READER)
    told = (model["bundle_id"], model["trained_until"], model["embargo_ns"], model["gate"])
    assert told == ("bundle", 200, 10, "APPROVED")
    (window,) = await server.ask(database, "SELECT * FROM ballast.training_window", READER)
    assert (window["purpose"], window["begins"], window["ends"]) == ("fit", 100, 200)
    (said,) = await server.ask(database, "SELECT * FROM ballast.prediction_slice", READER)
    assert (said["ts"], said["bundle_id"], said["in_sample"]) == (210, "bundle", False)
    assert (said["p_up"], said["uncertainty"]) == ([600_000], [5])
    actions = await server.ask(database, "SELECT kind FROM ballast.operator_action", READER)
    assert actions == [], "nobody had to allow a made-up market"


async def test_a_run_states_the_data_that_it_read_and_its_model_was_trained_on(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    assert await journal.append(frame(1, 1), rows_of(STARTED)) == ()
    found = await server.ask(database, "SELECT * FROM ballast.dataset ORDER BY ordinal", READER)
    assert [(row["purpose"], row["name"], row["seed"], row["rows"]) for row in found] == [
        ("feed", "seed 1", 1, None),
        ("training", "XBTUSD_60.csv", None, 90),
    ]
    told = found[1]
    assert (told["first_ts"], told["last_ts"], told["gaps"], told["licence"]) == (
        TRAINED_ON.first_ts,
        TRAINED_ON.last_ts,
        21,
        "CC0",
    )


async def test_whoever_activated_a_model_is_on_record(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    model = changed(MODEL, marker="", gate="REFUSED", activation="PAPER_ONLY", reason="to learn")
    assert await journal.append(frame(1, 1), rows_of(changed(STARTED, model=model))) == ()
    (action,) = await server.ask(database, "SELECT * FROM ballast.operator_action", READER)
    assert (action["kind"], action["reason"]) == ("activate", "to learn")


@pytest.mark.parametrize(("name", "told"), NOT_ACTIVATED)
async def test_a_model_that_may_not_speak_is_not_activated_and_not_heard(
    server: Server, database: str, name: str, told: dict[str, str]
) -> None:
    journal = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    told = dict(told)
    mode, feed = told.pop("mode", "PAPER"), told.pop("feed", STARTED.feed)
    started = changed(STARTED, feed=feed, model=changed(MODEL, **told))
    try:
        await journal.open_epoch("test")
        await journal.begin_run(changed(run_row(), mode=mode))
        refused = await journal.append(
            frame(1, 2), (*rows_of(started), *rows_of(PREDICTION, seq=2))
        )
    finally:
        await journal.close()
    assert [(each.name, each.seq) for each in refused] == [
        (name, 1),
        ("prediction_slice_model_activated", 2),
    ]


NOT_ACTIVE = changed(STARTED, model=changed(MODEL, activation=""))
IN_SAMPLE = changed(PREDICTION, close_ts=209, in_sample=True)


@pytest.mark.parametrize(
    ("mode", "started", "said", "refused"),
    [
        ("PAPER", STARTED, changed(PREDICTION, bundle_id="other"), "model_known"),
        ("BACKTEST", STARTED, changed(PREDICTION, bundle_id="other"), "model_known"),
        ("PAPER", NOT_ACTIVE, PREDICTION, "model_activated"),
        ("LIVE", NOT_ACTIVE, PREDICTION, "model_activated"),
        ("BACKTEST", NOT_ACTIVE, PREDICTION, ""),
        ("BACKTEST", NOT_ACTIVE, changed(PREDICTION, in_sample=True), "sample_told"),
        ("BACKTEST", NOT_ACTIVE, IN_SAMPLE, ""),
        ("BACKTEST", NOT_ACTIVE, changed(IN_SAMPLE, in_sample=False), "sample_told"),
    ],
)
async def test_a_prediction_needs_a_model_a_permission_and_a_true_date(
    server: Server, database: str, mode: str, started: Message, said: PredictionSlice, refused: str
) -> None:
    """In sample is what lies before the end of the training, or within its embargo."""
    journal = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    try:
        await journal.open_epoch("test")
        await journal.begin_run(changed(run_row(), mode=mode))
        begun = rows_of(started, *causes(said))
        rows = (*begun, *rows_of(said, seq=2), *rows_of(KILLED, seq=3))
        found = await journal.append(frame(1, 3), rows)
    finally:
        await journal.close()
    name = f"prediction_slice_{refused}"
    assert found == ((RefusedRow(name, 2, "prediction_slice row 0"),) if refused else ())
    (kept,) = await server.ask(database, "SELECT count(*) FROM ballast.operator_action", READER)
    assert kept[0] == 1, "the row behind it is there"
