"""The search text of users, groups and accounts: one folded text each (``core.text.folding``)."""

from __future__ import annotations

from apps.core.text.folding import fold

# PostgreSQL refuses a B-tree entry above 2,704 bytes; 600 characters have at most 2,400.
MAX_CHARACTERS = 600


def search_text(*, name: str, email: str = "") -> str:
    """Return the search text of a user or a group. The name is first, because lists are sorted by this text."""
    address = fold(email)[:320]
    names = fold(name)[: MAX_CHARACTERS - len(address) - 1]
    return f"{names} {address}" if address else names


def account_search_text(username: str, first_name: str, last_name: str, email: str) -> str:
    """Return the search text of a user of the dashboard."""
    return fold(f"{username} {first_name} {last_name} {email}")
