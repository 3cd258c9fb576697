"""Whether a workflow is the one that a launch asked for: matches and near misses, per type of field."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.launches.evidence import Comparison, Told, Verdict, Wish, compare
from apps.pneumatic.events import Choice, FileLink, Output
from apps.pneumatic.schemas import Answer, FieldDefinition, FileValue, UserValue, Value
from tests.factories import make_field

NOW = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def wish(*answers: Answer, **values: Any) -> Wish:
    defaults: dict[str, Any] = {
        "template_id": 7,
        "name": "Desk",
        "since": NOW - MINUTE,
        "until": NOW + MINUTE,
    }
    return Wish(**{**defaults, **values}, answers=answers)


def told(*outputs: Output, **values: Any) -> Told:
    defaults: dict[str, Any] = {"template_id": 7, "name": "Desk", "started_at": NOW}
    return Told(**{**defaults, **values}, kickoff=outputs)


def output(type_: str, value: str = "", *, selected: str = "", files: str = "") -> Output:
    """Return an output whose options are 1, 2, 3 (``selected``: "13") and that has files named by ``files``."""
    choices = tuple(Choice(key, f"Option {key}", key in selected) for key in "123")
    return Output(
        api_name="field",
        name="Field",
        type=type_,
        value=value,
        choices=choices if type_ in {"radio", "checkbox", "dropdown"} else (),
        files=tuple(FileLink(id_, f"{id_}.pdf", "https://files.example.com") for id_ in files),
    )


def field(type_: str) -> FieldDefinition:
    return make_field("field", type_, name="Field")


def one(value: Value, output_: Output, type_: str) -> Comparison:
    return compare(wish(Answer(field(type_), value)), told(output_))


FILES = (FileValue("4", "a.pdf"), FileValue("5", "b.pdf"))


@pytest.mark.parametrize(
    ("type_", "value", "given"),
    [
        ("string", "Ada", output("string", "Ada")),
        ("string", " Ada ", output("string", "Ada")),
        ("text", "One\r\nTwo\r\n", output("text", "One\nTwo")),
        ("url", "https://example.com/a", output("url", "https://example.com/a")),
        ("radio", "2", output("radio", selected="2")),
        ("dropdown", "3", output("dropdown", selected="3")),
        ("checkbox", ("3", "1"), output("checkbox", selected="13")),
        ("date", dt.date(2026, 12, 24), output("date", "2026-12-24")),
        ("date", dt.date(2026, 12, 24), output("date", "2026-12-24T00:00:00Z")),
        ("date", dt.date(2026, 12, 24), output("date", "2026-12-24T00:00:00.000+13:00")),
        ("user", UserValue(12), output("user", "12")),
        ("file", FILES, output("file", files="54")),
    ],
)
def test_an_answer_fits(type_: str, value: Value, given: Output) -> None:
    assert one(value, given, type_).fits


@pytest.mark.parametrize(
    ("type_", "value", "given"),
    [
        ("string", "Ada", output("string", "ada")),
        ("string", "Ada", output("string", "Ada B")),
        ("text", "One\n\nTwo", output("text", "One\nTwo")),
        ("url", "https://example.com/a", output("url", "https://example.com/b")),
        ("radio", "2", output("radio", selected="1")),
        ("radio", "2", output("radio", selected="12")),
        ("dropdown", "3", output("dropdown", selected="2")),
        ("checkbox", ("1",), output("checkbox", selected="13")),
        ("checkbox", ("1", "3"), output("checkbox", selected="1")),
        ("date", dt.date(2026, 12, 24), output("date", "2026-12-25")),
        ("date", dt.date(2026, 12, 24), output("date", "24 December")),
        ("user", UserValue(12), output("user", "120")),
        ("user", UserValue(12), output("user", "Ada")),
        ("file", FILES, output("file", files="4")),
        ("file", FILES, output("file", files="456")),
        ("mystery", "Ada", output("mystery", "Ada")),
    ],
)
def test_an_answer_differs(type_: str, value: Value, given: Output) -> None:
    comparison = one(value, given, type_)

    assert not comparison.fits
    assert [fit.verdict for fit in comparison.answers] == [Verdict.DIFFERS]


@pytest.mark.parametrize(
    ("type_", "value", "given"),
    [
        ("string", "Ada", output("string")),
        ("radio", "2", output("radio")),
        ("checkbox", ("1",), output("checkbox")),
        ("file", FILES, output("file")),
    ],
)
def test_an_answer_that_events_do_not_tell_is_missing(type_: str, value: Value, given: Output) -> None:
    for comparison in (one(value, given, type_), compare(wish(Answer(field(type_), value)), told())):
        assert not comparison.fits
        assert [fit.verdict for fit in comparison.answers] == [Verdict.MISSING]


def test_what_was_not_sent_need_not_be_told() -> None:
    assert compare(wish(), told()).fits
    assert compare(wish(), told(output("string"), output("radio"))).fits


def test_what_was_not_sent_must_not_be_answered() -> None:
    comparison = compare(wish(), told(output("string", "Ada")))

    assert not comparison.fits
    assert [(fit.label, fit.ours, fit.theirs) for fit in comparison.answers] == [("Field", "", "Ada")]


def test_an_answer_that_cannot_be_read_any_more_fits_nothing() -> None:
    assert not compare(wish(unread=("gone",)), told()).fits


@pytest.mark.parametrize(
    ("values", "verdicts"),
    [
        ({}, ("fits", "fits", "fits")),
        ({"template_id": 8}, ("differs", "fits", "fits")),
        ({"template_id": None}, ("missing", "fits", "fits")),
        ({"name": "Desk 2"}, ("fits", "differs", "fits")),
        ({"name": "desk"}, ("fits", "differs", "fits")),
        ({"name": " Desk "}, ("fits", "fits", "fits")),
        ({"name": ""}, ("fits", "missing", "fits")),
        ({"started_at": NOW - MINUTE}, ("fits", "fits", "fits")),
        ({"started_at": NOW + MINUTE}, ("fits", "fits", "fits")),
        ({"started_at": NOW - 2 * MINUTE}, ("fits", "fits", "differs")),
        ({"started_at": NOW + 2 * MINUTE}, ("fits", "fits", "differs")),
        ({"started_at": None}, ("fits", "fits", "missing")),
    ],
)
def test_template_name_and_time(values: dict[str, Any], verdicts: tuple[str, ...]) -> None:
    comparison = compare(wish(), told(**values))

    assert (comparison.template, comparison.name, comparison.time) == verdicts
    assert comparison.fits is (set(verdicts) == {"fits"})


def test_what_fits_better_scores_higher() -> None:
    answer = Answer(field("string"), "Ada")
    whole, part, little = (
        compare(wish(answer), told(output("string", value), name=name)).score
        for value, name in [("Ada", "Desk"), ("Bo", "Desk"), ("Bo", "Chair")]
    )

    assert whole > part > little
