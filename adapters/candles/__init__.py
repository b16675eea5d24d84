"""Recorded candles: readers for the files people have, and the feed that merges symbols."""
