"""Webhooks of the current dialect: one row per user and event, for administrators."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.conftest import Api

from .conftest import BO, DANA, GRETA

EVENTS = ["workflow_started", "task_completed", "task_returned", "workflow_completed"]
ONE, TWO, THREE = (f"http://127.0.0.1:8090/{name}" for name in ("one", "two", "three"))
STARTED = "/webhooks/events/workflow_started"


def urls(api: Api) -> dict[str, str | None]:
    response = api.get("/webhooks/events")
    assert response.status_code == 200
    rows = response.json()
    assert all(list(row) == ["url", "event"] for row in rows)
    return {row["event"]: row["url"] for row in rows}


def test_without_subscriptions_every_event_has_no_url(ada: Api) -> None:
    assert urls(ada) == dict.fromkeys(EVENTS)
    assert ada.get("/webhooks/events/task_completed").json() == {"url": None}


def test_an_event_gets_a_url_and_subscribing_again_replaces_it(ada: Api, current: Sandbox) -> None:
    for url in (ONE, TWO):
        response = ada.post(f"{STARTED}/subscribe", {"url": url})
        assert (response.status_code, response.content) == (204, b"")
        assert ada.get(STARTED).json() == {"url": url}
    assert urls(ada) == dict.fromkeys(EVENTS) | {"workflow_started": TWO}
    assert len(current.subscriptions()) == 1


def test_a_second_administrator_adds_a_row_that_the_list_does_not_show(
    ada: Api, current: Sandbox, client_of: Callable[[int], Api]
) -> None:
    dana = client_of(DANA)
    ada.post(f"{STARTED}/subscribe", {"url": TWO})
    assert dana.post(f"{STARTED}/subscribe", {"url": THREE}).status_code == 204
    assert urls(ada)["workflow_started"] == urls(dana)["workflow_started"] == TWO
    assert [row["target"] for row in current.subscriptions()] == [TWO, THREE]


def test_two_administrators_cannot_have_the_same_url_and_the_error_has_no_reason(
    ada: Api, client_of: Callable[[int], Api]
) -> None:
    ada.post(f"{STARTED}/subscribe", {"url": ONE})
    response = client_of(DANA).post(f"{STARTED}/subscribe", {"url": ONE})
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "text/html"


def test_unsubscribing_removes_the_rows_of_all_users_and_can_be_repeated(
    ada: Api, current: Sandbox, client_of: Callable[[int], Api]
) -> None:
    dana = client_of(DANA)
    ada.post(f"{STARTED}/subscribe", {"url": ONE})
    dana.post(f"{STARTED}/subscribe", {"url": TWO})
    dana.post("/webhooks/events/task_returned/subscribe", {"url": TWO})
    for _ in range(2):
        response = dana.post(f"{STARTED}/unsubscribe")
        assert (response.status_code, response.content) == (204, b"")
    assert urls(ada) == dict.fromkeys(EVENTS) | {"task_returned": TWO}
    assert [row["event"] for row in current.subscriptions()] == ["task_returned"]


def test_subscribing_to_everything_removes_what_others_had(
    ada: Api, current: Sandbox, client_of: Callable[[int], Api]
) -> None:
    client_of(DANA).post(f"{STARTED}/subscribe", {"url": THREE})
    assert ada.post("/webhooks/subscribe", {"url": ONE}).status_code == 204
    assert urls(ada) == dict.fromkeys(EVENTS, ONE)
    assert {row["target"] for row in current.subscriptions()} == {ONE}
    assert ada.post("/webhooks/unsubscribe").status_code == 204
    assert urls(ada) == dict.fromkeys(EVENTS)


@pytest.mark.parametrize(
    "url",
    [
        *("nope", "https://", "javascript:alert(1)", "http://hook host.example.com/", "//example.com/x"),
        *(
            "http://web:8000/hooks",
            "http://-a.example.com/",
            "http://127.0.0.1:99999/",
            7,
            ["http://a.example.com"],
        ),
    ],
)
def test_an_invalid_url_is_refused(ada: Api, url: object) -> None:
    for path in (f"{STARTED}/subscribe", "/webhooks/subscribe"):
        response = ada.post(path, {"url": url})
        assert response.status_code == 400
        body = response.json()
        assert body == {
            "message": body["message"],
            "code": "validation_error",
            "details": {"name": "url", "reason": body["message"]},
        }
    assert urls(ada) == dict.fromkeys(EVENTS)


@pytest.mark.parametrize(
    "url",
    [
        *("http://localhost:8000/x", "https://example.com", "http://127.0.0.1:8090/ok", "http://[::1]:8/x"),
        *("https://bücher.example/x?y=1", "HTTPS://sub.example.co.uk/"),
    ],
)
def test_every_valid_address_is_accepted_without_a_request_to_it(ada: Api, url: str) -> None:
    assert ada.post(f"{STARTED}/subscribe", {"url": url}).status_code == 204
    assert ada.get(STARTED).json() == {"url": url}


@pytest.mark.parametrize("body", [{}, {"target": ONE}, {"url": None}, {"url": " "}])
def test_the_url_must_be_sent_as_url(ada: Api, body: dict[str, object]) -> None:
    response = ada.post(f"{STARTED}/subscribe", body)
    assert response.status_code == 400
    assert response.json()["details"]["name"] == "url"


@pytest.mark.parametrize("event", ["task_completed_v2", "process_started", "workflow_renamed"])
def test_an_unknown_event_is_not_found(ada: Api, event: str) -> None:
    path = f"/webhooks/events/{event}"
    answers = [
        ada.get(path),
        ada.post(f"{path}/subscribe", {"url": ONE}),
        ada.post(f"{path}/unsubscribe"),
    ]
    assert [(item.status_code, item.json()) for item in answers] == [(404, {"detail": "Not found."})] * 3


def test_users_who_are_no_administrators_are_refused(
    ada: Api, client_of: Callable[[int], Api], current: Sandbox
) -> None:
    ada.post("/webhooks/subscribe", {"url": ONE})
    for user, text in ((BO, "You do not have permission"), (GRETA, "Sie sind nicht berechtigt")):
        client = client_of(user)
        answers = [
            client.get("/webhooks/events"),
            client.get(STARTED),
            client.post(f"{STARTED}/subscribe", {"url": TWO}),
            client.post(f"{STARTED}/unsubscribe"),
            client.post("/webhooks/subscribe", {"url": TWO}),
            client.post("/webhooks/unsubscribe"),
        ]
        assert {item.status_code for item in answers} == {403}
        assert all(item.json()["detail"].startswith(text) for item in answers)
    assert urls(ada) == dict.fromkeys(EVENTS, ONE)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/webhooks"), ("POST", "/webhooks"), ("DELETE", "/webhooks/1"), ("DELETE", "/webhooks/target")],
)
def test_the_documented_paths_do_not_exist(ada: Api, method: str, path: str) -> None:
    response = ada.session.request(
        method, ada.url + path, json={"target": ONE, "event": EVENTS[0]}, timeout=60
    )
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/html"


def test_an_event_cannot_be_deleted(ada: Api) -> None:
    response = ada.session.delete(ada.url + STARTED, timeout=60)
    assert response.status_code == 405
    assert response.json() == {"detail": 'Method "DELETE" not allowed.'}
