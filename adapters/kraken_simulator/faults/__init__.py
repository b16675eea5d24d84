"""Faults on purpose: what the simulated exchange does wrong, where and when."""
