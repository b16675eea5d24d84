"""Floor 1: the pure core. Kernel, messages, money, ports and the actors; no clock, no I/O, no randomness."""
