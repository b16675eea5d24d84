"""Recorded inputs stepped once more by other profiles: what would have been decided."""
