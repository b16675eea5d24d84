"""Anchors: the head of a chain, signed and kept outside the store that holds the chain."""
