"""Rows as CSV that is safe to open in spreadsheets, streamed line by line."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from django.http import StreamingHttpResponse
from django.utils import timezone

# By the value of ``separator=`` in the address of an export. Spreadsheets of many languages want a semicolon.
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
# Spreadsheets treat a cell that starts like this as a formula; some do so for the full-width forms, too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
LINES_READ_FIRST = 3  # the byte order mark, the headings, a row
# A program that splits lines at another separator than the file has also sees cells within a cell.
_INNER_CELL = re.compile(r"""([;\t|,\r\n][ "']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")


class _Echo:
    """A file that returns what is written to it."""

    def write(self, text: str) -> str:
        return text


class _Begun:
    """Lines of which the first were read. ``close`` ends the query behind them, wherever the reader stopped."""

    def __init__(self, lines: Generator[str, None, None]) -> None:
        self._all = chain(list(islice(lines, LINES_READ_FIRST)), lines)
        self.close = lines.close

    def __iter__(self) -> Iterator[str]:
        return self._all


def separator_of(query: Mapping[str, str]) -> str:
    """Return the separator that the address of an export names; a comma for none."""
    return SEPARATORS.get(query.get("separator", ""), ",")


def csv_lines(
    headings: Sequence[object], rows: Iterable[Iterable[object]], *, separator: str = ","
) -> Generator[str, None, None]:
    """Yield the lines of the file, the heading first; a byte order mark marks it as UTF-8 for spreadsheets."""
    writer = csv.writer(_Echo(), delimiter=separator)
    yield "\N{ZERO WIDTH NO-BREAK SPACE}"
    yield writer.writerow([str(heading) for heading in headings])
    for row in rows:
        yield writer.writerow([plain_cell(_text(value), separator=separator) for value in row])


def csv_response(subject: str, lines: Generator[str, None, None]) -> StreamingHttpResponse:
    """Return a download of the lines, in a file named after ``subject`` and today's date.

    The first row is read before the response begins: what fails then is reported, and no empty file.
    """
    response = StreamingHttpResponse(_Begun(lines), content_type="text/csv; charset=utf-8")
    name = f"{subject}-{timezone.localdate().isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def plain_cell(text: str, *, separator: str = ",") -> str:
    """Return ``text`` so that a spreadsheet evaluates nothing of it as a formula, wherever it splits the line."""
    text = _INNER_CELL.sub(lambda match: _guarded(match[0], separator), text)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _guarded(start: str, separator: str) -> str:
    """Return the start of a cell within a cell with an apostrophe; unchanged after the file's own, quoted separator."""
    return start if start[0] == separator else f"{start}'"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="seconds")
    return str(value)
