"""Answers of Pneumatic that come after a launch was settled otherwise: they win or agree, and leave a note.

Over what an event seemed to show, any answer counts. Over a person's word it counts when it names the workflow that
runs. What it cannot change, because the launch has been tried again, is noted all the same.
"""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from apps.launches.models import Launch
from apps.launches.outcomes import LaunchOutcome
from apps.launches.state import move, note_contradiction
from apps.workflow_templates.services import record_use
from apps.workflows.services import record_starters

logger = logging.getLogger(__name__)

State = Launch.State


def take_answer(launch: Launch, outcome: LaunchOutcome) -> None:
    """Write a late answer to the attempt that ``launch`` stands for where it counts, and note what it contradicts."""
    found = Launch.objects.select_related("resolved_by").get(pk=launch.pk)
    if not _differs(found, launch, outcome):
        return
    logger.error(
        "Launch %s is %s, but attempt %s was answered: %s %s",
        launch.pk,
        found.state,
        launch.attempts,
        outcome.state.value,
        outcome.workflow_id or "",
    )
    is_won = _wins(found, launch, outcome) and move(
        launch.pk,
        come_from=[State(found.state)],
        attempts=launch.attempts,
        also={"workflow_id": found.workflow_id},
        evidence=None,
        resolved_by=None,
        **outcome.values(launch),
    )
    note_contradiction(launch.pk, " ".join([_answered(launch, outcome), _thought(found)]))
    if is_won and found.workflow_id is not None:
        record_starters({found.workflow_id: None})
    if is_won and outcome.state is State.LAUNCHED and found.state != State.LAUNCHED:
        record_use(user=launch.launched_by, template=launch.template, at=launch.created_at)
    if outcome.workflow_id is not None:
        record_starters({outcome.workflow_id: launch.launched_by_id})


def _differs(found: Launch, launch: Launch, outcome: LaunchOutcome) -> bool:
    """Say whether the answer tells anything else than what is known; that nothing was started is one thing."""
    if found.attempts == launch.attempts:
        return found.workflow_id != outcome.workflow_id
    return outcome.workflow_id is not None and found.workflow_id != outcome.workflow_id


def _wins(found: Launch, launch: Launch, outcome: LaunchOutcome) -> bool:
    if found.attempts != launch.attempts:
        return False
    return found.evidence is not None or outcome.state is State.LAUNCHED


def _answered(launch: Launch, outcome: LaunchOutcome) -> str:
    words = {"attempt": launch.attempts, "id": outcome.workflow_id}
    if outcome.workflow_id is not None:
        return _("Pneumatic answered attempt %(attempt)s late: it started workflow %(id)s.") % words
    return _("Pneumatic answered attempt %(attempt)s late: it started nothing.") % words


def _thought(found: Launch) -> str:
    """Return what had been known before the answer came."""
    who = found.resolved_by
    words = {
        "id": found.workflow_id,
        "attempts": found.attempts,
        "person": (who.get_full_name() or who.get_username()) if who else "",
    }
    if found.evidence is not None:
        return _("An event had seemed to show that it is workflow %(id)s.") % words
    if who and found.workflow_id is not None:
        return _("%(person)s had said that it is workflow %(id)s.") % words
    if who:
        return _("%(person)s had said that it did not start.") % words
    if found.workflow_id is not None:
        return _("Attempt %(attempts)s started workflow %(id)s.") % words
    return _("By then it had been tried again.")
