"""`ballast doctor`: what is wrong on this machine, and the exact remedy."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from service.cli.answering import answer
from service.cli.options import common, settings_of
from service.doctor import examine
from service.failures import ExitCode, UserError


@click.command()
@common
def doctor(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Examine this machine and the data folder; changes nothing."""
    findings = examine(settings_of(settings_file, data_dir, examining=True))
    failure = None
    sick = [finding for finding in findings if not finding.healthy]
    if sick:
        failure = UserError(
            ExitCode.ENVIRONMENT,
            f"{len(sick)} of {len(findings)} examinations failed, first: {sick[0].name}.",
            sick[0].remedy,
        )
    if as_json:
        answer({"healthy": not sick, "findings": msgspec.to_builtins(findings)}, failure)
    else:
        for finding in findings:
            mark = "ok  " if finding.healthy else "FAIL"
            click.echo(f"{mark} {finding.name:<12} {finding.found}")
            if finding.remedy:
                click.echo(f"     {'':<12} -> {finding.remedy}")
    if failure is not None:
        raise failure
