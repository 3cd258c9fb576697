"""Read files that people write: ``.env``, and files that hold one secret.

They are read as people mean them: with a byte order mark, blanks around names and values, notes behind values, notes in
an old encoding. What stays ambiguous stops the start with a sentence that names file and line, and shows no value.
``$`` is a character like any other.
"""

from __future__ import annotations

import codecs
import os
import re
from io import StringIO
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import Binding, parse_stream

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE_END = re.compile(r"\r\n|\n|\r")


def load(path: Path) -> None:
    """Add the variables of a file to the environment; those that are set already win, even if they are empty."""
    for name, value in parse(_read(path, str(path)), source=str(path)).items():
        os.environ.setdefault(name, value)


def parse(content: bytes, *, source: str) -> dict[str, str]:
    """Return a file's variables, the last of several with one name; ``source`` names the file in errors."""
    bindings = parse_stream(StringIO(_decode(content, source), newline=""))
    return dict(_checked(binding, source) for binding in bindings if binding.error or binding.key is not None)


def read_secret(path: Path, *, variable: str) -> str:
    """Return the one line of text in a file, without blanks around it; ``variable`` names the file in errors."""
    source = f"{variable} names a file that"
    text = _decode(_read(path, source), source).strip()
    if not is_text(text):
        raise ImproperlyConfigured(f"{source} is not UTF-8. Save it as UTF-8.")
    if _LINE_END.search(text):
        raise ImproperlyConfigured(f"{source} has several lines. It may contain the secret only.")
    return text


def is_text(value: str) -> bool:
    """Return whether a value has no characters that only a wrong encoding gives: NUL, and bytes that are not UTF-8."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)


def _read(path: Path, source: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImproperlyConfigured(f"{source} cannot be read: {error.strerror}.") from None


def _decode(content: bytes, source: str) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with its byte order mark.

    Other bytes become surrogates: they do no harm in a note, and ``is_text`` finds them anywhere else.
    """
    if not content.startswith(_UTF16_MARKS):
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="surrogateescape")
    try:
        return content.decode("utf-16")
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{source} is damaged UTF-16. Save it as UTF-8.") from None


def _checked(binding: Binding, source: str) -> tuple[str, str]:
    """Return name and value of a line, or say what is wrong with it."""
    written = binding.original.string.lstrip()
    blank = binding.original.string.removesuffix(written)
    place = f"{source}, line {binding.original.line + len(_LINE_END.findall(blank))}"
    if not is_text(f"{binding.key}{binding.value}"):
        raise ImproperlyConfigured(f"{place}: this is not UTF-8. Save the file as UTF-8.")
    if binding.value is None or not _NAME.fullmatch(binding.key or ""):
        raise ImproperlyConfigured(
            f"{place}: this is not NAME=value. Put # before a note; close a quote that opens the value."
        )
    if _LINE_END.search(written.rstrip()):
        raise ImproperlyConfigured(f"{place}: the quote that opens the value is not closed on this line.")
    return str(binding.key), binding.value
