"""Drivers of the one graph: paper, backtest, replay. None of them decides anything."""
