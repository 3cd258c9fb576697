"""The page of a launch: its request, its outcome, what to do next."""

from __future__ import annotations

import datetime as dt
import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.factories import (
    client_of,
    fields_of,
    make_field,
    make_launch,
    make_options,
    make_template,
    make_user,
    make_version,
)
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill

FIELDS = [
    make_field("colour", "radio", name="Colour", selections=make_options("Red", "Green")),
    make_field("who", "user", name="Who"),
    make_field("note", "text", name="Note"),
]


@pytest.fixture
def template(db: None) -> Template:
    return make_template(name="Painting", fields=FIELDS)


def show(client: Client, launch: Launch) -> str:
    response = client.get(f"/launches/{launch.pk}/")
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_it_shows_answers_as_labels(fill: Fill, every_field: Template, operator_client: Client) -> None:
    options = {field["api_name"]: field["selections"] for field in fields_of(every_field)}
    radio = next(option for option in options["radio-3"] if option["label"] == "High")
    url = fill(every_field, string_1="Desks", radio_3=radio["key"], user_9="2").send().url

    page = html.unescape(operator_client.get(url).content.decode())

    assert "High" in page
    assert "Bo Operator" in page
    assert "No answer" in page


def test_an_open_launch_refreshes_and_shows_its_deadline(
    template: Template, operator: User, operator_client: Client
) -> None:
    deadline = timezone.now() + dt.timedelta(minutes=1)
    launch = make_launch(template, operator, state="sending", deadline_at=deadline)

    page = show(operator_client, launch)

    assert 'hx-trigger="every 2s"' in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert f"Waiting for a response until {timezone.localtime(deadline):%H:%M:%S}." in page


def test_a_finished_launch_is_not_refreshed(
    template: Template, operator: User, operator_client: Client
) -> None:
    page = show(operator_client, make_launch(template, operator))

    assert "hx-trigger" not in page.partition("<main")[2]
    assert "http-equiv" not in page


