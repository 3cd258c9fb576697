"""Webhook subscriptions: the documented requests and responses, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.fixtures.sandbox import Sandbox

from .conftest import Api

TARGET = "https://webhook.example.com/listener?a=1&b=%C3%A9"
EVENTS = (
    "task_completed_v2",
    "task_returned",
    "workflow_started",
    "workflow_completed",
    "task_completed",
    "process_started",
    "process_completed",
)


def subscribe(api: Api, event: str, target: str = TARGET) -> requests.Response:
    """Subscribe as the documentation's example does: form-encoded."""
    return api.session.post(f"{api.url}/webhooks", data={"target": target, "event": event}, timeout=60)


def delete(api: Api, path: str, **options: Any) -> requests.Response:
    return api.session.delete(api.url + path, timeout=60, **options)


@pytest.mark.parametrize("event", EVENTS)
def test_every_documented_event_can_be_subscribed(api: Api, event: str) -> None:
    response = subscribe(api, event)
    assert response.status_code == 200
    row = response.json()
    assert list(row) == ["id", "created", "updated", "event", "target"]
    assert (row["id"], row["event"], row["target"]) == (1, event, TARGET)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row["created"])
    assert api.get("/webhooks").json() == [row]


def test_a_json_body_is_understood_as_well(api: Api) -> None:
    row = api.post("/webhooks", {"target": TARGET, "event": "task_returned"}).json()
    assert row["target"] == TARGET
    assert delete(api, "/webhooks/target", json={"target": TARGET}).json() == {"ok": True}


def test_the_same_event_and_target_may_be_subscribed_twice(api: Api) -> None:
    first, second = (subscribe(api, "task_returned").json()["id"] for _ in range(2))
    assert first != second
    assert [row["id"] for row in api.get("/webhooks").json()] == [first, second]


def test_unsubscribing_by_id_takes_that_one_only(api: Api) -> None:
    first, second = (subscribe(api, event).json()["id"] for event in EVENTS[:2])
    response = delete(api, f"/webhooks/{first}")
    assert (response.status_code, response.json()) == (200, {"ok": True})
    assert [row["id"] for row in api.get("/webhooks").json()] == [second]
    assert delete(api, f"/webhooks/{first}").status_code == 404


def test_unsubscribing_a_target_takes_all_of_that_target_only(api: Api) -> None:
    for event in EVENTS[:2]:
        subscribe(api, event)
    kept = subscribe(api, EVENTS[0], TARGET + "x").json()
    response = delete(api, "/webhooks/target", data={"target": TARGET})
    assert (response.status_code, response.json()) == (200, {"ok": True})
    assert api.get("/webhooks").json() == [kept]
    assert delete(api, "/webhooks/target", data={"target": TARGET}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, ["target", "event"]),
        ({"target": TARGET}, ["event"]),
        ({"event": "task_returned"}, ["target"]),
        ({"target": "", "event": ""}, ["target", "event"]),
        ({"target": "ftp://example.com/", "event": "task_returned"}, ["target"]),
        ({"target": "example.com/hook", "event": "task_returned"}, ["target"]),
        ({"target": TARGET, "event": "task_started"}, ["event"]),
        ({"target": TARGET, "event": "task_returned", "more": "1"}, ["more"]),
    ],
)
@pytest.mark.parametrize("encoding", ["data", "json"])
def test_a_mistaken_subscription_is_refused(
    api: Api, fields: dict[str, str], names: list[str], encoding: str
) -> None:
    options: dict[str, Any] = {encoding: fields}
    response = api.session.post(f"{api.url}/webhooks", timeout=60, **options)
    assert response.status_code == 400
    assert [error["name"] for error in response.json()["errors"]] == names
    assert api.get("/webhooks").json() == []


@pytest.mark.parametrize("path", ["/webhooks/0", "/webhooks/99", "/webhooks/x", "/webhooks/" + "9" * 30])
def test_an_unknown_subscription_is_not_found(api: Api, path: str) -> None:
    assert delete(api, path).status_code == 404


def test_other_bodies_are_refused(api: Api) -> None:
    post = api.session.post
    text = post(f"{api.url}/webhooks", data=b"x", headers={"Content-Type": "text/plain"}, timeout=60)
    json = post(f"{api.url}/webhooks", data=b"{", headers={"Content-Type": "application/json"}, timeout=60)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    not_utf8 = post(f"{api.url}/webhooks", data=b"target=%ff", headers=form, timeout=60)
    assert [answer.status_code for answer in (text, json, not_utf8)] == [415, 400, 400]
    assert api.post("/webhooks", ["target"]).status_code == 400
    assert api.post("/webhooks", {"target": [1], "event": {}}).status_code == 400
    assert delete(api, "/webhooks/target").status_code == 400


def test_they_need_the_key(sandbox: Sandbox) -> None:
    assert requests.get(f"{sandbox.url}/webhooks", timeout=60).status_code == 401
    assert requests.delete(f"{sandbox.url}/webhooks/target", timeout=60).status_code == 401


def test_the_control_api_adds_subscriptions_of_other_integrations(api: Api, sandbox: Sandbox) -> None:
    foreign = sandbox.add_subscription(event="task_renamed", target="https://other.example.com/hook")
    assert sandbox.subscriptions() == api.get("/webhooks").json() == [foreign]
    sandbox.delete_subscription(foreign["id"])
    assert api.get("/webhooks").json() == []
