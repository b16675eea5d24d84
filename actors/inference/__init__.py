"""From feature slices to predictions under the active bundle."""
