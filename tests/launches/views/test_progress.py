"""Workflows on the pages of launches, and the launch on the page of its workflow."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.launches.resolution import services as resolution
from apps.workflow_templates.models import Template
from tests.factories import client_of, fields_of, make_field, make_launch, make_template, make_user
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox

State = Launch.State
LIVE = {"Live-Version": "something older"}


@pytest.fixture
def template(db: None) -> Template:
    return make_template(7, name="Painting", fields=[make_field("note", "string", name="Note")])


@pytest.fixture
def unknown(template: Template, operator: User) -> Launch:
    return make_launch(
        template,
        operator,
        name="Paint it",
        state=State.UNKNOWN,
        answers={"note": "Soon"},
        attempts=1,
        sent_at=payloads.BEGIN,
    )


def started(workflow_id: int, note: str = "Soon", **values: Any) -> dict[str, Any]:
    values = {"name": "Paint it", "template_id": 7, "template_name": "Painting", **values}
    return payloads.started(workflow_id, kickoff=[payloads.answer("note", note)], **values)


def show(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return html.unescape(response.content.decode()).partition("<main")[2] or html.unescape(
        response.content.decode()
    )


def page_of(client: Client, launch: Launch) -> str:
    return show(client, f"/launches/{launch.pk}/")


def test_a_launch_shows_the_status_of_its_workflow(
    template: Template, operator: User, operator_client: Client, deliver: Deliver
) -> None:
    launch = make_launch(template, operator, workflow_id=41)
    assert "No events received yet." in page_of(operator_client, launch)

    deliver(started(41))
    page = page_of(operator_client, launch)

    assert "The workflow was started" in page
    assert "running" in page
    assert "at step 1, <bdi>Collect papers</bdi>" in page
    assert 'href="/workflows/41/"' in page
    assert "Open workflow 41 in Pneumatic" in page


def test_an_open_page_sees_the_workflow_move(
    template: Template, operator: User, operator_client: Client, deliver: Deliver
) -> None:
    launch = make_launch(template, operator, workflow_id=41)
    url = f"/launches/{launch.pk}/"
    deliver(started(41))
    version = show(operator_client, url).partition('data-live-version="')[2].partition('"')[0]
    deliver(payloads.task_completed(41, 1, template_id=7))

    part = operator_client.get(url, headers={"Live-Version": version})

    assert part.status_code == 200
    assert "Prepare the desk" in part.content.decode()
    assert "<html" not in part.content.decode()
    again = part.content.decode().partition('data-live-version="')[2].partition('"')[0]
    assert operator_client.get(url, headers={"Live-Version": again}).status_code == 204


def test_the_page_of_an_open_launch_reloads_when_it_is_settled(
    template: Template, operator: User, operator_client: Client
) -> None:
    launch = make_launch(template, operator)

    response = operator_client.get(
        f"/launches/{launch.pk}/", headers={"HX-Request": "true", "HX-Target": "content"}
    )

    assert response["HX-Refresh"] == "true"


def test_the_list_shows_the_status_of_workflows(
    template: Template, operator: User, operator_client: Client, deliver: Deliver
) -> None:
    make_launch(template, operator, workflow_id=41)
    make_launch(template, operator, workflow_id=42)
    make_launch(template, operator, state=State.FAILED)
    deliver(started(41))
    page = show(operator_client, "/launches/")

    assert page.count('href="/workflows/') == 1
    assert "Collect papers" in page
    assert page.count("no events yet") == 1


def test_a_user_who_may_not_see_workflows_sees_none(
    template: Template, operator: User, unknown: Launch, deliver: Deliver
) -> None:
    user = make_user("narrow")
    user.user_permissions.add(Permission.objects.get(codename="view_launch"))
    client = client_of(User.objects.get(pk=user.pk))
    launch = make_launch(template, operator, workflow_id=40)
    deliver(started(40))
    deliver(started(41, "Later"))

    for page in (page_of(client, launch), page_of(client, unknown), show(client, "/launches/")):
        assert 'href="/workflows/4' not in page
        assert "Collect papers" not in page


def test_a_workflow_shows_its_launch(
    template: Template, operator: User, viewer_client: Client, deliver: Deliver
) -> None:
    launch = make_launch(template, operator, workflow_id=41)
    deliver(started(41))
    deliver(started(42))

    assert f"/launches/{launch.pk}/" in show(viewer_client, "/workflows/41/")
    assert "Started in Pneumatic, not from this dashboard." in show(viewer_client, "/workflows/42/")


def test_an_unknown_launch_shows_the_evidence_and_is_decided_with_one_click(
    unknown: Launch, operator_client: Client, operator: User, deliver: Deliver
) -> None:
    deliver(started(41, "Later"))
    page = page_of(operator_client, unknown)
    assert "Possible matches" in page
    assert 'href="/workflows/41/"' in page
    assert "you entered: <bdi>Soon</bdi>" in page
    assert "0 of 1 answers match" in page
    assert page.count(">matches<") == 2  # name and time; the template is that of all

    button = page.partition('id="candidates"')[2].partition("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', button))
    operator_client.post(f"/launches/{unknown.pk}/resolve/", hidden)

    unknown.refresh_from_db()
    assert (unknown.state, unknown.workflow_id, unknown.resolved_by) == (State.LAUNCHED, 41, operator)


def test_the_form_is_first_and_what_cannot_be_it_is_left_out(
    unknown: Launch, template: Template, operator: User, operator_client: Client, deliver: Deliver
) -> None:
    make_launch(template, operator, name="Mine", workflow_id=43)
    for payload in (
        started(41, name="Renamed"),  # a name alone, or answers alone, may have been changed since
        started(42, "Later"),
        started(43),
        started(44, "Later", name="Another"),
        started(45, minutes=600),
        started(46, name="Renamed too"),
    ):
        deliver(payload)
    page = page_of(operator_client, unknown)

    assert page.index("Resolve launch") < page.index("Possible matches") < page.index("<table")
    assert page.count("<table") == 1
    assert [number for number in range(40, 50) if f'href="/workflows/{number}/"' in page] == [41, 42, 46]
    assert page.count("Select workflow") == 3
    assert "2 other workflows of that time are left out" in " ".join(page.split())


def test_many_matches_are_shown_in_part(unknown: Launch, operator_client: Client, deliver: Deliver) -> None:
    for number in range(1, 14):
        deliver(started(number, "Later"))
    page = page_of(operator_client, unknown)

    assert page.count("Select workflow") == 10
    assert "The best 10 of 13 are shown" in page


def test_only_impossible_ones_are_counted_too(
    unknown: Launch, operator_client: Client, deliver: Deliver
) -> None:
    deliver(started(44, "Later", name="Another"))
    page = page_of(operator_client, unknown)

    assert "<table" not in page
    assert "1 other workflow of that time is left out" in " ".join(page.split())


def test_viewers_see_the_evidence_and_decide_nothing(
    unknown: Launch, viewer_client: Client, deliver: Deliver
) -> None:
    deliver(started(41, "Later"))
    page = page_of(viewer_client, unknown)

    assert "Possible matches" in page
    assert "Select workflow" not in page


def test_a_launch_that_an_event_resolved_says_why(
    unknown: Launch, operator_client: Client, deliver: Deliver
) -> None:
    deliver(started(41))
    page = page_of(operator_client, unknown)

    assert "The workflow was started" in page
    assert "No response arrived, but an event reported the workflow" in page
    assert "Why this match" in page
    assert "by an event" in page
    assert "Possible matches" not in page


def test_a_second_matching_workflow_is_shown_where_an_event_had_decided(
    unknown: Launch, operator_client: Client, deliver: Deliver
) -> None:
    deliver(started(41))
    deliver(started(42))

    assert "Other matches" in page_of(operator_client, unknown)


def test_a_matching_workflow_is_shown_where_a_user_said_that_nothing_started(
    unknown: Launch, operator: User, operator_client: Client, deliver: Deliver
) -> None:
    resolution.resolve(unknown, user=operator, workflow_id=None)
    assert "Other matches" not in page_of(operator_client, unknown)

    deliver(started(41))

    assert "Check them before you retry." in page_of(operator_client, unknown)


def test_contradictions_are_shown(template: Template, operator: User, operator_client: Client) -> None:
    launch = make_launch(template, operator, conflicts="One thing.\nAnother thing.\n")
    page = page_of(operator_client, launch)

    assert "Conflicting information" in page
    assert page.count("thing.</bdi>") == 2


def test_an_answer_that_was_dropped_is_replaced_by_the_event(
    sandbox: Sandbox,
    fill: Fill,
    every_field: Template,
    operator_client: Client,
    deliver: Deliver,
) -> None:
    """The whole way: the sandbox starts the workflow and drops the answer; then its event comes."""
    options = {
        field["api_name"]: {option["label"]: option["key"] for option in field["selections"]}
        for field in fields_of(every_field)
        if field["selections"]
    }
    form = fill(
        every_field,
        string_1="Desk",
        text_2="One\r\nTwo",
        radio_3=options["radio-3"]["High"],
        date_5="2026-12-24",
        url_6="https://example.com/desk",
        user_9="2",
    )
    sandbox.fault(kind="drop_after", method="POST", path_prefix="/templates")
    form.send()
    launch = Launch.objects.get()
    assert (launch.state, len(sandbox.workflows())) == (State.UNKNOWN, 1)
    assert launch.sent_at is not None

    deliver(workflow_started(sandbox.workflows()[0], every_field, launch))

    launch.refresh_from_db()
    assert (launch.state, launch.workflow_id) == (State.LAUNCHED, sandbox.workflows()[0]["id"])
    assert "Why this match" in page_of(operator_client, launch)


def workflow_started(workflow: dict[str, Any], template: Template, launch: Launch) -> dict[str, Any]:
    """Return the event of a workflow as the sandbox started it."""
    sent = launch.payload["kickoff"]
    outputs = []
    for field in fields_of(template):
        given = sent.get(field["api_name"])
        chosen = given if isinstance(given, list) else [given]
        outputs.append(
            {
                "id": 1,
                "name": field["name"],
                "type": field["type"],
                "api_name": field["api_name"],
                "value": None if field["selections"] or given is None else str(given),
                "is_required": False,
                "selections": [
                    {
                        "id": int(option["key"]),
                        "value": option["label"],
                        "is_selected": int(option["key"]) in chosen,
                    }
                    for option in field["selections"]
                ],
                "attachments": [],
            }
        )
    assert launch.sent_at is not None
    minutes = (launch.sent_at - payloads.BEGIN) / dt.timedelta(minutes=1)
    return payloads.started(
        workflow["id"],
        name=launch.name,
        template_id=template.pk,
        template_name=template.name,
        minutes=minutes,
        kickoff=outputs,
    )
