"""The one rule of what is the same to a search: letters with and without accents, and other ways to write them.

The rule follows the list of ICU's folding for searches (Unicode TR 30): case, accents, width, ligatures, native digits,
quotation marks, dashes; what cannot be seen is left out. It folds each character alone, after NFKC. So a part of
a text is still found after both were folded, whatever part it is.
"""

from __future__ import annotations

import re
import unicodedata

from apps.core.text.visible import INVISIBLE

_UNSEEN = re.compile(f"[{INVISIBLE}]")
# What neither decomposes nor has the name of another letter.
_LETTERS = {"æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŋ": "n", "ĸ": "k", "ə": "e", "\u0131": "i", "ȷ": "j"}
# Arabic: teh marbuta, alef maksura, the Persian yeh and kaf, and the line that only makes a word longer.
_LETTERS |= {"\u0629": "\u0647", "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643", "\u0640": ""}
_SINGLE, _DOUBLE = "'", "''"  # quotation marks, as NFKC writes one and two primes
_SIGNS = {
    **dict.fromkeys("`\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u2035", _SINGLE),
    **dict.fromkeys(
        "\u02b9\u02bb\u02bc\u02bd\ua78c\u055a\u05f3", _SINGLE
    ),  # letters and accents that look like it
    **dict.fromkeys("\u201c\u201d\u201e\u201f\xab\xbb\u301d\u301e\u301f\u05f4", _DOUBLE),
    **dict.fromkeys("\u2212\u02d7\u2043", "-"),
    **dict.fromkeys("\u2044\u2215", "/"),
}
# NFKC makes a blank and an accent of these, which people write for an apostrophe.
_SPACING_ACCENTS = re.compile("[\xb4\u0384\u1fbd\u1fbf\u1ffe]")
# All that may change after NFKC and ``casefold``: most characters of most texts do not.
_CHANGING = re.compile(r"[^\n !-_a-~]+")
_WITH = re.compile(r"((?:LATIN|CYRILLIC) SMALL LETTER .+?) WITH .+")


def fold(text: str) -> str:
    """Return ``text`` as searches compare it. Any database can store it: it has no NUL and no half of a pair."""
    composed = unicodedata.normalize("NFKC", _SPACING_ACCENTS.sub(_SINGLE, text)).casefold()
    return _CHANGING.sub(lambda found: found[0].translate(_FOLDED), composed.replace('"', _DOUBLE))


class _Folded(dict[int, str]):
    """What each character is folded to, computed when it first occurs."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


def _fold_character(char: str) -> str:
    for table in (_LETTERS, _SIGNS):
        if char in table:
            return table[char]
    category = unicodedata.category(char)
    if char in "\0\u2800":
        return " "
    if (
        category in {"Cs", "Me"}
        or unicodedata.combining(char)
        or (_UNSEEN.match(char) and not char.isspace())
    ):
        return ""
    if category == "Pd":
        return "-"
    if category == "Nd":
        return str(unicodedata.decimal(char))
    parts = unicodedata.normalize("NFKD", char)
    plain = unicodedata.normalize("NFC", "".join(part for part in parts if not unicodedata.combining(part)))
    return "".join(map(_fold_character, plain)) if plain != char else _base_of(char)


def _base_of(char: str) -> str:
    """Return the letter that ``char`` is a variant of by its name: "l" for "latin small letter l with stroke"."""
    found = _WITH.fullmatch(unicodedata.name(char, ""))
    if found is None:
        return char
    try:
        return _fold_character(unicodedata.lookup(found[1]))
    except KeyError:
        return char


_FOLDED = _Folded()
