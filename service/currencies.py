"""Which currencies a run may have: what would need a rate that nobody tells is refused at once."""

from __future__ import annotations

from actors.currencies import PEG, PEGGED
from actors.instruments import Instrument
from adapters.instruments.facts import DOLLAR_STANDINS, QUOTE
from service.failures import ExitCode, UserError
from service.settings import Settings


def needed_pairs(reporting: str, rules: tuple[Instrument, ...]) -> tuple[str, ...]:
    """The pairs whose rates a run over these symbols rests on, by name."""
    quotes = {each.quote: None for each in rules}
    pairs = {_pair(quote, reporting): None for quote in quotes if quote != reporting}
    if PEGGED in quotes:
        pairs[PEG] = None
    return tuple(sorted(pairs))


def refuse_unsupported(
    settings: Settings, rules: tuple[Instrument, ...], told: tuple[str, ...]
) -> None:
    """Raises UserError(USAGE) for symbols that one account cannot trade together on this feed.

    `told` are the pairs of currencies whose rates the feed tells.
    """
    first: dict[str, str] = {}
    for each in rules:
        other = first.setdefault(each.base, each.symbol)
        if other != each.symbol:
            raise UserError(
                ExitCode.USAGE,
                f"The symbols {other} and {each.symbol} are of one asset, which an account trades"
                " against one currency only.",
                "Leave one of them out.",
            )
    reporting = settings.account.quote
    missing = [pair for pair in needed_pairs(reporting, rules) if pair not in told]
    if missing:
        pair = missing[0]
        symbols = [each.symbol for each in rules if pair in needed_pairs(reporting, (each,))]
        raise UserError(
            ExitCode.USAGE,
            f"An account reported in {reporting} needs rates of {pair} to trade {symbols[0]}, and"
            " this feed tells none.",
            _remedy(reporting, symbols[0]),
        )


def _remedy(reporting: str, symbol: str) -> str:
    quote = symbol.partition("/")[2]
    if quote == reporting:
        return "Trade symbols quoted in another currency, or on the seeded market."
    told = f"Trade symbols quoted in {reporting}, or set account.quote to {quote}."
    if reporting == QUOTE and quote in DOLLAR_STANDINS:
        told += f" A backtest may read them as {QUOTE} by --as-quote {QUOTE}."
    return told


def _pair(quote: str, reporting: str) -> str:
    """The named pair between two currencies."""
    order = ("USDC", "USD", "CAD")
    base, other = sorted((quote, reporting), key=order.index)
    return f"{base}/{other}"
