from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.schemas import (
    FieldDefinition,
    Fieldset,
    FieldsetRule,
    Kickoff,
    RuleGroup,
    RuleKind,
    Selection,
    Task,
)
from apps.pneumatic.canonical.serialization import (
    content_hash,
    kickoff_from_json,
    kickoff_to_json,
    quick_hash,
    tasks_from_json,
    tasks_to_json,
)
from tests.pneumatic import strategies

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)

rules = st.builds(
    FieldsetRule,
    kind=st.sampled_from(RuleKind),
    value=st.sampled_from(["", "100", "-1.50"]),
    fields=st.lists(st.sampled_from("ab"), max_size=2).map(tuple),
)
rule_groups = st.builds(
    RuleGroup,
    alternatives=st.lists(st.lists(rules, max_size=2).map(tuple), max_size=2).map(tuple),
    message=st.sampled_from(["", "Pay all of it."]),
)
fieldsets = st.builds(
    Fieldset,
    api_name=st.sampled_from("xy"),
    title=st.sampled_from(["", "Money"]),
    description=strategies.texts,
    order=st.integers(0, 2),
    rules=st.lists(rule_groups, max_size=2).map(tuple),
)
# Few different values, so that equal forms come up, too.
modern_fields = st.builds(
    replace,
    strategies.fields(),
    default=st.sampled_from(["", "x"]),
    is_hidden=st.booleans(),
    max_length=st.sampled_from([None, 0, 140]),
    fieldset=st.sampled_from(["", "x"]),
    options_unknown=st.booleans(),
)
kickoffs = strategies.kickoffs | st.builds(
    Kickoff,
    description=st.sampled_from(["", "Form"]),
    fields=st.lists(modern_fields, max_size=2).map(tuple),
    fieldsets=st.lists(fieldsets, max_size=2).map(tuple),
)


@given(kickoffs)
def test_a_kickoff_survives_json(kickoff: Kickoff) -> None:
    assert kickoff_from_json(json.loads(json.dumps(kickoff_to_json(kickoff)))) == kickoff


modern_tasks = st.builds(
    replace,
    strategies.tasks,
    other_performers=st.lists(st.sampled_from(["Finance", "manager"]), max_size=2).map(tuple),
)


@given(st.lists(strategies.tasks | modern_tasks, max_size=3).map(tuple))
def test_tasks_survive_json(tasks: tuple[Task, ...]) -> None:
    assert tasks_from_json(json.loads(json.dumps(tasks_to_json(tasks)))) == tasks


@given(json_values)
def test_the_hash_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert content_hash(reverse_keys(value)) == content_hash(value)


@given(kickoffs, kickoffs)
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


def test_newer_keys_are_written_only_where_they_have_values() -> None:
    old = kickoff_to_json(Kickoff("Form", (FieldDefinition("a", "A", "string"),)))
    new = kickoff_to_json(
        Kickoff(
            "Form",
            (FieldDefinition("a", "A", "string", default="x", max_length=140),),
            (Fieldset("money", "Money"),),
        )
    )

    assert old.keys() == {"description", "fields"}
    assert old["fields"][0].keys() == {
        *("api_name", "name", "type", "description", "is_required", "order", "selections")
    }
    assert new["fields"][0].keys() - old["fields"][0].keys() == {"default", "max_length"}
    assert new.keys() - old.keys() == {"fieldsets"}


def test_a_task_of_the_past_keeps_its_keys() -> None:
    [data] = tasks_to_json([Task(id=1, number=1, name="Check")])

    assert "other_performers" not in data


def test_a_version_that_an_earlier_release_stored_is_read() -> None:
    stored = {
        "description": "Form",
        "fields": [
            {
                "api_name": "a",
                "name": "A",
                "type": "string",
                "description": "",
                "is_required": False,
                "order": 1,
                "selections": [],
            }
        ],
    }

    assert kickoff_from_json(stored) == Kickoff("Form", (FieldDefinition("a", "A", "string", order=1),))


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
