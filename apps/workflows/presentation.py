"""What workflows mean in words: rows of lists, and the sentences that open pages read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from apps.core.people import resolve
from apps.workflow_templates.models import Template
from apps.workflows import selectors
from apps.workflows.models import Workflow

State = Workflow.State

# The end of a ``badge--`` class.
TONES: dict[str, str] = {
    State.RUNNING: "info",
    State.COMPLETED: "ok",
    State.TERMINATED: "warn",
    State.SNOOZED: "quiet",
    State.UNKNOWN: "quiet",
}
OPEN = frozenset({State.RUNNING, State.SNOOZED, State.UNKNOWN})
HOLDERS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A workflow as a list shows it; ``template`` is None where it is not mirrored."""

    workflow: Workflow
    template: Template | None
    holders: Sequence[str]
    more_holders: int
    is_mine: bool

    @property
    def template_name(self) -> str:
        """Return the template's name as it is now, or else as an event told it."""
        return self.template.name if self.template else self.workflow.template_name

    @property
    def steps(self) -> int | None:
        """Return how many steps there are; None where that is not known.

        A template may have lost steps since the workflow was started: then the number says nothing.
        """
        count = self.template.tasks_count if self.template else 0
        return count if count and count >= (self.workflow.step or 0) else None

    @property
    def is_open(self) -> bool:
        """Return whether the workflow may still move."""
        return self.workflow.state in OPEN

    @property
    def news(self) -> str:
        """Return where the workflow stands, in one sentence to be read aloud."""
        return news(self.workflow)


def rows(workflows: Sequence[Workflow], *, me: int | None = None) -> list[Row]:
    """Return the rows of a list; ``me`` is the Pneumatic id of who looks. Two queries at most, however many rows."""
    templates = selectors.templates_of(workflows)
    nameless = {id_ for row in workflows for id_, name in row.holders if id_ is not None and not name.strip()}
    people = resolve(nameless) if nameless else {}
    found = []
    for workflow in workflows:
        is_held = workflow.state in OPEN
        holders = [
            name.strip() or (people[id_].name if id_ in people else _("somebody"))
            for id_, name in (workflow.holders if is_held else [])
        ]
        found.append(
            Row(
                workflow=workflow,
                template=templates.get(workflow.template_id) if workflow.template_id is not None else None,
                holders=holders[:HOLDERS_SHOWN],
                more_holders=len(holders[HOLDERS_SHOWN:]),
                is_mine=me is not None and is_held and any(id_ == me for id_, _name in workflow.holders),
            )
        )
    return found


def news(workflow: Workflow) -> str:
    """Return where a workflow stands, in one sentence to be read aloud."""
    words = {
        "name": Truncator(workflow.name).chars(80) or workflow.pk,
        "state": workflow.get_state_display(),
        "step": workflow.step,
        "task": Truncator(workflow.task_name).chars(80),
    }
    if workflow.state == State.RUNNING and workflow.step and workflow.task_name:
        return _("%(name)s: now at step %(step)s, %(task)s") % words
    if workflow.state == State.RUNNING and workflow.task_name:
        return _("%(name)s: now at %(task)s") % words
    return _("%(name)s: now %(state)s") % words
