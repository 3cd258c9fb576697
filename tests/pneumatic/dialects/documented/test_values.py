"""The documented dialect: how answers become JSON."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given

from apps.pneumatic.canonical.schemas import (
    Answer,
    FieldDefinition,
    FileValue,
    Selection,
    TaskOverride,
    Urgency,
    UserValue,
    Value,
)
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.dialects.documented.values import encode
from apps.pneumatic.errors import ValidationFailed
from tests.pneumatic import strategies

DIALECT = Documented()


def field(type_: str, *keys: int) -> FieldDefinition:
    return FieldDefinition(
        "f", "F", type_, selections=tuple(Selection(str(key), f"Option {key}") for key in keys)
    )


@pytest.mark.parametrize(
    ("definition", "value", "wire"),
    [
        (field("string"), "Value 1", "Value 1"),
        (field("text"), "a\nb", "a\nb"),
        (field("url"), "https://grave.com/", "https://grave.com/"),
        (field("radio", 3, 4), "4", 4),
        (field("dropdown", 3, 4), "3", 3),
        (field("checkbox", 3, 4, 5), ("5", "3"), [5, 3]),
        (field("date"), dt.date(2026, 3, 29), "2026-03-29"),
        (field("date"), dt.date(987, 1, 2), "0987-01-02"),
        (field("user"), UserValue(7, "a@example.com", "Ada"), 7),
        (field("file"), (FileValue("12", "a.png"), FileValue("11", "b.png")), [12, 11]),
    ],
)
def test_it_writes_each_type_as_documented(definition: FieldDefinition, value: Value, wire: Any) -> None:
    assert encode(definition, value) == wire


@given(strategies.answers())
def test_what_is_written_says_what_was_answered(answer: Answer) -> None:
    wire = json.loads(json.dumps(encode(answer.field, answer.value)))

    assert read(answer.field, wire) == bare(answer.value)


def read(definition: FieldDefinition, wire: Any) -> Any:
    """Return what the wire form means by the words of the reference."""
    key_of = {int(selection.key): selection.key for selection in definition.selections}
    meanings: dict[str, Any] = {
        "radio": lambda: key_of[wire],
        "dropdown": lambda: key_of[wire],
        "checkbox": lambda: tuple(key_of[id_] for id_ in wire),
        "date": lambda: dt.date.fromisoformat(wire),
        "file": lambda: tuple(wire),
    }
    return meanings.get(definition.type, lambda: wire)()


def bare(value: Value) -> Any:
    """Return a value with nothing but what the wire has room for."""
    if isinstance(value, UserValue):
        return value.id
    if isinstance(value, tuple):
        return tuple(int(item.id) if isinstance(item, FileValue) else item for item in value)
    return value


@pytest.mark.parametrize("type_", ["radio", "dropdown", "checkbox"])
@pytest.mark.parametrize("key", ["5", "", "3 ", "Option 3", "03"])
def test_an_option_that_the_field_does_not_have_is_refused_at_the_field(type_: str, key: str) -> None:
    value = (key,) if type_ == "checkbox" else key

    with pytest.raises(ValidationFailed) as caught:
        encode(field(type_, 3, 4), value)

    assert caught.value.field == "f"


def test_a_type_that_cannot_be_said_is_refused_at_the_field() -> None:
    with pytest.raises(ValidationFailed) as caught:
        encode(field("hologram"), "x")

    assert caught.value.errors == {"f": ["Fields of the type “hologram” are not supported."]}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("string", ("x",)),
        ("radio", ("3",)),
        ("checkbox", "3"),
        ("date", "2026-01-01"),
        ("date", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ("user", "7"),
        ("file", "12"),
        ("file", ("12",)),
    ],
)
def test_a_value_of_another_kind_is_a_mistake_of_ours(type_: str, value: Any) -> None:
    with pytest.raises(TypeError):
        encode(field(type_, 3), value)


def test_the_payload_has_every_documented_parameter() -> None:
    payload = DIALECT.run_payload(
        5,
        name="Trip",
        answers=[Answer(field("string"), "x")],
        tasks=[TaskOverride(2, "https://example.com/")],
        urgency=Urgency(is_urgent=True),  # the documented API has no key for it
        zone=dt.UTC,
    )

    assert payload == {
        "id": 5,
        "name": "Trip",
        "kickoff": {"f": "x"},
        "tasks": [{"number": 2, "url": "https://example.com/"}],
    }


def test_the_payload_without_answers_has_a_null_kickoff() -> None:
    payload = DIALECT.run_payload(5, name="Trip", answers=[], tasks=[], urgency=Urgency(), zone=dt.UTC)

    assert payload == {
        "id": 5,
        "name": "Trip",
        "kickoff": None,
    }
