"""Urgent and due date: offered where the server accepts them, kept through errors, and part of a request."""

from __future__ import annotations

import datetime as dt
import html
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.launches.submission import urgency
from apps.workflow_templates.models import Template
from tests.factories import PASSWORD, make_launch
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, only_current

# As typed in the time zone of the tests, Europe/Berlin, and the same time in UTC.
TO_COME = "2031-03-31T17:00"
MOMENT = dt.datetime(2031, 3, 31, 15, tzinfo=dt.UTC)
LONG_AGO = "2020-03-31T17:00"


def due(fill: FilledForm, text: str = TO_COME, *, urgent: bool = True) -> FilledForm:
    """Return the form with its two controls filled in."""
    fill.controls["due"] = [text]
    if urgent:
        fill.controls["is_urgent"] = ["on"]
    return fill


def shows_both(form: FilledForm, text: str = TO_COME) -> bool:
    return form.controls.get("is_urgent") == ["on"] and form.controls.get("due") == [text]


@only_current
def test_both_are_sent_stored_and_shown(
    fill: Fill, no_fields: Template, operator_client: Client, only_launch: Callable[[], Launch]
) -> None:
    response = due(fill(no_fields, name="In a hurry")).send()

    launch = only_launch()
    assert (launch.state, launch.is_urgent, launch.due) == ("launched", True, MOMENT)
    assert launch.payload["is_urgent"] is True
    assert launch.payload["due_date_tsp"] == MOMENT.timestamp()
    for page in (operator_client.get(response.url), operator_client.get("/launches/")):
        text = page.content.decode().lower()
        assert "urgent" in text
        assert "2031" in text


@only_current
def test_no_urgency_is_sent_without_a_value(
    fill: Fill, no_fields: Template, only_launch: Callable[[], Launch]
) -> None:
    fill(no_fields, name="No hurry").send()

    assert set(only_launch().payload) == {"name", "kickoff"}


@only_current
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (LONG_AGO, "This time has passed"),
        ("tomorrow", "is not a valid date and time"),
        ("2031-02-30T10:00", "is not a valid date and time"),
        ("2031-03-31", "is not a valid date and time"),
        ("9999-12-31T23:59", "too far in the future"),
        ("2031-03-30T02:30", "The clocks change at that time"),
        ("2031-10-26T02:30", "The clocks change at that time"),
    ],
)
def test_a_due_date_that_cannot_be_is_refused_here(
    fill: Fill,
    no_fields: Template,
    operator_client: Client,
    sandbox: Sandbox,
    typed: str,
    sentence: str,
) -> None:
    response = due(fill(no_fields, name="N"), typed).send()

    assert response.status_code == 422
    assert sentence in html.unescape(response.content.decode())
    assert 'href="#id_due"' in response.content.decode()
    assert shows_both(FilledForm.read(operator_client, response), typed)
    assert sandbox.requests(method="POST") == []


