"""Why a symbol was (not) traded: one structure, put together from rows and the repeated step.

Figures are those that were recorded or that the repeated step had; a figure that neither holds is
left out, and `unrepeated` says why.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import msgspec
import numpy as np

from actors.instant import SECOND_NS
from actors.messages.control import RunStarted
from actors.messages.decision import Action, Reason
from actors.messages.prediction import MISSING, OWN_COLUMNS
from actors.ports import Journal, RunRow
from actors.risk.clusters import NO_VERSION
from actors.strategy.profile import StrategyProfile
from models.features.regimes import Regime
from service.books.instants import EVER, shown
from service.books.wording import exact
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.settings import DecisionSettings, decode_decision_settings
from service.why.ladder import Gate, Marks, Seen, figures, gates, marks, seen_of
from service.why.moment import Progress, UnrepeatableError, moment_of
from service.why.records import Became, DecisionRecords, Evaluation, Hour, Predicted, Standing
from service.why.repeated import RepeatedRecords
from service.why.sentences import reason_sentence
from service.why.units import basis_points, percent

_UNIVERSE_TOLD = 8


class Question(msgspec.Struct, frozen=True):
    """A symbol, and before which instant."""

    symbol: str
    before: int = EVER


class Prediction(msgspec.Struct, frozen=True):
    """What the model said, in millionths; `age_ns` when the strategy decided."""

    closed_at: int
    age_ns: int
    bundle_id: str
    in_sample: bool | None
    p_up: int | None
    expected_move: int | None
    uncertainty: int | None
    regime: str


class Costs(msgspec.Struct, frozen=True):
    """What a round trip costs against what it should bring, in millionths; None: not known."""

    fees: int | None
    spread: int | None
    slippage: int
    cost: int | None
    edge: int | None
    edge_margin: int


class Size(msgspec.Struct, frozen=True):
    """How large risk lets a position be: base x scale x confidence, in `quote`; ratios in
    millionths, the volatility that of a day, realised and aimed at. `clip` is the limit that an
    approved entry was sized by, and `room` what it left; empty: nothing was approved.
    """

    quote: str
    base: str
    volatility: int
    volatility_target: int
    scale: int
    confidence: int
    risk: str
    clip: str
    room: str


class Cluster(msgspec.Struct, frozen=True):
    """The symbols that count as one risk with it, itself among them: `all` where no map held,
    `unknown` where it may belong to any. `as_of` and `valid_until` (ns UTC) are None without a map.
    """

    name: str
    members: tuple[str, ...]
    version: str
    as_of: int | None
    valid_until: int | None


class Account(msgspec.Struct, frozen=True):
    """What stood in the way of every entry. `closed` is the refusal that all would have met: at
    that moment, or (`closed_at_hour`) when the last hour before it was full; None: not known.
    """

    standing: Standing | None
    closed: str | None
    closed_at_hour: int | None
    drawdown: int | None
    halt_at: int | None


class Counted(msgspec.Struct, frozen=True):
    """How often a reason decided, and what for."""

    action: str
    reason: str
    evaluations: int


class History(msgspec.Struct, frozen=True):
    """Since when the reason decides; `changed` is False when no other did in the whole day."""

    since: int
    changed: bool
    from_at: int
    rungs: tuple[Counted, ...]


class Why(msgspec.Struct, frozen=True):
    """The whole answer. `sentence` says why, `ladder` is empty when the step was not repeated."""

    account: str
    run_id: str
    mode: str
    feed: str
    symbol: str
    at: int
    seq: int
    action: str
    reason: str
    sentence: str
    value: str
    threshold: str
    prediction: Prediction | None
    costs: Costs
    size: Size | None
    cluster: Cluster | None
    marks: Marks | None
    ladder: tuple[Gate, ...]
    unrepeated: str
    profiles: Mapping[str, str]
    strategy: StrategyProfile
    standing: Account
    became: Became
    history: History


class DecisionStore:
    """One account's rows and journal on one state of the database."""

    def __init__(self, records: DecisionRecords | RepeatedRecords, journal: Journal) -> None:
        self.records = records
        self.journal = journal

    async def answer(self, question: Question, progress: Progress) -> Why:
        """Raises UserError(MISSING) for a symbol of another run, or when nothing was decided."""
        records = self.records
        found = await records.evaluation(question.before)
        if found is None:
            raise nothing_decided(records.account, question, await records.first_at())
        run = await self._run(found)
        started = await run_started(self.journal, run)
        index = _index_of(question.symbol, started)
        symbol, decision = started.symbols[index], decode_decision_settings(started.settings)
        seen, unrepeated = await self._seen(found, run, started, index=index, progress=progress)
        reason = Reason(found.reason[index])
        value, threshold = _figures(reason, found, index, decision=decision, seen=seen)
        since, changed = await records.since(found, symbol, int(reason))
        return Why(
            account=records.account,
            run_id=found.run_id,
            mode=found.mode,
            feed=started.feed,
            symbol=symbol,
            at=found.at,
            seq=found.seq,
            action=_name(Action(found.action[index])),
            reason=_name(reason),
            sentence=reason_sentence(reason, value, threshold),
            value=value,
            threshold=threshold,
            prediction=await self._prediction(found, index, seen),
            costs=_costs(found, index, decision=decision, seen=seen),
            size=None if seen is None else _size(seen, decision),
            cluster=None if seen is None else _cluster(seen),
            marks=None if seen is None else marks(seen),
            ladder=() if seen is None else gates(seen),
            unrepeated=unrepeated,
            profiles=await records.profiles(found.run_id, found.seq),
            strategy=decision.strategy,
            standing=await self._standing(found, seen),
            became=await records.became(found, symbol),
            history=History(
                since,
                changed,
                records.from_at(found),
                tuple(
                    Counted(_name(Action(e.action)), _name(Reason(e.reason)), e.evaluations)
                    for e in await records.rungs(found, symbol)
                ),
            ),
        )

    async def _run(self, found: Evaluation) -> RunRow:
        for row in await self.journal.runs():
            if row.run_id == found.run_id:
                return row
        raise UserError(
            ExitCode.UNSOUND,
            f"The run {found.run_id} has verdicts, but is not in the journal.",
            "Run `ballast db validate` for what else is missing.",
        )

    async def _seen(
        self,
        found: Evaluation,
        run: RunRow,
        started: RunStarted,
        *,
        index: int,
        progress: Progress,
    ) -> tuple[Seen | None, str]:
        columns = (
            found.action, found.reason, found.p_up, found.expected_move, found.cost, found.edge,
        )  # fmt: skip
        rows = np.array(columns, dtype=np.int32).T
        try:
            moment = await moment_of(
                self.journal, run, started, seq=found.seq, rows=rows, progress=progress
            )
        except UnrepeatableError as error:
            return None, f"{error}"
        decision = decode_decision_settings(started.settings)
        return seen_of(moment, index, decision.market.stale_after_seconds * SECOND_NS), ""

    async def _prediction(
        self, found: Evaluation, index: int, seen: Seen | None
    ) -> Prediction | None:
        """As it is recorded; what only warmed up has no row, and is told by the repeated step."""
        told: Predicted | None = await self.records.prediction(found)
        if told is not None:
            said: tuple[int, ...] = (
                told.p_up[index],
                told.expected_move[index],
                told.uncertainty[index],
            )
            bundle = told.bundle_id
        elif seen is not None and seen.moment.state.bundle_id:
            said, bundle = seen.said[:OWN_COLUMNS], seen.moment.state.bundle_id
        else:
            return None
        regime = await self.records.regime(found.prediction_ts, found.seq, index)
        p_up, move, uncertainty = said
        return Prediction(
            closed_at=found.prediction_ts,
            age_ns=found.at - found.prediction_ts,
            bundle_id=bundle,
            in_sample=None if told is None else told.in_sample,
            p_up=_known(p_up),
            expected_move=_known(move),
            uncertainty=_known(uncertainty),
            regime="" if regime is None or regime == MISSING else _name(Regime(regime)),
        )

    async def _standing(self, found: Evaluation, seen: Seen | None) -> Account:
        standing = await self.records.standing(found.seq)
        if seen is not None:
            moment = seen.moment
            return Account(standing, moment.closed, None, moment.drawdown, moment.halt_at)
        hour: Hour | None = await self.records.hour(found.seq)
        if hour is None:
            return Account(standing, None, None, None, None)
        return Account(standing, hour.closed, hour.hour_ts, hour.drawdown, hour.halt_at)


