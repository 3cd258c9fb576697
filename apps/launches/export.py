"""The launch list as CSV, row by row, for a spreadsheet.

Answers are left out: they are often personal, and every template has other fields. The page of a launch has them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.core import spreadsheet
from apps.core.text.visible import first_visible
from apps.launches.models import Launch, shown_name

COLUMNS = (
    (_("Requested"), "created_at"),
    (_("Workflow name"), "name"),
    (_("Name in Pneumatic"), "upstream_name"),
    (_("Urgent"), "is_urgent"),
    (_("Due date"), "due"),
    (_("Template"), "template__name"),
    (_("Template ID"), "template_id"),
    (_("Status"), "state"),
    (_("Reason"), "reason"),
    (_("Workflow ID"), "workflow_id"),
    (_("Launched by"), "launched_by__username"),
    (_("E-mail"), "launched_by__email"),
    (_("Sent"), "sent_at"),
    (_("Response received"), "finished_at"),
    (_("Launch"), "id"),
)
_NUMBERS = {column: number for number, (_heading, column) in enumerate(COLUMNS)}
# Columns that are not written as they are.
NAME, UPSTREAM_NAME, TEMPLATE = _NUMBERS["name"], _NUMBERS["upstream_name"], _NUMBERS["template__name"]
URGENT, STATE, LAUNCH = _NUMBERS["is_urgent"], _NUMBERS["state"], _NUMBERS["id"]
ROWS_FETCHED = 2000  # at a time


def csv_lines(launches: QuerySet[Launch], *, separator: str = ",") -> Generator[str, None, None]:
    """Yield the lines of the file, the heading first."""
    headings = [heading for heading, _column in COLUMNS]
    return spreadsheet.csv_lines(headings, _rows(launches), separator=separator)


def _rows(launches: QuerySet[Launch]) -> Iterator[list[object]]:
    columns = [column for _heading, column in COLUMNS]
    states = {value: str(label) for value, label in Launch.State.choices}
    # Plain rows: making three objects of each would take most of the time.
    for row in launches.select_related(None).values_list(*columns).iterator(chunk_size=ROWS_FETCHED):
        cells = list(row)
        cells[NAME] = shown_name(cells[LAUNCH], cells[NAME], cells[UPSTREAM_NAME])
        cells[UPSTREAM_NAME] = first_visible(cells[UPSTREAM_NAME])
        cells[TEMPLATE] = first_visible(cells[TEMPLATE])
        cells[URGENT] = _("yes") if cells[URGENT] else ""
        cells[STATE] = states.get(cells[STATE], cells[STATE])
        yield cells
