"""What reading a workflow from Pneumatic added where events are missing, and what it cannot add, in sentences."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.pneumatic import server
from apps.pneumatic.canonical.events import event_from_json
from apps.pneumatic.release_report import missed_events_text, not_sent_again
from apps.workflows import selectors
from apps.workflows.projection.history import History, HistoryEntryKind


def read_back_text(workflow_id: int, history: History) -> str:
    """Return when and what was read from Pneumatic, and what is unknown; '' where every line has its own event."""
    has_lines = any(
        entry.kind is not HistoryEntryKind.STARTED and (entry.is_inferred or entry.is_indirect)
        for entry in history.entries
    )
    reading = selectors.newest_reading(workflow_id) if has_lines else None
    if reading is None:
        return ""
    at = date_format(timezone.localtime(reading.last_received_at), "DATETIME_FORMAT")
    if event_from_json(reading.facts).workflow.tasks:
        read = _("Status and all tasks were read on %(at)s. Answers of tasks without an event are unknown.")
    else:
        read = _(
            "Status, open task and completed tasks were read on %(at)s. "
            "Times and answers of tasks without an event are unknown."
        )
    sent = not_sent_again(server.known_features()) or _("Some events did not arrive.")
    return f"{sent} {read % {'at': at}}"


def missing_text(history: History) -> str:
    """Return whether Pneumatic sends the missing events again, where it does not; '' where none is missing."""
    return missed_events_text(server.known_features()) if history.gaps else ""
