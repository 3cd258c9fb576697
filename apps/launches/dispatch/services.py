"""Start workflows: each request at most once, and always with a committed row that records the outcome.

::

    queued ──> sending ──> launched
      ^           ├──────> rejected    the server said no
      └─ failed <─┼──────  failed      the request never reached it
                  └──────> unknown     sent, no response: resolved by an event, a check, a user or a late response

Every arrow is one UPDATE that names the state it comes from, committed on its own: of two workers that try the
same arrow, one wins. Nothing here runs inside a transaction while Pneumatic is called.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from apps.accounts.models import User
from apps.core.database import clock
from apps.core.database.errors import log_failure
from apps.core.text.folding import fold
from apps.launches import outcomes, selectors
from apps.launches.dispatch import late_answers
from apps.launches.dispatch.encoding import bodies_after_refusal, encode_again, stored_answers
from apps.launches.dispatch.request import LaunchRequest, plan
from apps.launches.models import Launch
from apps.launches.outcomes import LaunchOutcome
from apps.launches.resolution import matcher
from apps.launches.resolution.differences import is_stored_as_sent, stored_otherwise
from apps.launches.state import move
from apps.launches.uploads import services as uploads
from apps.pneumatic.canonical.schemas import Launched
from apps.pneumatic.client import Client
from apps.pneumatic.errors import PneumaticError, ValidationFailed
from apps.pneumatic.server import key_fingerprint
from apps.workflow_templates.services import record_use

logger = logging.getLogger(__name__)

State = Launch.State

# The web request that wrote a queued launch sends it at once. After this time its process has ended.
QUEUE_GRACE = dt.timedelta(seconds=60)
# How often one attempt is sent, each time in another encoding, while the server refuses single answers.
MAX_ENCODINGS = 6


# Called with a new launch in the transaction that commits it. Apps above register in ``AppConfig.ready()``.
OnStart = Callable[[LaunchRequest, Launch], None]
_on_start: list[OnStart] = []


def register_on_start(on_start: OnStart) -> None:
    """Call ``on_start`` with each launch that is about to be committed."""
    if on_start not in _on_start:
        _on_start.append(on_start)


class SubmissionUsedError(Exception):
    """The submission id belongs to ``launch`` already."""

    def __init__(self, launch: Launch) -> None:
        super().__init__(str(launch.pk))
        self.launch = launch


class IdenticalLaunchError(Exception):
    """The user launched the same as ``launch`` lately, and has not confirmed to repeat it."""

    def __init__(self, launch: Launch) -> None:
        super().__init__(str(launch.pk))
        self.launch = launch


def start(request: LaunchRequest, client: Client, *, confirmed: uuid.UUID | None = None) -> Launch:
    """Commit the row of a new launch and return it, queued; ``send`` sends it.

    ``confirmed`` is the identical launch that the user wants to repeat. Raise IdenticalLaunchError when there is
    another one, SubmissionUsedError when the submission id is used, PneumaticError when the body cannot be built.
    """
    planned = plan(request, client)
    now = clock.now()
    try:
        with transaction.atomic():
            _lock(request.user)
            identical = selectors.repeat_of(
                user=request.user,
                template=request.template,
                answers_digest=request.digest,
                submission_id=request.submission_id,
                besides=request.previous,
            )
            if identical is not None and identical.pk != confirmed:
                raise IdenticalLaunchError(identical)
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
            for on_start in _on_start:
                on_start(request, launch)
            return launch
    except IntegrityError:
        used_by = Launch.objects.filter(submission_id=request.submission_id).first()
        if used_by is None:
            raise
        raise SubmissionUsedError(used_by) from None


def _lock(user: User) -> None:
    """Let no other request of ``user`` search for identical launches until this one is committed.

    SQLite's transactions exclude each other anyway.
    """
    if connection.features.has_select_for_update:
        User.objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk").first()


def send(launch: Launch, client: Client) -> Launch:
    """Send a queued launch once and return it with its outcome. Leave a launch in any other state unchanged."""
    now = clock.now()
    deadline = now + matcher.max_response_time()
    claimed = Launch.objects.filter(pk=launch.pk, state=State.QUEUED).update(
        state=State.SENDING,
        sent_at=now,
        api_key_fingerprint=key_fingerprint(),
        deadline_at=deadline,
        attempts=F("attempts") + 1,
    )
    if not claimed:
        launch.refresh_from_db()
        return launch
    launch.refresh_from_db()
    # However this block ends, even by a signal to stop, the state that it leaves is true.
    outcome = outcomes.lost_response()
    try:
        outcome = _call(launch, client)
    finally:
        _settle(launch, outcome)
    return launch


def retry(launch: Launch, *, attempts: int) -> bool:
    """Queue a failed launch again. Return False when that was done already: ``attempts`` is what the user saw.

    The results of the worker's checks belong to the previous attempt and are cleared.
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
        deadline_at=clock.now() + QUEUE_GRACE,
        check_attempted_at=None,
        checked_at=None,
        check_note="",
        not_found_at=None,
    )


