"""The list of workflows as CSV, row by row, for a spreadsheet.

Answers are left out: most are personal, and every template has other fields. The page of a workflow has them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from itertools import islice

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import spreadsheet
from apps.core.people import Person, resolve
from apps.workflow_templates.models import Template
from apps.workflows import selectors
from apps.workflows.holders import named_performers, names_of_unnamed
from apps.workflows.models import Workflow, shown_name, visible_names
from apps.workflows.presentation.rows import OPEN

HEADINGS = (
    gettext_lazy("Workflow ID"),
    gettext_lazy("Workflow name"),
    gettext_lazy("Template"),
    gettext_lazy("Template ID"),
    gettext_lazy("Status"),
    gettext_lazy("Status is"),
    gettext_lazy("Step"),
    gettext_lazy("Steps"),
    gettext_lazy("Current task"),
    gettext_lazy("Assigned to"),
    gettext_lazy("Assigned since"),
    gettext_lazy("Started by"),
    gettext_lazy("E-mail"),
    gettext_lazy("Started"),
    gettext_lazy("Ended"),
    gettext_lazy("Events"),
    gettext_lazy("Events are missing"),
    gettext_lazy("Last event"),
)
COLUMNS = (
    "id",
    "name",
    "template_name",
    "template_id",
    "state",
    "is_state_confirmed",
    "step",
    "task_name",
    "performers",
    "task_since",
    "launched_by__username",
    "launched_by__email",
    "started_at",
    "ended_at",
    "events_count",
    "has_gaps",
    "last_event_at",
)
_ID, _STATE, _PERFORMERS, _USERNAME = map(
    COLUMNS.index, ("id", "state", "performers", "launched_by__username")
)
ROWS_FETCHED = 2000  # at a time


def csv_lines(workflows: QuerySet[Workflow], *, separator: str = ",") -> Generator[str, None, None]:
    """Yield the lines of the file, the heading first."""
    return spreadsheet.csv_lines(HEADINGS, _rows(workflows), separator=separator)


def _rows(workflows: QuerySet[Workflow]) -> Iterator[list[object]]:
    templates = {
        pk: (name, tasks) for pk, name, tasks in Template.objects.values_list("pk", "name", "tasks_count")
    }
    states = {value: str(label) for value, label in Workflow.State.choices}
    yes, no, confirmed, inferred = _("yes"), _("no"), _("confirmed"), _("inferred")
    # Plain rows: creating an object for each would take most of the time.
    plain = workflows.select_related(None).defer(None).values_list(*COLUMNS)
    rows = plain.iterator(chunk_size=ROWS_FETCHED)
    while batch := list(islice(rows, ROWS_FETCHED)):
        names = names_of_unnamed(named_performers(row[_PERFORMERS]) for row in batch if row[_STATE] in OPEN)
        outside = selectors.started_outside([row[_ID] for row in batch if row[_USERNAME] is None])
        people = resolve({starter for starter, _is_external in outside.values() if starter is not None})
        for row in batch:
            (
                pk,
                name,
                template_name,
                template_id,
                state,
                is_confirmed,
                step,
                task,
                performers,
                since,
                *rest,
            ) = row
            username, email, started, ended, events, gaps, last_event = rest
            template_name, tasks = templates.get(template_id, (template_name, None))
            is_open = state in OPEN
            assigned_to = [
                name or names.get(key) or str(key[0] or "")
                for key, name in named_performers(performers if is_open else ())
            ]
            yield [
                *(
                    pk,
                    shown_name(pk, name),
                    template_name,
                    template_id,
                    states.get(state, state),
                    confirmed if is_confirmed else inferred,
                ),
                *(step, tasks if tasks and tasks >= (step or 0) else None, visible_names(task)),
                ", ".join(assigned_to),
                since if is_open and state != Workflow.State.SNOOZED else None,
                *(username or _starter(outside.get(pk), people), email, started, ended, events),
                *(yes if gaps else no, last_event),
            ]


def _starter(outside: tuple[int | None, bool] | None, people: Mapping[int, Person]) -> str:
    """Return who started a workflow that no launch did, as the list of workflows says it; '' where it is unknown."""
    starter, is_external = outside or (None, False)
    if is_external:
        return _("a public form")
    return people[starter].name if starter is not None else ""
