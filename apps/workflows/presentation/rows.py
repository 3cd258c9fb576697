"""Rows of lists of workflows, and the sentences that open pages announce."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from apps.core.people import resolve
from apps.core.text.visible import first_visible
from apps.workflow_templates.models import Template
from apps.workflows import selectors
from apps.workflows.holders import keys_of, named_performers, names_of_unnamed, shown_names
from apps.workflows.models import Workflow

State = Workflow.State

# The end of a ``badge--`` class.
TONES: dict[str, str] = {
    State.RUNNING: "info",
    State.COMPLETED: "ok",
    State.TERMINATED: "warn",
    State.SNOOZED: "quiet",
    State.DELETED: "warn",
    State.UNKNOWN: "quiet",
}
OPEN = frozenset({State.RUNNING, State.SNOOZED, State.UNKNOWN})
PERFORMERS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A workflow as a list shows it; ``template`` is None where it is not mirrored.

    ``starter`` is the name of the user who started it in Pneumatic, '' where a launch did or it is unknown.
    """

    workflow: Workflow
    template: Template | None
    performers: Sequence[str]
    more_performers: int
    is_mine: bool
    starter: str = ""
    is_external: bool = False  # a public form started it

    @property
    def template_name(self) -> str:
        """Return the template's name as it is now, or else as in an event."""
        return self.template.shown_name if self.template else first_visible(self.workflow.template_name)

    @property
    def steps(self) -> int | None:
        """Return the number of steps; None where it is unknown.

        The template may have fewer steps now than when the workflow was started; its number is wrong then.
        """
        count = self.template.tasks_count if self.template else 0
        return count if count and count >= (self.workflow.step or 0) else None

    @property
    def is_open(self) -> bool:
        """Return whether the workflow has not ended."""
        return self.workflow.state in OPEN

    @property
    def news(self) -> str:
        """Return the status of the workflow as a sentence for screen readers."""
        return news(self.workflow)


def rows(
    workflows: Sequence[Workflow], *, me: int | None = None, with_starters: bool = False
) -> list[WorkflowRow]:
    """Return the rows of a list; ``me`` is the reader's Pneumatic id.

    At most four queries for any number of rows, and two more ``with_starters``.
    """
    templates = selectors.templates_of(workflows)
    assigned = {
        workflow.pk: named_performers(workflow.performers) for workflow in workflows if workflow.state in OPEN
    }
    names, mine = names_of_unnamed(assigned.values()), keys_of(me, assigned.values())
    without_launch = [workflow.pk for workflow in workflows if workflow.launched_by_id is None]
    outside = selectors.started_outside(without_launch) if with_starters else {}
    starters = resolve({starter for starter, _is_external in outside.values() if starter is not None})
    found = []
    for workflow in workflows:
        performers = assigned.get(workflow.pk, [])
        shown = shown_names(performers, names)
        starter, is_external = outside.get(workflow.pk, (None, False))
        found.append(
            WorkflowRow(
                workflow=workflow,
                template=templates.get(workflow.template_id) if workflow.template_id is not None else None,
                performers=shown[:PERFORMERS_SHOWN],
                more_performers=len(shown[PERFORMERS_SHOWN:]),
                is_mine=any(key in mine for key, _name in performers),
                starter=starters[starter].name if starter is not None else "",
                is_external=is_external,
            )
        )
    return found


def news(workflow: Workflow) -> str:
    """Return the status of a workflow as a sentence for screen readers."""
    words = {
        "name": Truncator(workflow.shown_name).chars(80),
        "state": workflow.get_state_display(),
        "step": workflow.step,
        "task": Truncator(workflow.shown_task).chars(80),
    }
    if workflow.state == State.RUNNING and workflow.step and workflow.shown_task:
        return _("%(name)s: now at step %(step)s, %(task)s") % words
    if workflow.state == State.RUNNING and workflow.shown_task:
        return _("%(name)s: now at %(task)s") % words
    return _("%(name)s: now %(state)s") % words