def _call(launch: Launch, client: Client) -> LaunchOutcome:
    """Send the launch; after a refusal of one answer, which starts nothing, maybe in another encoding."""
    try:
        _refresh_payload(launch, client)
    except PneumaticError as error:
        return outcomes.before_sending(error)
    refused: list[Mapping[str, Any]] = []
    while True:
        outcome, refusal = _call_once(launch, client)
        if not isinstance(refusal, ValidationFailed):
            break
        refused.append(launch.payload)
        following = _after_refusal(refusal, launch, client, refused)
        if isinstance(following, ValidationFailed):
            return outcomes.of_error(following)
        if not _replace_payload(launch, following):
            break
    if refused and outcome.state is State.LAUNCHED:
        client.remember_encodings()
    return outcome


def _refresh_payload(launch: Launch, client: Client) -> None:
    """Encode a launch again that was not sent at once: the server may have been upgraded, or be known better."""
    if launch.attempts == 1 and launch.created_at > clock.now() - QUEUE_GRACE:
        return
    payload = encode_again(launch, client)
    if payload is not None:
        _replace_payload(launch, payload)


def _after_refusal(
    refusal: ValidationFailed, launch: Launch, client: Client, refused: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | ValidationFailed:
    """Return the next body to send after a refusal; without one, the refusal to report.

    That is our own where the server turns out to be of a release that the answers cannot be encoded for.
    """
    try:
        bodies = bodies_after_refusal(launch, refusal, client) if len(refused) < MAX_ENCODINGS else ()
        return next((body for body in bodies if body not in refused), refusal)
    except ValidationFailed as own:
        return own
    except PneumaticError:  # Pneumatic cannot be read
        return refusal


def _replace_payload(launch: Launch, payload: Mapping[str, Any]) -> bool:
    """Store the body that is sent next; return False when the launch was settled in another way."""
    if payload == launch.payload:
        return True
    launch.payload = dict(payload)
    launch.deadline_at = clock.now() + matcher.max_response_time()
    being_sent = Launch.objects.filter(pk=launch.pk, state=State.SENDING, attempts=launch.attempts)
    return being_sent.update(payload=launch.payload, deadline_at=launch.deadline_at) > 0


def _call_once(launch: Launch, client: Client) -> tuple[LaunchOutcome, PneumaticError | None]:
    try:
        launched = client.run(launch.template_id, payload=launch.payload)
    except PneumaticError as error:
        outcome = outcomes.of_error(error)
        logger.warning("Launch %s is %s: %s", launch.pk, outcome.state.value, type(error).__name__)
        return outcome, error
    except Exception:
        # A bug of ours: the request may have been sent, so it counts as sent.
        log_failure(logger, "Launch %s ended in an unexpected error", launch.pk)
        return outcomes.lost_response(), None
    return _outcome_of_response(launch, launched), None


def _outcome_of_response(launch: Launch, launched: Launched) -> LaunchOutcome:
    """Return the outcome of a response, compared with what was chosen where it shows what was stored."""
    different: Mapping[str, str] = {}
    sent = launch.payload.get("kickoff") or {}
    try:
        # The form is read from the database only where what was sent is not what was stored.
        doubtful = [output for output in launched.stored if not is_stored_as_sent(sent, output)]
        if doubtful:
            different = stored_otherwise(sent, stored_answers(launch) or (), doubtful, shows_empty=True)
    except Exception:  # a bug of ours must not hide that the workflow was started
        log_failure(logger, "Launch %s could not be compared with its workflow", launch.pk)
    return outcomes.of_response(launched, sent=sent, stored_otherwise=different)


def _settle(launch: Launch, outcome: LaunchOutcome) -> None:
    """Write the outcome of the attempt in ``launch``, and refresh ``launch``.

    A response may come after the launch was settled in another way: ``late_answers.py``.
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
        late_answers.apply_late_response(launch, outcome)
    launch.refresh_from_db()
    matcher.launch_settled(launch)
    launch.refresh_from_db()  # an event may have resolved it already
