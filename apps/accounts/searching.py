"""How a person is found by typing: one folded text per person, and the words that must all be in it."""

from __future__ import annotations

import unicodedata

# PostgreSQL refuses a B-tree entry above 2,704 bytes; four bytes a character stay well below.
MOST_CHARACTERS = 600
MOST_WORDS = 8


def fold(text: str) -> str:
    """Return ``text`` without differences of case, width and composition."""
    return unicodedata.normalize("NFKC", text).casefold()


def search_text(*, name: str, email: str) -> str:
    """Return what a person is searched by: the name first, because lists are sorted by it.

    Where the name has accents, the name without them follows, so that "jose" finds "José".
    """
    folded = fold(name)
    plain = "".join(char for char in unicodedata.normalize("NFD", folded) if not unicodedata.combining(char))
    address = fold(email)[:320]
    names = folded if plain == folded or len(folded) > 120 else f"{folded} {plain}"
    room = MOST_CHARACTERS - len(address) - 1
    return f"{names[:room]} {address}"


def search_words(query: str) -> list[str]:
    """Return the words of ``query`` that must all be found, in any order; the longest first.

    What no database stores (NUL, half a surrogate pair) cannot be found either and is passed over.
    """
    text = query.replace("\0", " ").encode("utf-8", "ignore").decode("utf-8")
    words = dict.fromkeys(fold(text).split())
    return sorted(words, key=len, reverse=True)[:MOST_WORDS]
