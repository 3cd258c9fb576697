"""Deliveries: real requests to the targets, in order, with retries, and with faults on request."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox

from .conftest import Api
from .listener import Listener, listening


def launch(api: Api, *names: str) -> list[int]:
    return [int(api.post("/templates/2/run", {"name": name}).json()["workflow_id"]) for name in names]


def workflow_names(listener: Listener) -> list[str]:
    return [item.json["workflow"]["name"] for item in listener.received]


def test_a_delivery_is_a_post_of_json_to_exactly_the_target(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    (id_,) = launch(api, "Ω")
    (delivery,) = sandbox.wait_delivered()
    (received,) = listener.received
    assert received.path == "/hooks/abc?x=1"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["content-length"] == str(len(received.body))
    assert "authorization" not in received.headers
    assert received.body.decode() == delivery.pop("body")
    assert delivery.pop("number") > 0
    assert delivery == {
        "event": "workflow_started",
        "subscription_id": 1,
        "workflow_id": id_,
        "target": f"{listener.url}/hooks/abc?x=1",
        "state": "delivered",
        "status": 200,
        "attempts": 1,
        "error": "",
        "fault": "",
        "size": len(received.body),
    }


def test_every_subscription_gets_a_delivery(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.add_subscription(event="workflow_started", target=f"{listener.url}/second")
    sandbox.add_subscription(event="workflow_started", target=f"{listener.url}/second")
    launch(api, "x")
    sandbox.wait_delivered()
    assert sorted(item.path for item in listener.received) == ["/hooks/abc?x=1", "/second", "/second"]
    assert len({item.json["hook"]["id"] for item in listener.received}) == 3


def test_events_without_a_subscription_are_not_sent(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.delete_subscription(1)
    (id_,) = launch(api, "x")
    sandbox.step(id_, silent=True)
    assert sandbox.wait_delivered() == []


def test_deliveries_to_a_target_keep_their_order(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    names = [str(number) for number in range(40)]
    launch(api, *names)
    sandbox.wait_delivered()
    assert workflow_names(listener) == names


def test_a_server_error_is_retried_with_the_same_bytes(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.settings(retry_pause=0)
    listener.statuses = [500, 503]
    launch(api, "first", "second")
    first, second = sandbox.wait_delivered()
    assert (first["state"], first["status"], first["attempts"]) == ("delivered", 200, 3)
    assert (second["state"], second["attempts"]) == ("delivered", 1)
    assert workflow_names(listener) == ["first", "first", "first", "second"]
    assert len({item.body for item in listener.received}) == 2


def test_it_fails_after_three_attempts(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.settings(retry_pause=0)
    listener.statuses = [500] * 3
    launch(api, "first", "second")
    first, second = sandbox.wait_delivered()
    assert (first["state"], first["status"], first["attempts"]) == ("failed", 500, 3)
    assert second["state"] == "delivered"


@pytest.mark.parametrize("status", [301, 307, 400, 404, 410, 413, 429])
def test_any_other_response_is_final_and_no_redirect_is_followed(
    api: Api, sandbox: Sandbox, listener: Listener, status: int
) -> None:
    listener.statuses = [status]
    launch(api, "x")
    (delivery,) = sandbox.wait_delivered()
    assert (delivery["state"], delivery["status"], delivery["attempts"]) == ("refused", status, 1)
    assert [item.path for item in listener.received] == ["/hooks/abc?x=1"]
    assert len(sandbox.subscriptions()) == 4


def test_a_refused_connection_is_retried_too(api: Api, sandbox: Sandbox) -> None:
    sandbox.settings(retry_pause=0)
    with listening() as gone:
        url = gone.url
    sandbox.add_subscription(event="workflow_started", target=url)
    launch(api, "x")
    (delivery,) = sandbox.wait_delivered()
    assert (delivery["state"], delivery["status"], delivery["attempts"]) == ("failed", None, 3)
    assert "refused" in delivery["error"]


def test_a_receiver_that_does_not_respond_times_out(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.settings(delivery_timeout=0.05, retry_pause=0)
    listener.together = threading.Barrier(5)
    launch(api, "x")
    (delivery,) = sandbox.wait_delivered()
    listener.together.abort()
    assert (delivery["state"], delivery["attempts"]) == ("failed", 3)


def test_a_slow_target_delays_no_other(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    with listening() as slow:
        slow.together = threading.Barrier(2)
        sandbox.add_subscription(event="workflow_started", target=slow.url)
        launch(api, "first", "second")
        while len(listener.received) < 2:
            pass
        assert len(slow.received) <= 1
        slow.together.abort()
        sandbox.settings(retry_pause=0)
        sandbox.wait_delivered()


def test_anything_can_be_sent(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.deliver(f"{listener.url}/a", {"hook": {"event": "x"}, "more": [1]}, event="x")
    sandbox.deliver(f"{listener.url}/b", body="{not JSON")
    sandbox.deliver(f"{listener.url}/c", [])
    sandbox.wait_delivered()
    assert {item.path: item.body for item in listener.received} == {
        "/a": b'{"hook":{"event":"x"},"more":[1]}',
        "/b": b"{not JSON",
        "/c": b"[]",
    }


def test_a_duplicate_is_sent_several_times(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.delivery_fault("duplicate", copies=3)
    launch(api, "first", "second")
    deliveries = sandbox.wait_delivered()
    assert workflow_names(listener) == ["first"] * 3 + ["second"]
    assert [delivery["fault"] for delivery in deliveries] == ["duplicate"] * 3 + [""]


def test_a_lost_delivery_never_comes(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.delivery_fault("lose", skip=1)
    launch(api, "first", "second", "third")
    deliveries = sandbox.wait_delivered()
    assert workflow_names(listener) == ["first", "third"]
    assert [delivery["state"] for delivery in deliveries] == ["delivered", "lost", "delivered"]


def test_a_window_of_deliveries_comes_in_another_order(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.delivery_fault("reorder", window=5)
    names = [str(number) for number in range(7)]
    launch(api, *names[:4])
    assert [item["state"] for item in sandbox.deliveries()] == ["held"] * 4
    launch(api, *names[4:])
    sandbox.wait_delivered()
    order = workflow_names(listener)
    assert order[:5] != names[:5]
    assert sorted(order[:5]) == names[:5]
    assert order[5:] == names[5:]


@pytest.mark.parametrize("how", ["release", "wait_delivered", "clear_faults"])
def test_held_deliveries_can_be_released(api: Api, sandbox: Sandbox, listener: Listener, how: str) -> None:
    sandbox.delivery_fault("reorder", window=100)
    launch(api, "first", "second")
    assert sandbox.control("GET", "delivery_faults")[0]["held"] == 2
    getattr(sandbox, how)()
    sandbox.wait_delivered()
    assert workflow_names(listener) == ["second", "first"]


def test_a_burst_comes_all_at_once(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.delivery_fault("burst", window=8)
    listener.together = threading.Barrier(8)  # each request waits until all eight have arrived
    launch(api, *"abcdefgh")
    assert {item["state"] for item in sandbox.wait_delivered()} == {"delivered"}
    assert sorted(workflow_names(listener)) == list("abcdefgh")


def test_a_slow_sender_sends_the_same_bytes_in_the_end(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.delivery_fault("slow_send", seconds=0.2)
    launch(api, "slow")
    (delivery,) = sandbox.wait_delivered()
    assert (delivery["state"], workflow_names(listener)) == ("delivered", ["slow"])


def test_a_slow_sender_is_given_up_by_a_reset(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.delivery_fault("slow_send", seconds=600)
    launch(api, "slow")
    sandbox.reset()
    assert sandbox.wait_delivered() == []
    assert listener.received == []


def test_a_body_can_be_huge(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.delivery_fault("huge_body", bytes=3_000_000)
    launch(api, "huge")
    (delivery,) = sandbox.wait_delivered()
    assert (len(listener.received[0].body), delivery["size"]) == (3_000_000, 3_000_000)
    assert workflow_names(listener) == ["huge"]


@pytest.mark.parametrize(
    ("options", "is_json"),
    [
        ({"kind": "broken_body"}, False),
        ({"kind": "broken_body", "body": "not JSON"}, False),
        ({"kind": "wrong_shape"}, True),
        ({"kind": "wrong_shape", "body": "[1, 2]"}, True),
    ],
)
def test_a_body_can_be_wrong(
    api: Api, sandbox: Sandbox, listener: Listener, options: dict[str, Any], is_json: bool
) -> None:
    sandbox.delivery_fault(**options)
    launch(api, "x")
    sandbox.wait_delivered()
    (received,) = listener.received
    if "body" in options:
        assert received.body == options["body"].encode()
    try:
        json.loads(received.body)
    except ValueError:
        assert not is_json
    else:
        assert is_json


def test_an_event_can_have_an_unknown_name(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.delivery_fault("unknown_event", name="workflow_painted")
    launch(api, "x")
    (delivery,) = sandbox.wait_delivered()
    assert listener.events == ["workflow_painted"]
    assert delivery["event"] == "workflow_painted"


def test_unknown_keys_can_be_added(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    (id_,) = launch(api, "plain")
    sandbox.delivery_fault("new_keys", times=2)
    launch(api, "more")
    sandbox.step(id_)
    sandbox.wait_delivered()
    plain, more, task = (item.json for item in listener.received[:3])
    assert set(more) - set(plain) == {"delivery"}
    assert set(more["workflow"]) - set(plain["workflow"]) == {"is_new"}
    assert "is_new" in task["task"]
    assert "is_new" in task["hook"]


def test_a_rule_matches_only_its_event_and_target(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.delivery_fault("lose", event="workflow_completed", times=0)
    sandbox.delivery_fault("lose", target_prefix="http://127.0.0.2", times=0)
    for id_ in launch(api, "first", "second"):
        sandbox.step(id_)
    sandbox.wait_delivered()
    assert listener.events == ["workflow_started"] * 2 + ["task_completed_v2"] * 2
    assert [rule["used"] for rule in sandbox.control("GET", "delivery_faults")] == [2, 0]


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        ("delivery_faults", {}, ["kind"]),
        ("delivery_faults", {"kind": "status"}, ["kind"]),
        ("delivery_faults", {"kind": "burst", "window": 0, "more": 1}, ["more", "window"]),
        ("delivery_faults", {"kind": "huge_body", "bytes": -1}, ["bytes"]),
        ("deliveries", {"payload": {}}, ["target"]),
        ("deliveries", {"target": "file:///etc/passwd", "payload": {}}, ["target"]),
        ("deliveries", {"target": "http://127.0.0.1:9/"}, ["payload"]),
        ("deliveries", {"target": "http://127.0.0.1:9/", "payload": {}, "body": ""}, ["payload"]),
        ("deliveries/wait", {"seconds": -1}, ["seconds"]),
        ("subscriptions", {"event": "x"}, ["target"]),
    ],
)
def test_invalid_options_are_refused(
    api: Api, sandbox: Sandbox, path: str, body: dict[str, Any], names: list[str]
) -> None:
    response = api.post(f"/_sandbox/{path}", body)
    assert response.status_code == 400
    assert [error["name"] for error in response.json()["errors"]] == names
    assert sandbox.deliveries() == sandbox.subscriptions() == []


def test_a_reset_forgets_deliveries_subscriptions_and_rules(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.delivery_fault("reorder", window=100)
    launch(api, "held")
    sandbox.reset()
    assert sandbox.wait_delivered() == sandbox.subscriptions() == []
    assert sandbox.control("GET", "delivery_faults") == []
    assert listener.received == []
