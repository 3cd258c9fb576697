"""What "found by typing" means everywhere: words in any order, whatever their case, width or composition."""

from __future__ import annotations

import unicodedata

from django.db.models import Q

MAX_WORDS = 8


def fold(text: str) -> str:
    """Return ``text`` without differences of case, width and composition."""
    return unicodedata.normalize("NFKC", text).casefold()


def search_words(query: str) -> list[str]:
    """Return the folded words of ``query`` that must all be found, in any order; the longest, rarest ones first.

    What no database stores (NUL, half a surrogate pair) cannot be found either and is passed over.
    """
    storable = query.replace("\0", " ").encode("utf-8", "ignore").decode("utf-8")
    words = dict.fromkeys(fold(storable).split())
    return sorted(words, key=len, reverse=True)[:MAX_WORDS]


def has_words(query: str, column: str = "search") -> Q:
    """Return the condition that the folded text in ``column`` has every word of ``query``: empty without words."""
    found = Q()
    for word in search_words(query):
        found &= Q(**{f"{column}__contains": word})
    return found
