"""Profiles as a person chooses, sees and compares them."""
