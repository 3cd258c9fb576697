"""Launches and workflows are matched in either order; where several match, a user decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.launches.resolution import matcher
from apps.launches.resolution import services as resolution
from apps.pneumatic.canonical.schemas import Launched
from apps.pneumatic.client import Client
from apps.webhooks.models import Delivery
from apps.workflow_templates.models import Template, TemplateUse
from apps.workflows.models import Workflow
from tests.factories import make_field, make_launch, make_options, make_template
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver
from tests.fixtures.launching import send

State = Launch.State
SECOND = dt.timedelta(seconds=1)
SENT = payloads.BEGIN + SECOND

COLOUR = [
    payloads.answer("colour", None, type="radio", options=["Red", "Green"], selected=["Green"]),
    payloads.answer("note", "Soon"),
]


@pytest.fixture
def template(db: None) -> Template:
    colour = make_field("colour", "radio", selections=make_options("Red", "Green"))
    return make_template(7, name="Painting", fields=[colour, make_field("note", "string")])


@pytest.fixture
def unknown(template: Template, operator: User) -> Callable[..., Launch]:
    """Return a function that creates an unknown launch."""

    def make(**values: Any) -> Launch:
        defaults: dict[str, Any] = {
            "name": "Paint it",
            "state": State.UNKNOWN,
            "answers": {"colour": "2", "note": "Soon"},
            "attempts": 1,
            "created_at": SENT,
            "sent_at": SENT,
        }
        return make_launch(template, operator, **{**defaults, **values})

    return make


def started(workflow_id: int = 41, **values: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "name": "Paint it",
        "template_id": 7,
        "template_name": "Painting",
        "kickoff": COLOUR,
    }
    return payloads.started(workflow_id, **{**defaults, **values})


def task_completed(**values: Any) -> dict[str, Any]:
    body = payloads.task_completed(41, template_id=7, **values)
    body["task"]["workflow"]["name"] = "Paint it"
    return body


def state_of(launch: Launch) -> tuple[str, int | None]:
    launch.refresh_from_db()
    return launch.state, launch.workflow_id


# -- by workflow_id ------------------------------------------------------------------------------------------------


def test_a_workflow_with_later_events_is_credited_to_its_user(
    template: Template, operator: User, deliver: Deliver
) -> None:
    make_launch(template, operator, workflow_id=41)

    deliver(started())

    assert Workflow.objects.get().launched_by == operator


def test_a_workflow_with_earlier_events_is_credited_with_the_response(
    deliver: Deliver, operator: User, no_fields: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(payloads.started(41, name="N", template_id=no_fields.pk))
    monkeypatch.setattr(Client, "run", lambda *_args, **_kwargs: Launched(workflow_id=41))

    send(make_launch(no_fields, operator, name="N", state=State.QUEUED))

    assert Workflow.objects.get().launched_by == operator


def test_a_workflow_started_in_pneumatic_is_credited_to_no_user(deliver: Deliver) -> None:
    deliver(started())

    assert Workflow.objects.get().launched_by is None


# -- an unknown launch ---------------------------------------------------------------------------------------------


def test_an_event_resolves_an_unknown_launch(
    unknown: Callable[..., Launch], deliver: Deliver, operator: User
) -> None:
    launch = unknown()

    deliver(started())

    assert state_of(launch) == (State.LAUNCHED, 41)
    assert launch.resolved_by is None
    assert launch.evidence is not None
    assert launch.evidence["answers"] == [["Colour", "Green", "Green"], ["Note", "Soon", "Soon"]]
    assert "event" in launch.reason
    assert Workflow.objects.get().launched_by == operator
    assert TemplateUse.objects.get().user == operator


@pytest.mark.parametrize(
    "body",
    [
        task_completed(kickoff=COLOUR),
        payloads.completed(41, name="Paint it", template_id=7, kickoff=COLOUR),
    ],
)
def test_any_event_with_the_answers_is_enough(
    unknown: Callable[..., Launch], deliver: Deliver, body: dict[str, Any]
) -> None:
    launch = unknown()

    deliver(body)

    assert state_of(launch) == (State.LAUNCHED, 41)


def test_an_event_without_the_answers_waits_for_one_with_them(
    unknown: Callable[..., Launch], deliver: Deliver
) -> None:
    launch = unknown()

    deliver(task_completed())
    assert state_of(launch) == (State.UNKNOWN, None)

    deliver(started())
    assert state_of(launch) == (State.LAUNCHED, 41)


def test_a_launch_without_answers_needs_none(unknown: Callable[..., Launch], deliver: Deliver) -> None:
    launch = unknown(answers={})

    deliver(started(kickoff=[]))

    assert state_of(launch) == (State.LAUNCHED, 41)


@pytest.mark.parametrize(
    "values",
    [
        {"template_id": 8},
        {"template_id": None},
        {"name": "Paint it too"},
        {"kickoff": COLOUR[:1]},
        {"kickoff": [COLOUR[0], payloads.answer("note", "Later")]},
        {"kickoff": [*COLOUR, payloads.answer("more", "Things")]},
        {"minutes": -6},
        {"minutes": 60},
    ],
)
def test_a_near_miss_resolves_nothing(
    unknown: Callable[..., Launch], deliver: Deliver, values: dict[str, Any]
) -> None:
    launch = unknown()

    deliver(started(**values))

    assert state_of(launch) == (State.UNKNOWN, None)


def test_clocks_may_be_apart(unknown: Callable[..., Launch], deliver: Deliver) -> None:
    launch = unknown(sent_at=SENT + matcher.CLOCK_SKEW - 2 * SECOND)

    deliver(started())

    assert state_of(launch) == (State.LAUNCHED, 41)


def test_a_launch_that_was_tried_again_may_have_started_at_the_first_attempt(
    unknown: Callable[..., Launch], deliver: Deliver
) -> None:
    launch = unknown(attempts=2, sent_at=SENT + dt.timedelta(hours=2))

    deliver(started())

    assert state_of(launch) == (State.LAUNCHED, 41)


def test_two_matching_workflows_leave_the_choice_to_a_user(
    unknown: Callable[..., Launch], deliver: Deliver
) -> None:
    launch = unknown()
    deliver(started(41), process=False)

    deliver(started(42))

    assert state_of(launch) == (State.UNKNOWN, None)


@pytest.mark.parametrize("state", [State.UNKNOWN, State.SENDING, State.QUEUED])
def test_two_matching_launches_leave_the_choice_to_a_user(
    unknown: Callable[..., Launch], deliver: Deliver, state: State
) -> None:
    launch = unknown()
    unknown(state=state, deadline_at=timezone.now() + dt.timedelta(hours=1))

    deliver(started())

    assert state_of(launch) == (State.UNKNOWN, None)


def test_a_workflow_of_another_launch_is_taken(
    unknown: Callable[..., Launch], deliver: Deliver, template: Template, operator: User
) -> None:
    launch = unknown()
    make_launch(template, operator, name="Paint it", workflow_id=41)

    deliver(started(41))
    assert state_of(launch) == (State.UNKNOWN, None)

    deliver(started(42))
    assert state_of(launch) == (State.LAUNCHED, 42)


def test_when_one_of_two_is_settled_the_other_is_left_without_choice(
    unknown: Callable[..., Launch], deliver: Deliver, administrator: User
) -> None:
    first, second = unknown(), unknown()
    deliver(started(41))
    deliver(started(42))
    assert state_of(second) == (State.UNKNOWN, None)

    resolution.resolve(first, user=administrator, workflow_id=41)

    assert state_of(first) == (State.LAUNCHED, 41)
    assert state_of(second) == (State.LAUNCHED, 42)
    assert second.resolved_by is None


def test_a_launch_that_becomes_unknown_after_its_event_is_resolved_at_once(
    deliver: Deliver,
    operator: User,
    no_fields: Template,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lose_the_answer(*_args: Any, **_kwargs: Any) -> None:
        sent = Launch.objects.values_list("sent_at", flat=True).get()
        assert sent is not None
        minutes = (sent - payloads.BEGIN) / dt.timedelta(minutes=1)
        deliver(payloads.started(41, name="N", template_id=no_fields.pk, minutes=minutes))
        raise TimeoutError

    monkeypatch.setattr(Client, "run", lose_the_answer)

    launch = send(make_launch(no_fields, operator, name="N", state=State.QUEUED))

    assert (launch.state, launch.workflow_id) == (State.LAUNCHED, 41)


def test_an_abandoned_launch_finds_the_event_that_was_received_before(
    unknown: Callable[..., Launch], deliver: Deliver
) -> None:
    launch = unknown(state=State.SENDING, deadline_at=timezone.now() - SECOND)
    deliver(started())
    assert state_of(launch) == (State.SENDING, None)

    resolution.settle_abandoned()

    assert state_of(launch) == (State.LAUNCHED, 41)


def test_events_in_any_order_and_twice_resolve_once(unknown: Callable[..., Launch], deliver: Deliver) -> None:
    launch = unknown()
    bodies = [started(), task_completed(kickoff=COLOUR)]

    for body in [*reversed(bodies), *bodies]:
        deliver(body)

    assert state_of(launch) == (State.LAUNCHED, 41)
    assert TemplateUse.objects.get().launches == 1


def test_it_costs_one_query_of_an_index_while_nothing_is_unknown(
    template: Template, operator: User, deliver: Deliver
) -> None:
    for number in range(30):
        make_launch(template, operator, name=f"Launch {number}")
    deliver(started())

    with CaptureQueriesContext(
        connection,
    ) as queries:
        matcher.resolve_similar([(template.pk, "Paint it")])

    assert len(queries) == 1
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
            assert "launch_looked_for" in str(cursor.fetchall())


# -- who decides ---------------------------------------------------------------------------------------------------


def test_a_user_who_resolves_too_late_gets_an_error(
    unknown: Callable[..., Launch], deliver: Deliver, administrator: User
) -> None:
    seen = unknown()
    deliver(started())

    with pytest.raises(resolution.ResolveError, match="in the meantime"):
        resolution.resolve(seen, user=administrator, workflow_id=None)

    assert state_of(seen) == (State.LAUNCHED, 41)


def test_an_event_that_is_late_changes_nothing(
    unknown: Callable[..., Launch], deliver: Deliver, administrator: User
) -> None:
    launch = unknown()
    resolution.resolve(launch, user=administrator, workflow_id=40)

    deliver(started())

    assert state_of(launch) == (State.LAUNCHED, 40)
    assert launch.evidence is None


def test_the_update_decides_between_two_who_match_at_once(
    unknown: Callable[..., Launch], deliver: Deliver, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user resolves the launch after the event matched and before the match is written."""
    launch = unknown()
    only_match = matcher._only_match

    def match_while_a_user_decides(*args: Any) -> Any:
        found = only_match(*args)
        Launch.objects.filter(pk=launch.pk).update(
            state=State.LAUNCHED, workflow_id=40, resolved_by=administrator
        )
        return found

    monkeypatch.setattr(matcher, "_only_match", match_while_a_user_decides)
    deliver(started())

    assert state_of(launch) == (State.LAUNCHED, 40)
    assert not TemplateUse.objects.exists()


# -- the queue stays whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError(), OperationalError("is away")])
def test_a_failure_while_drawing_conclusions_does_not_hide_the_answer(
    operator: User,
    no_fields: Template,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def explode(*_args: Any) -> None:
        raise error

    monkeypatch.setattr(Client, "run", lambda *_args, **_kwargs: Launched(workflow_id=41))
    monkeypatch.setattr(matcher, "resolve_similar", explode)

    launch = send(make_launch(no_fields, operator, name="N", state=State.QUEUED))

    assert (launch.state, launch.workflow_id) == (State.LAUNCHED, 41)
    assert "but matching it failed" in caplog.text
    assert ("Traceback" in caplog.text) is isinstance(error, ZeroDivisionError)


def test_deliveries_that_resolve_are_processed(unknown: Callable[..., Launch], deliver: Deliver) -> None:
    unknown()
    deliver(started())

    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.PROCESSED}
