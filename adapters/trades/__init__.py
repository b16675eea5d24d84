"""Recorded trades: readers for trade files and the feed that aggregates them without loss."""
