"""Search by words in any order, in folded texts (``text.folding``)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Q

from apps.core.text.folding import fold

Found = TypeVar("Found")

MAX_WORDS = 8
# SQLite refuses a pattern above 50,000 bytes. What contains a longer word contains its beginning.
MAX_WORD_CHARACTERS = 1000


def search_words(query: str) -> list[str]:
    """Return the folded words of ``query`` that must all be found, in any order; the longest, which are rarest, first.

    There are none where nothing of ``query`` can be seen.
    """
    words = dict.fromkeys(word[:MAX_WORD_CHARACTERS] for word in fold(query).split())
    return sorted(words, key=len, reverse=True)[:MAX_WORDS]


def one_line(text: str) -> str:
    """Return ``text`` folded, with a blank between its words."""
    return " ".join(fold(text).split())


def without_case(text: str) -> str:
    """Return ``text`` on one line without differences of case, width and composition: nearer to it than folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def best_match(wanted: str, candidates: Iterable[tuple[Found, str]]) -> Found | None:
    """Return the first candidate whose text is ``wanted`` except for case, else the only one when both are folded.

    Each candidate is a value and its text. None where no text is the same, or only several when folded.
    """
    pairs = list(candidates)
    exact = [candidate for candidate, text in pairs if without_case(text) == without_case(wanted)]
    folded = [candidate for candidate, text in pairs if one_line(text) == one_line(wanted)]
    return exact[0] if exact else folded[0] if len(folded) == 1 else None


def has_words(query: str, column: str = "search") -> Q:
    """Return the condition that the folded text in ``column`` has every word of ``query``: empty without words."""
    found = Q()
    for word in search_words(query):
        found &= Q(**{f"{column}__contains": word})
    return found
