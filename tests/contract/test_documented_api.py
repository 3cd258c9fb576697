"""The client against the sandbox over HTTP: every documented endpoint with every documented parameter.

The sandbox shares no code with the client and judges strictly, so what it takes is what the reference describes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from pytest_django import Settings

from apps.pneumatic.client import Client, connect, workflow_url
from apps.pneumatic.errors import (
    AuthenticationFailed,
    ConfigurationError,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from apps.pneumatic.schemas import Answer, FileValue, TaskOverride, Template, UserValue, Value
from tests.fixtures.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with connect() as client:
        yield client


def every_field(client: Client) -> Template:
    (row,) = [row for row in client.list_templates() if row.name == "Every field"]
    return client.get_template(row.id)


def upload(client: Client, content: bytes = b"%PDF-1.7", name: str = "offer.pdf") -> FileValue:
    ticket = client.announce_file(
        filename=name, content_type="application/pdf", size=len(content), thumbnail=False
    )
    client.put_file(
        ticket.file_upload_url, io.BytesIO(content), content_type="application/pdf", size=len(content)
    )
    public = client.publish_file(ticket.id)
    return FileValue(id=str(ticket.id), name=public.name, url=public.url, size=public.size)


# -- Templates and users ---------------------------------------------------------------------------------------


def test_it_lists_all_templates_inactive_ones_included(client: Client) -> None:
    rows = client.list_templates()

    assert [(row.name, row.is_active) for row in rows] == [
        ("Every field", True),
        ("No fields", True),
        ("Inactive", False),
    ]
    assert rows[0].run_allowed == (1, 2)
    assert len(rows[0].kickoff.fields) == 9
    assert rows[0].tasks_count == 2


def test_it_gets_a_template_in_full(client: Client) -> None:
    template = every_field(client)

    assert {field.type for field in template.kickoff.fields} == {
        "string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user"
    }  # fmt: skip
    assert [field.name for field in template.kickoff.fields if field.is_required] == ["Subject"]
    assert [task.name for task in template.tasks] == ["Check", "Do"]
    assert template.tasks[1].is_starter_responsible
    assert template.date_updated is not None
    assert template.run_allowed == (1, 2)


def test_the_list_and_the_detail_tell_the_same_kickoff(sandbox: Sandbox, client: Client) -> None:
    sandbox.reset("demo")
    rows = client.list_templates()

    details = client.get_templates([row.id for row in rows])

    assert [row.kickoff.fields for row in rows] == [template.kickoff.fields for template in details]
    assert [row.run_allowed for row in rows] == [template.run_allowed for template in details]


def test_it_lists_all_users_invited_ones_included(client: Client) -> None:
    users = client.list_users()

    assert [(user.full_name, user.status) for user in users] == [
        ("Ada Owner", "active"),
        ("Bo Operator", "active"),
        ("cy@example.com", "invited"),
    ]
    assert users[0].is_account_owner
    assert users[2].invite is not None
    assert users[2].invite.invited_from == "email"


@pytest.mark.parametrize("page_maximum", [1, 2, 5, 100])
def test_it_lists_all_rows_whatever_the_page_size(
    sandbox: Sandbox, client: Client, page_maximum: int
) -> None:
    sandbox.reset("demo", page_maximum=page_maximum)

    assert len({row.id for row in client.list_templates()}) == 17
    assert len({user.id for user in client.list_users()}) == 32


@pytest.mark.parametrize("action", ["insert", "delete"])
def test_rows_shifted_while_listing_are_neither_lost_nor_doubled(
    sandbox: Sandbox, client: Client, action: str
) -> None:
    sandbox.reset("demo", page_maximum=5)
    templates = {row.id for row in client.list_templates()}
    users = {user.id for user in client.list_users()}
    sandbox.fault(kind="page_shift", action=action, times=2, skip=1, path_prefix="/templates")
    sandbox.fault(kind="page_shift", action=action, times=2, skip=1, path_prefix="/accounts")

    listed_templates = [row.id for row in client.list_templates()]
    listed_users = [user.id for user in client.list_users()]

    sandbox.clear_faults()
    assert len(listed_templates) == len(set(listed_templates))
    assert len(listed_users) == len(set(listed_users))
    assert templates & {row.id for row in client.list_templates()} <= set(listed_templates)
    assert users & {user.id for user in client.list_users()} <= set(listed_users)


def test_an_unknown_template_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        client.get_template(999)
    assert client.get_templates([999]) == []


# -- Launch ----------------------------------------------------------------------------------------------------


def test_it_launches_with_a_value_for_every_type(sandbox: Sandbox, client: Client) -> None:
    template = every_field(client)
    fields = {field.type: field for field in template.kickoff.fields}
    files = (upload(client), upload(client, b"second", "Größe 合同.pdf"))
    values: dict[str, Value] = {
        "string": "Trip to Zürich “soon”",
        "text": "first\nsecond <b>",
        "radio": fields["radio"].selections[1].key,
        "checkbox": tuple(option.key for option in fields["checkbox"].selections[1:]),
        "date": dt.date(2026, 3, 29),
        "url": "https://grave.com/?a=b",
        "dropdown": fields["dropdown"].selections[0].key,
        "file": files,
        "user": UserValue(2),
    }
    payload = client.run_payload(
        template.id,
        name="Lanzamiento 起動",
        answers=[Answer(fields[type_], value) for type_, value in values.items()],
        tasks=[TaskOverride(number=1, url="https://example.com/check")],
    )

    launched = client.run(template.id, payload=payload)

    (workflow,) = sandbox.workflows()
    assert workflow["id"] == launched.workflow_id
    assert workflow["name"] == "Lanzamiento 起動"
    assert workflow["tasks"] == [{"number": 1, "url": "https://example.com/check"}]
    assert workflow["kickoff"] == json.loads(json.dumps(payload["kickoff"]))
    assert workflow["kickoff"]["date-5"] == "2026-03-29"
    assert workflow["kickoff"]["user-9"] == 2
    assert workflow["kickoff"]["file-8"] == [int(file.id) for file in files]
    assert type(workflow["kickoff"]["radio-3"]) is int
    (sent,) = [entry for entry in sandbox.requests(method="POST") if entry["path"].endswith("/run")]
    assert sent["json"] == payload


def test_it_launches_without_answers(sandbox: Sandbox, client: Client) -> None:
    (row,) = [row for row in client.list_templates() if row.name == "No fields"]
    payload = client.run_payload(row.id, name="Stock", answers=[])

    client.run(row.id, payload=payload)

    assert payload["kickoff"] is None
    assert sandbox.workflows()[0]["name"] == "Stock"


def test_a_refused_launch_names_the_fields(sandbox: Sandbox, client: Client) -> None:
    template = every_field(client)
    payload: dict[str, Any] = {"id": template.id, "name": "", "kickoff": {"date-5": "tomorrow"}}

    with pytest.raises(ValidationFailed) as caught:
        client.run(template.id, payload=payload)

    assert {"name", "string-1", "date-5"} <= set(caught.value.errors)
    assert sandbox.workflows() == []


def test_an_inactive_template_is_refused_with_a_reason(client: Client) -> None:
    (row,) = [row for row in client.list_templates() if not row.is_active]

    with pytest.raises(ValidationFailed) as caught:
        client.run(row.id, payload=client.run_payload(row.id, name="x", answers=[]))

    assert set(caught.value.errors) == {""}


@pytest.mark.parametrize("kind", ["drop_after", "truncate", "wrong_json", "broken_json", "html_200"])
def test_a_launch_whose_answer_is_lost_is_unknown_and_not_repeated(
    sandbox: Sandbox, client: Client, kind: str
) -> None:
    options = {} if kind in {"drop_after", "truncate"} else {"process": True}
    sandbox.fault(kind=kind, path_prefix="/templates/2/run", **options)

    with pytest.raises(OutcomeUnknown):
        client.run(2, payload={"id": 2, "name": "Once", "kickoff": None})

    assert [workflow["name"] for workflow in sandbox.workflows()] == ["Once"]


def test_a_launch_that_takes_too_long_is_unknown(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_READ_TIMEOUT = 0.3
    sandbox.fault(kind="delay", seconds=20, path_prefix="/templates/2/run")

    with connect() as client, pytest.raises(OutcomeUnknown):
        client.run(2, payload={"id": 2, "name": "Slow", "kickoff": None})


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_launch_answered_with_a_server_error_is_unknown(
    sandbox: Sandbox, client: Client, status: int
) -> None:
    sandbox.fault(kind="status", status=status, path_prefix="/templates/2/run")

    with pytest.raises(OutcomeUnknown):
        client.run(2, payload={"id": 2, "name": "x", "kickoff": None})


def test_a_launch_over_the_limit_was_not_carried_out(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault(kind="rate_limit", retry_after=7, path_prefix="/templates/2/run")

    with pytest.raises(RateLimited) as caught:
        client.run(2, payload={"id": 2, "name": "x", "kickoff": None})

    assert caught.value.retry_after == 7
    assert sandbox.workflows() == []


def test_the_url_of_a_launch_is_the_one_it_goes_to(sandbox: Sandbox, client: Client) -> None:
    client.run(2, payload={"id": 2, "name": "x", "kickoff": None})

    assert client.run_url(2) == f"{sandbox.url}/templates/2/run"
    assert sandbox.requests(method="POST")[-1]["path"] == "/templates/2/run"


# -- Files -----------------------------------------------------------------------------------------------------


def test_a_file_goes_to_the_other_origin_and_is_public(sandbox: Sandbox, client: Client) -> None:
    content = bytes(range(256)) * 2000

    public = upload(client, content)

    (stored,) = sandbox.files()
    assert (stored["name"], stored["size"], stored["public"]) == ("offer.pdf", len(content), True)
    assert stored["sha256"] == hashlib.sha256(content).hexdigest()
    assert stored["content_type"] == "application/pdf"
    assert public.size == len(content)
    assert requests.get(public.url, timeout=5).content == content
    puts = sandbox.requests(method="PUT")
    assert [entry["brought_authorization"] for entry in puts] == [False]
    assert {entry["server"] for entry in puts} == {"files"}


def test_an_empty_file_can_be_sent(sandbox: Sandbox, client: Client) -> None:
    upload(client, b"", "empty.pdf")

    assert sandbox.files()[0]["size"] == 0


def test_an_image_has_a_place_for_its_thumbnail(sandbox: Sandbox, client: Client) -> None:
    ticket = client.announce_file(filename="a.png", content_type="image/png", size=3, thumbnail=True)
    assert ticket.thumbnail_upload_url is not None

    client.put_file(ticket.file_upload_url, io.BytesIO(b"abc"), content_type="image/png", size=3)
    client.put_file(ticket.thumbnail_upload_url, io.BytesIO(b"a"), content_type="image/png", size=1)

    public = client.publish_file(ticket.id)
    assert public.thumbnail_url
    assert urlsplit(public.thumbnail_url).netloc == urlsplit(sandbox.files_url).netloc


def test_a_document_has_no_place_for_a_thumbnail(client: Client) -> None:
    ticket = client.announce_file(filename="a.txt", content_type="text/plain", size=3, thumbnail=True)

    assert ticket.thumbnail_upload_url is None


@pytest.mark.parametrize("size", [104_857_600, -1])
def test_a_file_of_an_impossible_size_is_refused_before_it_is_sent(client: Client, size: int) -> None:
    with pytest.raises(ValidationFailed) as caught:
        client.announce_file(filename="a", content_type="text/plain", size=size, thumbnail=False)

    assert caught.value.field == "size"


def test_a_file_with_another_type_than_announced_is_refused(client: Client) -> None:
    ticket = client.announce_file(filename="a.txt", content_type="text/plain", size=3, thumbnail=False)

    with pytest.raises(PermissionDenied) as caught:
        client.put_file(ticket.file_upload_url, io.BytesIO(b"abc"), content_type="text/html", size=3)

    assert "signature" not in str(caught.value).lower()


def test_a_file_that_was_never_sent_cannot_be_made_public(client: Client) -> None:
    ticket = client.announce_file(filename="a.txt", content_type="text/plain", size=3, thumbnail=False)

    with pytest.raises(ValidationFailed):
        client.publish_file(ticket.id)


# -- Authentication, settings, faults --------------------------------------------------------------------------


def test_a_wrong_key_is_not_accepted(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_API_KEY = "wrong"

    with connect() as client:
        for call in (client.list_templates, client.list_users, lambda: client.get_template(1)):
            with pytest.raises(AuthenticationFailed, match="PNEUMATIC_API_KEY"):
                call()
        with pytest.raises(AuthenticationFailed):
            client.run(2, payload={"id": 2, "name": "x", "kickoff": None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PNEUMATIC_API_KEY", ""),
        ("PNEUMATIC_API_KEY", "two words"),
        ("PNEUMATIC_API_KEY", "schlüssel"),
        ("PNEUMATIC_API_KEY", "a\r\nX-Other: b"),
        ("PNEUMATIC_API_URL", ""),
        ("PNEUMATIC_DIALECT", "current"),
    ],
)
def test_a_setting_that_cannot_work_is_told_before_anything_is_sent(
    settings: Settings, name: str, value: str
) -> None:
    setattr(settings, name, value)

    with pytest.raises(ConfigurationError, match=name) as caught:
        connect()

    assert not value or name != "PNEUMATIC_API_KEY" or value not in str(caught.value)


def test_auto_speaks_the_documented_dialect(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_DIALECT = "auto"

    with connect() as client:
        assert "documented" in repr(client)
        assert len(client.list_templates()) == 3


def test_the_page_of_a_workflow_is_in_pneumatics_own_app(settings: Settings) -> None:
    settings.PNEUMATIC_APP_URL = "https://my.pneumatic.app"

    assert workflow_url(7) == "https://my.pneumatic.app/workflows/7"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "html_200"}, UnexpectedResponse),
        ({"kind": "wrong_json"}, UnexpectedResponse),
        ({"kind": "broken_json"}, UnexpectedResponse),
        ({"kind": "status", "status": 500}, Unavailable),
        ({"kind": "drop_before"}, Unavailable),
        ({"kind": "truncate"}, Unavailable),
    ],
)
def test_a_listing_that_fails_for_good_is_told_as_what_it_is(
    sandbox: Sandbox, client: Client, fault: dict[str, Any], error: type[Exception]
) -> None:
    sandbox.fault(**fault, times=0, path_prefix="/templates")

    with pytest.raises(error):
        client.list_templates()


@pytest.mark.parametrize("kind", ["drop_before", "truncate", "rate_limit"])
def test_a_listing_survives_a_passing_fault(sandbox: Sandbox, client: Client, kind: str) -> None:
    options = {"retry_after": 0} if kind == "rate_limit" else {}
    sandbox.fault(kind=kind, path_prefix="/templates", **options)

    assert len(client.list_templates()) == 3
    assert client.requests_made == 2
