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

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from apps.core.searching import fold
from apps.launches import outcomes
from apps.launches.dispatch import late_answers
from apps.launches.dispatch.request import LaunchRequest, plan
from apps.launches.models import Launch
from apps.launches.outcomes import LaunchOutcome
from apps.launches.resolution import matcher
from apps.launches.state import move
from apps.launches.uploads import services as uploads
from apps.pneumatic.client import Client
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.server import key_fingerprint
from apps.workflow_templates.services import record_use

logger = logging.getLogger(__name__)

State = Launch.State

# A queued launch is sent by the request that wrote it, at once; after this nobody is going to.
QUEUE_GRACE = dt.timedelta(seconds=60)


class SubmissionUsedError(Exception):
    """The submission id belongs to ``launch`` already."""

    def __init__(self, launch: Launch) -> None:
        super().__init__(str(launch.pk))
        self.launch = launch


def start(request: LaunchRequest, client: Client) -> Launch:
    """Commit the row of a new launch and return it, queued; ``send`` sends it.

    Raise SubmissionUsedError when the submission id is used, PneumaticError when the body cannot be built.
    """
    planned = plan(request, client)
    now = timezone.now()
    try:
        with transaction.atomic():
            launch = Launch.objects.create(
                submission_id=request.submission_id,
                template=request.template,
                version=request.version,
                name=request.name,
                is_urgent=request.urgency.is_urgent,
                due=request.urgency.due,
                answers=request.answers_json,
                answers_digest=request.digest,
                payload=dict(planned.payload),
                launched_by=request.user,
                created_at=now,
                deadline_at=now + QUEUE_GRACE,
                previous=request.previous,
                search=fold(request.name),
            )
            uploads.keep(user=request.user, attachment_ids=request.attachment_ids)
            return launch
    except IntegrityError:
        used_by = Launch.objects.filter(submission_id=request.submission_id).first()
        if used_by is None:
            raise
        raise SubmissionUsedError(used_by) from None


def send(launch: Launch, client: Client) -> Launch:
    """Send a queued launch once and return it as it then stands; a launch in any other state is left alone."""
    now = timezone.now()
    deadline = now + matcher.longest_answer()
    claimed = Launch.objects.filter(pk=launch.pk, state=State.QUEUED).update(
        state=State.SENDING,
        sent_at=now,
        sent_with=key_fingerprint(),
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
        outcome = _call(launch, client)
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


def _call(launch: Launch, client: Client) -> LaunchOutcome:
    try:
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
