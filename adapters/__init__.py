"""Floor 2, the world: venues, PostgreSQL, archives, secrets, metrics.

An adapter turns the world into inputs and effects into the world. It knows the words and ports of
the actors and nothing of their rules, of another adapter, or of the service that wires it.
"""