@only_current
def test_an_error_in_another_field_keeps_both(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    response = due(fill(every_field, name="")).send()

    assert response.status_code == 422
    assert shows_both(FilledForm.read(operator_client, response))


@only_current
def test_a_refusal_keeps_both(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    sandbox.fault(kind="status", status=400, method="POST")

    response = due(fill(every_field, name="N", string_1="x")).send()

    assert shows_both(FilledForm.read(operator_client, response))


@only_current
def test_the_preview_shows_and_keeps_both(fill: Fill, no_fields: Template, operator_client: Client) -> None:
    response = due(fill(no_fields, name="N")).send("preview")

    payload = json.loads(response.context["page"].preview.json)
    assert payload["is_urgent"] is True
    assert payload["due_date_tsp"] == MOMENT.timestamp()
    assert shows_both(FilledForm.read(operator_client, response))


@only_current
def test_signing_in_again_and_a_draft_keep_both(
    fill: Fill, no_fields: Template, operator: User, client: Client
) -> None:
    form = due(fill(no_fields, name="N"))
    form.client = client  # whose session has ended
    asked = form.send()
    sign_in = FilledForm.read(client, asked)
    sign_in.controls |= {"username": [operator.username], "password": [PASSWORD]}

    signed_in = FilledForm.read(client, sign_in.send("sign-in"))
    restored = FilledForm.open(client, signed_in.send("save_draft", "").url)

    assert asked.status_code == 401
    assert shows_both(signed_in)
    assert shows_both(restored)


@only_current
def test_a_changed_template_keeps_both(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    form = due(fill(every_field, name="N", string_1="x"))
    record = sandbox.template(every_field.pk)
    record["kickoff"]["fields"][0]["name"] = "Renamed"
    sandbox.put_template(record)

    response = form.send()

    assert response.status_code == 409
    assert shows_both(FilledForm.read(operator_client, response))


@only_current
def test_a_link_fills_both_in(no_fields: Template, operator_client: Client) -> None:
    query = urlencode({"is_urgent": "1", "due": "2031-03-31 17:00"})

    form = FilledForm.open(operator_client, f"/templates/{no_fields.pk}/launch/?{query}")

    assert shows_both(form)


@only_current
def test_a_relaunch_keeps_what_can_still_be(
    no_fields: Template, operator: User, operator_client: Client
) -> None:
    for due in (MOMENT, timezone.now() - dt.timedelta(minutes=1)):
        launch = make_launch(no_fields, operator, name="N", is_urgent=True, due=due)
        page = operator_client.get(f"/templates/{no_fields.pk}/launch/?from={launch.pk}")
        form = FilledForm.read(operator_client, page)

        assert form.controls["is_urgent"] == ["on"]
        assert form.controls["due"] == [TO_COME if due == MOMENT else ""]
        assert ("The due date has passed" in page.content.decode()) is (due != MOMENT)


@only_current
def test_the_same_answers_with_another_due_date_are_another_request(
    fill: Fill, no_fields: Template, sandbox: Sandbox
) -> None:
    form = due(fill(no_fields, name="N"))
    first, again = form.send(), form.send()
    form.controls["due"] = ["2032-03-31T17:00"]

    asked = form.send()

    assert first.url == again.url
    assert asked.status_code == 409
    assert len(sandbox.workflows()) == 1


@only_current
def test_a_reload_after_the_due_date_leads_to_the_launch(
    fill: Fill, no_fields: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = due(fill(no_fields, name="N"))
    launched = form.send()
    monkeypatch.setattr(urgency, "_error", lambda _typed: "It has passed.")

    assert form.send().url == launched.url


@only_current
def test_a_failed_launch_is_not_tried_again_after_its_due_date(
    no_fields: Template, operator: User, operator_client: Client, sandbox: Sandbox
) -> None:
    passed = timezone.now() - dt.timedelta(minutes=1)
    launch = make_launch(no_fields, operator, state=Launch.State.FAILED, due=passed, attempts=1)

    page = operator_client.get(f"/launches/{launch.pk}/").content.decode()
    operator_client.post(f"/launches/{launch.pk}/retry/", {"attempts": "1"})

    assert "The due date has passed" in page
    assert "/retry/" not in page
    assert sandbox.requests() == []


def test_where_the_server_takes_neither_the_form_says_so_and_launches_nothing(
    fill: Fill, no_fields: Template, operator_client: Client, sandbox: Sandbox
) -> None:
    form = fill(no_fields, name="N")
    assert not {"is_urgent", "due"} & set(form.controls)

    response = due(form).send()

    text = html.unescape(response.content.decode())
    assert response.status_code == 422
    assert "“Urgent” was left out" in text
    assert f"The due date “{TO_COME}” was left out" in text
    assert sandbox.workflows() == []

    again = FilledForm.read(operator_client, response)
    assert not {"is_urgent", "due"} & set(again.controls)
    assert again.send().status_code == 302
    assert set(Launch.objects.get().payload) & {"is_urgent", "due_date_tsp"} == set()
