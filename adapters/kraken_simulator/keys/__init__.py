"""Who may call: API keys, signatures, nonces, call limits and socket tokens of the simulator."""
