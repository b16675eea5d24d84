"""The WebSocket v2 face of the simulated exchange: requests, channels, trading."""
