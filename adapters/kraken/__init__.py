"""Kraken Spot: WebSocket v2 frames, the checked book, and recorded captures as a feed."""
