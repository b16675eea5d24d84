"""Floor 1: the pure core. Kernel, messages, money, ports and the actors.

No clock, no I/O, no randomness.
"""
