"""What is the same to a search, and that a part of a text is found whatever part it is."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.text.folding import fold
from tests.fixtures.depth import exhaustive

SAME = {
    "cafe": "Café",
    "jurgen": "JU\N{COMBINING DIAERESIS}RGEN",
    "istanbul": "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}stanbul",
    "isparta": "\N{LATIN SMALL LETTER DOTLESS I}sparta",
    "strasse": "Stra\N{LATIN CAPITAL LETTER SHARP S}e",
    "it's ''x''": "It\N{RIGHT SINGLE QUOTATION MARK}s “x”",
    "o'brien": "O\N{ACUTE ACCENT}Brien",
    '5"': "5\N{DOUBLE PRIME}",
    "a-b-c-d": "a\N{EN DASH}b\N{NON-BREAKING HYPHEN}c\N{MINUS SIGN}d",
    "softhyphen": "soft\N{SOFT HYPHEN}hy\N{ZERO WIDTH SPACE}phen\N{VARIATION SELECTOR-16}",
    "fine office": "\N{LATIN SMALL LIGATURE FI}ne o\N{LATIN SMALL LIGATURE FFI}ce",
    "wide 12": "\N{FULLWIDTH LATIN CAPITAL LETTER W}ide\N{NO-BREAK SPACE}\N{FULLWIDTH DIGIT ONE}2",
    "dang van nguyen": "Đặng Văn Nguyễn",
    "lodz sorensen aesir oeuvre thor": "Łódź Sørensen Æsir Œuvre Þór",
    "еж майкоп": "Ёж Майкоп",
    "маикоп": "Мaйкоп".replace("a", "а"),  # noqa: RUF001 - Cyrillic
    "ганок казак": "Ґанок қазақ",
    "αθηνα σ": "ΑΘΉΝΑ ς",  # noqa: RUF001 - Greek
    "احمد محمد": "أَحْمَد مُحَمَّد",
    "34": "\N{ARABIC-INDIC DIGIT THREE}\N{DEVANAGARI DIGIT FOUR}",
    "m2 1/2 no tm": "m² ½ № ™",
    "かき": "がぎ",
    "한국어": unicodedata.normalize("NFD", "한국어"),
    "a b": "a\0b",
    "half": "ha\ud800lf",
    "": "\N{HANGUL FILLER}\N{COMBINING ACUTE ACCENT}",
}


@pytest.mark.parametrize(("one", "other"), SAME.items())
def test_both_are_the_same_to_a_search(one: str, other: str) -> None:
    assert fold(other) == fold(one)


def test_what_differs_by_more_stays_different() -> None:
    for one, other in ("cafe", "cave"), ("тест", "test"), ("한국", "하구"), ("a+b", "a-b"), ("o", "oe"):
        assert fold(one) != fold(other)


@pytest.mark.parametrize("step", exhaustive([1, 17], but=[17]))
def test_a_text_that_is_folded_stays_as_it_is(step: int) -> None:
    codes = range(0, sys.maxunicode + 1, step)
    assert [hex(code) for code in codes if fold(fold(chr(code))) != fold(chr(code))] == []


TEXT = st.text(st.one_of(st.characters(), st.sampled_from("".join(SAME.values()))), max_size=12)


@given(TEXT, TEXT, TEXT)
def test_a_part_of_a_text_is_found_in_it(before: str, part: str, after: str) -> None:
    """As it was when a search compared texts in NFKC without case."""

    def composed(text: str) -> str:
        return unicodedata.normalize("NFKC", text).casefold()

    whole = before + part + after
    if composed(part) in composed(whole):
        assert all(word in fold(whole) for word in fold(part).split())
