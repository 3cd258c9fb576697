"""Codes of an authenticator app in addition to a password, and recovery codes for the day on which it is lost."""
