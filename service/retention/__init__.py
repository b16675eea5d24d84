"""Sealing: the frames of old runs are exported, verified, and replaced by signed tombstones."""
