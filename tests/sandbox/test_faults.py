"""Faults: each kind does what its name says, for exactly the matching requests."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.fixtures.sandbox import Sandbox
from tests.fixtures.waiting import wait_for

from .conftest import Api

RUN = "/templates/2/run"


def launch(api: Api) -> requests.Response:
    return api.post(RUN, {"name": "x"})


def test_a_status_replaces_a_request_that_was_not_carried_out(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=403, method="POST", path_prefix="/templates")
    response = launch(api)
    assert (response.status_code, set(response.json())) == (403, {"detail"})
    assert sandbox.workflows() == []
    assert launch(api).status_code == 200


def test_a_status_can_replace_the_response_of_a_request_that_was_carried_out(
    api: Api, sandbox: Sandbox
) -> None:
    sandbox.fault(kind="status", status=502, process=True)
    response = launch(api)
    assert response.status_code == 502
    assert response.headers["Content-Type"].startswith("text/html")
    assert len(sandbox.workflows()) == 1


def test_a_status_may_bring_its_own_body_and_headers(api: Api, sandbox: Sandbox) -> None:
    body = '{"code": "validation_error", "message": "No.", "details": {"api_name": "a", "reason": "No."}}'
    sandbox.fault(kind="status", status=400, body=body, headers={"X-Reason": "test"})
    response = launch(api)
    assert (response.status_code, response.text, response.headers["X-Reason"]) == (400, body, "test")


def test_a_redirect_can_be_made(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    response = api.get("/templates", allow_redirects=False)
    assert (response.status_code, response.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")


@pytest.mark.parametrize(("retry_after", "header"), [(7, "7"), (0.5, "0.5"), (None, None)])
def test_a_rate_limit_says_when_to_come_back(
    api: Api, sandbox: Sandbox, retry_after: float | None, header: str | None
) -> None:
    sandbox.fault(kind="rate_limit", retry_after=retry_after)
    response = api.get("/templates")
    assert response.status_code == 429
    assert response.headers.get("Retry-After") == header
    assert api.get("/templates").status_code == 200


def test_a_delayed_request_is_answered_in_the_end(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="delay", seconds=0.3)
    with pytest.raises(requests.ReadTimeout):
        api.session.post(api.url + RUN, json={"name": "late"}, timeout=0.05)
    wait_for(sandbox.workflows)
    assert sandbox.workflows()[0]["name"] == "late"


def test_a_delayed_request_does_not_outlive_a_reset(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="delay", seconds=500)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(launch, api)
        while not sandbox.faults()[0]["used"]:
            time.sleep(0.01)
        sandbox.reset()
        with pytest.raises(requests.ConnectionError):
            waiting.result(timeout=60)
    assert sandbox.workflows() == []


def test_a_connection_is_dropped_before_the_request_is_carried_out(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="drop_before")
    with pytest.raises(requests.ConnectionError):
        launch(api)
    assert sandbox.workflows() == []


def test_a_connection_is_dropped_after_the_request_was_carried_out(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="drop_after")
    with pytest.raises(requests.ConnectionError):
        launch(api)
    assert len(sandbox.workflows()) == 1


def test_an_answer_is_cut_in_its_middle(api: Api, sandbox: Sandbox) -> None:
    whole = api.get("/templates").content
    sandbox.fault(kind="truncate")
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=60)
    connection.request("GET", "/templates", headers={"Authorization": f"Bearer {sandbox.key}"})
    response = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    connection.close()
    assert response.headers["Content-Length"] == str(len(whole))
    assert caught.value.partial == whole[: len(whole) // 2]


def test_a_truncated_launch_was_carried_out(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        launch(api)
    assert len(sandbox.workflows()) == 1


@pytest.mark.parametrize("kind", ["wrong_json", "broken_json", "html_200"])
@pytest.mark.parametrize("process", [False, True])
def test_a_wrong_body_is_sent_with_status_200(api: Api, sandbox: Sandbox, kind: str, process: bool) -> None:
    sandbox.fault(kind=kind, process=process)
    response = launch(api)
    assert response.status_code == 200
    assert "workflow_id" not in response.text
    if kind == "wrong_json":
        assert response.json() == {"unexpected": ["shape"]}
    else:
        with pytest.raises(requests.JSONDecodeError):
            response.json()
    assert response.headers["Content-Type"].startswith(
        "text/html" if kind == "html_200" else "application/json"
    )
    assert len(sandbox.workflows()) == int(process)


@pytest.mark.parametrize("path", ["/templates", "/accounts/users"])
@pytest.mark.parametrize(("action", "change"), [("insert", 1), ("insert_first", 1), ("delete", -1)])
def test_rows_shift_between_two_pages(
    api: Api, sandbox: Sandbox, path: str, action: str, change: int
) -> None:
    sandbox.fault(kind="page_shift", action=action, path=path)
    first = api.get(f"{path}?limit=2&offset=0").json()
    second = api.get(f"{path}?limit=2&offset=2").json()
    assert (first["count"], second["count"]) == (3, 3 + change)
    listed = [row["id"] for row in first["results"] + second["results"]]
    whole = {row["id"] for row in api.get(f"{path}?limit=50").json()["results"]}
    # Newest first for templates, oldest first for users: which end of the list moves the pages differs.
    if action == "delete":
        assert len(whole & set(listed)) == (2 if path == "/templates" else 1)
    elif (action == "insert") == (path == "/templates"):
        assert len(listed) > len(set(listed)), "a row is listed twice"
    else:
        assert set(listed) == whole


def test_the_data_can_run_out(api: Api, sandbox: Sandbox) -> None:
    sandbox.reset("empty")
    sandbox.fault(kind="page_shift", action="delete")
    assert api.get("/templates?limit=2").json()["count"] == 0


def test_a_fault_is_used_up(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=500, times=2)
    assert [api.get("/templates").status_code for _ in range(3)] == [500, 500, 200]
    assert sandbox.faults()[0]["used"] == 2


def test_a_fault_can_last_until_it_is_cleared(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=500, times=0)
    assert [api.get("/templates").status_code for _ in range(4)] == [500] * 4
    sandbox.clear_faults()
    assert api.get("/templates").status_code == 200


def test_a_fault_can_let_the_first_requests_pass(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=500, skip=2)
    assert [api.get("/templates").status_code for _ in range(4)] == [200, 200, 500, 200]


def test_a_fault_hits_only_what_it_is_meant_for(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=500, method="POST", path_prefix="/templates/2", times=0)
    sandbox.fault(kind="status", status=418, path="/templates", times=0)
    assert api.get("/templates/2").status_code == 200
    assert api.get("/templates").status_code == 418
    assert api.get("/accounts/users").status_code == 200
    assert launch(api).status_code == 500


def test_faults_apply_in_the_order_in_which_they_were_given(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=500)
    sandbox.fault(kind="rate_limit")
    assert [api.get("/templates").status_code for _ in range(3)] == [500, 429, 200]


def test_the_upload_store_can_fail_too(api: Api, sandbox: Sandbox) -> None:
    ticket = api.post(
        "/workflows/attachments", {"filename": "a", "content_type": "text/plain", "size": 2}
    ).json()

    def put() -> requests.Response:
        return requests.put(
            ticket["file_upload_url"], data=b"hi", headers={"Content-Type": "text/plain"}, timeout=60
        )

    sandbox.fault(kind="status", status=503, server="files")
    assert api.get("/templates").status_code == 200
    assert put().status_code == 503
    sandbox.fault(kind="drop_before", server="files")
    with pytest.raises(requests.ConnectionError):
        put()
    assert put().status_code == 200


def test_a_fault_never_hits_the_control_api(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=500, times=0)
    assert sandbox.control("GET", "status")["templates"] == 3


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ({}, "kind"),
        ({"kind": "explode"}, "kind"),
        ({"kind": 5}, "kind"),
        ({"kind": "status", "status": "500"}, "status"),
        ({"kind": "status", "status": 99}, "status"),
        ({"kind": "status", "times": -1}, "times"),
        ({"kind": "status", "times": True}, "times"),
        ({"kind": "delay", "seconds": 1e9}, "seconds"),
        ({"kind": "delay", "seconds": None}, "seconds"),
        ({"kind": "rate_limit", "retry_after": -1}, "retry_after"),
        ({"kind": "page_shift", "action": "shuffle"}, "action"),
        ({"kind": "status", "server": "mail"}, "server"),
        ({"kind": "status", "colour": "red"}, "colour"),
        ({"kind": "status", "headers": {"A": "b\r\nC: d"}}, "headers"),
        ({"kind": "status", "headers": {"A": 1}}, "headers"),
        ([], "body"),
    ],
)
def test_a_mistaken_fault_is_refused(sandbox: Sandbox, fault: Any, name: str) -> None:
    response = requests.post(f"{sandbox.url}/_sandbox/faults", json=fault, timeout=60)
    assert response.status_code == 400
    assert response.json()["details"]["name"] == name
    assert sandbox.faults() == []
