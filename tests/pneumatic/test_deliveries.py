"""Bodies of deliveries: the documented ones, and all that may come instead."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.events import (
    Choice,
    Event,
    FileLink,
    Kind,
    Performer,
    Status,
    TaskSnapshot,
    event_from_json,
    event_to_json,
)
from apps.pneumatic.deliveries import kind_of, read_payload, test_payload
from apps.pneumatic.errors import UnexpectedResponse
from tests.pneumatic import strategies
from tests.pneumatic.dialects.documented import payloads

test_payload.__test__ = False  # type: ignore[attr-defined]  # the name is the gateway's

NOON = "2026-05-04T12:00:00.000Z"


def workflow(**changes: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "name": "Trip",
        "status": 0,
        "date_created": NOON,
        "template": {"id": 3, "name": "Travel"},
        "kickoff": {"id": 1, "description": "", "output": []},
        "current_task": None,
        **changes,
    }


def task(**changes: Any) -> dict[str, Any]:
    return {"id": 5, "name": "Book", "number": 1, "workflow": workflow(), **changes}


def output(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "name": "Why", "type": "string", "api_name": "why-1", "value": "Because", **changes}


def payload(event: str = "workflow_started", **content: Any) -> dict[str, Any]:
    return {"hook": {"id": 1, "event": event, "target": "https://x.example/"}, **content}


def read(body: dict[str, Any]) -> Event:
    event = read_payload(json.dumps(body).encode()).event
    assert event is not None
    return event


def read_workflow(**changes: Any) -> Event:
    return read(payload(workflow=workflow(**changes)))


def read_task(**changes: Any) -> TaskSnapshot:
    found = read(payload("task_completed_v2", task=task(**changes))).task
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (0, Status.RUNNING),
        (1, Status.COMPLETED),
        (2, Status.TERMINATED),
        (3, Status.SNOOZED),
        (4, Status.UNKNOWN),
        (None, Status.UNKNOWN),
        ("1", Status.UNKNOWN),
        (True, Status.UNKNOWN),
        (10**30, Status.UNKNOWN),
        ([1], Status.UNKNOWN),
    ],
)
def test_every_status_is_read(number: Any, status: Status) -> None:
    assert read_workflow(status=number).workflow.status == status


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("task_completed", Kind.TASK_COMPLETED),
        ("process_started", Kind.WORKFLOW_STARTED),
        ("process_completed", Kind.WORKFLOW_COMPLETED),
        ("workflow_painted", None),
        ("", None),
    ],
)
def test_old_names_and_unknown_ones(name: str, kind: Kind | None) -> None:
    assert kind_of(name) == kind
    body = payload(name, workflow=workflow(), task=task())

    event = read_payload(json.dumps(body).encode()).event

    assert (event.kind if event else None) == kind


def test_an_old_payload_may_call_the_workflow_a_process() -> None:
    assert read(payload("process_started", process=workflow())).workflow.id == 7
    old = {key: value for key, value in task(process=workflow()).items() if key != "workflow"}
    assert read(payload("task_completed", task=old)).workflow.id == 7


def test_the_same_event_has_one_hash_with_any_hook_and_order_of_keys() -> None:
    body = payload("task_completed_v2", task=task())
    other = {"task": dict(reversed(list(task().items()))), "hook": {"event": "task_completed", "target": "y"}}

    hashes = [read_payload(json.dumps(each).encode()).content_hash for each in (body, other)]

    assert hashes[0] == hashes[1]


def test_a_second_return_has_another_hash() -> None:
    first = payload("task_returned", task=task(date_started=NOON))
    second = payload("task_returned", task=task(date_started="2026-05-04T13:00:00.000Z"))

    assert (
        read_payload(json.dumps(first).encode()).content_hash
        != read_payload(json.dumps(second).encode()).content_hash
    )


@pytest.mark.parametrize("kind", Kind)
def test_our_test_events_read_like_real_ones(kind: Kind) -> None:
    body = test_payload(kind, hook_id=4, target="https://x.example/", nonce="n-1")

    found = read_payload(json.dumps(body).encode())

    assert (found.hook.id, found.hook.test) == (4, "n-1")
    assert found.event is not None
    assert (found.event.kind, found.event.workflow.id) == (kind, 0)
    assert (found.event.task is not None) == (kind in {Kind.TASK_COMPLETED, Kind.TASK_RETURNED})


# -- What must be there ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], ""),
        ("text", ""),
        (None, ""),
        ({}, "hook"),
        ({"hook": None}, "hook"),
        ({"hook": []}, "hook"),
        ({"hook": {"target": "x"}}, "hook.event"),
        ({"hook": {"event": 1, "target": "x"}}, "hook.event"),
        ({"hook": {"event": "workflow_started"}}, "hook.target"),
        (payload(), "workflow"),
        (payload(workflow=None), "workflow"),
        (payload(workflow=7), "workflow"),
        (payload(workflow={}), "workflow.id"),
        (payload(workflow={"id": "7"}), "workflow.id"),
        (payload(workflow={"id": True}), "workflow.id"),
        (payload(workflow={"id": 2**63}), "workflow.id"),
        (payload(workflow={"id": -1}), "workflow.id"),
        (payload(workflow={"id": 7.0}), "workflow.id"),
        (payload("process_started", process={}), "process.id"),
        (payload("task_returned", workflow=workflow()), "task"),
        (payload("task_returned", task={"workflow": workflow()}), "task.id"),
        (payload("task_returned", task={"id": 1}), "task.workflow"),
        (payload("task_returned", task={"id": 1, "workflow": {"id": None}}), "task.workflow.id"),
    ],
)
def test_without_the_id_of_the_workflow_it_is_malformed(body: Any, path: str) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        read_payload(json.dumps(body).encode())

    assert caught.value.path == path


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"hook=1",
        b"\xff\xfe",
        b"\x00",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b"[" * 100_000,
        b"9" * 5000,
    ],
)
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(UnexpectedResponse, match="JSON"):
        read_payload(body)


# -- What may be there -------------------------------------------------------------------------------------------


def test_two_numbers_are_enough() -> None:
    event = read(payload("task_returned", task={"id": 5, "workflow": {"id": 7}}))

    assert (event.workflow.id, event.workflow.status, event.task) == (7, Status.UNKNOWN, TaskSnapshot(5, ""))
    assert event.occurred_at is None


@pytest.mark.parametrize("odd", [None, [], {}, "text", 5, True, [None, 1, "x", []]])
@pytest.mark.parametrize("key", ["template", "kickoff", "current_task"])
def test_odd_parts_of_a_workflow_are_left_out(key: str, odd: Any) -> None:
    about = read_workflow(**{key: odd}).workflow

    assert {"template": about.template_id, "kickoff": about.kickoff, "current_task": about.current_task}[
        key
    ] in (None, ())


@pytest.mark.parametrize("odd", [None, {}, "text", 5, True, [None, 1, "x", []]])
def test_odd_lists_are_empty(odd: Any) -> None:
    found = read_task(performers=odd, output=odd)

    assert (found.performers, found.outputs) == ((), ())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("Because", "Because"),
        (5, "5"),
        (10**100, str(10**100)),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        ([1, "zwölf", None], '[1, "zwölf", null]'),
        ({"a": 1}, '{"a": 1}'),
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        (["\x00"], '["\ufffd"]'),
    ],
)
def test_any_value_of_an_answer_becomes_text(value: Any, text: str) -> None:
    (found,) = read_workflow(kickoff={"output": [output(value=value)]}).workflow.kickoff

    assert found.value == text


def test_an_answer_of_an_unknown_type_keeps_it() -> None:
    odd = output(type="hologram", selections=[{"id": "abc", "value": None}], attachments=[{"url": "x"}])

    (found,) = read_task(output=[odd]).outputs

    assert found.type == "hologram"
    assert found.choices == (Choice("abc", ""),)
    assert found.files == (FileLink("", "", "x"),)


def test_performers_without_a_number_or_a_name() -> None:
    people = [
        {"id": None, "first_name": "Ada", "last_name": None},
        {"id": 2**70, "first_name": None, "last_name": "Doe"},
        {"id": 3},
        {"name": "group"},
    ]

    assert read_task(performers=people).performers == (
        Performer(None, "Ada"),
        Performer(None, "Doe"),
        Performer(3, ""),
        Performer(None, ""),
    )


@pytest.mark.parametrize("number", [None, "1", True, -1, 2**31, 1.5, [1]])
def test_a_number_of_a_task_that_is_none_is_left_out(number: Any) -> None:
    assert read_task(number=number).number is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NOON, dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)),
        ("2026-05-04T12:00:00", dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)),
        ("2026-05-04T14:00:00+02:00", dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1588593600, None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("2026-13-01T00:00:00Z", None),
        (["2026-05-04"], None),
    ],
)
def test_a_time_that_is_none_is_left_out(text: Any, expected: dt.datetime | None) -> None:
    assert read_workflow(date_created=text).workflow.date_created == expected


@pytest.mark.parametrize("id_", [None, "1", True, 2**63, -(2**63) - 1, 1.0, [1]])
def test_the_number_of_a_hook_or_a_template_may_be_odd(id_: Any) -> None:
    body = payload(workflow=workflow(template={"id": id_, "name": None}))
    body["hook"]["id"] = body["hook"]["test"] = id_

    found = read_payload(json.dumps(body).encode())

    assert found.hook.id is None
    assert found.event is not None
    assert (found.event.workflow.template_id, found.event.workflow.template_name) == (None, "")


def test_new_keys_are_ignored() -> None:
    body = payload(workflow=workflow(brand_new={"deep": [1]}), brand_new=1)
    body["hook"]["signature"] = "x"

    assert read(body).workflow.id == 7


@given(st.data())
def test_nothing_odd_in_the_rest_refuses_an_event_and_all_of_it_can_be_stored(data: st.DataObject) -> None:
    """Any value under any key except those that identify the workflow and the task."""
    body = json.loads(payloads.about_a_task("task_completed_v2"))
    spots = list(_spots(body["task"]))
    for _ in range(data.draw(st.integers(1, 4))):
        owner, key = data.draw(st.sampled_from(spots))
        owner[key] = data.draw(strategies.json_values)

    event = read_payload(json.dumps(body).encode()).event

    assert event is not None
    assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event
    assert "\x00" not in json.dumps(event_to_json(event), ensure_ascii=False)


def _spots(value: Any, where: str = "task") -> Any:
    """Yield every (owner, key) below, except what identifies."""
    needed = {"task": ("id", "workflow"), "task.workflow": ("id",)}.get(where, ())
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        if key not in needed:
            yield value, key
        if isinstance(inner, (dict, list)):
            yield from _spots(inner, f"{where}.{key}")
