"""Who runs the server: ourselves, root behind a user namespace, or an unprivileged account.

PostgreSQL refuses root, and both initdb and ``peer`` need a user id that has a name. This module
picks the user and says how to start a program as that user; it knows nothing of clusters.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from adapters.postgres import embedded_namespace
from adapters.postgres.binaries import QUIET_ENVIRONMENT, Binaries, copy_binaries
from adapters.postgres.embedded_address import EmbeddedPostgresError

RootStrategy = Literal["auto", "namespace", "account"]

ACCOUNTS = ("ballast", "nobody")
"""Accounts that root lends the server to, best first; ``ballast``, if made, is shared by none."""

_SHIM = Path(embedded_namespace.__file__)
_ALLOW = (
    "Run as an ordinary user, or allow user namespaces (sysctl user.max_user_namespaces; in a"
    " container a seccomp profile that permits unshare), or name your own server in the settings."
)


@dataclass(frozen=True)
class Account:
    """The user of the server's programs.

    ``uid`` owns its files as we see them, ``peer`` is the name that the server sees when we
    connect, ``inside`` the (uid, gid, data directory) in a user namespace, ``switch`` the
    (uid, gid) to become.
    """

    kind: Literal["self", "namespace", "account"]
    uid: int
    gid: int
    peer: str
    inside: tuple[int, int, Path] | None = None
    switch: tuple[int, int] | None = None

    def spawn(
        self,
        command: Sequence[str],
        *,
        output: int | IO[str],
        errors: int | IO[str] = subprocess.STDOUT,
        keep: tuple[int, ...] = (),
    ) -> subprocess.Popen[str]:
        """Start a program as this user, in its own session, so that Ctrl-C does not reach it.

        ``keep`` are file descriptors that the program inherits.
        """
        if self.inside is not None:
            shim = [sys.executable, "-I", "-S", str(_SHIM), *map(str, self.inside)]
            command = [*shim, *command]
        return subprocess.Popen(  # noqa: S603 - our own programs, no shell
            command,
            stdin=subprocess.DEVNULL, stdout=output, stderr=errors, text=True, pass_fds=keep,
            cwd="/", env=QUIET_ENVIRONMENT, start_new_session=True, umask=0o077,
            user=self.switch[0] if self.switch else None,
            group=self.switch[1] if self.switch else None,
            extra_groups=[] if self.switch else None,
        )  # fmt: skip

    def allowed(self, binaries: Binaries) -> str | None:
        """Try to run a program as this user; None when it runs, else the reason in a few words."""
        try:
            trial = self.spawn([binaries.program("postgres"), "--version"], output=subprocess.PIPE)
        except OSError as error:
            return error.strerror or "not permitted"
        said, _ = trial.communicate()
        return None if trial.returncode == 0 else said.strip() or f"exit code {trial.returncode}"


def choose_account(strategy: RootStrategy, binaries: Binaries, data_dir: Path) -> Account:
    """The user for a server that this process starts; ``strategy`` matters only to root.

    Raises:
        EmbeddedPostgresError: nothing that this machine allows would work.
    """
    uid = os.geteuid()
    name = _name_of(uid)
    if uid != 0 and name is not None:
        return Account("self", uid, os.getegid(), name)
    refusals = []
    if strategy != "account":
        namespace = _namespace(data_dir)
        refusal = "no named user to map to" if namespace is None else namespace.allowed(binaries)
        if namespace is not None and refusal is None:
            return namespace
        refusals.append(f"a user namespace is refused ({refusal})")
    if uid == 0 and strategy != "namespace":
        account = _lent_account()
        if account is not None:
            return account
        refusals.append("there is no account named " + " or ".join(ACCOUNTS))
    who = "root" if uid == 0 else f"the user id {uid}, which has no name in /etc/passwd"
    raise EmbeddedPostgresError(
        f"PostgreSQL does not run as {who}, and {' and '.join(refusals)}.", _ALLOW
    )


def programs_for(
    account: Account, binaries: Binaries, base: Path, on_progress: Callable[[str], None]
) -> Binaries:
    """The programs where ``account`` can run them: a private copy below ``base`` if need be."""
    if account.kind != "account":
        return binaries
    if not binaries.readable_by_everyone():
        on_progress("copying the database's programs for its account, once")
        binaries = copy_binaries(binaries, base)
    refusal = account.allowed(binaries)
    if refusal is not None:
        raise EmbeddedPostgresError(
            f"The account that runs PostgreSQL cannot start its programs ({refusal}).", _ALLOW
        )
    return binaries


def _namespace(data_dir: Path) -> Account | None:
    """Root, or a user without a name, seen as the first ordinary name of the machine.

    The overflow id is never used: inside a namespace every stranger appears under it.
    """
    overflow = int(Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii"))
    named = (entry for entry in pwd.getpwall() if entry.pw_uid not in {0, overflow, 65534})
    entry = min(named, key=lambda each: each.pw_uid, default=None)
    if entry is None:
        return None
    inside = (entry.pw_uid, entry.pw_gid, data_dir)
    # getpwuid, as the server asks: two names may share an id.
    peer = pwd.getpwuid(entry.pw_uid).pw_name
    return Account("namespace", os.geteuid(), os.getegid(), peer, inside=inside)


def _lent_account() -> Account | None:
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        ids = (entry.pw_uid, entry.pw_gid)
        return Account("account", *ids, pwd.getpwuid(0).pw_name, switch=ids)
    return None


def user_name(uid: int) -> str:
    """How to call a user in a sentence."""
    return _name_of(uid) or f"user id {uid}"


def _name_of(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
