"""How a template is found, filtered and sorted: the promoted columns that only lists read."""

from __future__ import annotations

from apps.core.searching import fold
from apps.pneumatic.canonical.schemas import Kickoff


def search_text(*, name: str, description: str) -> str:
    """Return what a template is searched by."""
    return fold(f"{name}\n{description}").replace("\0", " ")


def order_key(*, name: str, is_active: bool) -> str:
    """Return what the catalogue is sorted by: active templates first, then by name.

    One text, so that a page can begin in the middle of an index. Cut: PostgreSQL refuses long index entries.
    """
    return f"{0 if is_active else 1}{fold(name)}".replace("\0", " ")[:128]


def field_types(kickoff: Kickoff) -> str:
    """Return the types of the fields that somebody is asked for, each once, between blanks: " file string "."""
    types = sorted({field.type for field in kickoff.fields if not field.is_hidden})
    return f" {' '.join(types)} ".replace("\0", " ") if types else ""
