"""What an approval and a run state for the database, which judges them by its own arithmetic.

Nothing is decided here: the figures are those that the ladder has just looked at.
"""

from __future__ import annotations

from decimal import Decimal

from actors.ids import digest_hex
from actors.messages.codec import encode
from actors.messages.decision import Side
from actors.messages.ledger import PortfolioState
from actors.messages.risk import Admission, RiskLimits
from actors.money import ZERO, micros_up
from actors.risk.profile import MICROS, RiskProfile
from actors.risk.sizing import outlook
from actors.risk.view import RiskView


def admission_of(view: RiskView, portfolio: PortfolioState | None, side: Side) -> Admission:
    """What `view` shows, for an intent of that side, of an account with that last portfolio."""
    rooms, profile, instrument = view.rooms, view.profile, view.instrument
    assert instrument is not None  # an unknown symbol is never approved
    equity = ZERO
    if portfolio is not None and view.into_quote is not None:
        equity = view.into_quote.worth(portfolio.equity, instrument.quote_step)
    return Admission(
        equity,
        view.drawdown_micros,
        view.halt_at_micros,
        profile.tier(view.drawdown_micros).name,
        rooms.position_cap,
        rooms.symbol_worth,
        rooms.exposure_cap,
        rooms.total_worth,
        rooms.positions_count,
        rooms.positions_max_count,
        rooms.cash_free,
        instrument.taker_fee,
        profile.edge_margin_micros,
        rooms.cluster_cap,
        rooms.cluster_worth,
        rooms.quote_cap,
        rooms.quote_worth,
        outlook(view).risk if side is Side.BUY else ZERO,
        ZERO if portfolio is None else portfolio.equity,
        Decimal(profile.capital_floor_amount),
        view.day_loss_micros,
        profile.daily_loss_max_micros,
    )


def limits_of(profile: RiskProfile) -> RiskLimits:
    """The profile as a run states it; where a cap is an amount, its share is the most of all."""
    return RiskLimits(
        profile_id=digest_hex("risk profile", encode(profile)),
        position_cap=profile.position_cap.share_micros,
        exposure_cap=profile.exposure_cap.share_micros,
        normal_cap=profile.normal_cap_micros,
        normal_positions_max_count=profile.normal_positions_max_count,
        caution_drawdown=profile.caution_drawdown_micros,
        caution_cap=profile.caution_cap_micros,
        caution_positions_max_count=profile.caution_positions_max_count,
        defence_drawdown=profile.defence_drawdown_micros,
        defence_cap=profile.defence_cap_micros,
        defence_positions_max_count=profile.defence_positions_max_count,
        halt_drawdown=profile.halt_drawdown_micros,
        edge_margin=profile.edge_margin_micros,
        position_risk=micros_up(
            Decimal(profile.base_risk_micros * profile.scale_max_micros), Decimal(MICROS * MICROS)
        ),
        cluster_cap=profile.cluster_cap.share_micros,
        quote_cap_cad=profile.quote_cap("CAD").share_micros,
        quote_cap_usd=profile.quote_cap("USD").share_micros,
        quote_cap_usdc=profile.quote_cap("USDC").share_micros,
        capital_floor=profile.capital_floor_amount,
        day_loss_max=profile.daily_loss_max_micros,
        entries_per_minute_max_count=profile.entries_per_minute_max_count,
    )
