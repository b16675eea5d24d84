"""How the books are shown: aligned tables, every digit of every amount, plain documents for --json.

A pipe gets whole lines, however wide; a terminal folds them. Texts of others cannot move the
cursor.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from actors.messages.ledger import CurrencyView
from service.books.inquiry import Lots, ProfitAnswer, carried_rest
from service.books.instants import lasting, shown
from service.books.profit import Profit
from service.books.results import Result
from service.books.rows import AccountBalance, Posting
from service.books.statement import Statement
from service.books.suspense import suspense_hints
from service.books.wording import exact, printable

Cell = str | int | Decimal
UNEXPLAINED: Final = "a trade that no order explains"
_WIDTH_MAX: Final = 10_000


def plain(value: Any) -> Any:
    """A structure as plain values, with whether it holds; amounts are text with every digit."""
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, msgspec.Struct):
        names = (*value.__struct_fields__, *(["holds"] if hasattr(value, "holds") else []))
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {f"{key}": plain(each) for key, each in value.items()}
    return value


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A table; a column named in capitals holds amounts or counts and stands to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        right = column.isupper()
        table.add_column(
            column.lower(), justify="right" if right else "left", overflow="fold", no_wrap=False
        )
    for row in rows:
        table.add_row(*(_cell(each) for each in row))
    if not table.row_count:
        table.add_row("none")
    console = _console()
    if sys.stdout.isatty():
        console.print(table)
        return
    console.width = _WIDTH_MAX
    console.width = max(1, console.measure(table).maximum)
    with console.capture() as written:
        console.print(table)
    print("\n".join(line.rstrip() for line in written.get().splitlines()))


def _console() -> Console:
    return Console(markup=False, highlight=False, emoji=False)


def _cell(value: Cell) -> str:
    if isinstance(value, Decimal):
        return exact(value)
    return printable(value) if isinstance(value, str) else f"{value:,}"


def show_balances(balances: Sequence[AccountBalance]) -> None:
    """Accounts, then what each asset comes to."""
    show_table(
        ("account", "asset", "BALANCE", "POSTINGS"),
        [
            (each.ledger_account.partition(":")[0], each.asset, each.balance, each.postings)
            for each in balances
        ],
    )
    rests = carried_rest(balances)
    print()
    show_table(("asset", "SUM"), sorted(rests.items()))
    hints = suspense_hints(balances)
    if hints:
        print("\n" + "\n".join(hints))


def show_postings(postings: Sequence[Posting]) -> None:
    """One line a side."""
    show_table(
        ("at", "NO", "account", "asset", "CHANGE", "BALANCE", "other side", "source", "cause"),
        [
            (
                shown(each.at),
                each.transfer_no,
                each.ledger_account.partition(":")[0],
                each.asset,
                each.change,
                each.balance,
                each.counterpart.partition(":")[0],
                each.source,
                each.cause,
            )
            for each in postings
        ],
    )


def show_lots(found: Lots) -> None:
    """Lots, then what lots and postings say of each asset."""
    show_table(
        ("symbol", "QUANTITY", "UNIT COST", "COST", "bought", "order", "execution"),
        [
            (
                each.symbol,
                each.quantity,
                each.unit_cost.normalize(),
                each.cost,
                shown(each.bought_at),
                UNEXPLAINED if each.unexplained else each.cl_ord_id or "deposit in kind",
                each.exec_id,
            )
            for each in found.lots
        ],
    )
    print()
    show_table(
        ("asset", "BY LOTS", "BY POSTINGS", "agree"),
        [
            (each.asset, each.lots, each.postings, "yes" if each.holds else "NO")
            for each in found.holdings
        ],
    )


def show_trades(results: Sequence[Result]) -> None:
    """One line a sale."""
    show_table(
        ("sold", "symbol", "QUANTITY", "PROCEEDS", "COST", "FEE", "REALISED", "held", "order"),
        [
            (
                shown(each.at),
                each.symbol,
                each.quantity,
                each.proceeds,
                each.cost,
                each.fee,
                each.realised,
                lasting(each.at - each.held_since),
                UNEXPLAINED if each.unexplained else each.cl_ord_id,
            )
            for each in results
        ],
    )


def show_profit(found: ProfitAnswer, by: str) -> None:
    """Groups and their total, then the unrealised, then what ties and what does not."""
    show_table(
        (by, "SALES", "PRICE", "FEE", "SLIPPAGE", "REWARDS", "DUST", "ADJUSTED", "REALISED"),
        [_profit(each) for each in (*found.groups, *_totals(found))],
    )
    if found.unexplained:
        print(f"{found.unexplained:,} of these are of trades that no order explains")
    print()
    if found.hour is None:
        print("No full hour was recorded yet, so nothing is known of the unrealised.")
        return
    print(f"unrealised at {shown(found.hour.at)}, the newest full hour")
    positions = found.hour.state.positions
    show_table(
        ("symbol", "QUANTITY", "COST", "VALUE", "UNREALISED"),
        [
            *((e.symbol, e.quantity, e.cost, e.value, e.value - e.cost) for e in positions),
            ("total", "", "", "", found.hour.state.unrealised),
        ],
    )
    print()
    show_currencies(found.hour.state.currencies)
    differing = [each for each in found.ties if not each.holds]
    print(f"{len(found.ties) - len(differing)} of {len(found.ties)} figures of that hour tie")
    if differing:
        show_table(
            ("figure", "TOLD", "COMPUTED"),
            [(each.figure, each.told, each.computed) for each in differing],
        )


def show_currencies(currencies: tuple[CurrencyView, ...]) -> None:
    """What each other currency is worth, and gained by its rate alone; nothing where there is none.

    Worth, paid in and gain are in reporting currency.
    """
    if not currencies:
        return
    show_table(
        ("currency", "HOLDINGS", "RATE", "OF", "WORTH", "PAID IN", "GAIN BY RATE"),
        [
            (
                each.currency,
                each.holdings,
                each.least if each.rate_ts else "none",
                shown(each.rate_ts) if each.rate_ts else "",
                each.worth,
                each.paid_in,
                each.gain,
            )
            for each in currencies
        ],
    )
    print()


def _totals(found: ProfitAnswer) -> tuple[Profit, ...]:
    return found.totals if found.total is None else (found.total,)


def _profit(each: Profit) -> tuple[Cell, ...]:
    apart = (each.rewards, each.dust, each.adjustments)
    return each.key, each.sales, each.price, each.fee, each.slippage, *apart, each.realised


def show_statement(found: Statement) -> None:
    """Balances around the day by account, and what happened in between."""
    print(f"{found.day} UTC")
    show_table(
        ("account", "asset", "OPENING", "CAME", "WENT", "CLOSING"),
        [
            (
                each.ledger_account.partition(":")[0],
                each.asset,
                each.opening,
                each.came,
                each.went,
                each.closing,
            )
            for each in found.accounts
        ],
    )
    print()
    if not found.movements:
        print("Nothing moved on this day.")
        return
    show_table(
        ("at", "what happened"), [(shown(each.at), each.sentence) for each in found.movements]
    )
