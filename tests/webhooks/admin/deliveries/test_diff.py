"""What differs between two payloads."""

from __future__ import annotations

from typing import Any

import pytest

from apps.webhooks.admin.deliveries.diff import MAX_CHANGES, MAX_VALUE_CHARACTERS, What, difference
from tests.fixtures import payloads


def compared(before: Any, after: Any) -> list[tuple[str, str, str, str]]:
    return [
        (change.path, change.what.value, change.before, change.after)
        for change in difference(before, after).changes
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", "changed", "1", "2")]),
        ({"a": 1}, {"a": True}, [("a", "changed", "1", "true")]),
        ({"a": 1}, {"a": 1.0}, [("a", "changed", "1", "1.0")]),
        ({"a": None}, {}, [("a", "removed", "null", "")]),
        ({}, {"a": {"b": "é"}}, [("a", "added", "", '{"b": "é"}')]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", "changed", "1", "2")]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[1]", "removed", "2", "")]),
        ({"a": {}}, {"a": []}, [("a", "changed", "{}", "[]")]),
        ([1], {"a": 1}, [(".", "changed", "[1]", '{"a": 1}')]),
    ],
)
def test_every_kind_of_change(before: Any, after: Any, expected: list[tuple[str, str, str, str]]) -> None:
    assert compared(before, after) == expected


def test_items_are_compared_by_their_names() -> None:
    before = {"output": [{"api_name": "a", "value": "1"}, {"api_name": "b", "value": "2"}]}
    after = {"output": [{"api_name": "b", "value": "3"}, {"api_name": "a", "value": "1"}]}

    assert compared(before, after) == [("output[b].value", "changed", '"2"', '"3"')]


def test_items_without_unique_names_are_compared_by_position() -> None:
    before = {"x": [{"id": 1, "v": 1}, {"id": 1, "v": 2}]}
    after = {"x": [{"id": 1, "v": 1}, {"id": 1, "v": 3}]}

    assert compared(before, after) == [("x[1].v", "changed", "2", "3")]


def test_the_subscription_says_nothing_of_the_workflow() -> None:
    one = payloads.started(1, hook_id=1, hook_target="https://one.example.com")
    other = payloads.started(1, hook_id=2, hook_target="https://other.example.com")

    assert compared(one, other) == []


def test_the_workflow_of_a_task_is_compared_with_that_of_a_workflow() -> None:
    changes = compared(payloads.started(1), payloads.task_completed(1, 1))

    assert ("workflow.current_task.id", "changed", "101", "102") in changes
    assert [path for path, *_rest in changes if not path.startswith("workflow.current_task")] == ["task"]


def test_much_is_cut() -> None:
    found = difference({}, {str(number): "x" * 1000 for number in range(MAX_CHANGES + 50)})

    assert len(found.changes) == MAX_CHANGES
    assert found.is_cut
    assert all(len(change.after) <= MAX_VALUE_CHARACTERS + 1 for change in found.changes)
    assert found.changes[0].what is What.ADDED


def test_depth_is_bounded() -> None:
    def nested(leaf: int) -> Any:
        value: Any = leaf
        for _level in range(500):
            value = {"x": value}
        return value

    assert len(compared(nested(1), nested(2))) == 1


def test_half_a_surrogate_pair_can_be_shown() -> None:
    assert compared({}, {"a": "\ud800"})[0][3] == '"\\ud800"'
