"""Strategy: from predictions, marks and the portfolio to verdicts and order intents."""
