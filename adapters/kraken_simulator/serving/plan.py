"""What a simulator is asked to be, and how accounts are written: `alpha=USD:100000,BTC:1`. Data."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.instruments import ASSETS, INSTRUMENTS
from adapters.kraken_simulator.paths import MarketKind
from adapters.kraken_simulator.recorded import Recording
from adapters.kraken_simulator.recordings import RecordingError, read_candles, read_frames
from adapters.kraken_simulator.views import AccountSpec, Tier
from adapters.kraken_simulator.wire import decimal_of

Away = Literal["stands", "passes"]
SPEED_MAX: Final = 1_000
_DUMP: Final = re.compile(r"_(\d{1,5})\.csv(?:\.gz)?$")
WARM_UP_SECONDS: Final = 60
DEFAULT_ACCOUNTS: Final = ("alpha=USD:100000,BTC:1,ETH:10", "beta=USD:25000")


class _Checked(Conduct, frozen=True, forbid_unknown_fields=True):
    """Conduct that refuses names it does not know."""


class PlanError(ValueError):
    """The plan cannot be carried out; the text says why."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One simulator: `started_ns` is the exchange's time when it begins to serve.

    It trades `warm_up_seconds` before that, so that there are trades to show; recordings begin
    then, whatever their own time is. `port` 0 picks one. With `state`, a folder, the simulator goes
    on where it stopped; `away` says whether the venue's time passes while nobody serves it.
    """

    seed: int
    started_ns: int
    accounts: tuple[AccountSpec, ...]
    speed: Fraction = Fraction(1)
    port: int = 0
    symbols: tuple[str, ...] = tuple(INSTRUMENTS)
    warm_up_seconds: int = WARM_UP_SECONDS
    tls: bool = False
    faults: tuple[Fault, ...] = ()
    recorded: tuple[Recording, ...] = ()
    conduct: Conduct = Conduct()
    market: MarketKind = "natural"
    state: Path | None = None
    away: Away = "stands"


def account_of(text: str, tier: Tier) -> AccountSpec:
    """The account that a text describes. Raises PlanError."""
    name, equals, rest = text.partition("=")
    if not name.isidentifier() or not equals:
        raise PlanError(f"{text!r} is not NAME=ASSET:AMOUNT,...")
    balances: dict[str, Decimal] = {}
    for part in filter(None, rest.split(",")):
        asset, _, written = part.partition(":")
        amount = decimal_of(written)
        if asset.partition(".")[0] not in ASSETS:
            raise PlanError(f"{asset!r} is no asset here: {', '.join(ASSETS)}")
        if amount is None or amount <= 0:
            raise PlanError(f"{written!r} is no amount of {asset}")
        balances[asset] = amount
    return AccountSpec(account=name, balances=balances, tier=tier)


def recording_of(text: str) -> Recording:
    """The recording that `PAIR=FILE` names: candles (`..._60.csv`, by minutes), or frames.

    Raises PlanError, also when the file cannot be read.
    """
    symbol, _, name = text.partition("=")
    if symbol not in INSTRUMENTS or not name:
        raise PlanError(f"{text!r} is not PAIR=FILE")
    path = Path(name)
    minutes = _DUMP.search(path.name)
    try:
        if minutes is None:
            return read_frames(path, symbol)
        return read_candles(path, symbol, int(minutes[1]))
    except RecordingError as error:
        raise PlanError(f"{error}".rstrip(".")) from error


def conduct_of(texts: tuple[str, ...]) -> Conduct:
    """The exchange's conduct of `NAME=VALUE`s, the rest by default. Raises PlanError."""
    fields: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        fields[name] = value
    try:
        checked = msgspec.convert(fields, _Checked, strict=False)
    except msgspec.ValidationError as error:
        raise PlanError(f"{' '.join(texts)!r} is no conduct: {error}") from error
    return Conduct(**msgspec.structs.asdict(checked))


def speed_of(text: str) -> Fraction:
    """A speed such as 1, 0.5 or 60. Raises PlanError."""
    value = decimal_of(text)
    if value is None or not 0 < value <= SPEED_MAX:
        raise PlanError(f"{text!r} is no speed above 0 and up to {SPEED_MAX}")
    return Fraction(value)
