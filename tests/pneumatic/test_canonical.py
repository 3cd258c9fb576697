from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical import (
    content_hash,
    kickoff_from_json,
    kickoff_to_json,
    quick_hash,
    tasks_from_json,
    tasks_to_json,
)
from apps.pneumatic.schemas import FieldDefinition, Kickoff, Selection, Task
from tests.pneumatic import strategies

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(strategies.kickoffs)
def test_a_kickoff_survives_json(kickoff: Kickoff) -> None:
    assert kickoff_from_json(json.loads(json.dumps(kickoff_to_json(kickoff)))) == kickoff


@given(st.lists(strategies.tasks, max_size=3).map(tuple))
def test_tasks_survive_json(tasks: tuple[Task, ...]) -> None:
    assert tasks_from_json(json.loads(json.dumps(tasks_to_json(tasks)))) == tasks


@given(json_values)
def test_the_hash_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert content_hash(reverse_keys(value)) == content_hash(value)


@given(strategies.kickoffs, strategies.kickoffs)
def test_kickoffs_have_one_hash_if_and_only_if_they_are_equal(one: Kickoff, other: Kickoff) -> None:
    same = content_hash(kickoff_to_json(one)) == content_hash(kickoff_to_json(other))

    assert same == (one == other)


def test_the_hash_stays_the_same_between_releases() -> None:
    """Another hash would make a new version of every template at the next sync."""
    field = FieldDefinition("color-1", "Colour", "radio", "Größe", True, 3, (Selection("7", "red"),))

    assert (
        content_hash(kickoff_to_json(Kickoff("Form", (field,))))
        == "122e0c3ebb3fd84a522325f80a4f60c9dc29de8e8c026f375463eae4d3b3e785"
    )


def reverse_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reverse_keys(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [reverse_keys(item) for item in value]
    return value


def test_the_quick_hash_too_counts_content_and_not_the_order_of_keys() -> None:
    assert quick_hash({"a": 1, "b": ["ü", None]}) == quick_hash({"b": ["ü", None], "a": 1})
    assert quick_hash(["a", "b"]) != quick_hash(["b", "a"])
    assert quick_hash({"a": 1}) != quick_hash({"a": "1"})


def test_the_quick_hash_takes_what_its_library_does_not() -> None:
    beyond = {"b": 2**70, "a": "\ud800"}
    assert quick_hash(beyond) == quick_hash(dict(reversed(beyond.items())))
    assert quick_hash(beyond) != quick_hash({**beyond, "b": 2**70 + 1})
