"""The launch form: what it shows, what it sends, and that no answer is ever lost."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.launches.models import Launch
from apps.pneumatic.client import connect
from apps.workflow_templates.models import Template, TemplateUse
from apps.workflow_templates.services import refresh_template
from tests.factories import (
    fields_of,
    make_field,
    make_options,
    make_pneumatic_user,
    make_template,
    make_version,
)
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox


def url_of(template: Template) -> str:
    return f"/templates/{template.pk}/launch/"


def test_it_launches_with_all_nine_types_and_a_real_file(
    fill: Fill, every_field: Template, sandbox: Sandbox, only_launch: Callable[[], Launch]
) -> None:
    file = SimpleUploadedFile("plan.txt", b"All is planned.", content_type="text/plain")
    form = fill(
        every_field,
        name="Move to Lisbon",
        string_1="Desks",
        text_2="Two lines\nof text",
        radio_3=sandbox_key(every_field, "radio-3", "High"),
        checkbox_4=[
            sandbox_key(every_field, "checkbox-4", "Sales"),
            sandbox_key(every_field, "checkbox-4", "Finance"),
        ],
        date_5="2026-12-24",
        url_6="https://example.com/plan",
        dropdown_7=sandbox_key(every_field, "dropdown-7", "Prague"),
        file_8=[file],
        user_9="2",
    )

    response = form.send()

    launch = only_launch()
    assert (launch.state, launch.attempts) == ("launched", 1)
    assert response.url == f"/launches/{launch.pk}/"
    [workflow] = sandbox.workflows()
    [stored] = sandbox.files()
    assert workflow["id"] == launch.workflow_id
    assert workflow["name"] == "Move to Lisbon"
    assert workflow["kickoff"] == {
        "string-1": "Desks",
        "text-2": "Two lines\nof text",
        "radio-3": int(sandbox_key(every_field, "radio-3", "High")),
        "checkbox-4": [
            int(sandbox_key(every_field, "checkbox-4", "Sales")),
            int(sandbox_key(every_field, "checkbox-4", "Finance")),
        ],
        "date-5": "2026-12-24",
        "url-6": "https://example.com/plan",
        "dropdown-7": int(sandbox_key(every_field, "dropdown-7", "Prague")),
        "file-8": [stored["id"]],
        "user-9": 2,
    }
    assert (stored["name"], stored["size"], stored["public"]) == ("plan.txt", 15, True)


def sandbox_key(template: Template, api_name: str, label: str) -> str:
    """Return the key of an option of the template's current form."""
    fields = fields_of(template)
    [field] = [field for field in fields if field["api_name"] == api_name]
    return next(option["key"] for option in field["selections"] if option["label"] == label)


def test_it_launches_a_template_without_fields(
    fill: Fill, no_fields: Template, sandbox: Sandbox, only_launch: Callable[[], Launch]
) -> None:
    fill(no_fields).send()

    assert only_launch().state == "launched"
    assert len(sandbox.workflows()) == 1


def test_it_suggests_a_name_in_local_time(fill: Fill, no_fields: Template) -> None:
    form = fill(no_fields)

    assert re.fullmatch(r"No fields - \d{4}-\d\d-\d\d \d\d:\d\d", form.controls["name"][0])


def test_it_counts_the_use_of_the_template(fill: Fill, no_fields: Template) -> None:
    fill(no_fields).send()

    assert TemplateUse.objects.get().launches == 1


