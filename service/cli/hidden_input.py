"""Secrets from a person or a pipe: never echoed, never an argument, never from the environment."""

from __future__ import annotations

import getpass
import sys
import warnings
from pathlib import Path

import click

from adapters.secrets.private_file import read_private
from adapters.secrets.sealed_file import PASSPHRASE_MIN
from adapters.secrets.stored import TEXT_BYTES_MAX, SecretError, StoredKey, parsed
from service.failures import ExitCode, UserError
from service.key_places import as_failure


def read_key(file: Path | None) -> StoredKey:
    """A key from `file`, else from a person at a terminal, else two lines from stdin."""
    try:
        if file is not None:
            return parsed(read_private(file), str(file))
        if not sys.stdin.isatty():
            return parsed(sys.stdin.buffer.read(TEXT_BYTES_MAX + 1), "standard input")
    except SecretError as error:
        raise as_failure(error) from None
    api_key = click.prompt("API key", err=True, default="", show_default=False).strip()
    return StoredKey(api_key, hidden("Private key (not shown): ").strip())


def read_passphrase(file: Path | None, *, twice: bool) -> str:
    """A passphrase from `file`, else from a person, `twice` when it is new."""
    if file is not None:
        try:
            data = read_private(file, others_may_read=True)
            return data.decode("utf-8").rstrip("\r\n")
        except SecretError as error:
            raise as_failure(error) from None
        except UnicodeDecodeError:
            raise UserError(
                ExitCode.BAD_INPUT, f"The file {file} is no text.", "Write the passphrase into it."
            ) from None
    if not sys.stdin.isatty():
        raise UserError(
            ExitCode.USAGE,
            "The key's file opens by a passphrase, and there is nobody to ask for it.",
            "Name a file that holds it by --passphrase-file, or keys.passphrase_file.",
        )
    given = hidden("Passphrase of the key's file (not shown): ")
    if twice:
        if len(given) < PASSPHRASE_MIN:
            raise UserError(
                ExitCode.USAGE,
                f"The passphrase is shorter than {PASSPHRASE_MIN} characters.",
                "Choose some words that nobody else would put together.",
            )
        if hidden("Again: ") != given:
            raise UserError(ExitCode.USAGE, "The two passphrases differ.", "Type them again.")
    return given


def hidden(prompt: str) -> str:
    """What a person types, without echo. Raises UserError where echo cannot be switched off."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt)
    except getpass.GetPassWarning:
        raise UserError(
            ExitCode.ENVIRONMENT,
            "This terminal would show what you type.",
            "Use another one, or a file: --secret-file, --passphrase-file.",
        ) from None
    except EOFError:
        raise UserError(ExitCode.USAGE, "Nothing was typed.", "Start again.") from None
