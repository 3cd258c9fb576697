"""Rows as CSV that spreadsheets open without harm, streamed line by line."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from django.utils import timezone

# A cell that begins like this is a formula to a spreadsheet, whoever wrote it; so are the full-width forms to some.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """Return ``text``."""
        return text


def csv_lines(headings: Sequence[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the lines of the file, the heading first; a byte order mark tells spreadsheets that it is UTF-8."""
    writer = csv.writer(_Echo())
    yield "\N{ZERO WIDTH NO-BREAK SPACE}"
    yield writer.writerow([str(heading) for heading in headings])
    for row in rows:
        yield writer.writerow([plain_cell(_text(value)) for value in row])


def plain_cell(text: str) -> str:
    """Return ``text`` so that a spreadsheet shows it and does not compute it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="seconds")
    return str(value)
