"""Answers and tasks of the current API: any value is parsed, or left out."""

from __future__ import annotations

import copy
import json
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.events import (
    Choice,
    Output,
    Status,
    TaskStatus,
    WorkflowSnapshot,
    event_from_json,
    event_to_json,
)
from apps.pneumatic.deliveries import read_payload
from apps.pneumatic.dialects.current import events
from apps.pneumatic.dialects.current.events import parse_workflow
from apps.pneumatic.errors import UnexpectedResponse
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic import recorded, strategies


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let days of the account begin as they do in London."""
    in_zone(monkeypatch, "Europe/London")


def in_zone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(events, "account_zone", lambda: zoneinfo.ZoneInfo(name))


def output(**changes: Any) -> Output:
    """Return an answer as a workflow of the current server contains it, read."""
    sent = {
        "id": 1,
        "type": "string",
        "api_name": "a-1",
        "name": "A",
        "value": "x",
        "selections": [],
        **changes,
    }
    return parse_workflow(Node({"id": 1, "kickoff": {"output": [sent]}})).kickoff[0]


# -- Answers


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        ("A", {"A"}),
        ("A, B", {"A", "B"}),
        ("B, A", {"A", "B"}),
        ("A, A", {"A"}),
        ("A, B, C", {"A, B, C"}),
        ("A, B, C, A", {"A, B, C", "A"}),
        ("A, B, D", {"A", "B, D"}),
        ("", set()),
        ("E", set()),
        ("A, E", set()),
        ("A,B", set()),
        ("A, ", set()),
    ],
)
def test_options_that_contain_commas_are_distinguished(value: str, chosen: set[str]) -> None:
    found = output(type="checkbox", value=value, selections=["A", "B", "B, D", "A, B, C"])

    assert {choice.label for choice in found.choices if choice.is_selected} == chosen
    assert found.value == value


@given(st.lists(st.text("AB, ", min_size=1, max_size=4), min_size=1, max_size=6, unique=True), st.data())
def test_joined_options_always_come_apart_into_options(labels: list[str], data: st.DataObject) -> None:
    picked = data.draw(st.lists(st.sampled_from(labels), min_size=1, max_size=8))

    found = output(type="checkbox", value=", ".join(picked), selections=labels)

    assert any(choice.is_selected for choice in found.choices)


def test_a_long_text_that_no_options_make_up_is_given_up_soon() -> None:
    found = output(type="checkbox", value=", ".join(["a"] * 2000) + "!", selections=["a", "a, a", "a, a, a"])

    assert not any(choice.is_selected for choice in found.choices)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/London", "2026-01-01"), ("America/New_York", "2025-12-31"), ("Pacific/Auckland", "2026-01-01")],
)
def test_a_day_is_that_of_the_account(monkeypatch: pytest.MonkeyPatch, zone: str, day: str) -> None:
    in_zone(monkeypatch, zone)

    assert output(type="date", value="1767225600").value == day


@pytest.mark.parametrize("value", ["", "soon", "2026-01-01", "9e99", "nan", "-99999999999999"])
def test_a_date_that_is_no_number_of_seconds_stays_as_it_is(value: str) -> None:
    assert output(type="date", value=value).value == value


@pytest.mark.parametrize(
    ("value", "markdown", "names"),
    [
        ("http://f/1", None, ["1"]),
        ("http://f/1, http://f/2", "", ["1", "2"]),
        ("http://f/1", "[x, y (2).pdf](http://f/1)", ["x, y (2).pdf"]),
        ("http://f/1, http://f/2", "[a](http://f/1), [](http://f/2)", ["a", "2"]),
        ("", None, []),
    ],
)
def test_names_of_files_come_from_their_links(value: str, markdown: str | None, names: list[str]) -> None:
    assert [file.name for file in output(type="file", value=value, markdown_value=markdown).files] == names


def test_hidden_answers_stay() -> None:
    assert output(is_hidden=True, value="kept").value == "kept"


def test_a_choice_that_is_no_longer_an_option_stays_as_text() -> None:
    found = output(type="dropdown", value="Gone", selections=["Here", {"value": "There", "api_name": "t"}])

    assert found.value == "Gone"
    assert found.choices == (Choice("Here", "Here"), Choice("There", "There"))


# -- What may be odd


def test_an_id_is_enough() -> None:
    assert parse_workflow(Node({"id": 5})) == WorkflowSnapshot(5, "", Status.UNKNOWN)


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": "5"}, {"id": -1}, []])
def test_without_its_id_a_workflow_is_refused(body: Any) -> None:
    with pytest.raises(UnexpectedResponse):
        parse_workflow(Node(body))


def test_tasks_are_sorted_by_number_and_skipped_ones_are_absent() -> None:
    tasks = [
        {"id": 3, "number": 3, "status": "pending"},
        {"id": 2, "number": 2, "status": "skipped"},
        {"id": 1, "number": 1, "status": "active"},
        {"id": 9, "status": "brand new"},
        {"id": None, "number": 4},
        "odd",
    ]

    snapshot = parse_workflow(Node({"id": 1, "tasks": tasks}))

    assert [task.id for task in snapshot.tasks] == [1, 3, 9]
    assert snapshot.tasks[2].status is TaskStatus.UNKNOWN


def test_of_tasks_that_are_not_in_turn_the_description_is_not_kept() -> None:
    tasks = [
        {"id": number, "number": number, "status": status, "description": "Long"}
        for number, status in enumerate(["completed", "active", "snoozed", "pending"], start=1)
    ]

    snapshot = parse_workflow(Node({"id": 1, "tasks": tasks}))

    assert [task.description for task in snapshot.tasks] == ["", "Long", "Long", ""]


def test_a_legacy_template_has_its_name_at_least() -> None:
    snapshot = parse_workflow(Node({"id": 1, "template": None, "legacy_template_name": "Old"}))

    assert (snapshot.template_id, snapshot.template_name) == (None, "Old")


@pytest.mark.parametrize("odd", [None, "", "x", True, [], 1e300, -1e300, 10**30])
def test_a_time_that_is_none_is_left_out(odd: Any) -> None:
    assert parse_workflow(Node({"id": 1, "date_created_tsp": odd})).date_created is None


@given(st.data())
def test_nothing_odd_in_the_rest_refuses_an_event(data: st.DataObject) -> None:
    body = copy.deepcopy(recorded.load(data.draw(st.sampled_from(recorded.DELIVERIES))))
    spots = list(_spots(body, "payload"))
    for _ in range(data.draw(st.integers(1, 4))):
        owner, key = data.draw(st.sampled_from(spots))
        owner[key] = data.draw(strategies.json_values)

    event = read_payload(json.dumps(body).encode()).event

    assert event is not None
    assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event
    assert "\x00" not in json.dumps(event_to_json(event), ensure_ascii=False)


def _spots(value: Any, where: str) -> Any:
    """Yield every (owner, key) below, except what tells the event, the workflow and the task."""
    needed = {"payload": ("hook", "workflow", "task"), "task": ("id", "workflow"), "workflow": ("id",)}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        if key == "hook":
            continue
        if key not in needed.get(where, ()):
            yield value, key
        if isinstance(inner, (dict, list)):
            yield from _spots(inner, str(key) if where in needed else "")
