"""Every way in which the answer to a launch can fail: a true state, a plain sentence, nothing lost or doubled."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, either_dialect

pytestmark = either_dialect

ANSWERS = {"name": "Kept name", "string_1": "Kept answer"}


def runs(sandbox: Sandbox) -> int:
    """Return how many launches were requested over HTTP."""
    return sum(request["path"].endswith("/run") for request in sandbox.requests(method="POST"))


def assert_fit_for_people(page: str, sandbox: Sandbox) -> None:
    text = html.unescape(page)
    assert "Traceback" not in text
    assert "<Response" not in text
    assert "Error(" not in text
    assert sandbox.key not in text


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not accept the dashboard's API key"),
        (403, "does not let the dashboard's API key launch"),
        (404, "does not exist in Pneumatic"),
        (400, "Nothing was started"),
        (422, "Nothing was started"),
    ],
)
def test_a_refusal_keeps_the_form(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    status: int,
    sentence: str,
) -> None:
    sandbox.fault(kind="status", status=status, method="POST")

    response = fill(every_field, **ANSWERS).send()

    page = response.content.decode()
    again = FilledForm.read(operator_client, response)
    assert response.status_code == 422
    assert sentence in html.unescape(page)
    assert again.controls["name"] == ["Kept name"]
    assert again.controls["kickoff-string-1"] == ["Kept answer"]
    assert_fit_for_people(page, sandbox)
    assert Launch.objects.get().state == "rejected"

    assert again.send().status_code == 302
    assert len(sandbox.workflows()) == 1
    assert list(Launch.objects.order_by("created_at").values_list("state", flat=True)) == [
        "rejected",
        "launched",
    ]


def test_too_many_requests_fail_and_are_tried_again(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
) -> None:
    sandbox.fault(kind="rate_limit", retry_after=30, method="POST")

    response = fill(every_field, **ANSWERS).send()

    page = operator_client.get(response.url).content.decode()
    assert Launch.objects.get().state == "failed"
    assert "30 seconds" in page
    assert_fit_for_people(page, sandbox)

    operator_client.post(f"{response.url}retry/", {"attempts": "1"})

    assert Launch.objects.get().state == "launched"
    assert len(sandbox.workflows()) == 1


def test_a_very_long_wait_is_not_shown_in_seconds(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    """``Retry-After`` may be a date, even one of another century."""
    sandbox.fault(
        kind="status", status=429, method="POST", headers={"Retry-After": "Wed, 21 Oct 2065 07:28:00 GMT"}
    )

    page = operator_client.get(fill(every_field, **ANSWERS).send().url).content.decode()

    assert "asked to wait for more than an hour, so nothing was started" in page


def test_a_refused_connection_fails_and_is_tried_again(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    settings: Settings,
) -> None:
    settings.PNEUMATIC_API_URL = "http://127.0.0.1:9"
    response = fill(every_field, **ANSWERS).send()

    page = operator_client.get(response.url).content.decode()
    assert Launch.objects.get().state == "failed"
    assert "could not be reached" in page
    assert "Kept answer" in page
    assert_fit_for_people(page, sandbox)

    settings.PNEUMATIC_API_URL = sandbox.url
    operator_client.post(f"{response.url}retry/", {"attempts": "1"})
    operator_client.post(f"{response.url}retry/", {"attempts": "1"})  # the second click

    launch = Launch.objects.get()
    assert (launch.state, launch.attempts) == ("launched", 2)
    assert [workflow["kickoff"] for workflow in sandbox.workflows()] == [{"string-1": "Kept answer"}]


def test_without_a_key_nothing_is_sent_and_nothing_lost(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    settings: Settings,
) -> None:
    form = fill(every_field, **ANSWERS)
    settings.PNEUMATIC_API_KEY = ""

    response = form.send()

    page = response.content.decode()
    assert response.status_code == 503
    assert "not set up to reach Pneumatic" in page
    assert FilledForm.read(operator_client, response).controls["kickoff-string-1"] == ["Kept answer"]
    assert sandbox.requests() == []


# Under the key of each generation.
NO_POSSIBLE_ID = '{"workflow_id": 9223372036854775808, "id": 9223372036854775808}'
# What each does to the workflow: carried out and the answer lost, or not carried out and no way to know.
LOST: list[tuple[dict[str, Any], int]] = [
    ({"kind": "drop_after"}, 1),
    ({"kind": "truncate"}, 1),
    ({"kind": "drop_before"}, 0),
    ({"kind": "html_200"}, 0),
    ({"kind": "html_200", "process": True}, 1),
    ({"kind": "wrong_json"}, 0),
    ({"kind": "wrong_json", "process": True}, 1),
    ({"kind": "wrong_json", "process": True, "body": NO_POSSIBLE_ID}, 1),
    ({"kind": "broken_json", "process": True}, 1),
    ({"kind": "status", "status": 500}, 0),
    ({"kind": "status", "status": 502, "process": True}, 1),
    ({"kind": "status", "status": 503}, 0),
]


@pytest.mark.parametrize(("fault", "workflows"), LOST, ids=lambda value: str(value))
def test_a_lost_answer_is_unknown_and_never_sent_again_by_itself(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    fault: dict[str, Any],
    workflows: int,
) -> None:
    sandbox.fault(method="POST", **fault)
    form = fill(every_field, **ANSWERS)

    response = form.send()
    again = form.send()

    page = operator_client.get(response.url).content.decode()
    assert again.url == response.url
    assert Launch.objects.get().state == "unknown"
    assert "check Pneumatic and record the result" in page
    assert "Kept answer" in page
    assert_fit_for_people(page, sandbox)
    operator_client.post(f"{response.url}retry/", {"attempts": "1"})
    assert runs(sandbox) == 1
    assert len(sandbox.workflows()) == workflows


def test_an_answer_that_takes_too_long_is_unknown(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    settings: Settings,
) -> None:
    form = fill(every_field, **ANSWERS)
    settings.PNEUMATIC_READ_TIMEOUT = 2  # for the requests before it, too
    sandbox.fault(kind="delay", seconds=600, method="POST")

    form.send()

    assert Launch.objects.get().state == "unknown"
    assert runs(sandbox) == 1


def test_a_person_settles_a_lost_answer_as_running(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
) -> None:
    sandbox.fault(kind="drop_after", method="POST")
    url = fill(every_field, **ANSWERS).send().url
    [workflow] = sandbox.workflows()

    operator_client.post(
        f"{url}resolve/", {"found": "running", "workflow_id": workflow["id"], "confirmed": "on"}
    )

    launch = Launch.objects.get()
    assert (launch.state, launch.workflow_id) == ("launched", workflow["id"])


def test_a_person_settles_a_lost_request_as_not_started_and_tries_again(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
) -> None:
    sandbox.fault(kind="drop_before", method="POST")
    url = fill(every_field, **ANSWERS).send().url

    operator_client.post(f"{url}resolve/", {"found": "not_started", "confirmed": "on"})
    operator_client.post(f"{url}retry/", {"attempts": "1"})

    assert Launch.objects.get().state == "launched"
    assert len(sandbox.workflows()) == 1


@pytest.mark.parametrize(
    "kind", ["html_200", "wrong_json", "truncate", "drop_before", "drop_after", "rate_limit"]
)
def test_an_upload_that_fails_in_any_way_keeps_the_answers(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    kind: str,
) -> None:
    sandbox.upload_fault(kind=kind, times=0)

    response = fill(every_field, **ANSWERS, file_8=[SimpleUploadedFile("a.txt", b"x")]).send()

    page = response.content.decode()
    assert response.status_code == 422
    assert "a.txt" in page
    assert_fit_for_people(page, sandbox)
    assert FilledForm.read(operator_client, response).controls["kickoff-string-1"] == ["Kept answer"]
    assert runs(sandbox) == 0
    assert not Launch.objects.exists()
