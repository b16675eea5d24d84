"""Why it did (not) trade, of a real account in PostgreSQL: what is told is what was recorded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.messages.decision import Action, Reason
from actors.money import run_exact
from adapters.postgres.statements import statement
from service.books.instants import EVER
from service.cli.why_screen import lines
from service.failures import ExitCode, UserError
from service.settings import JournalSettings, Settings
from service.why.answer import Question, Why
from service.why.opening import rows_of
from tests.postgres_server import KINDS, Server, running_server
from tests.traded_account import rows, silent, traded_on

DECISIONS = """
SELECT v.seq, v.at, m.symbol, v.action[m.place + 1] AS action, v.reason[m.place + 1] AS reason,
    v.cost[m.place + 1] AS cost, v.edge[m.place + 1] AS edge
FROM ballast.verdict_slice v JOIN ballast.universe_member m USING (account_id, run_id)
"""


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture
def traded(server: Server) -> str:
    return traded_on(server)


def asked(server: Server, database: str, question: Question, account: str = "paper") -> Why:
    """One question, as the reader of the database."""
    dsn = server.dsn(database, server.administrator)

    async def work() -> Why:
        settings = Settings(journal=JournalSettings(dsn=dsn))
        async with rows_of(settings, account) as store:
            return await store.answer(question, silent)

    return run_exact(lambda: asyncio.run(work()))


def first_of(server: Server, database: str, reason: Reason) -> Any:
    query = (
        f"SELECT * FROM ({DECISIONS}) d WHERE reason = {int(reason)} ORDER BY seq, symbol LIMIT 1"
    )
    return rows(server, database, query)[0]


def screen(found: Why, asked_at: int | None = None) -> str:
    return "\n".join(lines(found, asked_at))


REASONS = (
    Reason.NOT_WARM, Reason.PROBABILITY_TOO_LOW, Reason.EDGE_BELOW_COST, Reason.EDGE_ABOVE_COST,
    Reason.THESIS_HOLDS, Reason.EDGE_FADED, Reason.THESIS_BROKEN,
)  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_the_first_rung_that_holds_is_the_recorded_reason(
    server: Server, traded: str, reason: Reason
) -> None:
    """The ladder comes from repeating the step, the reason from the row: they must agree."""
    row = first_of(server, traded, reason)
    found = asked(server, traded, Question(row["symbol"].lower(), row["at"] + 1))
    assert (found.seq, found.at, found.symbol) == (row["seq"], row["at"], row["symbol"])
    assert (found.reason, found.action) == (
        reason.name.lower(),
        Action(row["action"]).name.lower(),
    )
    assert found.unrepeated == ""
    decided = [each for each in found.ladder if each.decided]
    assert [each.reason for each in decided] == [found.reason]
    assert (found.value, found.threshold) == (decided[0].value, decided[0].threshold)
    place = found.ladder.index(decided[0])
    assert not any(each.holds for each in found.ladder[:place])
    assert all(each.reached for each in found.ladder[: place + 1])
    assert not any(each.reached for each in found.ladder[place + 1 :])
    text = screen(found, row["at"] + 1)
    assert found.sentence in text.splitlines()[1]
    assert "at that time" in text


def test_the_parts_of_the_cost_add_up_to_the_recorded_cost(server: Server, traded: str) -> None:
    row = first_of(server, traded, Reason.EDGE_BELOW_COST)
    found = asked(server, traded, Question(row["symbol"], row["at"] + 1))
    costs = found.costs
    assert costs.fees is not None
    assert costs.spread is not None
    assert costs.fees + costs.spread + costs.slippage == costs.cost == row["cost"]
    assert costs.edge == row["edge"]
    assert found.marks is not None
    assert found.marks.spread == costs.spread
    assert found.prediction is not None
    assert found.prediction.expected_move == row["cost"] + row["edge"]


def test_a_purchase_is_followed_to_its_fills(server: Server, traded: str) -> None:
    row = rows(server, traded, "SELECT seq, symbol, at, quantity FROM ballast.risk_verdict "
               "WHERE side = 'buy' ORDER BY seq, ordinal LIMIT 1")[0]  # fmt: skip
    found = asked(server, traded, Question(row["symbol"], row["at"] + 1))
    became = found.became
    assert [each.quantity for each in became.approvals] == [row["quantity"]]
    assert [each.intent_no for each in became.orders] == [became.approvals[0].intent_no]
    assert sum(each.quantity for each in became.fills) == became.orders[0].filled
    text = screen(found)
    assert text.splitlines()[1].startswith("BUY: worth its cost")
    assert f"order {became.orders[0].cl_ord_id[:16]}: {became.orders[0].state}" in text
    assert "fill at " in text
    assert "the newest; its times are those of the feed" in text


def test_a_refusal_is_told_in_words_where_the_decision_was(server: Server, traded: str) -> None:
    """The same account, with a refusal of that step beside its approval."""
    database = asyncio.run(server.copy_of(traded))
    row = rows(server, database, "SELECT seq, symbol, at FROM ballast.risk_verdict "
               "WHERE side = 'buy' ORDER BY seq, ordinal LIMIT 1")[0]  # fmt: skip
    asyncio.run(
        server.tamper(
            database,
            "INSERT INTO ballast.refusal (account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, "
            "intent_no, symbol, side, reason, value, threshold, gate) SELECT account_id, run_id, "
            "mode, hour_ts_utc, seq, 9999, at, intent_no, symbol, side, 'max_positions', '11', "
            f"'10', 'risk' FROM ballast.risk_verdict WHERE seq = {row['seq']} "
            f"AND symbol = '{row['symbol']}'",
        )
    )
    text = screen(asked(server, database, Question(row["symbol"], row["at"] + 1)))
    assert "refused by risk: too many positions: 11, at most 10" in text


def test_the_counts_are_those_of_the_day_up_to_the_decision(server: Server, traded: str) -> None:
    found = asked(server, traded, Question("BTC/USD"))
    day = (
        f"SELECT reason, count(*) FROM ({DECISIONS}) d WHERE symbol = 'BTC/USD' "
        f"AND at > {found.history.from_at} AND seq <= {found.seq} GROUP BY 1"
    )
    counted: dict[str, int] = {}
    for each in found.history.rungs:
        counted[each.reason] = counted.get(each.reason, 0) + each.evaluations
    assert counted == {Reason(r[0]).name.lower(): r[1] for r in rows(server, traded, day)}
    changed = f"SELECT max(at) FROM ({DECISIONS}) d WHERE symbol = 'BTC/USD' AND seq < {found.seq} "
    other = rows(server, traded, f"{changed} AND reason <> {int(Reason[found.reason.upper()])}")
    assert found.history.since > (other[0][0] or 0) or not found.history.changed


def test_a_run_of_other_code_is_told_by_its_rows_alone(
    server: Server, traded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = first_of(server, traded, Reason.PROBABILITY_TOO_LOW)
    monkeypatch.setattr("service.why.moment.code_fingerprint", lambda: "f" * 64)
    found = asked(server, traded, Question(row["symbol"], row["at"] + 1))
    assert (found.ladder, found.marks, found.costs.fees) == ((), None, None)
    assert found.unrepeated.endswith("this is ffffffffffff")
    assert found.value.endswith(" %")
    assert found.threshold == "56 %"
    assert found.standing.closed_at_hour is not None
    text = screen(found)
    assert "market      unknown: the run was made by code" in text
    assert "fees unknown + spread unknown" in text
    held = first_of(server, traded, Reason.NOT_WARM)
    untold = asked(server, traded, Question(held["symbol"], held["at"] + 1))
    assert (untold.sentence, untold.value) == ("not warm yet", "")


def test_a_damaged_journal_is_not_explained_from(server: Server, traded: str) -> None:
    database = asyncio.run(server.copy_of(traded))
    row = first_of(server, database, Reason.EDGE_BELOW_COST)
    asyncio.run(
        server.tamper(
            database,
            "SET session_replication_role = replica; "
            "ALTER TABLE ballast.verdict_slice DISABLE TRIGGER ALL; "
            "UPDATE ballast.verdict_slice SET reason[1] = 10, reason[2] = 10, action[1] = 0 "
            f"WHERE seq = {row['seq']}",
        )
    )
    found = asked(server, database, Question(row["symbol"], row["at"] + 1))
    assert found.ladder == ()
    assert found.unrepeated == "the recorded verdicts are not those that the step leads to"


def test_without_a_snapshot_between_start_and_decision_the_ladder_is_not_told(
    server: Server, traded: str
) -> None:
    """The second run goes on from a state that nobody can restore any more."""
    database = asyncio.run(server.copy_of(traded))
    asyncio.run(
        server.tamper(
            database,
            "SET session_replication_role = replica; "
            "ALTER TABLE ballast.snapshot DISABLE TRIGGER ALL; DELETE FROM ballast.snapshot",
        )
    )
    found = asked(server, database, Question("BTC/USD"))
    assert found.unrepeated == "no snapshot lies between the run's start and that moment"
    assert found.reason
    assert "ladder: not repeated, no snapshot" in screen(found)


def test_an_order_that_was_never_sent_says_why(server: Server, traded: str) -> None:
    database = asyncio.run(server.copy_of(traded))
    row = rows(server, database, "SELECT seq, symbol, at, intent_no FROM ballast.risk_verdict "
               "WHERE side = 'buy' ORDER BY seq, ordinal LIMIT 1")[0]  # fmt: skip
    asleep = "; ".join(
        f"ALTER TABLE ballast.{table} DISABLE TRIGGER ALL"
        for table in ("order_request", "order_event", "fill")
    )
    asyncio.run(
        server.tamper(
            database,
            f"SET session_replication_role = replica; {asleep}; "
            f"DELETE FROM ballast.order_request WHERE intent_no = {row['intent_no']}; "
            "UPDATE ballast.order_event SET state = 'not_sent', filled = 0, reason = 'too old' "
            f"WHERE intent_no = {row['intent_no']}",
        )
    )
    text = screen(asked(server, database, Question(row["symbol"], row["at"] + 1)))
    assert ": not_sent (too old) at " in text


def test_what_cannot_be_answered_says_what_to_do(server: Server, traded: str) -> None:
    cases = (
        (Question("BTC/UDS"), "paper", "does not trade BTC/UDS", "Did you mean BTC/USD?"),
        (Question("BTC/USD", 1), "paper", "before 1970-01-01", "The first decision was at"),
        (Question("BTC/USD", EVER), "nobody", "Nothing was decided for the account nobody",
         "ballast run"),
    )  # fmt: skip
    for question, account, sentence, remedy in cases:
        with pytest.raises(UserError, match=sentence) as caught:
            asked(server, traded, question, account)
        assert caught.value.code is ExitCode.MISSING
        assert remedy in caught.value.remedy


def test_every_question_asks_of_one_account() -> None:
    for name in ("evaluation", "refusals", "orders", "unsent", "fills", "rungs", "since"):
        assert "account_id = $1" in statement(f"why_{name}"), name
