"""Subscriptions in Pneumatic: list, change, repair, rotate the token, test."""
