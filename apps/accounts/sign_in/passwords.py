"""Which passwords are too easy to guess for an attacker who knows the user."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# The shortest part of a name that is searched for: two letters occur in most words.
MIN_PART_CHARACTERS = 3
# A password needs this many letters in addition to parts of the user's names.
MIN_OTHER_LETTERS = 6
PRODUCT_WORDS = ("pneumatic", "dashboard")
_LOOK_ALIKES = {
    "0": "o",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "€": "e",
}
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# As they are, and with the characters that often replace letters; those that replace two of them in both ways.
_READINGS = tuple(
    str.maketrans(table)
    for table in ({}, {**_LOOK_ALIKES, "1": "i", "!": "i"}, {**_LOOK_ALIKES, "1": "l", "!": "l", "|": "l"})
)


class PersonalPasswordValidator(UserAttributeSimilarityValidator):
    """Refuse names and e-mail addresses of the user: similar ones as Django does, and disguised ones.

    Disguises are repetition, of letters too, reversal, letters replaced by digits or signs, signs in between, and
    anything short around it, such as a year.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password that consists of the user's names."""
        super().validate(password, user)
        parts = {*PRODUCT_WORDS, *_parts(user, self.user_attributes)}
        short = {part for part in map(_without_doubles, parts) if len(part) >= MIN_PART_CHARACTERS}
        if any(
            _is_made_of(parts, password, reading) or _is_made_of(short, _without_doubles(password), reading)
            for reading in _READINGS
        ):
            raise ValidationError(
                _("The password consists of names, e-mail address or product. Use other words."),
                code="password_too_similar",
            )


def _parts(user: Any, attributes: Iterable[str]) -> Iterator[str]:
    for attribute in attributes:
        written = getattr(user, attribute, None) or ""
        for text in {_fold(written), _fold(_spelt_out(written))}:
            local, _at, domain = text.partition("@")
            for piece in (local, domain.rpartition(".")[0]):
                for part in {_letters(piece), *re.split(r"[\W\d_]+", piece)}:
                    if len(part) >= MIN_PART_CHARACTERS:
                        yield part


def _is_made_of(parts: set[str], password: str, reading: dict[int, str]) -> bool:
    """Return whether little is left of the password without ``parts``, forwards and backwards, as it is read."""
    plain = "".join(char for char in _fold(password) if char.isalnum() or ord(char) in reading)
    read = plain.translate(reading)  # each character becomes one: positions stay
    covered = [False] * len(plain)
    for part in parts:
        for word in (part, part[::-1]):
            for match in re.finditer(f"(?={re.escape(word)})", read):
                covered[match.start() : match.start() + len(word)] = [True] * len(word)
    left = [
        char for char, is_covered in zip(plain, covered, strict=True) if not is_covered and char.isalpha()
    ]
    return any(covered) and len(left) < MIN_OTHER_LETTERS


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalpha())


def _fold(text: str) -> str:
    """Return ``text`` in lower case, and without accents and strokes."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).translate(_STROKES)


def _spelt_out(text: str) -> str:
    """Return ``text`` with two letters for one with dots, as in German and Nordic addresses."""
    return unicodedata.normalize("NFC", text.casefold()).translate(_TWO_LETTERS)


def _without_doubles(text: str) -> str:
    return re.sub(r"(.)\1+", r"\1", text)
