"""A LaunchRequest is all that is needed to start a workflow: no form, no HTTP request."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

import pytest

from apps.accounts.models import User
from apps.launches.dispatch import services
from apps.launches.dispatch.request import LaunchRequest, plan
from apps.launches.models import Launch
from apps.pneumatic.canonical.schemas import Answer, Urgency
from apps.pneumatic.client import connect
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from tests.factories import make_user
from tests.fixtures.sandbox import Sandbox, both_dialects


@pytest.fixture
def launch_request(operator: User, every_field: Template) -> LaunchRequest:
    version = every_field.current_version
    assert version is not None
    subject = next(field for field in version_kickoff(version).fields if field.api_name == "string-1")
    return LaunchRequest(
        user=operator,
        template=every_field,
        version=version,
        name="From a batch",
        answers=(Answer(subject, "Desks"),),
    )


@both_dialects
def test_a_request_that_no_form_made_is_launched(launch_request: LaunchRequest, sandbox: Sandbox) -> None:
    with connect() as client:
        launch = services.send(services.start(launch_request, client), client)

    assert launch.state == Launch.State.LAUNCHED
    assert (launch.submission_id, launch.answers_digest) == (
        launch_request.submission_id,
        launch_request.digest,
    )
    assert launch.answers == launch_request.answers_json == {"string-1": "Desks"}
    [workflow] = sandbox.workflows()
    assert (workflow["name"], workflow["kickoff"]) == ("From a batch", {"string-1": "Desks"})


def test_planning_a_request_sends_nothing(launch_request: LaunchRequest, sandbox: Sandbox) -> None:
    with connect() as client:
        planned = plan(launch_request, client)

    assert planned.url.startswith(sandbox.url)
    assert planned.payload["name"] == "From a batch"
    assert sandbox.requests() == []


def test_a_request_cannot_be_changed(launch_request: LaunchRequest) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        launch_request.name = "Another"  # type: ignore[misc]  # as is tested


def test_two_requests_for_the_same_thing_have_one_digest(launch_request: LaunchRequest) -> None:
    again = dataclasses.replace(launch_request, submission_id=uuid.uuid4())

    assert again.digest == launch_request.digest


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Another"},
        {"answers": ()},
        {"urgency": Urgency(is_urgent=True)},
        {"urgency": Urgency(due=dt.datetime(2030, 1, 1, tzinfo=dt.UTC))},
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_request_for_anything_else_has_another_digest(
    launch_request: LaunchRequest, other: dict[str, Any]
) -> None:
    assert dataclasses.replace(launch_request, **other).digest != launch_request.digest


def test_a_request_repeats_only_its_own_users_launch(launch_request: LaunchRequest) -> None:
    with connect() as client:
        launch = services.start(launch_request, client)

    assert launch_request.is_repeat_of(launch)
    assert not dataclasses.replace(launch_request, user=make_user("other")).is_repeat_of(launch)
    assert not dataclasses.replace(launch_request, name="Another").is_repeat_of(launch)