def nothing_decided(account: str, question: Question, first_at: int | None) -> UserError:
    if first_at is None:
        return UserError(
            ExitCode.MISSING,
            f"Nothing was decided for the account {account} here yet.",
            "Start one with `ballast run`, or name another by --account (`ballast runs` lists"
            " them).",
        )
    return UserError(
        ExitCode.MISSING,
        f"Nothing was decided for the account {account} before {shown(question.before)}.",
        f"The first decision was at {shown(first_at)}; name a later time by --at.",
    )


def _index_of(symbol: str, started: RunStarted) -> int:
    """The symbol's place in the run. Raises UserError(MISSING) that names the nearest."""
    wanted = symbol.upper()
    if wanted in started.symbols:
        return started.symbols.index(wanted)
    near = difflib.get_close_matches(wanted, started.symbols, n=1, cutoff=0.4)
    some = ", ".join(started.symbols[:_UNIVERSE_TOLD])
    more = len(started.symbols) - _UNIVERSE_TOLD
    told = f"Did you mean {near[0]}? " if near else ""
    raise UserError(
        ExitCode.MISSING,
        f"The run {started.run_id} does not trade {symbol}.",
        f"{told}It trades {some}{f' and {more} more' if more > 0 else ''}.",
    )


def _figures(
    reason: Reason, found: Evaluation, index: int, *, decision: DecisionSettings, seen: Seen | None
) -> tuple[str, str]:
    """Value and threshold of the deciding rung; empty where they are neither recorded nor seen."""
    profile = decision.strategy
    if seen is not None:
        return figures(reason, seen)
    if reason is Reason.PROBABILITY_TOO_LOW:
        return percent(found.p_up[index]), percent(profile.entry_p_up_micros)
    if reason in {Reason.EDGE_BELOW_COST, Reason.EDGE_ABOVE_COST}:
        return basis_points(found.edge[index]), basis_points(profile.edge_margin_micros)
    return "", ""


