"""The states of a launch: every arrow, who wins a race, and what is left when a process ends midway."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.launches import outcomes
from apps.launches.dispatch import services
from apps.launches.dispatch.request import LaunchRequest
from apps.launches.dispatch.services import SubmissionUsedError
from apps.launches.models import Launch
from apps.launches.resolution import services as resolution
from apps.pneumatic import errors
from apps.pneumatic.canonical.schemas import Launched
from apps.pneumatic.client import Client, connect
from apps.workflow_templates.models import Template, TemplateUse
from tests.factories import make_launch, make_template
from tests.fixtures.launching import send
from tests.fixtures.sandbox import Sandbox

State = Launch.State


@pytest.fixture
def queue(operator: User, no_fields: Template) -> Callable[..., Launch]:
    """Return a function that writes down a launch of the template without fields."""

    def start(submission_id: uuid.UUID | None = None, name: str = "N") -> Launch:
        assert no_fields.current_version is not None
        request = LaunchRequest(
            user=operator,
            template=no_fields,
            version=no_fields.current_version,
            name=name,
            submission_id=submission_id or uuid.uuid4(),
        )
        with connect() as client:
            return services.start(request, client)

    return start


def test_a_request_is_stored_before_anything_is_sent(queue: Callable[..., Launch], sandbox: Sandbox) -> None:
    launch = queue()

    assert launch.state == State.QUEUED
    assert launch.payload == {"id": launch.template_id, "name": "N", "kickoff": None}
    assert sandbox.requests() == []


def test_a_submission_id_is_used_once(queue: Callable[..., Launch]) -> None:
    used_id = uuid.uuid4()
    first = queue(used_id)

    with pytest.raises(SubmissionUsedError) as caught:
        queue(used_id, name="Another")

    assert caught.value.launch == first


def test_a_launch_is_sent_once_even_if_send_is_called_twice(
    queue: Callable[..., Launch], sandbox: Sandbox
) -> None:
    launch = queue()
    stale = Launch.objects.get(pk=launch.pk)

    send(launch)
    send(stale)

    assert launch.state == stale.state == State.LAUNCHED
    assert len(sandbox.workflows()) == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (errors.ValidationFailed("no"), State.REJECTED),
        (errors.AuthenticationFailed("no"), State.REJECTED),
        (errors.PermissionDenied("no"), State.REJECTED),
        (errors.NotFound("no"), State.REJECTED),
        (errors.RateLimited("no", retry_after=7), State.FAILED),
        (errors.RateLimited("no"), State.FAILED),
        (errors.Unavailable("no"), State.FAILED),
        (errors.ConfigurationError("no"), State.FAILED),
        (errors.OutcomeUnknown("no"), State.UNKNOWN),
        (errors.UnexpectedResponse("no"), State.UNKNOWN),
        (errors.PneumaticError("something new"), State.UNKNOWN),
    ],
)
def test_every_error_has_its_state_and_a_sentence(error: errors.PneumaticError, state: State) -> None:
    outcome = outcomes.of_error(error)

    assert outcome.state == state
    assert outcome.reason


def test_a_defect_while_sending_leaves_unknown(
    queue: Callable[..., Launch], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_args: Any, **_kwargs: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Client, "run", explode)

    assert send(queue()).state == State.UNKNOWN
    assert "unexpected error" in caplog.text


def test_a_worker_that_is_stopped_leaves_unknown(
    queue: Callable[..., Launch], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_args: Any, **_kwargs: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(Client, "run", stop)
    launch = queue()

    with pytest.raises(SystemExit):
        send(launch)

    launch.refresh_from_db()
    assert launch.state == State.UNKNOWN


def test_a_failed_launch_is_retried_once_per_shown_attempt(
    queue: Callable[..., Launch], sandbox: Sandbox
) -> None:
    launch = queue()
    sandbox.fault(kind="rate_limit", retry_after=1, path_prefix="/templates")
    send(launch)
    assert launch.state == State.FAILED

    assert services.retry(launch, attempts=1)
    assert not services.retry(launch, attempts=1)
    send(launch)

    assert (launch.state, launch.attempts) == (State.LAUNCHED, 2)
    assert not services.retry(launch, attempts=2)
    assert len(sandbox.workflows()) == 1


@pytest.mark.parametrize("state", [s for s in State if s != State.FAILED])
def test_only_a_failed_launch_is_tried_again(operator: User, db: None, state: State) -> None:
    launch = make_launch(make_template(), operator, state=state, attempts=1)

    assert not services.retry(launch, attempts=1)


def test_a_person_says_that_it_is_running(operator: User, administrator: User) -> None:
    launch = make_launch(make_template(), operator, state=State.UNKNOWN, attempts=1)

    resolution.resolve(launch, user=administrator, workflow_id=12)

    launch.refresh_from_db()
    assert (launch.state, launch.workflow_id, launch.resolved_by) == (State.LAUNCHED, 12, administrator)
    assert TemplateUse.objects.get().user == operator


def test_a_person_says_that_it_did_not_start(operator: User) -> None:
    launch = make_launch(make_template(), operator, state=State.UNKNOWN, attempts=1)

    resolution.resolve(launch, user=operator, workflow_id=None)

    launch.refresh_from_db()
    assert (launch.state, launch.resolved_by) == (State.FAILED, operator)
    assert services.retry(launch, attempts=1)


@pytest.mark.parametrize("state", [s for s in State if s != State.UNKNOWN])
def test_only_an_unknown_launch_is_resolved(operator: User, state: State) -> None:
    launch = make_launch(make_template(), operator, state=state)

    with pytest.raises(resolution.ResolveError):
        resolution.resolve(launch, user=operator, workflow_id=5)


def test_one_workflow_is_not_given_to_two_launches(operator: User) -> None:
    template = make_template()
    make_launch(template, operator, workflow_id=5)
    launch = make_launch(template, operator, state=State.UNKNOWN, attempts=1)

    with pytest.raises(resolution.ResolveError, match="another launch"):
        resolution.resolve(launch, user=operator, workflow_id=5)


def overdue() -> dt.datetime:
    return timezone.now() - dt.timedelta(seconds=1)


def test_a_process_that_ended_before_sending_leaves_a_safe_failure(operator: User, sandbox: Sandbox) -> None:
    launch = make_launch(make_template(), operator, state=State.QUEUED, deadline_at=overdue())

    resolution.settle_abandoned()

    launch.refresh_from_db()
    assert launch.state == State.FAILED
    assert "stopped before it sent" in launch.reason


def test_a_process_that_ended_while_sending_leaves_unknown(operator: User) -> None:
    launch = make_launch(make_template(), operator, state=State.SENDING, deadline_at=overdue())

    resolution.settle_abandoned()

    launch.refresh_from_db()
    assert launch.state == State.UNKNOWN


def test_what_may_still_be_answered_is_left_alone(
    operator: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    later = timezone.now() + dt.timedelta(minutes=1)
    launch = make_launch(make_template(), operator, state=State.SENDING, deadline_at=later)

    with django_assert_num_queries(1):
        resolution.settle_abandoned()

    launch.refresh_from_db()
    assert launch.state == State.SENDING


def test_a_launch_that_was_given_up_is_not_sent_any_more(
    queue: Callable[..., Launch], sandbox: Sandbox
) -> None:
    launch = queue()
    Launch.objects.update(deadline_at=overdue())
    resolution.settle_abandoned()

    send(launch)

    assert launch.state == State.FAILED
    assert sandbox.requests() == []


@pytest.mark.parametrize("person_said", ["", "it did not start"])
def test_an_answer_that_comes_late_still_counts(
    queue: Callable[..., Launch], monkeypatch: pytest.MonkeyPatch, operator: User, person_said: str
) -> None:
    """The process was paused beyond the deadline, and another one settled the launch."""
    launch = queue()

    def answer_late(*_args: Any, **_kwargs: Any) -> Launched:
        Launch.objects.update(deadline_at=overdue())
        resolution.settle_abandoned()
        if person_said:
            resolution.resolve(Launch.objects.get(), user=operator, workflow_id=None)
        return Launched(workflow_id=41)

    monkeypatch.setattr(Client, "run", answer_late)
    send(launch)

    assert (launch.state, launch.workflow_id) == (State.LAUNCHED, 41)


def test_a_late_response_to_an_attempt_that_was_repeated_is_logged(
    queue: Callable[..., Launch],
    monkeypatch: pytest.MonkeyPatch,
    operator: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A user resolved it as not started and retried; then the first response arrives."""
    launch = queue()
    answers = iter([41, 42])

    def answer(*_args: Any, **_kwargs: Any) -> Launched:
        workflow_id = next(answers)
        if workflow_id == 41:
            Launch.objects.update(deadline_at=overdue())
            resolution.settle_abandoned()
            again = Launch.objects.get()
            resolution.resolve(again, user=operator, workflow_id=None)
            services.retry(again, attempts=1)
            send(again)
        return Launched(workflow_id=workflow_id)

    monkeypatch.setattr(Client, "run", answer)
    send(launch)

    assert (launch.state, launch.workflow_id, launch.attempts) == (State.LAUNCHED, 42, 2)
    assert "41" in caplog.text
