"""A key in the machine's own keyring, where a real one runs; never in a plain-text stand-in."""

from __future__ import annotations

from typing import Final

import keyring
import keyring.errors

from adapters.secrets.stored import SecretError, StoredKey, Trouble, parsed

SERVICE: Final = "ballast-kraken"
_NOT_KEYRINGS: Final = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


def is_usable() -> bool:
    """Whether a keyring answers that keeps secrets to itself."""
    backend = keyring.get_keyring()
    try:
        return not type(backend).__module__.startswith(_NOT_KEYRINGS) and backend.priority > 0
    except (keyring.errors.KeyringError, RuntimeError):
        return False


class OsKeyring:
    """The entry of one account and data folder."""

    name = "keyring"

    def __init__(self, entry: str) -> None:
        self._entry = entry

    @property
    def place(self) -> str:
        """The keyring's kind and the entry's name."""
        kind = type(keyring.get_keyring())
        return f"{kind.__module__}.{kind.__name__}, {SERVICE} / {self._entry}"

    def put(self, key: StoredKey) -> None:
        """Keep it."""
        try:
            keyring.set_password(SERVICE, self._entry, key.encoded().decode("utf-8"))
        except (keyring.errors.KeyringError, RuntimeError) as error:
            raise _refused(error) from None

    def get(self) -> StoredKey:
        """What is kept."""
        try:
            found = keyring.get_password(SERVICE, self._entry)
        except (keyring.errors.KeyringError, RuntimeError) as error:
            raise _refused(error) from None
        if found is None:
            raise SecretError(
                Trouble.MISSING,
                "The keyring holds no key for this account.",
                "Connect it again: `ballast keys connect --replace`.",
            )
        return parsed(found.encode("utf-8"), "the keyring")

    def remove(self) -> bool:
        """Take it out; whether there was one."""
        try:
            if keyring.get_password(SERVICE, self._entry) is None:
                return False
            keyring.delete_password(SERVICE, self._entry)
        except (keyring.errors.KeyringError, RuntimeError) as error:
            raise _refused(error) from None
        return True


def _refused(error: Exception) -> SecretError:
    return SecretError(
        Trouble.UNUSABLE,
        f"The keyring does not do it ({type(error).__name__}).",
        "Unlock it, or keep the key in a file: `ballast keys connect --store file`.",
    )