def _costs(
    found: Evaluation, index: int, *, decision: DecisionSettings, seen: Seen | None
) -> Costs:
    profile = decision.strategy
    fees = None if seen is None else seen.fixed_cost - profile.slippage_micros
    spread = None if seen is None else found.cost[index] - seen.fixed_cost
    return Costs(
        fees,
        spread,
        profile.slippage_micros,
        found.cost[index],
        _known(found.edge[index]),
        profile.edge_margin_micros,
    )


def _size(seen: Seen, decision: DecisionSettings) -> Size | None:
    """As risk stood at that step; None where it knew no volatility or no odds."""
    found = seen.moment.sizings[seen.index]
    if not found.scale:
        return None
    return Size(
        seen.quote,
        exact(found.base),
        found.volatility,
        decision.risk.volatility_target_micros,
        found.scale,
        found.confidence,
        exact(found.risk),
        found.clip,
        exact(found.room),
    )


def _cluster(seen: Seen) -> Cluster:
    """By the map that risk went by at that step."""
    clusters = seen.moment.clusters
    symbols = [each.symbol for each in seen.moment.config.instruments]
    name = clusters.of(symbols[seen.index])
    held = clusters.version != NO_VERSION
    return Cluster(
        name,
        tuple(sorted(each for each in symbols if clusters.of(each) == name)),
        clusters.version,
        clusters.as_of if held else None,
        clusters.valid_until if held else None,
    )


def _known(micros: int) -> int | None:
    return None if micros == MISSING else micros


def _name(member: Action | Reason | Regime) -> str:
    return member.name.lower()
