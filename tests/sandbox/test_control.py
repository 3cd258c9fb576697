"""The control API: reset, settings, records, and the log of requests."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.fixtures.sandbox import Sandbox

from .conftest import Api


def test_a_reset_forgets_everything(api: Api, sandbox: Sandbox) -> None:
    api.post("/templates/2/run", {"name": "x"})
    api.post("/workflows/attachments", {"filename": "a", "content_type": "text/plain", "size": 2})
    sandbox.put_template({"id": 9})
    sandbox.settings(page_maximum=1)
    sandbox.fault(kind="status", status=500, times=0)
    sandbox.reset()
    assert sandbox.control("GET", "status") == {
        "dialect": "documented",
        "release": None,
        "templates": 3,
        "users": 3,
        "workflows": 0,
        "subscriptions": 0,
        "files": 0,
        "page_maximum": 100,
        "pace": 0,
        "delays": False,
        "retry_pause": 0.2,
        "delivery_timeout": 10,
        "upload_maximum": 104_857_600,
        "upload_limit": 0,
        "upload_retry_after": 60,
        "has_object_storage": True,
        "datasets": ["demo", "small", "empty", "large"],
    }
    assert sandbox.requests() == []
    assert len(api.get("/templates?limit=3").json()["results"]) == 3


def test_a_reset_can_load_another_data_set(sandbox: Sandbox) -> None:
    sandbox.reset("large", large=10)
    status = sandbox.control("GET", "status")
    assert (status["templates"], status["users"]) == (10, 32)


def test_a_reset_without_options_loads_what_the_sandbox_was_started_with(sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    sandbox.control("POST", "reset", {})
    assert sandbox.control("GET", "status")["templates"] == 3


def test_requests_are_logged_without_keys(api: Api, sandbox: Sandbox) -> None:
    api.get("/templates?limit=2&ordering=name", headers={"X-Test": "yes", "Cookie": "a=secret"})
    api.post("/templates/2/run", {"name": "Ω"})
    listing, run = sandbox.requests()
    assert (listing["server"], listing["method"], listing["path"]) == ("api", "GET", "/templates")
    assert listing["query"] == {"limit": "2", "ordering": "name"}
    assert listing["headers"]["x-test"] == "yes"
    assert listing["status"] == 200
    assert listing["brought_authorization"] is True
    assert run["json"] == {"name": "Ω"}
    assert not {"authorization", "cookie"} & set(listing["headers"])
    assert sandbox.key not in str([listing, run])
    assert "secret" not in str([listing, run])
    sandbox.clear_requests()
    assert sandbox.requests() == []


def test_signatures_of_uploads_are_not_in_the_log(api: Api, sandbox: Sandbox) -> None:
    ticket = api.post(
        "/workflows/attachments", {"filename": "a", "content_type": "text/plain", "size": 2}
    ).json()
    requests.put(ticket["file_upload_url"], data=b"hi", headers={"Content-Type": "text/plain"}, timeout=60)
    (entry,) = sandbox.requests(server="files")
    assert ticket["file_upload_url"].partition("signature=")[2] not in str(entry)


def test_faults_are_recorded_in_the_log(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="drop_after")
    sandbox.fault(kind="status", status=500)
    with pytest.raises(requests.ConnectionError):
        api.get("/templates")
    api.get("/templates")
    entries = sandbox.requests()
    assert [(entry["status"], entry["fault"]) for entry in entries] == [(None, "drop_after"), (500, "status")]


def test_a_template_can_be_created_changed_and_deleted(api: Api, sandbox: Sandbox) -> None:
    record = sandbox.put_template(
        {"name": "New", "kickoff": {"fields": [{"type": "radio", "selections": ["A", "B"]}]}}
    )
    id_ = record["id"]
    assert id_ == 4
    detail = api.get(f"/templates/{id_}").json()
    assert detail["name"] == "New"
    assert [option["value"] for option in detail["kickoff"]["fields"][0]["selections"]] == ["A", "B"]

    sandbox.put_template({"id": id_, "name": "Newer", "is_active": False})
    detail = api.get(f"/templates/{id_}").json()
    assert (detail["name"], detail["is_active"], len(detail["kickoff"]["fields"])) == ("Newer", False, 1)
    assert api.get("/templates").json()[0]["name"] == "Newer"

    sandbox.delete_template(id_)
    assert api.get(f"/templates/{id_}").status_code == 404
    assert api.get("/templates?limit=1").json()["count"] == 3


def test_a_user_can_be_created_changed_and_deleted(api: Api, sandbox: Sandbox) -> None:
    id_ = sandbox.put_user({"email": "new@example.com"})["id"]
    sandbox.put_user({"id": id_, "last_name": "Öz"})
    user = api.get("/accounts/users?order=desc&limit=1").json()["results"][0]
    assert (user["id"], user["email"], user["last_name"]) == (id_, "new@example.com", "Öz")
    sandbox.delete_user(id_)
    assert api.get("/accounts/users").json()["count"] == 3


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "reset", {"dataset": "other"}, 400),
        ("POST", "reset", {"large": -1}, 400),
        ("POST", "reset", {"large": True}, 400),
        ("POST", "reset", {"more": 1}, 400),
        ("POST", "reset", [], 400),
        ("PATCH", "settings", {"page_maximum": 0}, 400),
        ("PATCH", "settings", {"page_maximum": "5"}, 400),
        ("POST", "templates", {"id": "x"}, 400),
        ("POST", "templates", {"id": [1]}, 400),
        ("POST", "templates", {"kickoff": 5}, 400),
        ("POST", "templates", {"kickoff": {"fields": [5]}}, 400),
        ("POST", "templates", {"tasks": {"a": 1}}, 400),
        ("POST", "templates", {"run_allowed": ["x"]}, 400),
        ("POST", "templates", [], 400),
        ("POST", "users", {"id": 1.5}, 400),
        ("DELETE", "templates/99", None, 404),
        ("DELETE", "workflows/1", None, 404),
        ("GET", "users/99", None, 404),
        ("GET", "nothing", None, 404),
        ("GET", "", None, 404),
    ],
)
def test_a_mistaken_control_request_changes_nothing(
    sandbox: Sandbox, method: str, path: str, body: Any, status: int
) -> None:
    before = sandbox.control("GET", "status")
    response = requests.request(method, f"{sandbox.url}/_sandbox/{path}", json=body, timeout=60)
    assert response.status_code == status
    assert sandbox.control("GET", "status") == before


@pytest.mark.parametrize(
    "headers",
    [{"Host": "sandbox.example.com"}, {"Host": "127.0.0.1.example.com"}, {"Origin": "https://example.com"}],
)
def test_the_control_api_is_closed_to_web_pages(sandbox: Sandbox, headers: dict[str, str]) -> None:
    response = requests.post(f"{sandbox.url}/_sandbox/reset", json={}, headers=headers, timeout=60)
    assert response.status_code == 403
