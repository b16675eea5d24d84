"""A simulated Kraken: the exchange itself is pure and seeded, the sockets stand around it."""
