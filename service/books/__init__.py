"""The books of an account as its stored rows tell them: lots, profit, statements, checks."""
