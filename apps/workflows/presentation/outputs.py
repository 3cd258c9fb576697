"""Answers that Pneumatic reports, as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from apps.core.answers import (
    AnswerText,
    LabelledAnswer,
    day_text,
    field_label,
    file_part,
    group_part,
    link_part,
    option_part,
    person_part,
    text_answer,
)
from apps.core.identifiers import read_number
from apps.core.people import Group, Person
from apps.core.text.visible import first_visible
from apps.pneumatic.canonical.events import Output


def people_in(outputs: Iterable[Output]) -> set[int]:
    """Return the ids of the people who are answers."""
    numbers = (_user_id(output) for output in outputs if output.type == "user")
    return {number for number in numbers if number is not None}


def groups_in(outputs: Iterable[Output]) -> set[int]:
    """Return the ids of the groups that are answers."""
    return {output.group_id for output in outputs if output.group_id is not None}


def describe_outputs(
    outputs: Iterable[Output], people: Mapping[int, Person], groups: Mapping[int, Group]
) -> tuple[LabelledAnswer, ...]:
    """Return the answers in the order of ``outputs``; ``people`` and ``groups`` by id."""
    return tuple(
        LabelledAnswer(field_label(output.name, output.api_name), _answer(output, people, groups))
        for output in outputs
    )


def _answer(output: Output, people: Mapping[int, Person], groups: Mapping[int, Group]) -> AnswerText:
    if output.files:
        return AnswerText(tuple(file_part(file.name, file.url) for file in output.files))
    if chosen := [choice for choice in output.choices if choice.is_selected]:
        return AnswerText(tuple(option_part(first_visible(choice.label, choice.key)) for choice in chosen))
    if output.type == "user":
        return _group(output, groups) if output.group_id is not None else _person(output, people)
    if output.type == "date":
        return text_answer(day_text(output.value))
    if output.type == "url" and output.value.strip():
        return AnswerText((link_part(output.value),))
    return text_answer(output.value)


def _user_id(output: Output) -> int | None:
    """Return the id of the user who is the answer; None for a group and for a text that is no id."""
    if output.user_id is not None or output.group_id is not None:
        return output.user_id
    return read_number(output.value)


def _person(output: Output, people: Mapping[int, Person]) -> AnswerText:
    number = _user_id(output)
    person = people.get(number) if number is not None else None
    if person is None or (
        person.status == "unknown" and output.user_id is not None and first_visible(output.value)
    ):
        return text_answer(output.value)  # the reported name, or a text that is no id
    return AnswerText((person_part(replace(person, email="")),))  # workflow pages show no e-mail addresses


def _group(output: Output, groups: Mapping[int, Group]) -> AnswerText:
    known = groups.get(output.group_id or 0)
    name = first_visible(output.value).strip() or (known.name if known else "")
    status = known.status if known and not (name and known.status == "unknown") else "active"
    return AnswerText((group_part(Group(output.group_id or 0, name, status=status)),))
