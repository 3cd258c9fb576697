"""Checks of passwords: how many are allowed, to which client, and what is logged."""
