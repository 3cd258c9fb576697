"""A true answer of Pneumatic that comes after an event, or a person, has settled the launch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.launches.dispatch import services
from apps.launches.models import Launch
from apps.launches.resolution import services as resolution
from apps.pneumatic.canonical.schemas import Launched
from apps.pneumatic.client import Client
from apps.pneumatic.errors import RateLimited, ValidationFailed
from apps.workflow_templates.models import Template, TemplateUse
from apps.workflows.models import Workflow
from tests.factories import make_launch
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver
from tests.fixtures.launching import send

State = Launch.State
SECOND = dt.timedelta(seconds=1)


def state_of(launch: Launch) -> tuple[str, int | None]:
    launch.refresh_from_db()
    return launch.state, launch.workflow_id


@pytest.fixture
def answered_late(
    deliver: Deliver, operator: User, no_fields: Template, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Launch]:
    """Return a function that sends a launch which is settled by ``meanwhile`` before the response."""

    def send_and_settle(answer: Any, meanwhile: Callable[[Launch], None] | None = None) -> Launch:
        def run(*_args: Any, **_kwargs: Any) -> Any:
            Launch.objects.update(deadline_at=timezone.now() - SECOND)
            resolution.settle_abandoned()
            launch = Launch.objects.get()
            if meanwhile is not None:
                meanwhile(launch)
            else:
                assert launch.sent_at is not None
                minutes = (launch.sent_at - payloads.BEGIN) / dt.timedelta(minutes=1)
                deliver(payloads.started(41, name="N", template_id=no_fields.pk, minutes=minutes))
                assert state_of(launch) == (State.LAUNCHED, 41)
            if isinstance(answer, Exception):
                raise answer
            return Launched(workflow_id=answer)

        monkeypatch.setattr(Client, "run", run)
        return send(make_launch(no_fields, operator, name="N", state=State.QUEUED))

    return send_and_settle


def test_an_answer_that_agrees_with_the_event_leaves_it_as_it_is(
    answered_late: Callable[..., Launch], caplog: pytest.LogCaptureFixture
) -> None:
    launch = answered_late(41)

    assert (launch.state, launch.workflow_id, launch.conflicts) == (State.LAUNCHED, 41, "")
    assert launch.evidence is not None
    assert TemplateUse.objects.get().launches == 1
    assert not caplog.records


def test_an_answer_wins_over_what_an_event_seemed_to_show(
    answered_late: Callable[..., Launch], operator: User, caplog: pytest.LogCaptureFixture
) -> None:
    launch = answered_late(42)

    assert (launch.state, launch.workflow_id, launch.evidence) == (State.LAUNCHED, 42, None)
    assert "workflow 42" in launch.conflicts
    assert "workflow 41" in launch.conflicts
    assert "42" in caplog.text
    assert Workflow.objects.get(pk=41).launched_by is None
    assert TemplateUse.objects.get().launches == 1


@pytest.mark.parametrize(
    ("answer", "state"),
    [(ValidationFailed("no"), State.REJECTED), (RateLimited("no"), State.FAILED)],
)
def test_an_answer_that_nothing_was_started_wins_over_an_event_too(
    answered_late: Callable[..., Launch], answer: Exception, state: State
) -> None:
    launch = answered_late(answer)

    assert (launch.state, launch.workflow_id, launch.evidence) == (state, None, None)
    assert "started nothing" in launch.conflicts


def test_an_answer_wins_over_the_workflow_that_a_person_named(
    answered_late: Callable[..., Launch], administrator: User
) -> None:
    launch = answered_late(42, lambda seen: resolution.resolve(seen, user=administrator, workflow_id=40))

    assert (launch.state, launch.workflow_id, launch.resolved_by) == (State.LAUNCHED, 42, None)
    assert "administrator selected workflow 40" in launch.conflicts


def test_an_answer_that_nothing_was_started_leaves_a_persons_word_and_is_shown(
    answered_late: Callable[..., Launch], administrator: User
) -> None:
    launch = answered_late(
        ValidationFailed("no"), lambda seen: resolution.resolve(seen, user=administrator, workflow_id=40)
    )

    assert (launch.state, launch.workflow_id, launch.resolved_by) == (State.LAUNCHED, 40, administrator)
    assert "started nothing" in launch.conflicts


def test_an_answer_stops_a_second_attempt_that_has_not_been_sent(
    answered_late: Callable[..., Launch], administrator: User
) -> None:
    def deny_and_retry(launch: Launch) -> None:
        resolution.resolve(launch, user=administrator, workflow_id=None)
        assert services.retry(launch, attempts=1)

    launch = answered_late(42, deny_and_retry)
    send(launch)

    assert (launch.state, launch.workflow_id, launch.attempts) == (State.LAUNCHED, 42, 1)
