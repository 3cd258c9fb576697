"""Settle launches that have no usable response: by what a user found, or because their process ended."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.core.database import clock
from apps.launches import outcomes
from apps.launches.models import Launch
from apps.launches.resolution import matcher
from apps.launches.state import lock_resolution, move
from apps.workflow_templates.services import record_use

State = Launch.State


class ResolveError(Exception):
    """The launch cannot be resolved this way; ``str()`` says why."""


def resolve(launch: Launch, *, user: User, workflow_id: int | None) -> None:
    """Resolve an unknown launch with what ``user`` found: it runs as ``workflow_id``, or (None) it was not started.

    Raise ResolveError when the launch is not unknown, or the workflow belongs to another launch.
    """
    with transaction.atomic():
        lock_resolution()
        other = matcher.owner_of(workflow_id, besides=launch) if workflow_id is not None else None
        if other is not None:
            raise ResolveError(
                _("Workflow %(id)s belongs to another launch already: “%(name)s”.")
                % {"id": workflow_id, "name": other.shown_name}
            )
        resolved = move(
            launch.pk,
            come_from=[State.UNKNOWN],
            attempts=launch.attempts,
            state=State.LAUNCHED if workflow_id is not None else State.FAILED,
            reason=""
            if workflow_id is not None
            else _("A user checked in Pneumatic: the workflow was not started."),
            workflow_id=workflow_id,
            resolved_by=user,
            not_found_at=None,
            deadline_at=None,
            finished_at=clock.now(),
        )
    if not resolved:
        raise ResolveError(_("This launch was resolved in the meantime."))
    launch.refresh_from_db()
    if workflow_id is not None:
        record_use(user=launch.launched_by, template=launch.template, at=launch.created_at)
    matcher.launch_settled(launch)


def settle_abandoned() -> None:
    """Settle launches whose process ended before the response; called by every page that shows launches.

    Without any it is one read of a small partial index.
    """
    now = clock.now()
    overdue = Launch.objects.filter(deadline_at__lt=now)
    requests = set(overdue.values_list("template", "name"))
    if not requests:
        return
    for state, outcome in (
        (State.QUEUED, outcomes.stopped_before_sending()),
        (State.SENDING, outcomes.lost_response()),
    ):
        overdue.filter(state=state).update(
            state=outcome.state, reason=outcome.reason, deadline_at=None, finished_at=now
        )
    # Their events may have been processed already.
    matcher.resolve_similar(requests)
