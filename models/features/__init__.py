"""Features of closed bars: the same bits in batch, live, after a restart and on every CPU.

Only numpy, msgspec and the standard library. `catalogue` says what exists, `streaming` computes
one bar at a time, `batch` a whole history. No clock, no randomness, no files.
"""
