"""A synthetic market that is a pure function of its seed; never evidence about a real one."""
