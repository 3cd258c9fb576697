"""Launching: what is accepted, what is refused, and the errors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox

from .conftest import Api


@pytest.fixture
def form(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return the fields of the template with every field type by their type."""
    return {field["type"]: field for field in sandbox.template(1)["kickoff"]["fields"]}


def selection(field: dict[str, Any], index: int) -> int:
    return int(field["selections"][index]["id"])


def upload(api: Api, name: str = "a.txt", *, put: bool = True) -> int:
    """Return the id of an attachment, uploaded unless ``put`` is false."""
    ticket = api.post(
        "/workflows/attachments", {"filename": name, "content_type": "text/plain", "size": 2}
    ).json()
    if put:
        headers = {"Authorization": None, "Content-Type": "text/plain"}
        api.session.put(ticket["file_upload_url"], data=b"hi", headers=headers, timeout=60).raise_for_status()
    return int(ticket["id"])


def test_all_nine_types_are_accepted_and_kept_as_sent(
    api: Api, sandbox: Sandbox, form: dict[str, dict[str, Any]]
) -> None:
    kickoff = {
        "string-1": "One line",
        "text-2": "Two\nlines <b>& more</b> مرحبا",
        "radio-3": selection(form["radio"], 1),
        "checkbox-4": [selection(form["checkbox"], 2), selection(form["checkbox"], 0)],
        "date-5": "2028-02-29",
        "url-6": "https://example.com/a?b=c#d",
        "dropdown-7": selection(form["dropdown"], 0),
        "file-8": [upload(api), upload(api, "b.txt")],
        "user-9": 3,
    }
    response = api.post("/templates/1/run", {"id": 1, "name": "All of it", "kickoff": kickoff})
    assert response.status_code == 200
    (workflow,) = sandbox.workflows()
    assert response.json() == {"workflow_id": workflow["id"]}
    assert workflow["kickoff"] == kickoff
    assert (workflow["name"], workflow["template_id"]) == ("All of it", 1)


@pytest.mark.parametrize(
    "body", [{"name": "x"}, {"name": "x", "kickoff": None}, {"name": "x", "kickoff": {}}]
)
def test_a_template_without_required_fields_needs_no_kickoff(api: Api, body: dict[str, Any]) -> None:
    assert api.post("/templates/2/run", body).status_code == 200


def test_each_launch_is_a_separate_workflow(api: Api, sandbox: Sandbox) -> None:
    ids = {api.post("/templates/2/run", {"name": "Twice"}).json()["workflow_id"] for _ in range(2)}
    assert {workflow["id"] for workflow in sandbox.workflows()} == ids
    assert len(ids) == 2


def test_everyone_with_the_key_may_run_every_template(api: Api, sandbox: Sandbox) -> None:
    sandbox.put_template({"id": 2, "run_allowed": []})
    assert api.post("/templates/2/run", {"name": "x"}).status_code == 200


WRONG_VALUES: list[tuple[str, Any]] = [
    ("string-1", 5),
    ("string-1", ["x"]),
    ("string-1", "   "),
    ("string-1", "a\0b"),
    ("string-1", ""),
    ("string-1", None),
    ("text-2", {}),
    ("text-2", True),
    ("radio-3", "Low"),
    ("radio-3", "1"),
    ("radio-3", 0),
    ("radio-3", True),
    ("radio-3", [1]),
    ("radio-3", 1.0),
    ("checkbox-4", 3),
    ("checkbox-4", "3"),
    ("checkbox-4", ["3"]),
    ("checkbox-4", [3, 3]),
    ("checkbox-4", [3, 999]),
    ("checkbox-4", [None]),
    ("checkbox-4", {}),
    ("date-5", "29.02.2028"),
    ("date-5", "2027-02-29"),
    ("date-5", "2027-2-1"),
    ("date-5", "20270201"),
    ("date-5", "2027-W01-1"),
    ("date-5", "2027-02-01T00:00:00"),
    ("date-5", "0000-01-01"),
    ("date-5", "\u0662\u0660\u0662\u0667-\u0660\u0662-\u0660\u0661"),
    ("date-5", 1767225600),
    ("url-6", "example.com"),
    ("url-6", "ftp://example.com"),
    ("url-6", "javascript:alert(1)"),
    ("url-6", "https://"),
    ("url-6", "https://exa mple.com"),
    ("url-6", "https://[broken"),
    ("url-6", " https://example.com"),
    ("url-6", 7),
    ("dropdown-7", "Lisbon"),
    ("dropdown-7", -1),
    ("file-8", 501),
    ("file-8", "501"),
    ("file-8", [999]),
    ("file-8", ["501"]),
    ("file-8", "https://example.com/a.txt"),
    ("user-9", 99),
    ("user-9", "1"),
    ("user-9", "ada@example.com"),
    ("user-9", [1]),
    ("user-9", True),
    ("unheard-of", "x"),
    ("", "x"),
    ("name", "x"),
]


