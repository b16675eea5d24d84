"""How `ballast why` is shown: one screen of plain lines, the deciding rung first.

What is not known is said to be unknown; nothing is worked out here but the width of a bar.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import click

from actors.instant import DAY_NS
from actors.messages.decision import Action, Reason
from actors.messages.risk import TradingState
from actors.risk.clusters import UNKNOWN as UNKNOWN_CLUSTER
from service.books.instants import shown
from service.books.wording import exact, printable
from service.why.answer import Why
from service.why.ladder import Gate
from service.why.sentences import ACTIONS, REASONS, refusal_sentence
from service.why.units import UNKNOWN, basis_points, lasting, number, percent, whole

_BAR: Final = 24
_RECORDED: Final = ("seeded", "candles", "trades")
_LABEL: Final = 12
_MEMBERS_TOLD: Final = 5


def show_why(found: Why, asked: int | None) -> None:
    """Everything, line by line; `asked` is the instant that was named, None: now."""
    for line in lines(found, asked):
        click.echo(line)


def lines(found: Why, asked: int | None) -> Iterator[str]:
    """The screen."""
    action = ACTIONS[Action[found.action.upper()]]
    yield f"{found.symbol}  {shown(found.at)} UTC  {found.mode}  run {found.run_id}"
    yield f"{action.upper()}: {found.sentence}"
    yield ""
    yield from _facts(found, asked)
    yield ""
    yield from _ladder(found)
    yield "became"
    yield from (f"  {line}" for line in _became(found))
    yield from _history(found)


def _facts(found: Why, asked: int | None) -> Iterator[str]:
    yield _line("decided", f"input {found.seq:,}, {_age(found, asked)}")
    yield _line("model", _model(found))
    yield _line("costs", _costs(found))
    yield _line("size", _size(found))
    yield _line("cluster", _cluster(found))
    yield _line("market", _market(found))
    yield _line("account", _account(found))
    hashes = ", ".join(f"{kind} {each[:12]}" for kind, each in found.profiles.items())
    yield _line("profile", f"{hashes or UNKNOWN}; {_values(found)}")


def _age(found: Why, asked: int | None) -> str:
    if asked is not None:
        age = max(0, asked - 1 - found.at)  # `asked` is the first instant that is too late
        return f"{lasting(age)} before the time that was asked for" if age else "at that time"
    if found.feed.startswith(_RECORDED):
        return f"the newest; its times are those of the feed, {found.feed[:24]}"
    return f"the newest, {lasting(max(0, time.time_ns() - found.at))} ago"


def _model(found: Why) -> str:
    told = found.prediction
    if told is None:
        return "no prediction is recorded for it"
    spread = "" if told.uncertainty is None else f" +- {percent(told.uncertainty)}"
    sample = ", in sample" if told.in_sample else ""
    regime = f", regime {told.regime}" if told.regime else ""
    return (
        f"P(up) {_percent(told.p_up)}{spread}, expected move {_bps(told.expected_move)}{regime};"
        f" bundle {told.bundle_id[:12]}, {lasting(told.age_ns)} old{sample}"
    )


def _costs(found: Why) -> str:
    costs = found.costs
    parts = f"fees {_bps(costs.fees)} + spread {_bps(costs.spread)} + slippage"
    return (
        f"{parts} {_bps(costs.slippage)} = {_bps(costs.cost)};"
        f" edge {_bps(costs.edge)}, an entry needs {_bps(costs.edge_margin)}"
    )


def _size(found: Why) -> str:
    size = found.size
    if size is None:
        return f"{UNKNOWN}: {found.unrepeated or 'no volatility or no odds of late'}"
    product = (
        f"base {size.base} x scale {_times(size.scale)} x confidence {_times(size.confidence)}"
    )
    moved = f"{percent(size.volatility)} a day, aimed at {percent(size.volatility_target)}"
    clip = f"; sized by {size.clip}, {size.room} {size.quote}" if size.clip else ""
    return f"{product} = {size.risk} {size.quote} at most; moved {moved}{clip}"


def _cluster(found: Why) -> str:
    told = found.cluster
    if told is None:
        return f"{UNKNOWN}: {found.unrepeated}"
    if told.as_of is None or told.valid_until is None:
        return f"no map of clusters held: all {len(told.members)} symbols count as one risk"
    others = [each for each in told.members if each != found.symbol]
    named = ", ".join(others[:_MEMBERS_TOLD]) or "no other"
    more = f" and {len(others) - _MEMBERS_TOLD} more" if len(others) > _MEMBERS_TOLD else ""
    beside = "in any, by too little history, like" if told.name == UNKNOWN_CLUSTER else "with"
    span = f"as of {shown(told.as_of)}, until {shown(told.valid_until)}"
    return f"{told.name}: {beside} {named}{more}; map {told.version[:12]} {span}"


def _times(micros: int) -> str:
    return exact(Decimal(micros).scaleb(-6).normalize())


def _market(found: Why) -> str:
    seen = found.marks
    if seen is None:
        return f"{UNKNOWN}: {found.unrepeated}"
    quote = found.symbol.partition("/")[2]
    age = UNKNOWN if seen.age_seconds is None else f"{number(seen.age_seconds)} s"
    flags = ", ".join(each.replace("_", " ") for each in seen.flags) or "sound"
    return (
        f"bid {_mark(seen.bid)}, ask {_mark(seen.ask)}, spread {_bps(seen.spread)},"
        f" depth {UNKNOWN if seen.depth is None else whole(seen.depth)} {quote}, {age} old, {flags}"
    )


def _account(found: Why) -> str:
    account = found.standing
    told = account.standing
    state = "trading state not recorded"
    if told is not None:
        why = "" if told.state == TradingState.ACTIVE else f" ({printable(told.reason)})"
        state = f"{told.state} since {shown(told.at)}{why}"
    if account.drawdown is not None and account.halt_at is not None:
        state += f", drawdown {percent(account.drawdown)} of {percent(account.halt_at)}"
    closed = account.closed
    if closed is None:
        return f"{state}; whether entries were open is not recorded"
    when = "" if account.closed_at_hour is None else f" at {shown(account.closed_at_hour)}"
    name = closed.replace("_", " ")
    return f"{state}; {f'every entry closed{when}: {name}' if closed else f'entries open{when}'}"


def _values(found: Why) -> str:
    profile = found.strategy
    return (
        f"enter from P(up) {percent(profile.entry_p_up_micros)}, spread at most"
        f" {basis_points(profile.spread_max_micros)}, depth from {profile.depth_min_quote:,}"
    )


def _ladder(found: Why) -> Iterator[str]:
    if not found.ladder:
        yield f"ladder: not repeated, {found.unrepeated}"
        return
    yield "ladder"
    for gate in found.ladder:
        title = REASONS[Reason[gate.reason.upper()]].title
        yield f"  {_mark_of(gate):<11} {title:<20} {gate.value}  [{gate.threshold}]"


def _mark_of(gate: Gate) -> str:
    if gate.decided:
        return "> DECIDED"
    if gate.reached:
        return "passed"
    return "also holds" if gate.holds else "not reached"


def _became(found: Why) -> Iterator[str]:
    told = found.became
    for each in told.refusals:
        sentence = refusal_sentence(each.reason, each.value, each.threshold, found.symbol)
        yield f"{each.side} intent {each.intent_no} refused by {each.gate}: {sentence}"
    for approval in told.approvals:
        size = f"{exact(approval.quantity)} at {exact(approval.limit_price)}"
        yield f"{approval.side} intent {approval.intent_no} approved: {size}"
    for order in told.orders:
        reason = f" ({printable(order.reason)})" if order.reason else ""
        yield (
            f"order {order.cl_ord_id[:16]}: {order.state}{reason} at {shown(order.state_at)},"
            f" filled {exact(order.filled)} of {exact(order.quantity)}"
        )
    for fill in told.fills:
        price = f"{exact(fill.quantity)} at {exact(fill.price)}"
        fee = f"fee {exact(fill.fee)} {printable(fill.fee_asset)}"
        yield f"fill at {shown(fill.at)}: {price}, {fee}, {fill.liquidity}"
    for lost in told.rows_refused:
        yield f"the database refused a row of {lost.table_name}: {lost.constraint_name}"
    if not (told.refusals or told.approvals or told.orders):
        yield "nothing was asked of risk"


def _history(found: Why) -> Iterator[str]:
    history = found.history
    since = f"since {shown(history.since)}" if history.changed else "all that time, or longer"
    total = sum(each.evaluations for each in history.rungs)
    whole_day = found.at - history.from_at >= DAY_NS
    span = "the day before" if whole_day else f"since {shown(history.from_at)}"
    yield f"{span}: this reason decides {since}; {total:,} decisions"
    for each in history.rungs:
        width = -(-each.evaluations * _BAR // total)  # not money: characters
        name = (
            f"{ACTIONS[Action[each.action.upper()]]}: {REASONS[Reason[each.reason.upper()]].title}"
        )
        yield f"  {each.evaluations:>7,}  {'#' * width:<{_BAR}}  {name}"


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{text}"


def _percent(micros: int | None) -> str:
    return UNKNOWN if micros is None else percent(micros)


def _bps(micros: int | None) -> str:
    return UNKNOWN if micros is None else basis_points(micros)


def _mark(value: float | None) -> str:
    return UNKNOWN if value is None else number(value)
