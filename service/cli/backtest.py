"""`ballast backtest FILE...`.

Recorded candles through the same graph, with a report and a proof.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from service.bundles import choose_bundle
from service.cli.options import common, no_file, settings_of
from service.cli.paper import own_account, run_plan
from service.cli.showing import finish, reading
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan
from service.feeds import candle_feed, refuse_coarse
from service.report.write import write_report
from service.run_index import RunIndex
from service.segment import fresh_run_id


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@common
@click.option("--symbol", default="", help="The symbol, when the file's name does not say it.")
@click.option(
    "--as-quote",
    default="",
    metavar="USD",
    help="Research: read USDT pairs as pairs of this currency (printed on the report).",
)
@click.option("--bundle", default="", help="A shipped bundle's name or a folder.")
@click.option(
    "--journal",
    type=click.Choice(["file", "memory", "postgres"]),
    help="Where inputs are made durable: files, nowhere, or the database.",
)
@click.option("--events", type=click.IntRange(min=1), help="Stop after so many inputs.")
@click.option("--headless", is_flag=True, help="No progress bar.")
def backtest(**given: Any) -> None:
    """Trade recorded candles (Kraken dump CSV or feather, gzipped or not) and report.

    Fees, spread, slippage, delay and partial fills apply. Time before the model's training end is
    shown grey and carries no metrics; doing nothing and holding stand beside the result.
    """
    files: tuple[Path, ...] = given["files"]
    for path in files:
        if not path.is_file():
            raise no_file(path)
    with reading(given) as progress:
        feed = candle_feed(
            files, symbol=given["symbol"], as_quote=given["as_quote"], progress=progress
        )
    overrides: dict[str, Any] = {"account": {"name": "backtest"}}
    if given["bundle"]:
        overrides["model"] = {"bundle": given["bundle"]}
    settings = settings_of(given["settings_file"], given["data_dir"], overrides)
    refuse_coarse(feed, settings.market.bar_interval_seconds)
    choice = choose_bundle(settings.model.bundle, mode="BACKTEST", feed_kind=feed.kind)
    kind = given["journal"] or settings.journal.kind or "file"
    run_id = fresh_run_id(settings, feed, choice, "BACKTEST")
    total = min(len(feed), given["events"] or len(feed))
    asked = RunPlan("BACKTEST", kind, "", limits=Limits(given["events"] or 0), total=total)
    with own_account(settings, asked, run_id) as plan:
        result = run_plan(settings, feed, choice, plan, given)
        report = write_report(
            result,
            feed,
            choice,
            settings,
            folder=RunIndex(settings.home).of(run_id),
            as_quote=given["as_quote"],
        )
    finish(result, given["as_json"], report=report)
