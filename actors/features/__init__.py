"""From closed bars to feature slices."""
