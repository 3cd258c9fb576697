"""The launch list as CSV, row by row, for a spreadsheet.

Answers are left out: they are personal more often than not, and each template asks for others. The page of a
launch has them.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.launches.models import Launch

# A cell that begins like this is a formula to a spreadsheet, whoever wrote it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """Return ``text``."""
        return text


def csv_lines(launches: Iterable[Launch]) -> Iterator[str]:
    """Yield the lines of the file, the heading first; a byte order mark tells spreadsheets that it is UTF-8."""
    writer = csv.writer(_Echo())
    yield "\N{ZERO WIDTH NO-BREAK SPACE}"
    yield writer.writerow(
        [
            _("Asked for"),
            _("Workflow name"),
            _("Template"),
            _("Template ID"),
            _("State"),
            _("Reason"),
            _("Workflow ID"),
            _("Launched by"),
            _("Sent"),
            _("Answered"),
            _("Launch"),
        ]
    )
    for launch in launches:
        cells = [
            _moment(launch.created_at),
            launch.name,
            launch.template.name,
            launch.template_id,
            launch.get_state_display(),
            launch.reason,
            launch.workflow_id or "",
            launch.launched_by.get_full_name() or launch.launched_by.get_username(),
            _moment(launch.sent_at),
            _moment(launch.finished_at),
            launch.pk,
        ]
        yield writer.writerow([plain_cell(str(cell)) for cell in cells])


def plain_cell(text: str) -> str:
    """Return ``text`` so that a spreadsheet shows it and does not compute it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _moment(moment: dt.datetime | None) -> str:
    return timezone.localtime(moment).isoformat(sep=" ", timespec="seconds") if moment else ""
