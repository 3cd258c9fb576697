"""Compare launches with their workflows where the response did not show what was stored.

So it is for the documented API, and for a launch without a response, whose workflow a user selected. The event of the
start shows it, and else what was read back. Later events do not count: the answers may have been corrected since.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from apps.core.database.errors import trouble_behind
from apps.kickoff.fields import answers_from_json
from apps.launches import outcomes
from apps.launches.models import Launch
from apps.launches.resolution.differences import stored_otherwise
from apps.launches.state import move
from apps.pneumatic.canonical.events import Kind, Output
from apps.pneumatic.client import capabilities
from apps.webhooks.models import Event
from apps.workflow_templates.selectors import version_kickoff
from apps.workflows.models import Workflow
from apps.workflows.projection.history import history_of

logger = logging.getLogger(__name__)

State = Launch.State


def compare_launches(workflow_ids: Collection[int]) -> None:
    """Report on the launches of these workflows what was stored otherwise than chosen.

    Raise nothing but the database's trouble, with which the transaction of the events ends, too.
    """
    shown = _shown(workflow_ids)
    if not shown:
        return
    found = Launch.objects.filter(
        workflow_id__in=shown, state=State.LAUNCHED, evidence__isnull=True, reason="", field_errors={}
    )
    if capabilities().reads_back:
        found = found.filter(resolved_by__isnull=False)
    for launch in found.select_related("version"):
        try:
            _compare(launch, shown[launch.workflow_id or 0])
        except Exception as error:  # a bug of ours must not stop the events
            if trouble_behind(error) is not None:
                raise
            logger.exception("Launch %s could not be compared with its workflow", launch.pk)


def _shown(workflow_ids: Collection[int]) -> dict[int, Sequence[Output]]:
    """Return the answers with which each of these workflows started; those without known answers are left out."""
    started = Event.objects.filter(workflow_id__in=workflow_ids, kind=Kind.WORKFLOW_STARTED)
    shown: dict[int, Sequence[Output]] = {
        event.workflow_id: event.parsed.workflow.kickoff for event in started.order_by("-pk")
    }
    if capabilities().reads_back:
        for workflow in Workflow.objects.filter(pk__in=set(workflow_ids) - set(shown)):
            shown[workflow.pk] = history_of(workflow).kickoff or ()
    return shown


def _compare(launch: Launch, outputs: Sequence[Output]) -> None:
    answers = answers_from_json(version_kickoff(launch.version).fields, launch.answers)
    sent = launch.payload.get("kickoff") or {}
    different = stored_otherwise(sent, answers, outputs, shows_empty=False)
    if different:
        move(
            launch.pk,
            come_from=[State.LAUNCHED],
            attempts=launch.attempts,
            also={"workflow_id": launch.workflow_id},
            reason=outcomes.difference_reason(),
            field_errors=outcomes.difference_errors(different),
        )
