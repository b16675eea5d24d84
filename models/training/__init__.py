"""Fitting, validating and judging models; needs the `train` extra, imports it lazily."""
