"""Settle launches that have no usable response: by what a user found, or because their process ended."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.launches import outcomes
from apps.launches.models import Launch
from apps.launches.resolution import matcher
from apps.launches.state import decide_alone, move
from apps.workflow_templates.services import record_use

State = Launch.State


class ResolveError(Exception):
    """The launch cannot be resolved this way; ``str()`` says why."""


def resolve(launch: Launch, *, user: User, workflow_id: int | None) -> None:
    """Settle an unknown launch by what a person found: it runs as ``workflow_id``, or (None) it did not start.

    Raise ResolveError when the launch is not unknown (any more), or the workflow belongs to another launch.
    """
    with transaction.atomic():
        decide_alone()
        other = matcher.owner_of(workflow_id, besides=launch) if workflow_id is not None else None
        if other is not None:
            raise ResolveError(
                _("Workflow %(id)s belongs to another launch already: “%(name)s”.")
                % {"id": workflow_id, "name": other.name}
            )
        resolved = move(
            launch.pk,
            come_from=[State.UNKNOWN],
            attempts=launch.attempts,
            state=State.LAUNCHED if workflow_id is not None else State.FAILED,
            reason=""
            if workflow_id is not None
            else _("A person looked in Pneumatic: the workflow did not start."),
            workflow_id=workflow_id,
            resolved_by=user,
            missed_at=None,
            deadline_at=None,
            finished_at=timezone.now(),
        )
    if not resolved:
        raise ResolveError(_("This launch has been settled in the meantime."))
    launch.refresh_from_db()
    if workflow_id is not None:
        record_use(user=launch.launched_by, template=launch.template, at=launch.created_at)
    matcher.launch_settled(launch)


def settle_abandoned() -> None:
    """Settle launches whose process ended before their answer; called by every page that shows launches.

    Looking costs one read of a small partial index. Only when there is something to settle is anything written.
    """
    now = timezone.now()
    overdue = Launch.objects.filter(deadline_at__lt=now)
    wishes = set(overdue.values_list("template", "name"))
    if not wishes:
        return
    for state, outcome in (
        (State.QUEUED, outcomes.stopped_before_sending()),
        (State.SENDING, outcomes.lost_answer()),
    ):
        overdue.filter(state=state).update(
            state=outcome.state, reason=outcome.reason, deadline_at=None, finished_at=now
        )
    # The events may have come before anybody noticed that the answer will not.
    matcher.resolve_alike(wishes)
