"""Rows as CSV that is safe to open in spreadsheets, streamed line by line."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse
from django.utils import timezone

# Spreadsheets treat a cell that starts like this as a formula; some do so for the full-width forms, too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


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
    """Return a download of the lines, in a file named after ``subject`` and today's date."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
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
