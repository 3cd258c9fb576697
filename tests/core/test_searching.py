"""What is typed into a search box becomes words."""

from __future__ import annotations

import pytest

from apps.core.searching import MAX_WORDS, search_words


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("  a   HIRE ", ["hire", "a"]),
        ("Straße", ["strasse"]),
        ("\uff37ide", ["wide"]),
        ("twice twice", ["twice"]),
        ("nul\0byte", ["byte", "nul"]),
        ("half a \ud800pair", ["half", "pair", "a"]),
        ("", []),
    ],
)
def test_words_are_folded_and_the_longest_come_first(query: str, expected: list[str]) -> None:
    assert search_words(query) == expected


def test_only_some_words_count() -> None:
    assert len(search_words(" ".join(map(str, range(100))))) == MAX_WORDS
