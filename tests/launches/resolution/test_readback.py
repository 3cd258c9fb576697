"""A launch is compared with the event of its start where the response did not show what was stored."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.launches.resolution import matcher, readback
from apps.launches.resolution import services as resolution
from apps.webhooks.processing.worker import process_pending
from apps.workflow_templates.models import Template
from tests.factories import make_field, make_launch, make_options, make_template
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver
from tests.fixtures.full_database import database_error

State = Launch.State

GIVEN = {"colour": "2", "note": "Soon"}
SENT = {"colour": 2, "note": "Soon"}


@pytest.fixture
def template(db: None, settings: Settings) -> Template:
    settings.PNEUMATIC_DIALECT = "documented"
    colour = make_field("colour", "radio", selections=make_options("Red", "Green"))
    return make_template(7, name="Painting", fields=[colour, make_field("note", "string")])


@pytest.fixture
def launched(template: Template, operator: User) -> Callable[..., Launch]:
    """Return a function that creates a launch whose response named workflow 41."""

    def make(**values: Any) -> Launch:
        defaults: dict[str, Any] = {
            "name": "Paint it",
            "workflow_id": 41,
            "answers": GIVEN,
            "payload": {"name": "Paint it", "kickoff": SENT},
        }
        return make_launch(template, operator, **{**defaults, **values})

    return make


def started(colour: str = "Green", note: str | None = "Soon") -> dict[str, Any]:
    kickoff = [
        payloads.answer("colour", None, type="radio", options=["Red", "Green"], selected=[colour]),
        payloads.answer("note", note),
    ]
    return payloads.started(41, name="Paint it", template_id=7, template_name="Painting", kickoff=kickoff)


@pytest.mark.parametrize("is_event_first", [False, True])
def test_an_event_with_another_answer_is_reported_on_the_page(
    launched: Callable[..., Launch], deliver: Deliver, operator_client: Client, is_event_first: bool
) -> None:
    if is_event_first:
        deliver(started(colour="Red", note=" Soon "))
        launch = launched()
        matcher.launch_settled(launch)
    else:
        launch = launched()
        deliver(started(colour="Red", note=" Soon "))

    launch.refresh_from_db()
    assert launch.field_errors == {"colour": ["Pneumatic stored another answer: Red."]}
    page = html.unescape(operator_client.get(f"/launches/{launch.pk}/").content.decode())
    assert "The workflow was started with other answers than were given." in page
    assert "Pneumatic stored another answer: Red." in page
    assert "notice--warn" in page


def test_a_comparison_that_the_database_ends_is_made_again(
    launched: Callable[..., Launch], deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move(*_args: Any, **_options: Any) -> None:
        raise database_error("deadlock detected", "40P01")

    launch = launched()
    with monkeypatch.context() as patch:
        patch.setattr(readback, "move", move)
        with pytest.raises(OperationalError):
            deliver(started(colour="Red"))

    process_pending()

    launch.refresh_from_db()
    assert launch.field_errors == {"colour": ["Pneumatic stored another answer: Red."]}


@pytest.mark.parametrize("note", ["Soon", "Soon\n", None])
def test_an_event_with_the_same_answers_reports_nothing(
    launched: Callable[..., Launch], deliver: Deliver, note: str | None
) -> None:
    launch = launched()

    deliver(started(note=note))

    launch.refresh_from_db()
    assert (launch.reason, launch.field_errors) == ("", {})


def test_answers_that_were_corrected_later_report_nothing(
    launched: Callable[..., Launch], deliver: Deliver
) -> None:
    launch = launched()
    deliver(started())

    body = payloads.task_completed(
        41, template_id=7, kickoff=started(colour="Red")["workflow"]["kickoff"]["output"]
    )
    deliver(body)

    launch.refresh_from_db()
    assert launch.field_errors == {}


def test_a_workflow_that_a_user_selected_is_compared(
    launched: Callable[..., Launch], deliver: Deliver, operator: User
) -> None:
    deliver(started(note="Later"))
    launch = launched(state=State.UNKNOWN, workflow_id=None, attempts=1)

    resolution.resolve(launch, user=operator, workflow_id=41)

    launch.refresh_from_db()
    assert launch.state == State.LAUNCHED
    assert launch.field_errors == {"note": ["Pneumatic stored another answer: Later."]}
