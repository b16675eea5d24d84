"""The ledger actor: double-entry books, FIFO lots and the portfolio that they come to."""
