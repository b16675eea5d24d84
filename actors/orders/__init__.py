"""The orders actor: the life of every order, from approval to its last fact."""
