"""What a setting may be: bounds of numbers, and the few words that texts may say.

Each refusal is one sentence with the setting's name. What fields mean stands in
`service.settings`; what strategy and risk profiles refuse among themselves stands in them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from actors.currencies import CURRENCIES
from actors.money import round_even
from actors.orders.leaving import CHOICES as STOPS
from actors.profiles.catalogue import breaches
from adapters.instruments.facts import DECIMALS
from service.failures import ExitCode, UserError

LIMITS: Final[tuple[tuple[str, Decimal, Decimal], ...]] = (
    ("account.opening_balance", Decimal(1), Decimal(10**12)),
    ("account.opening_balance_cad", Decimal(0), Decimal(10**12)),
    ("account.opening_balance_usd", Decimal(0), Decimal(10**12)),
    ("account.opening_balance_usdc", Decimal(0), Decimal(10**12)),
    ("market.bar_interval_seconds", Decimal(1), Decimal(86_400)),
    ("market.stale_after_seconds", Decimal(1), Decimal(10**7)),
    ("market.heartbeat_seconds", Decimal(0), Decimal(86_400)),
    ("market.candle_half_spread_bps", Decimal(0), Decimal(1000)),
    ("market.settle_ms", Decimal(0), Decimal(60_000)),
    ("orders.deadline_seconds", Decimal(1), Decimal(60)),
    ("orders.lifetime_seconds", Decimal(1), Decimal(10**6)),
    ("orders.decision_age_max_seconds", Decimal(1), Decimal(60)),
    ("orders.reconcile_seconds", Decimal(30), Decimal(86_400)),
    ("orders.dead_man_seconds", Decimal(0), Decimal(86_400)),
    ("orders.maintenance_lead_seconds", Decimal(0), Decimal(86_400)),
    ("orders.stop_wait_seconds", Decimal(0), Decimal(300)),
    ("venue.latency_ms", Decimal(1), Decimal(60_000)),
    ("venue.slippage_bps", Decimal(0), Decimal(1000)),
    ("venue.participation_ratio", Decimal("0.0001"), Decimal(1)),
    ("proof.state_digest_every_inputs", Decimal(1), Decimal(5000)),
    ("feed.conflate_ms", Decimal(1), Decimal(60_000)),
    ("kraken.silence_seconds", Decimal(2), Decimal(60)),
    ("kraken.clock_skew_ms_max", Decimal(50), Decimal(60_000)),
    ("journal.frame_inputs", Decimal(1), Decimal(100_000)),
    ("journal.snapshot_every_inputs", Decimal(1), Decimal(5000)),
    ("journal.recompute_hour_utc", Decimal(0), Decimal(23)),
    ("live.trial_days", Decimal(30), Decimal(3650)),
    ("server.port", Decimal(0), Decimal(65_535)),
)
CHOICES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("account.quote", CURRENCIES),
    ("journal.kind", ("", "memory", "file", "postgres")),
    ("orders.on_stop", STOPS),
    ("log.level", ("debug", "info", "warning", "error", "critical")),
)
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
WHOLE_MAX: Final = 2**63 - 1
DECIMALS_MAX: Final = 8
_FINEST: Final = Decimal(1).scaleb(-DECIMALS_MAX)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PASSWORD: Final = re.compile(r"(//[^:/@]*):[^@]*@")
_ADDRESS: Final = re.compile(r"postgres(ql)?://.")


def refuse_out_of_bounds(settings: Any) -> None:
    """Raises UserError(USAGE) for the first setting of the tree that is outside its bounds."""
    for path, least, most in LIMITS:
        value = Decimal(_at(settings, path))
        if not value.is_finite() or not least <= value <= most or _is_minus_zero(value):
            raise UserError(
                ExitCode.USAGE,
                f"The setting {path} is {value}, outside {least} to {most}.",
                "Choose a value inside the bounds.",
            )
        if value != round_even(value, _FINEST):
            raise UserError(
                ExitCode.USAGE,
                f"The setting {path} is {value}, finer than {DECIMALS_MAX} decimals.",
                "Round it yourself, so that nothing is rounded in silence.",
            )
    _refuse_unstorable(settings)
    for path, known in CHOICES:
        value = _at(settings, path)
        if value not in known:
            words = ", ".join(word or '"" (chosen for you)' for word in known)
            raise UserError(
                ExitCode.USAGE, f"The setting {path} cannot be {value!r}.", f"It may be {words}."
            )
    _refuse_account(settings)
    _refuse_window(settings)
    _refuse_plain_text(settings)
    refuse_address(settings.journal.dsn, "journal.dsn")
    if without_password(settings.journal.dsn) != settings.journal.dsn:
        raise UserError(
            ExitCode.USAGE,
            "The setting journal.dsn holds a password, which settings never do.",
            "Write the address into a file that only you can read; name it by journal.dsn_file.",
        )
    if settings.server.host not in LOOPBACK:
        raise UserError(
            ExitCode.USAGE,
            f"The endpoint may only listen on this machine, not on {settings.server.host!r}.",
            "Set server.host to 127.0.0.1 (a reverse proxy with TLS may publish it).",
        )
    if settings.beyond_bounds:
        raise UserError(
            ExitCode.USAGE,
            "The setting beyond_bounds is for rehearsals of this program, not for people.",
            "Leave it out: bounds of risk and strategy hold for everybody.",
        )
    for sentence in breaches(settings.risk, settings.strategy):
        raise UserError(
            ExitCode.USAGE,
            sentence,
            "Choose a value inside the bounds; `ballast risk show` lists them all.",
        )


def _refuse_unstorable(settings: Any) -> None:
    """Whole numbers are journalled in 64 bits."""
    for section in settings.__struct_fields__:
        fields = getattr(getattr(settings, section), "__struct_fields__", ())
        for field in fields:
            value = getattr(getattr(settings, section), field)
            if isinstance(value, int) and abs(value) > WHOLE_MAX:
                raise UserError(
                    ExitCode.USAGE,
                    f"The setting {section}.{field} is {value}, more than 64 bits hold.",
                    "Choose a smaller value.",
                )


def without_password(address: str) -> str:
    """The address of a database as it may be shown and stored."""
    return _PASSWORD.sub(r"\1:***@", address)


def refuse_address(dsn: str, where: str) -> None:
    """Raises UserError(USAGE) for what is no PostgreSQL address. It may hold a password: unsaid."""
    if dsn and not _ADDRESS.match(dsn):
        raise UserError(
            ExitCode.USAGE,
            f"What {where} says is not the address of a PostgreSQL database.",
            "Write it like postgresql://user@host:5432/name, or leave it out.",
        )


def _refuse_window(settings: Any) -> None:
    """An aggregate of trades must not reach over the end of a bar."""
    window_ms, bar_seconds = settings.feed.conflate_ms, settings.market.bar_interval_seconds
    if bar_seconds * 1000 % window_ms:  # not money: milliseconds
        raise UserError(
            ExitCode.USAGE,
            f"The setting feed.conflate_ms is {window_ms}, which does not divide a bar.",
            "Choose a window of which whole ones make a bar, such as 100, 250, 500 or 1000.",
        )
    if settings.market.settle_ms >= bar_seconds * 1000:
        raise UserError(
            ExitCode.USAGE,
            f"The setting market.settle_ms is {settings.market.settle_ms}, a whole bar or more.",
            "Choose less than market.bar_interval_seconds.",
        )


def _refuse_plain_text(settings: Any) -> None:
    """Prices of a stranger must not come from the line: TLS, except on this machine."""
    for path, plain, secure in (
        ("kraken.public_socket_url", "ws", "wss"),
        ("kraken.rest_url", "http", "https"),
    ):
        if _is_address(_at(settings, path), plain, secure):
            continue
        raise UserError(
            ExitCode.USAGE,
            f"The setting {path} is {_at(settings, path)!r}, which is no address of the venue.",
            f"Write it like {secure}://host/path; {plain}:// is for 127.0.0.1 only.",
        )


def _is_address(text: str, plain: str, secure: str) -> bool:
    try:
        address = urlsplit(text)
        host, port = address.hostname, address.port
    except ValueError:
        return False
    schemes = (plain, secure) if host in LOOPBACK else (secure,)
    return bool(host) and port != 0 and address.scheme in schemes


def _refuse_account(settings: Any) -> None:
    name, quote = settings.account.name, settings.account.quote
    if not _NAME.fullmatch(name):
        raise UserError(
            ExitCode.USAGE,
            f"The setting account.name is {name!r}, which is no name.",
            "Use up to 64 letters, digits, dots, dashes and underlines.",
        )
    own = f"opening_balance_{quote.lower()}"
    if getattr(settings.account, own):
        raise UserError(
            ExitCode.USAGE,
            f"The setting account.{own} is of the account's own currency.",
            f"Give what it opens with in {quote} as account.opening_balance.",
        )
    for currency in (quote, *(each for each in CURRENCIES if each != quote)):
        field = "opening_balance" if currency == quote else f"opening_balance_{currency.lower()}"
        balance, decimals = getattr(settings.account, field), DECIMALS[currency]
        if balance != round_even(balance, Decimal(1).scaleb(-decimals)):
            raise UserError(
                ExitCode.USAGE,
                f"The setting account.{field} is {balance}, finer than {currency} is kept.",
                f"Give at most {decimals} decimals.",
            )


def _is_minus_zero(value: Decimal) -> bool:
    return value.is_zero() and value.is_signed()


def _at(settings: Any, path: str) -> Any:
    section, field = path.split(".")
    return getattr(getattr(settings, section), field)
