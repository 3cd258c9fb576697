"""Answers that a launch stored, read again."""

from __future__ import annotations

import pytest

from apps.kickoff.fields import answers_from_json, describe_answers, registered
from tests.factories import make_field
from tests.kickoff.fakes import FINANCE, PAST, FewPeople

ODD: list[object] = [
    None,
    True,
    0,
    1.5,
    "",
    "text",
    [],
    [1],
    ["a"],
    {},
    {"id": "x"},
    {"id": 1},
    [{}],
    [{"id": None, "size": "x"}],
]


def test_every_field_of_the_version_is_listed_with_its_answer() -> None:
    definitions = [make_field("a", name="Colour", type="radio"), make_field("b", name="Day", type="date")]

    described = describe_answers(definitions, {"a": "2", "elsewhere": {"x": 1}})

    assert [(answer.label, str(answer.answer)) for answer in described] == [
        ("Colour", "Green"),
        ("Day", ""),
        ("elsewhere", '{"x": 1}'),
    ]


def test_an_answer_that_the_type_does_not_understand_is_shown_as_it_is_stored() -> None:
    [answer] = describe_answers([make_field("a", "date")], {"a": ["yesterday"]})

    [part] = answer.answer.parts
    assert (part.text, part.note) == ('["yesterday"]', "The stored answer is not a valid date.")


@pytest.mark.parametrize("type_name", [*sorted(registered()), "hologram"])
def test_no_stored_answer_breaks_a_page(type_name: str) -> None:
    definitions = [make_field("a", type_name)]

    for data in ODD:
        assert len(describe_answers(definitions, {"a": data})) == 1, data
        answers_from_json(definitions, {"a": data})


def test_a_second_field_of_an_api_name_has_no_answer() -> None:
    definitions = [make_field("a", name="First"), make_field("a", "date", name="Second")]

    assert [answer.label for answer in describe_answers(definitions, {"a": "x"})] == ["First"]


def test_people_and_groups_that_can_be_given_no_work_any_more_are_marked() -> None:
    definitions = [make_field(name, "user") for name in "abcde"]
    stored = {
        "a": {"id": 1, "email": "ada@example.com", "name": "Ada"},
        "b": {"id": 4, "email": "ida@example.com", "name": "Ida"},
        "c": {"id": 3, "email": "", "name": "Gone"},
        "d": {"group": 9, "name": "Past"},
        "e": {"id": 77, "email": "", "name": "Nobody"},
    }

    described = describe_answers(definitions, stored, people=FewPeople(groups=[FINANCE, PAST]))

    assert [answer.answer.parts[0].badge for answer in described] == [
        "",
        "deactivated",
        "no longer in Pneumatic",
        "no longer in Pneumatic",
        "",
    ]
