"""The report of a backtest: what is measured, against what, and how it is shown."""