@pytest.mark.parametrize(("api_name", "value"), WRONG_VALUES)
def test_a_wrong_value_is_refused_at_its_field(api: Api, sandbox: Sandbox, api_name: str, value: Any) -> None:
    response = api.post("/templates/1/run", {"name": "x", "kickoff": {"string-1": "there", api_name: value}})
    assert response.status_code == 400
    body = response.json()
    assert body["code"] == "validation_error"
    assert set(body["details"]) == {"api_name", "reason"}
    assert body["details"]["api_name"] == api_name
    assert body["message"] == body["details"]["reason"]
    assert body["errors"] == [body["details"]]
    assert sandbox.workflows() == []


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_optional_field_may_be_empty(api: Api, empty: Any) -> None:
    names = ["text-2", "radio-3", "checkbox-4", "date-5", "url-6", "dropdown-7", "file-8", "user-9"]
    kickoff = {"string-1": "there", **dict.fromkeys(names, empty)}
    assert api.post("/templates/1/run", {"name": "x", "kickoff": kickoff}).status_code == 200


@pytest.mark.parametrize("empty", [None, "", []])
def test_every_type_can_be_required(api: Api, sandbox: Sandbox, empty: Any) -> None:
    fields = [{**field, "is_required": True} for field in sandbox.template(1)["kickoff"]["fields"]]
    sandbox.put_template({"id": 1, "kickoff": {"fields": fields}})
    kickoff = dict.fromkeys([field["api_name"] for field in fields], empty)
    errors = api.post("/templates/1/run", {"name": "x", "kickoff": kickoff}).json()["errors"]
    assert errors == [
        {"api_name": field["api_name"], "reason": "This field is required."} for field in fields
    ]


def test_all_errors_are_reported_at_once(api: Api) -> None:
    body = {"name": "", "kickoff": {"date-5": "soon", "user-9": 99, "other": 1}, "colour": "red"}
    errors = api.post("/templates/1/run", body).json()["errors"]
    places = [error.get("api_name") or error.get("name") for error in errors]
    assert places == ["colour", "name", "string-1", "date-5", "user-9", "other"]
    assert [sorted(error)[0] for error in errors] == [
        "name",
        "name",
        "api_name",
        "api_name",
        "api_name",
        "api_name",
    ]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ([], "body"),
        ("x", "body"),
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": " \t"}, "name"),
        ({"name": 5}, "name"),
        ({"name": "a\0"}, "name"),
        ({"name": "x", "id": 3}, "id"),
        ({"name": "x", "id": "2"}, "id"),
        ({"name": "x", "kickoff": []}, "kickoff"),
        ({"name": "x", "kickoff": "x"}, "kickoff"),
        ({"name": "x", "due_date": 1}, "due_date"),
        ({"name": "x", "tasks": {}}, "tasks"),
        ({"name": "x", "tasks": ["x"]}, "tasks"),
        ({"name": "x", "tasks": [{"number": 1}]}, "tasks"),
        ({"name": "x", "tasks": [{"number": 9, "url": "https://example.com"}]}, "tasks"),
        ({"name": "x", "tasks": [{"number": "1", "url": "https://example.com"}]}, "tasks"),
        ({"name": "x", "tasks": [{"number": 1, "url": "nowhere"}]}, "tasks"),
        ({"name": "x", "tasks": [{"number": 1, "url": "https://example.com", "name": "New"}]}, "tasks"),
        ({"name": "x", "tasks": [{"number": 1, "url": "https://example.com"}] * 2}, "tasks"),
        ({"name": "x", "tasks": [{"number": [], "url": "https://example.com"}]}, "tasks"),
    ],
)
def test_a_wrong_body_is_refused_by_key(api: Api, sandbox: Sandbox, body: Any, name: str) -> None:
    response = api.post("/templates/2/run", body)
    assert response.status_code == 400
    assert response.json()["details"]["name"] == name
    assert sandbox.workflows() == []


