"""Why a symbol was (not) traded, from what is recorded."""
