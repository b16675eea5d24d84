"""`--help` teaches: what a verb does, what its options mean, and where to go on."""

from __future__ import annotations

from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner

from service.cli.main import cli
from service.failures import EXIT_CODES
from tests.e2e.conftest import Ballast

LEAVES = sorted(
    (name, *more)
    for name, command in cli.commands.items()
    for more in ([(sub,) for sub in command.commands] if isinstance(command, click.Group) else [()])
)


def test_the_version_is_the_installed_one(ballast: Ballast) -> None:
    assert ballast("--version").out == f"ballast {version('ballast')}\n"


def test_the_help_names_every_verb_the_first_step_and_the_exit_codes(ballast: Ballast) -> None:
    text = " ".join(ballast("--help").out.split())
    for name in cli.commands:
        assert f" {name} " in text
    assert "Start with `ballast run`" in text
    assert "loss is possible" in text
    for code, meaning in EXIT_CODES.items():
        assert f"{int(code)} {meaning}" in text


@pytest.mark.parametrize("path", LEAVES, ids=[" ".join(path) for path in LEAVES])
def test_the_help_of_a_verb_explains_it_and_each_option(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, [*path, "--help"])
    assert done.exit_code == 0
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    assert len(command.help.split()) > 8
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{' '.join(path)} does not explain {option.opts[0]}"
    assert "--json" in done.output
    # A simulator keeps nothing.
    assert ("--data-dir" in done.output) is (path[0] != "simulate")
