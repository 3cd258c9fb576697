"""The search text of users and groups: one folded text each (``core.searching``)."""

from __future__ import annotations

import unicodedata

from apps.core.searching import fold

# PostgreSQL refuses a B-tree entry above 2,704 bytes; 600 characters have at most 2,400.
MAX_CHARACTERS = 600


def search_text(*, name: str, email: str = "") -> str:
    """Return the search text of a user or a group. The name is first, because lists are sorted by this text.

    Where the name has accents, the name without them follows, so that "jose" finds "José".
    """
    folded = fold(name)
    plain = "".join(char for char in unicodedata.normalize("NFD", folded) if not unicodedata.combining(char))
    address = fold(email)[:320]
    names = folded if plain == folded or len(folded) > 120 else f"{folded} {plain}"
    room = MAX_CHARACTERS - len(address) - 1
    return f"{names[:room]} {address}" if address else names[:room]
