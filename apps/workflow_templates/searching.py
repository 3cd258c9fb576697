"""The columns by which lists search, filter and sort templates."""

from __future__ import annotations

from apps.core.text.folding import fold
from apps.pneumatic.canonical.schemas import Kickoff


def search_text(*, name: str, description: str) -> str:
    """Return the text that a search for templates reads."""
    return fold(f"{name}\n{description}")


def order_key(*, name: str, is_active: bool) -> str:
    """Return the sort key of the catalogue: active templates first, then by name.

    It is one text, so that a page can start in the middle of an index, and cut to 128 characters, because PostgreSQL
    refuses long index entries.
    """
    return f"{0 if is_active else 1}{fold(name)}"[:128]


def field_types(kickoff: Kickoff) -> str:
    """Return the types of the fields that are shown, each once, between blanks: " file string "."""
    types = sorted({field.type for field in kickoff.fields if not field.is_hidden})
    return f" {' '.join(types)} ".replace("\0", " ") if types else ""
