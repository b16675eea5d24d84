"""Risk: the ladder of refusals, the caps, and the trading state of the account."""
