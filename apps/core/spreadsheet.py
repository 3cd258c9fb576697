"""Rows as CSV that is safe to open in spreadsheets, streamed line by line."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from django.http import StreamingHttpResponse
from django.utils import timezone

# Spreadsheets treat a cell that starts like this as a formula; some do so for the full-width forms, too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
LINES_READ_FIRST = 3  # the byte order mark, the headings, a row


class _Echo:
    """A file that returns what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(headings: Sequence[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the lines of the file, the heading first; a byte order mark marks it as UTF-8 for spreadsheets."""
    writer = csv.writer(_Echo())
    yield "\N{ZERO WIDTH NO-BREAK SPACE}"
    yield writer.writerow([str(heading) for heading in headings])
    for row in rows:
        yield writer.writerow([plain_cell(_text(value)) for value in row])


def csv_response(subject: str, lines: Iterable[str]) -> StreamingHttpResponse:
    """Return a download of the lines, in a file named after ``subject`` and today's date.

    The first row is read before the response begins: what fails then is reported, and no empty file.
    """
    lines = iter(lines)
    begin = list(islice(lines, LINES_READ_FIRST))
    response = StreamingHttpResponse(chain(begin, lines), content_type="text/csv; charset=utf-8")
    name = f"{subject}-{timezone.localdate().isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def plain_cell(text: str) -> str:
    """Return ``text`` so that a spreadsheet does not evaluate it as a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="seconds")
    return str(value)
