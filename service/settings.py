"""The one settings tree. *Decision* settings enter the root through RunStarted.

*edge* settings never do.

Everything has a default that works; `ballast settings` prints the tree with units and sources.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.profiles.presets import CAUTIOUS
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile
from service.failures import ExitCode, UserError
from service.profiles.choosing import with_preset
from service.settings_bounds import refuse_address, refuse_out_of_bounds
from service.settings_source import built, gathered

SETTINGS_VERSION: Final = 1


class AccountSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose money: the account's name, its reporting currency and the opening balance on paper.

    An account that trades symbols quoted in several currencies opens with cash of the others
    besides: nothing is ever converted.
    """

    name: str = "paper"
    quote: str = "USD"
    opening_balance: Decimal = Decimal("10000.0000")
    opening_balance_cad: Decimal = Decimal(0)
    opening_balance_usd: Decimal = Decimal(0)
    opening_balance_usdc: Decimal = Decimal(0)

    @property
    def openings(self) -> tuple[tuple[str, Decimal], ...]:
        """What the account opens with on paper, by currency; its own currency comes first."""
        others = (
            ("CAD", self.opening_balance_cad),
            ("USD", self.opening_balance_usd),
            ("USDC", self.opening_balance_usdc),
        )
        some = tuple((currency, amount) for currency, amount in others if amount)
        return ((self.quote, self.opening_balance), *some)


class MarketSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How market data becomes bars and marks. `heartbeat_seconds` 0 decides at bar closes only.

    A live bar waits `settle_ms` after its end for trades that are still under way.
    """

    bar_interval_seconds: int = 3600
    stale_after_seconds: int = 7200
    heartbeat_seconds: int = 0
    candle_half_spread_bps: Decimal = Decimal(5)
    settle_ms: int = 0


class OrderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long an order may live. The venue must not match it after `deadline_seconds`.

    With a venue outside, its lists are read and held against our books every `reconcile_seconds`,
    and its dead man's switch is armed for `dead_man_seconds` while entries rest (0: never). Nothing
    is entered from `maintenance_lead_seconds` before a maintenance that the venue announces. A stop
    calls back what `on_stop` says (cancel_entries, cancel: sales too, leave: nothing) and waits
    `stop_wait_seconds` at most for the venue's word.
    """

    deadline_seconds: int = 5
    lifetime_seconds: int = 5400
    decision_age_max_seconds: int = 2
    reconcile_seconds: int = 300
    dead_man_seconds: int = 60
    maintenance_lead_seconds: int = 900
    on_stop: str = "cancel_entries"
    stop_wait_seconds: int = 8


class VenueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Frictions of the paper venue. Participation is the share of traded volume we may take.

    `outside` says that orders leave through a venue port instead of the paper venue actor.
    """

    outside: bool = False
    latency_ms: int = 250
    slippage_bps: Decimal = Decimal(5)
    participation_ratio: Decimal = Decimal("0.10")


class ModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which bundle predicts; empty chooses the shipped one that fits the feed."""

    bundle: str = ""


class ProofSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often the chain holds digests of all states; snapshots can be taken only there."""

    state_digest_every_inputs: int = 1000


class DecisionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can change a decision; hashed and journalled at run start.

    `profile` names the preset that lies beneath `strategy` and `risk`, which hold what came of it.
    `beyond_bounds` is for rehearsals that programs set up: values are held to no bounds. No person
    can set it, and every run has it on record.
    """

    version: int = SETTINGS_VERSION
    account: AccountSettings = AccountSettings()
    market: MarketSettings = MarketSettings()
    strategy: StrategyProfile = StrategyProfile()
    risk: RiskProfile = RiskProfile()
    orders: OrderSettings = OrderSettings()
    venue: VenueSettings = VenueSettings()
    model: ModelSettings = ModelSettings()
    proof: ProofSettings = ProofSettings()
    profile: str = CAUTIOUS
    beyond_bounds: bool = False


class FeedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a venue's stream becomes inputs: in a window the latest book wins, trades are added up.

    `conflate_ms` divides a bar. A longer window makes a smaller journal and older books.
    """

    conflate_ms: int = 500


class KrakenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where Kraken is, and when its public feed is not believed.

    No frame for `silence_seconds` is a lost connection. A wall or venue clock that is further than
    `clock_skew_ms_max` from ours stops entries. `tier` (starter, intermediate, pro) says which rate
    limits the account has. Addresses without TLS are for loopback only.
    """

    public_socket_url: str = "wss://ws.kraken.com/v2"
    private_socket_url: str = "wss://ws-auth.kraken.com/v2"
    rest_url: str = "https://api.kraken.com"
    silence_seconds: int = 8
    clock_skew_ms_max: int = 1000
    tier: str = "starter"


class JournalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how inputs are made durable. Without `dsn` the embedded PostgreSQL is used.

    `dsn_file` names a file that holds the address, for container secrets. `anchor_copy` is a folder
    elsewhere, into which the signed anchors of the chain's head are written a second time; a
    relative one is below the data folder. At `recompute_hour_utc` a running account's balances are
    recomputed from zero, once a day.
    """

    kind: str = ""
    dsn: str = ""
    dsn_file: str = ""
    frame_inputs: int = 1000
    snapshot_every_inputs: int = 5000
    anchor_copy: str = ""
    recompute_hour_utc: int = 3


class KeysSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the venue's API key comes from. No secret is a setting: these name files.

    `key_file` is a mounted container secret (two lines: key, secret) that is used in place of what
    `ballast keys connect` stored; `passphrase_file` opens an encrypted key file without asking.
    """

    key_file: str = ""
    passphrase_file: str = ""


class LiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before live trading. `paper_data_dir` is the data folder of the paper account
    whose runs on the live feed are counted as the trial (empty: there was none), of at least
    `trial_days` whole days.
    """

    paper_data_dir: str = ""
    trial_days: int = 30


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The loopback endpoint for metrics and health.

    Port 0 takes the first free one from 9464 on.
    """

    host: str = "127.0.0.1"
    port: int = 0
    enabled: bool = True


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Structured logs: least level, and whether they also go to stderr."""

    level: str = "info"
    to_stderr: bool = False


class Settings(DecisionSettings, frozen=True, forbid_unknown_fields=True):
    """The whole tree as a user sees it: the decision sections, then the edge sections."""

    feed: FeedSettings = FeedSettings()
    kraken: KrakenSettings = KrakenSettings()
    journal: JournalSettings = JournalSettings()
    keys: KeysSettings = KeysSettings()
    live: LiveSettings = LiveSettings()
    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    data_dir: str = ""

    @property
    def decision(self) -> DecisionSettings:
        """The part that decides."""
        names = (field.name for field in msgspec.structs.fields(DecisionSettings))
        return DecisionSettings(**{name: getattr(self, name) for name in names})

    @property
    def home(self) -> Path:
        """Where all state lives: --data-dir, BALLAST__DATA_DIR, or the XDG data home."""
        if self.data_dir:
            return Path(self.data_dir).expanduser().absolute()
        base = os.environ.get("XDG_DATA_HOME", "")
        root = Path(base) if base.startswith("/") else Path.home() / ".local" / "share"
        return root / "ballast"


def load_settings(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The resolved tree. Raises UserError(USAGE) on anything unknown, of the wrong type or out of
    range.
    """
    values = gathered(
        file=file,
        environment=os.environ if environment is None else environment,
        overrides=overrides or {},
    )
    settings = built(Settings, with_preset(values))
    refuse_out_of_bounds(settings)
    return _with_secrets(settings)


def _with_secrets(settings: Settings) -> Settings:
    """Read what stands in files (container secrets). Raises UserError(USAGE)."""
    journal = settings.journal
    if not journal.dsn_file:
        return settings
    try:
        dsn = Path(journal.dsn_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise UserError(
            ExitCode.USAGE,
            f"The file {journal.dsn_file} named by journal.dsn_file cannot be read ({why}).",
            "Mount the secret, or leave the setting out to use the embedded database.",
        ) from error
    refuse_address(dsn, f"the file {journal.dsn_file}")
    return msgspec.structs.replace(settings, journal=msgspec.structs.replace(journal, dsn=dsn))


def with_decision(settings: Settings, decision: DecisionSettings) -> Settings:
    """`settings` with the decision part of a stored run."""
    parts = {
        field.name: getattr(decision, field.name)
        for field in msgspec.structs.fields(DecisionSettings)
        if field.name != "version"
    }
    return msgspec.structs.replace(settings, **parts)


def canonical_json(settings: DecisionSettings) -> str:
    """The decision settings as canonical JSON: equal settings, equal text."""
    return msgspec.json.encode(settings, order="deterministic").decode()


def settings_hash(settings: DecisionSettings) -> str:
    """SHA-256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical_json(settings).encode()).hexdigest()


def decode_decision_settings(text: str) -> DecisionSettings:
    """Decision settings from a run's record. Raises msgspec.ValidationError on unknown fields."""
    return msgspec.json.decode(text, type=DecisionSettings)