def test_a_mistake_keeps_every_answer_and_starts_nothing(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    form = fill(every_field, name="Kept", text_2="typed <b>text</b>", date_5="2026-02-31")

    response = form.send()

    assert response.status_code == 422
    again = FilledForm.read(operator_client, response)
    assert again.controls["name"] == ["Kept"]
    assert again.controls["kickoff-text-2"] == ["typed <b>text</b>"]
    assert again.submission_id == form.submission_id
    assert not Launch.objects.exists()
    assert sandbox.requests() == []


def test_a_file_survives_a_mistake(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    file = SimpleUploadedFile("a.txt", b"once", content_type="text/plain")
    again = FilledForm.read(operator_client, fill(every_field, file_8=[file]).send())

    response = again.fill(string_1="Now there").send()

    assert response.status_code == 302
    [stored] = sandbox.files()
    assert sandbox.workflows()[0]["kickoff"]["file-8"] == [stored["id"]]


def test_a_failed_upload_names_the_file_and_starts_nothing(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    sandbox.fault(kind="status", status=500, path_prefix="/workflows/attachments", times=0)
    file = SimpleUploadedFile("a.txt", b"once", content_type="text/plain")

    response = fill(every_field, string_1="Kept", file_8=[file]).send()

    assert response.status_code == 422
    assert "“a.txt” was not uploaded" in html.unescape(response.content.decode())
    assert FilledForm.read(operator_client, response).controls["kickoff-string-1"] == ["Kept"]
    assert sandbox.workflows() == []
    assert not Launch.objects.exists()


def test_an_error_of_the_server_is_shown_at_its_field(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    """The user was deleted in Pneumatic after the last sync."""
    gone = make_pneumatic_user(4711, first="Gone", last="Person")
    form = fill(every_field, string_1="Kept", user_9=str(gone.pk))

    response = form.send()

    launch = Launch.objects.get()
    assert response.status_code == 422
    assert (launch.state, list(launch.field_errors)) == ("rejected", ["user-9"])
    page = response.content.decode()
    assert re.search(r'href="#id_kickoff_\d+[^"]*">\s*<bdi>', page)
    again = FilledForm.read(operator_client, response)
    assert again.controls["kickoff-string-1"] == ["Kept"]
    assert again.submission_id != form.submission_id
    assert again.controls["previous"] == [str(launch.pk)]

    assert again.fill(user_9="").send().status_code == 302
    assert Launch.objects.get(state="launched").previous == launch


def test_a_template_that_changed_since_the_last_sync_is_noticed_before_anything_is_sent(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    record = sandbox.template(every_field.pk)
    for field in record["kickoff"]["fields"]:
        field["is_required"] = field["api_name"] in {"string-1", "text-2"}
    sandbox.put_template(record)
    form = fill(every_field, string_1="Kept")

    response = form.send()

    assert response.status_code == 409
    assert not Launch.objects.exists()
    assert not sandbox.workflows()
    assert "is required now." in html.unescape(response.content.decode())
    again = FilledForm.read(operator_client, response)
    assert again.controls["kickoff-string-1"] == ["Kept"]
    assert again.fill(text_2="Here").send().status_code == 302
    assert sandbox.workflows()[0]["kickoff"]["text-2"] == "Here"


def test_a_template_that_was_deactivated_since_the_last_sync_is_not_launched(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    form = fill(every_field, string_1="Kept")
    sandbox.put_template({**sandbox.template(every_field.pk), "is_active": False})

    page = html.unescape(form.send().content.decode())

    assert "This template is not active in Pneumatic" in page
    assert "Kept" in page
    assert not Launch.objects.exists()


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 500}, {"kind": "rate_limit", "retry_after": 30}]
)
def test_a_template_that_cannot_be_read_is_launched_as_mirrored(
    fill: Fill, every_field: Template, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    """The person who waits does not wait for a second attempt."""
    form = fill(every_field, string_1="Kept")
    sandbox.clear_requests()
    sandbox.fault(method="GET", **fault)

    assert form.send().status_code == 302
    assert [request["method"] for request in sandbox.requests()] == ["GET", "POST"]
    assert sandbox.workflows()[0]["kickoff"]["string-1"] == "Kept"


def test_a_link_fills_the_form_and_sends_nothing(
    operator_client: Client, every_field: Template, sandbox: Sandbox
) -> None:
    form = FilledForm.open(
        operator_client, f"{url_of(every_field)}?name=From+a+link&kickoff-string-1=Chairs&launch=1"
    )

    assert form.controls["name"] == ["From a link"]
    assert form.controls["kickoff-string-1"] == ["Chairs"]
    assert sandbox.requests() == []
    assert not Launch.objects.exists()


def test_it_shows_what_will_be_sent(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    form = fill(every_field, name="It's $HOME", string_1="a'b")

    response = form.send("preview")

    page = html.unescape(response.content.decode())
    assert '"string-1": "a\'b"' in page
    assert "Authorization: Bearer $PNEUMATIC_API_KEY" in page
    assert f"curl --request POST {sandbox.url}/templates/{every_field.pk}/run" in page
    assert sandbox.key not in page
    assert FilledForm.read(operator_client, response).submission_id == form.submission_id
    assert sandbox.workflows() == []
    assert not Launch.objects.exists()


def test_what_was_shown_is_what_is_sent(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    response = fill(every_field, string_1="Same").send("preview")
    shown = re.search(r'<pre[^>]*id="preview-json"[^>]*>(.*?)</pre>', response.content.decode(), re.DOTALL)
    assert shown

    FilledForm.read(operator_client, response).send()

    sent = [request["json"] for request in sandbox.requests() if request["path"].endswith("/run")]
    assert [json.loads(html.unescape(shown[1]))] == sent


def test_a_search_without_scripts_keeps_the_answers(
    fill: Fill, every_field: Template, operator_client: Client, sandbox: Sandbox
) -> None:
    form = fill(every_field, text_2="Kept")
    form.controls["find-user-9"] = ["bo@example"]

    response = form.send("find", "user-9")

    assert response.status_code == 200
    assert "Bo Operator" in response.content.decode()
    assert FilledForm.read(operator_client, response).controls["kickoff-text-2"] == ["Kept"]
    assert sandbox.workflows() == []


def test_it_keeps_answers_when_the_template_changed(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    form = fill(every_field, name="Kept", string_1="Kept too", text_2="no longer asked")
    make_version(
        every_field,
        fields=[
            make_field("string-1", name="Subject", is_required=True),
            make_field("colour", "radio", selections=make_options("Red", "Blue")),
        ],
    )

    response = form.send()

    assert response.status_code == 409
    page = html.unescape(response.content.decode())
    assert "The template changed while this form was open" in page
    assert "“Colour” is new" in page
    assert "no longer in the form" in page
    again = FilledForm.read(operator_client, response)
    assert again.controls["name"] == ["Kept"]
    assert again.controls["kickoff-string-1"] == ["Kept too"]
    assert again.controls["version"] == [str(every_field.current_version_id)]
    assert again.submission_id != form.submission_id
    assert sandbox.workflows() == []


def test_files_survive_a_change_of_the_template(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    file = SimpleUploadedFile("a.txt", b"once", content_type="text/plain")
    form = fill(every_field, string_1="Kept", file_8=[file])
    make_version(every_field, fields=[make_field("file-8", "file"), make_field("string-1")])

    again = FilledForm.read(operator_client, form.send())

    assert len(again.controls["kickoff-file-8"]) == 1
    assert len(sandbox.files()) == 1


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\u202egnirts", "x" * 5000, "'\"`;$(id)"])
def test_hostile_text_is_sent_as_it_is_and_shown_as_text(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client, text: str
) -> None:
    response = fill(every_field, name=text, text_2=text, string_1="x").send()

    page = operator_client.get(response.url).content.decode()
    assert sandbox.workflows()[0]["name"] == text
    assert sandbox.workflows()[0]["kickoff"]["text-2"] == text
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "api_name", ["name", "csrfmiddlewaretoken", "submission_id", 'quo"ted', "a'b<i>", "version"]
)
def test_hostile_api_names_work(
    operator_client: Client, sandbox: Sandbox, mirrored: dict[str, Template], api_name: str
) -> None:
    record = sandbox.put_template(
        {
            "name": "Hostile",
            "is_active": True,
            "kickoff": {
                "fields": [{"api_name": api_name, "name": "Field", "type": "string", "is_required": True}]
            },
        }
    )
    with connect() as client:
        template = refresh_template(make_template(record["id"], name="Hostile"), client)
    form = FilledForm.open(operator_client, url_of(template))
    form.controls[f"kickoff-{api_name}"] = ["answer"]

    response = form.send()

    assert response.status_code == 302
    assert sandbox.workflows()[0]["kickoff"] == {api_name: "answer"}


def test_a_required_field_of_an_unknown_type_blocks_the_launch(operator_client: Client, db: None) -> None:
    template = make_template(fields=[make_field("loc", "location", is_required=True)])

    page = operator_client.get(url_of(template)).content.decode()

    assert "cannot be launched from here" in page
    assert 'name="launch"' not in page


def test_a_template_that_is_not_there_is_not_found(operator_client: Client) -> None:
    assert operator_client.get("/templates/404404/launch/").status_code == 404
    assert operator_client.post("/templates/404404/launch/").status_code == 404


def test_nonsense_in_the_hidden_controls_is_no_error(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    form = fill(every_field, string_1="x")
    for name in ("submission_id", "version", "previous", "repeat"):
        form.controls[name] = ["9" * 40]

    assert form.send().status_code == 302
    assert len(sandbox.workflows()) == 1
