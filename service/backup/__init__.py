"""Backups: taken while an account trades, restored with proof, drilled without touching it."""
