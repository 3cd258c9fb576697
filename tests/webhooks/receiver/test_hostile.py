"""The receiver has a verdict on any body, and the worker can read what it accepts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from apps.pneumatic.deliveries import Envelope, read_envelope, read_payload
from apps.pneumatic.errors import UnexpectedResponse
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint
from apps.webhooks.verdicts import judge
from tests.fixtures import payloads
from tests.fixtures.depth import examples

VERDICTS = {"accepted", "unknown_event", "mismatch", "malformed"}
EVENTS = [
    "workflow_started",
    "task_completed_v2",
    "task_returned",
    "workflow_completed",
    "process_started",
    "new",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4)
    ),
    max_leaves=12,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint() -> Endpoint:
    return endpoints.active()


def verdict(body: bytes, endpoint: Endpoint) -> str:
    return judge(body, endpoint, endpoints.token(endpoint)).verdict.value


def assert_read_alike(body: bytes) -> None:
    """Assert that the receiver, which reads the envelope alone, refuses what the worker refuses, with its reason."""
    assert read(read_envelope, body) == read(read_payload, body)


def read(reader: Callable[[bytes], Any], body: bytes) -> Any:
    try:
        found = reader(body)
    except UnexpectedResponse as error:
        return str(error)
    return found.hook, found.is_known if isinstance(found, Envelope) else found.event is not None


@examples(2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300))
def test_any_bytes(body: bytes, endpoint: Endpoint) -> None:
    assert verdict(body, endpoint) in VERDICTS
    assert_read_alike(body)


@examples(2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    event=st.sampled_from(EVENTS),
    value=JSON,
    place=st.sampled_from(["hook", "workflow", "task", "id", "name"]),
)
def test_any_json_in_any_place(event: str, value: Any, place: str, endpoint: Endpoint) -> None:
    body = payloads.task_completed(hook_target=f"https://x.example.com{endpoints.path(endpoint)}")
    body["hook"]["event"] = event
    body["workflow"] = body["task"]["workflow"]
    if place in body:
        body[place] = value
    else:
        body["task"]["workflow"][place] = value

    text = json.dumps(body).encode()

    assert_read_alike(text)
    if verdict(text, endpoint) != "malformed":
        assert len(read_payload(text).content_hash) == 64


@pytest.mark.parametrize("key", ["event", "target", "test", "id"])
@pytest.mark.parametrize("value", ["a\x00b", "\ud800", 2**70, -1.5, None, ["\x00"]])
def test_any_value_in_the_hook(key: str, value: Any) -> None:
    body = payloads.started(hook_target="https://x.example.com")
    body["hook"][key] = value

    assert_read_alike(json.dumps(body).encode())


@pytest.mark.parametrize("depth", [10, 100, 300, 500, 700, 900, 990, 2000, 100_000])
def test_any_depth(endpoint: Endpoint, depth: int) -> None:
    body = payloads.started(hook_target=f"https://x.example.com{endpoints.path(endpoint)}", name="DEEP")
    text = json.dumps(body).encode().replace(b'"DEEP"', b'"x", "deep": ' + b"[" * depth + b"]" * depth)

    assert_read_alike(text)
    if verdict(text, endpoint) != "malformed":
        assert read_payload(text).event is not None


def test_the_verdicts_are_the_models(endpoint: Endpoint) -> None:
    assert {*VERDICTS, "test"} == set(Delivery.Verdict.values)
