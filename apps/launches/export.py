"""The launch list as CSV, row by row, for a spreadsheet.

Answers are left out: they are personal more often than not, and each template asks for others. The page of a
launch has them.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.launches.models import Launch

# A cell that begins like this is a formula to a spreadsheet, whoever wrote it; so are the full-width forms to some.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


COLUMNS = (
    (_("Asked for"), "created_at"),
    (_("Workflow name"), "name"),
    (_("Template"), "template__name"),
    (_("Template ID"), "template_id"),
    (_("State"), "state"),
    (_("Reason"), "reason"),
    (_("Workflow ID"), "workflow_id"),
    (_("Launched by"), "launched_by__username"),
    (_("E-mail"), "launched_by__email"),
    (_("Sent"), "sent_at"),
    (_("Answered"), "finished_at"),
    (_("Launch"), "id"),
)
STATE = 4  # the column whose value stands for words
ROWS_FETCHED = 2000  # at a time


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """Return ``text``."""
        return text


def csv_lines(launches: QuerySet[Launch]) -> Iterator[str]:
    """Yield the lines of the file, the heading first; a byte order mark tells spreadsheets that it is UTF-8."""
    writer = csv.writer(_Echo())
    yield "\N{ZERO WIDTH NO-BREAK SPACE}"
    yield writer.writerow([str(heading) for heading, _column in COLUMNS])
    columns = [column for _heading, column in COLUMNS]
    states = {value: str(label) for value, label in Launch.State.choices}
    # Plain rows: making three objects of each would take most of the time.
    for row in launches.select_related(None).values_list(*columns).iterator(chunk_size=ROWS_FETCHED):
        cells = [plain_cell(_cell(value)) for value in row]
        cells[STATE] = states.get(cells[STATE], cells[STATE])
        yield writer.writerow(cells)


def plain_cell(text: str) -> str:
    """Return ``text`` so that a spreadsheet shows it and does not compute it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="seconds")
    return str(value)
