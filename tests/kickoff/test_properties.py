"""What holds for every value of every type."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apps.core.people import Group, Person
from apps.core.text.visible import is_blank
from apps.kickoff.fields import create, registered
from apps.kickoff.fields.string import single_line
from apps.kickoff.fields.text import unix_lines
from apps.kickoff.lookups import StoredFile
from apps.kickoff.names import control_name
from apps.kickoff.transfer import carry_over
from apps.pneumatic.canonical.schemas import Answer, GroupValue, Selection, UserValue, Value
from tests.factories import make_field
from tests.kickoff.fakes import FewFiles, FewPeople, make_form

ZONES = [
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Europe/Berlin",
]


def has_answer(text: str) -> bool:
    return not is_blank(text)


# Text as forms can carry it: no lone surrogates, no null. What cannot be seen is no answer.
typed = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)
lines = typed.map(single_line).filter(has_answer)
paragraphs = typed.map(unix_lines).filter(has_answer)
links = st.builds(
    "https://{}.example/{}".format, st.from_regex(r"[a-z]{1,20}", fullmatch=True), st.integers(0)
)
keys = [str(number) for number in range(40)]
people = st.builds(UserValue, id=st.integers(1, 2**63 - 1), email=lines, name=lines)
groups = st.builds(GroupValue, id=st.integers(1, 2**63 - 1), name=lines)
# Dates that exist in every time zone.
days = st.dates(dt.date(2, 1, 1), dt.date(9998, 12, 31))
numbers = st.from_regex(r"-?\d{1,30}(\.\d{1,30})?", fullmatch=True).map(Decimal) | st.sampled_from(
    [Decimal("0"), Decimal("-0.000"), Decimal("1E+5"), Decimal("12.50")]
)
files = st.builds(
    StoredFile,
    id=lines,
    name=typed,
    url=typed,
    size=st.integers(0, 2**40),
    upload_id=st.uuids().map(str),
    thumbnail_url=typed,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": lines,
    "text": paragraphs,
    "url": links,
    "date": days,
    "number": numbers,
    "radio": st.sampled_from(keys),
    "radiobutton": st.sampled_from(keys),
    "dropdown": st.sampled_from(keys),
    "checkbox": st.lists(st.sampled_from(keys), min_size=1, unique=True).map(
        lambda some: tuple(sorted(some, key=int))
    ),
    "user": people | groups,
    "file": st.lists(files, min_size=1, max_size=4, unique_by=lambda file: file.upload_id).map(tuple),
}
answers = st.sampled_from(sorted(VALUES)).flatmap(
    lambda type_name: VALUES[type_name].map(
        lambda value: Answer(
            make_field(
                type_name, type_name, selections=tuple(Selection(key, f"Label {key}") for key in keys)
            ),
            value,
        )
    )
)


def test_every_type_has_values_here() -> None:
    assert VALUES.keys() == registered().keys()


@given(answers)
def test_json_gives_back_the_value(answer: Answer) -> None:
    field = create(answer.field)

    through_the_database = json.loads(json.dumps(field.to_json(answer.value)))

    assert field.from_json(through_the_database) == answer.value


@given(answers)
def test_a_form_that_shows_a_value_posts_the_same_value(answer: Answer) -> None:
    posted = {control_name(answer.field.api_name): create(answer.field).initial(answer.value)}

    form = make_form(answer.field, data=posted, people=_those_in(answer.value), files=_files_in(answer.value))

    assert form.is_valid(), form.errors
    assert form.answers() == (answer,)


@given(answers)
def test_an_answer_carries_over_to_the_same_field(answer: Answer) -> None:
    field = create(answer.field)

    initial, dropped = carry_over(
        {answer.field.api_name: field.to_json(answer.value)}, [answer.field], [answer.field]
    )

    assert dropped == []
    assert initial == {control_name(answer.field.api_name): field.initial(answer.value)}


@given(answers)
def test_every_value_can_be_described(answer: Answer) -> None:
    described = create(answer.field).describe(answer.value)

    assert described.parts
    assert all(part.url == "" or part.url.startswith(("https://", "http://")) for part in described.parts)


@pytest.mark.parametrize("zone", ZONES)
@given(day=days)
def test_no_time_zone_shifts_a_day(zone: str, day: dt.date) -> None:
    field = make_field("day", "date")
    with timezone.override(zone):
        form = make_form(field, data={"kickoff-day": day.isoformat()})
        assert form.is_valid()
        [answer] = form.answers()

        assert answer.value == day
        assert create(field).to_json(answer.value) == day.isoformat()
        assert create(field).from_json(day.isoformat()) == day
        assert form.rows[0].context["value"] == day.isoformat()
        assert str(day.day) in str(create(field).describe(day))


@given(typed, st.sampled_from(sorted(VALUES)))
def test_no_text_breaks_a_form(text: str, type_name: str) -> None:
    form = make_form(make_field("a", type_name), data={"kickoff-a": text, "find-a": text})

    form.is_valid()
    assert len(form.rows) == 1
    assert all(problem.message for problem in form.problems)


def _those_in(value: Value) -> FewPeople:
    if isinstance(value, GroupValue):
        return FewPeople(groups=[Group(id=value.id, name=value.name, status="active")])
    if isinstance(value, UserValue):
        return FewPeople(Person(id=value.id, name=value.name, email=value.email, status="active"))
    return FewPeople()


def _files_in(value: Value) -> FewFiles:
    return (
        FewFiles(*(part for part in value if isinstance(part, StoredFile)))
        if isinstance(value, tuple)
        else FewFiles()
    )
