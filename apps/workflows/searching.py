"""How a workflow is found by typing: the folded text that lists search in."""

from __future__ import annotations

from apps.core.searching import fold

# PostgreSQL refuses a B-tree entry above 2,704 bytes; four bytes a character stay well below.
MOST_CHARACTERS = 600


def search_text(name: str) -> str:
    """Return what a workflow is searched by."""
    return fold(name).replace("\0", " ")[:MOST_CHARACTERS]