def test_a_task_may_get_another_url(api: Api, sandbox: Sandbox) -> None:
    tasks = [{"number": 2, "url": "https://example.com/board"}]
    assert (
        api.post("/templates/1/run", {"name": "x", "kickoff": {"string-1": "y"}, "tasks": tasks}).status_code
        == 200
    )
    assert sandbox.workflows()[0]["tasks"] == tasks


def test_an_inactive_template_is_refused_as_a_whole(api: Api, sandbox: Sandbox) -> None:
    response = api.post("/templates/3/run", {"name": "x", "kickoff": {"wrong": 1}})
    assert response.status_code == 400
    assert response.json() == {
        "code": "validation_error",
        "message": "The template is not active: it cannot be launched.",
        "details": {},
        "errors": [],
    }
    assert sandbox.workflows() == []


def test_a_file_that_was_never_uploaded_is_refused(api: Api) -> None:
    kickoff = {"string-1": "x", "file-8": [upload(api, put=False)]}
    body = api.post("/templates/1/run", {"name": "x", "kickoff": kickoff}).json()
    assert body["details"] == {
        "api_name": "file-8",
        "reason": "The file a.txt was announced, but never uploaded.",
    }


def test_an_invited_user_may_be_named_and_a_deleted_one_not(api: Api, sandbox: Sandbox) -> None:
    body = {"name": "x", "kickoff": {"string-1": "x", "user-9": 3}}
    assert api.post("/templates/1/run", body).status_code == 200
    sandbox.delete_user(3)
    assert api.post("/templates/1/run", body).json()["details"]["api_name"] == "user-9"


@pytest.mark.parametrize("type_", ["radiobutton", "number"])
def test_types_beyond_the_documented_enum(api: Api, sandbox: Sandbox, type_: str) -> None:
    field = {"type": type_, "api_name": "f", "selections": ["A"] if type_ == "radiobutton" else []}
    fields = sandbox.put_template({"id": 2, "kickoff": {"fields": [field]}})["kickoff"]["fields"]
    value = fields[0]["selections"][0]["id"] if type_ == "radiobutton" else 12.5
    assert api.post("/templates/2/run", {"name": "x", "kickoff": {"f": value}}).status_code == 200


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b'{"name": "x"}', "text/plain", 415),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b'{"name": "x"}', "", 415),
        (b'{"name": ', "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        (b"", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"name": "x"}', "application/json; charset=utf-8", 200),
        (b'{"name": "x"}', "Application/JSON", 200),
    ],
)
def test_the_body_must_be_json_and_say_so(api: Api, data: bytes, content_type: str, status: int) -> None:
    response = api.session.post(
        f"{api.url}/templates/2/run", data=data, headers={"Content-Type": content_type}, timeout=60
    )
    assert response.status_code == status


def test_a_body_may_be_large_but_not_without_end(api: Api) -> None:
    assert api.post("/templates/2/run", {"name": "x" * 1_500_000}).status_code == 200
    assert api.post("/templates/2/run", {"name": "x" * 2_500_000}).status_code == 413