def test_the_version_that_was_launched_is_shown_after_the_template_changed(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    url = fill(every_field, string_1="Desks").send().url
    make_version(every_field, fields=[make_field("other", name="Something else")])

    page = operator_client.get(url).content.decode()

    assert "Subject" in page
    assert "Something else" not in page


def test_a_running_workflow_is_linked(operator_client: Client, operator: User, template: Template) -> None:
    page = show(operator_client, make_launch(template, operator, workflow_id=4711))

    assert "The workflow was started" in page
    assert "Open workflow 4711 in Pneumatic" in page
    assert "https://my.pneumatic.app/" in page


@pytest.mark.parametrize("state", ["queued", "sending"])
def test_a_launch_in_progress_refreshes_automatically(
    operator_client: Client, operator: User, template: Template, state: str
) -> None:
    deadline = timezone.now() + dt.timedelta(minutes=1)
    launch = make_launch(template, operator, state=state, deadline_at=deadline)

    page = show(operator_client, launch)

    assert 'hx-trigger="every 2s"' in page
    assert "Refresh" in page
    assert "/retry/" not in page


def test_a_launch_of_an_ended_process_is_settled_when_it_is_shown(
    operator_client: Client, operator: User, template: Template
) -> None:
    overdue = timezone.now() - dt.timedelta(minutes=1)
    launch = make_launch(template, operator, state="sending", deadline_at=overdue)

    assert "Outcome unknown" in show(operator_client, launch)


def test_errors_are_shown_under_the_labels_of_their_fields(
    operator_client: Client, operator: User, template: Template
) -> None:
    launch = make_launch(
        template,
        operator,
        state="rejected",
        reason="Look below.",
        field_errors={"colour": ["Not this one."], "": ["Look below."], "elsewhere": ["<b>odd</b>"]},
    )

    page = show(operator_client, launch)

    assert "<bdi>Colour</bdi>: <bdi>Not this one.</bdi>" in page
    assert "elsewhere" in page


def test_edit_and_launch_again_shows_answers_that_are_not_kept(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    url = fill(every_field, name="First", string_1="Desks", text_2="many words").send().url
    make_version(every_field, fields=[make_field("string-1", name="Subject")])
    assert f"/launch/?from={url.split('/')[2]}" in operator_client.get(url).content.decode()

    response = operator_client.get(f"/templates/{every_field.pk}/launch/?from={url.split('/')[2]}")

    form = FilledForm.read(operator_client, response)
    page = html.unescape(response.content.decode())
    assert form.controls["name"] == ["First"]
    assert form.controls["kickoff-string-1"] == ["Desks"]
    assert "many words" in page
    assert "no longer in the form" in page


def test_a_launch_of_another_template_is_no_source(
    operator_client: Client, operator: User, template: Template
) -> None:
    launch = make_launch(make_template(), operator, name="Elsewhere")

    form = FilledForm.open(operator_client, f"/templates/{template.pk}/launch/?from={launch.pk}")

    assert "Elsewhere" not in form.controls["name"][0]
    assert "previous" not in form.controls


def test_files_of_another_user_are_not_carried_over(fill: Fill, every_field: Template) -> None:
    fill(every_field, string_1="x", file_8=[SimpleUploadedFile("a.txt", b"x")]).send()
    other_user = client_of(make_user("other_user", "Operator"))

    form = FilledForm.open(other_user, f"/templates/{every_field.pk}/launch/?from={Launch.objects.get().pk}")

    assert "kickoff-file-8" not in form.controls


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "Choose the result in Pneumatic"),
        ({"found": "running", "confirmed": "on"}, "Enter the workflow's ID"),
        ({"found": "running", "workflow_id": "-5", "confirmed": "on"}, "greater than or equal to 1"),
        ({"found": "running", "workflow_id": "5"}, "Confirm that you checked"),
        ({"found": "not_started"}, "Confirm that you checked"),
    ],
)
def test_resolving_requires_what_is_missing(
    operator_client: Client, operator: User, template: Template, answers: dict[str, str], words: str
) -> None:
    launch = make_launch(template, operator, state="unknown", attempts=1)

    response = operator_client.post(f"/launches/{launch.pk}/resolve/", answers)

    assert response.status_code == 422
    assert words in html.unescape(response.content.decode())
    launch.refresh_from_db()
    assert launch.state == "unknown"


def test_resolving_twice_shows_an_error(operator_client: Client, operator: User, template: Template) -> None:
    launch = make_launch(template, operator, state="launched", workflow_id=3)

    response = operator_client.post(
        f"/launches/{launch.pk}/resolve/", {"found": "not_started", "confirmed": "on"}, follow=True
    )

    assert "resolved in the meantime" in response.content.decode()
    launch.refresh_from_db()
    assert launch.workflow_id == 3


def test_who_settled_it_is_shown(operator_client: Client, operator: User, template: Template) -> None:
    launch = make_launch(template, operator, state="unknown", attempts=1)
    settle = client_of(make_user("helper", "Operator", first_name="Grace", last_name="H"))
    settle.post(
        f"/launches/{launch.pk}/resolve/", {"found": "running", "workflow_id": "77", "confirmed": "on"}
    )

    assert "by Grace H" in show(operator_client, launch)


def test_a_launch_that_does_not_exist_has_no_page(operator_client: Client) -> None:
    url = "/launches/00000000-0000-0000-0000-000000000000/"

    assert operator_client.get(url).status_code == 404
    assert operator_client.post(f"{url}retry/").status_code == 404


def test_hostile_text_is_shown_as_text(operator_client: Client, operator: User, template: Template) -> None:
    text = "<script>alert(1)</script>"
    launch = make_launch(template, operator, name=text, state="failed", reason=text, payload={"name": text})

    for url in ("/launches/", f"/launches/{launch.pk}/", f"/templates/{template.pk}/"):
        assert "<script>alert" not in operator_client.get(url).content.decode()
