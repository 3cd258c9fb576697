"""Start workflows: each wish once, and never without a committed row that says what happened.

::

    queued ──> sending ──> launched
      ^           ├──────> rejected    the server said no
      └─ failed <─┼──────  failed      the request never reached it
                  └──────> unknown     sent, no answer: resolved by an event, a person, or the answer coming late

Every arrow is one UPDATE that names the state it comes from, committed on its own: of two workers that try the
same arrow, one wins. Nothing here runs inside a transaction while Pneumatic is called.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.core.searching import fold
from apps.kickoff.fields import answers_to_json
from apps.launches import outcomes
from apps.launches.dispatch import late_answers
from apps.launches.models import Launch
from apps.launches.outcomes import LaunchOutcome
from apps.launches.resolution import matcher
from apps.launches.state import decide_alone, move
from apps.launches.submission import tokens
from apps.launches.uploads import services
from apps.pneumatic.canonical.schemas import Answer, TaskOverride, Urgency
from apps.pneumatic.client import connect
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.server import key_mark
from apps.workflow_templates.models import Template, TemplateVersion
from apps.workflow_templates.services import record_use

logger = logging.getLogger(__name__)

State = Launch.State

# A queued launch is sent by the request that wrote it, at once; after this nobody is going to.
QUEUE_GRACE = dt.timedelta(seconds=60)


class SpentSubmissionError(Exception):
    """The submission id belongs to a launch already; ``launch`` is that one."""

    def __init__(self, launch: Launch) -> None:
        super().__init__(str(launch.pk))
        self.launch = launch


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request that has not been sent: its address and its body."""

    url: str
    payload: Mapping[str, Any]


class ResolveError(Exception):
    """The launch cannot be resolved this way; ``str()`` says why."""


def start(
    *,
    user: User,
    template: Template,
    version: TemplateVersion,
    submission_id: uuid.UUID,
    name: str,
    answers: Sequence[Answer],
    tasks: Sequence[TaskOverride] = (),
    urgency: Urgency | None = None,
    previous: Launch | None = None,
) -> Launch:
    """Write down the wish to start a workflow and return it, queued; ``send`` carries it out.

    Raise SpentSubmissionError when the submission id is spent, PneumaticError when the request cannot be built.
    """
    urgency = urgency or Urgency()
    planned = planned_request(
        template_id=template.pk, name=name, answers=answers, tasks=tasks, urgency=urgency
    )
    as_json = answers_to_json(answers)
    now = timezone.now()
    try:
        with transaction.atomic():
            launch = Launch.objects.create(
                submission_id=submission_id,
                template=template,
                version=version,
                name=name,
                is_urgent=urgency.is_urgent,
                due=urgency.due,
                answers=as_json,
                answers_digest=tokens.digest(
                    user=user, name=name, answers=answers, as_json=as_json, urgency=urgency
                ),
                payload=dict(planned.payload),
                launched_by=user,
                created_at=now,
                deadline_at=now + QUEUE_GRACE,
                previous=previous,
                search=fold(name),
            )
            services.keep(user=user, attachment_ids=tokens.attachment_ids(answers))
            return launch
    except IntegrityError:
        taken = Launch.objects.filter(submission_id=submission_id).first()
        if taken is None:
            raise
        raise SpentSubmissionError(taken) from None


def planned_request(
    *,
    template_id: int,
    name: str,
    answers: Sequence[Answer],
    tasks: Sequence[TaskOverride] = (),
    urgency: Urgency | None = None,
) -> PlannedRequest:
    """Return exactly what a launch with these answers sends, and where to; nothing is sent."""
    with connect() as client:
        payload = client.run_payload(template_id, name=name, answers=answers, tasks=tasks, urgency=urgency)
        return PlannedRequest(url=client.run_url(template_id), payload=payload)


def send(launch: Launch) -> Launch:
    """Send a queued launch once and return it as it then stands; a launch in any other state is left alone."""
    now = timezone.now()
    deadline = now + matcher.longest_answer()
    claimed = Launch.objects.filter(pk=launch.pk, state=State.QUEUED).update(
        state=State.SENDING,
        sent_at=now,
        sent_with=key_mark(),
        deadline_at=deadline,
        attempts=F("attempts") + 1,
    )
    if not claimed:
        launch.refresh_from_db()
        return launch
    launch.refresh_from_db()
    # Whatever ends this block, even the worker being told to stop, leaves a true state behind.
    outcome = outcomes.lost_answer()
    try:
        outcome = _call(launch)
    finally:
        _settle(launch, outcome)
    return launch


def retry(launch: Launch, *, attempts: int) -> bool:
    """Queue a failed launch again; return False when somebody else did so (``attempts`` is what the person saw).

    What the worker's looks found belonged to the attempt before: it begins anew.
    """
    return move(
        launch.pk,
        come_from=[State.FAILED],
        attempts=attempts,
        state=State.QUEUED,
        reason="",
        field_errors={},
        finished_at=None,
        resolved_by=None,
        deadline_at=timezone.now() + QUEUE_GRACE,
        tried_at=None,
        looked_at=None,
        look_note="",
        missed_at=None,
    )


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


def _call(launch: Launch) -> LaunchOutcome:
    try:
        with connect() as client:
            launched = client.run(launch.template_id, payload=launch.payload)
    except PneumaticError as error:
        outcome = outcomes.of_error(error)
        logger.warning("Launch %s is %s: %s", launch.pk, outcome.state.value, type(error).__name__)
        return outcome
    except Exception:
        # A defect of ours: whether the request left is not known, so it counts as sent.
        logger.exception("Launch %s ended in an unexpected error", launch.pk)
        return outcomes.lost_answer()
    return outcomes.of_answer(launched, sent=launch.payload.get("kickoff") or ())


def _settle(launch: Launch, outcome: LaunchOutcome) -> None:
    """Write the outcome of the attempt that ``launch`` stands for, and refresh ``launch``.

    A true answer still counts when it comes after somebody or something else has settled the launch: ``late.py``.
    """
    written = move(
        launch.pk,
        come_from=[State.SENDING] if outcome.state is State.UNKNOWN else [State.SENDING, State.UNKNOWN],
        attempts=launch.attempts,
        **outcome.values(launch),
    )
    if written and outcome.state is State.LAUNCHED:
        record_use(user=launch.launched_by, template=launch.template, at=launch.created_at)
    elif not written and outcome.state is not State.UNKNOWN:
        late_answers.take_answer(launch, outcome)
    launch.refresh_from_db()
    matcher.launch_settled(launch)
    launch.refresh_from_db()  # an event may have told already what the answer did not
