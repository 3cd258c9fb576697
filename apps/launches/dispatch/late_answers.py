"""Responses of Pneumatic that arrive after a launch was settled in another way.

A response takes precedence over a match with an event, and over a user's decision where it names a running workflow.
Where the launch was retried in the meantime, it is only recorded. Each difference is added to the launch's conflicts.
"""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from apps.launches.models import Launch
from apps.launches.outcomes import LaunchOutcome
from apps.launches.state import add_conflict, move
from apps.workflow_templates.services import record_use
from apps.workflows.services import record_starters

logger = logging.getLogger(__name__)

State = Launch.State


def apply_late_response(launch: Launch, outcome: LaunchOutcome) -> None:
    """Apply the late response to the attempt in ``launch`` where it takes precedence, and record the conflict."""
    found = Launch.objects.select_related("resolved_by").get(pk=launch.pk)
    if not _differs(found, launch, outcome):
        return
    logger.error(
        "Launch %s is %s, but the response to attempt %s is: %s %s",
        launch.pk,
        found.state,
        launch.attempts,
        outcome.state.value,
        outcome.workflow_id or "",
    )
    is_applied = _takes_precedence(found, launch, outcome) and move(
        launch.pk,
        come_from=[State(found.state)],
        attempts=launch.attempts,
        also={"workflow_id": found.workflow_id},
        evidence=None,
        resolved_by=None,
        **outcome.values(launch),
    )
    add_conflict(launch.pk, " ".join([_response_sentence(launch, outcome), _previous_result(found)]))
    if is_applied and found.workflow_id is not None:
        record_starters({found.workflow_id: None})
    if is_applied and outcome.state is State.LAUNCHED and found.state != State.LAUNCHED:
        record_use(user=launch.launched_by, template=launch.template, at=launch.created_at)
    if outcome.workflow_id is not None:
        record_starters({outcome.workflow_id: launch.launched_by_id})


def _differs(found: Launch, launch: Launch, outcome: LaunchOutcome) -> bool:
    """Return whether the response contradicts what is known: another workflow, or none."""
    if found.attempts == launch.attempts:
        return found.workflow_id != outcome.workflow_id
    return outcome.workflow_id is not None and found.workflow_id != outcome.workflow_id


def _takes_precedence(found: Launch, launch: Launch, outcome: LaunchOutcome) -> bool:
    if found.attempts != launch.attempts:
        return False
    return found.evidence is not None or outcome.state is State.LAUNCHED


def _response_sentence(launch: Launch, outcome: LaunchOutcome) -> str:
    values = {"attempt": launch.attempts, "id": outcome.workflow_id}
    if outcome.workflow_id is not None:
        return _("Late response to attempt %(attempt)s: Pneumatic started workflow %(id)s.") % values
    return _("Late response to attempt %(attempt)s: Pneumatic started nothing.") % values


def _previous_result(found: Launch) -> str:
    """Return the sentence that says what was known before."""
    who = found.resolved_by
    values = {
        "id": found.workflow_id,
        "attempts": found.attempts,
        "person": who.shown_name if who else "",
    }
    if found.evidence is not None:
        return _("Before that, an event matched workflow %(id)s.") % values
    if who and found.workflow_id is not None:
        return _("Before that, %(person)s selected workflow %(id)s.") % values
    if who:
        return _("Before that, %(person)s recorded that it was not started.") % values
    if found.workflow_id is not None:
        return _("Attempt %(attempts)s started workflow %(id)s.") % values
    return _("The launch had been retried by then.")
