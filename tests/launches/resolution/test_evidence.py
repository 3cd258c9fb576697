"""Which workflow matches a launch: template, name, time and every answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from apps.launches.resolution.evidence import Comparison, ExpectedWorkflow, Fit, ReportedWorkflow, compare
from apps.pneumatic.canonical.events import Choice, FileLink, Output
from apps.pneumatic.canonical.schemas import (
    Answer,
    FieldDefinition,
    FileValue,
    GroupValue,
    Selection,
    UserValue,
    Value,
)
from tests.factories import make_field

NOW = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def expected(*answers: Answer, **values: Any) -> ExpectedWorkflow:
    defaults: dict[str, Any] = {
        "template_id": 7,
        "name": "Desk",
        "since": NOW - MINUTE,
        "until": NOW + MINUTE,
    }
    return ExpectedWorkflow(**{**defaults, **values}, answers=answers)


def reported(*outputs: Output, **values: Any) -> ReportedWorkflow:
    defaults: dict[str, Any] = {"template_id": 7, "name": "Desk", "started_at": NOW}
    return ReportedWorkflow(**{**defaults, **values}, kickoff=outputs)


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
    return compare(expected(Answer(field(type_), value)), reported(output_))


FILES = (FileValue("4", "a.pdf"), FileValue("5", "b.pdf"))
URL = "https://files.example.com/"
LINKED = (FileValue("one", "a.pdf", URL + "4"), FileValue("two", "b.pdf", URL + "5"))


def texts(type_: str, value: str, *chosen: str) -> Output:
    """Return an output whose options are known by their texts."""
    choices = tuple(Choice(text, text, is_selected=True) for text in chosen)
    return Output(api_name="field", name="Field", type=type_, value=value, choices=choices)


def who(name: str, **ids: Any) -> Output:
    return Output(api_name="field", name="Field", type="user", value=name, **ids)


def linked(*urls: str, names: Sequence[str] = ()) -> Output:
    """Return an output with files at these addresses; where there are none, they are known by name only."""
    files = tuple(
        FileLink(url.rpartition("/")[2], names[number] if names else "", url)
        for number, url in enumerate(urls)
    )
    return Output(api_name="field", name="Field", type="file", value="shown", files=files)


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
        # As the current server reports them.
        ("radio", "Red, or so", texts("radio", "Red, or so", "Red, or so")),
        ("checkbox", ("B", "A"), texts("checkbox", "A, B", "A", "B")),
        ("checkbox", ("A, B",), texts("checkbox", "A, B", "A", "B")),  # it has no other way to say it
        ("checkbox", ("A", "B"), texts("checkbox", "A, B")),  # options that the template has lost since
        ("number", Decimal("100000"), texts("number", "1E+5")),
        ("number", Decimal("0"), texts("number", "0.00")),
        ("number", Decimal("1234.56"), texts("number", "1234.56")),
        ("user", UserValue(12), who("Ada Lovelace", user_id=12)),
        ("user", GroupValue(3, "Reviewers"), who("Renamed since", group_id=3)),
        ("file", LINKED, linked(URL + "5", URL + "4")),
        ("file", FILES, linked("", "", names=("b.pdf", "a.pdf"))),
    ],
)
def test_an_answer_matches(type_: str, value: Value, given: Output) -> None:
    assert one(value, given, type_).matches


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
        ("radio", "Red", texts("radio", "Green", "Green")),
        ("checkbox", ("A",), texts("checkbox", "A, B", "A", "B")),
        ("checkbox", ("A", "B", "B"), texts("checkbox", "A, B", "A", "B")),
        ("number", Decimal("100000"), texts("number", "100001")),
        ("number", Decimal("1"), texts("number", "NaN")),
        ("number", Decimal("1"), texts("number", "one")),
        ("user", UserValue(12), who("Ada Lovelace", user_id=13)),
        ("user", UserValue(12), who("12", user_id=13)),
        ("user", UserValue(3), who("Reviewers", group_id=3)),
        ("user", GroupValue(3, "Reviewers"), who("Reviewers", user_id=3)),
        ("user", GroupValue(3, "Reviewers"), who("Reviewers", group_id=4)),
        ("file", LINKED, linked(URL + "4", URL + "6")),
        ("file", LINKED, linked(URL + "4")),
        ("file", FILES, linked("", "", names=("b.pdf", "c.pdf"))),
    ],
)
def test_an_answer_differs(type_: str, value: Value, given: Output) -> None:
    comparison = one(value, given, type_)

    assert not comparison.matches
    assert [fit.fit for fit in comparison.answers] == [Fit.DIFFERS]


@pytest.mark.parametrize(
    ("type_", "value", "given"),
    [
        ("string", "Ada", output("string")),
        ("radio", "2", output("radio")),
        ("checkbox", ("1",), output("checkbox")),
        ("file", FILES, output("file")),
    ],
)
def test_an_answer_without_an_event_is_missing(type_: str, value: Value, given: Output) -> None:
    for comparison in (one(value, given, type_), compare(expected(Answer(field(type_), value)), reported())):
        assert not comparison.matches
        assert [fit.fit for fit in comparison.answers] == [Fit.MISSING]


def test_an_answer_that_was_not_sent_need_not_be_reported() -> None:
    assert compare(expected(), reported()).matches
    assert compare(expected(), reported(output("string"), output("radio"))).matches


def test_what_was_not_sent_must_not_be_answered() -> None:
    comparison = compare(expected(), reported(output("string", "Ada")))

    assert not comparison.matches
    assert [(fit.label, fit.submitted, fit.reported) for fit in comparison.answers] == [("Field", "", "Ada")]


def test_an_answer_that_cannot_be_read_any_more_fits_nothing() -> None:
    assert not compare(expected(unread=("gone",)), reported()).matches


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({}, ("matches", "matches", "matches")),
        ({"template_id": 8}, ("differs", "matches", "matches")),
        ({"template_id": None}, ("missing", "matches", "matches")),
        ({"name": "Desk 2"}, ("matches", "differs", "matches")),
        ({"name": "desk"}, ("matches", "differs", "matches")),
        ({"name": " Desk "}, ("matches", "matches", "matches")),
        ({"name": ""}, ("matches", "missing", "matches")),
        ({"started_at": NOW - MINUTE}, ("matches", "matches", "matches")),
        ({"started_at": NOW + MINUTE}, ("matches", "matches", "matches")),
        ({"started_at": NOW - 2 * MINUTE}, ("matches", "matches", "differs")),
        ({"started_at": NOW + 2 * MINUTE}, ("matches", "matches", "differs")),
        ({"started_at": None}, ("matches", "matches", "missing")),
    ],
)
def test_template_name_and_time(values: dict[str, Any], fits: tuple[str, ...]) -> None:
    comparison = compare(expected(), reported(**values))

    assert (comparison.template, comparison.name, comparison.time) == fits
    assert comparison.matches is (set(fits) == {"matches"})


def test_a_better_match_scores_higher() -> None:
    answer = Answer(field("string"), "Ada")
    whole, part, little = (
        compare(expected(answer), reported(output("string", value), name=name)).score
        for value, name in [("Ada", "Desk"), ("Bo", "Desk"), ("Bo", "Chair")]
    )

    assert whole > part > little


VARIABLES = frozenset({"date", "template-name", "workflow-id", "client"})


@pytest.mark.parametrize(
    ("submitted", "reported"),
    [
        ("For {{client}}", "For Ada & Sons"),
        ("For {{ client }}, {{date}}", "For Ada, Nov 23, 2026, 04:02PM"),
        ("{{workflow-id}}", "9"),
        ("{{unknown}} of {{date}}", "{{unknown}} of today"),
        ("For {{client}}", "For {{client}}"),  # a server that replaces nothing
        ("{{client}} Desk", "Desk"),  # an answer that is empty
        ("Desk {{client}}", "Desk"),
        ("Desk {{client}} {{date}}", "Desk " + "x" * 14 + "…"),
        ("A long name {{client}}", "A long name of a cl…"),
        ("{{client}} and {{date}}", "x" * 19 + "…"),
        ("x" * 30, "x" * 19 + "…"),
        ("x" * 20, "x" * 20),
        ("{{a}}{{date}}" * 4, "{{a}}1{{a}}2{{a}}3{{a}}4"),
    ],
)
def test_a_name_fits_as_the_server_makes_it(submitted: str, reported: str) -> None:
    request = expected(name=submitted, variables=VARIABLES, longest_name=20)

    assert request.name_matches(reported)


@pytest.mark.parametrize(
    ("submitted", "reported"),
    [
        ("For {{client}}", "Of Ada"),
        ("For {{client}}!", "For Ada"),
        ("{{unknown}}", "9"),
        ("{{workflow-id}}", ""),
        ("For {{client}} and {{date}}", "For Ada or today"),
        ("A long name {{client}}", "Another long name o…"),
        ("x" * 30, "x" * 30),
        ("x" * 30, "x" * 20),
        ("x" * 20, "x" * 19 + "…"),
        ("{{date}}-" * 40 + "end", "-" * 60),
    ],
)
def test_a_name_that_the_server_cannot_have_made_differs(submitted: str, reported: str) -> None:
    request = expected(name=submitted, variables=VARIABLES, longest_name=20)

    assert not request.name_matches(reported)


def test_only_a_name_without_variables_is_known_beforehand() -> None:
    assert expected(name=" Desk ", variables=VARIABLES).literal_name == "Desk"
    assert expected(name="Desk {{unknown}}", variables=VARIABLES).literal_name == "Desk {{unknown}}"
    assert expected(name="Desk {{date}}", variables=VARIABLES).literal_name is None
    assert expected(name="Desk {{date}}").literal_name == "Desk {{date}}"
    assert expected(name="x" * 30, longest_name=20).literal_name == "x" * 19 + "…"


BY_API_NAME = (Selection("selection-a", "Red"), Selection("selection-b", "Blue, dark"))


@pytest.mark.parametrize("keys", [("401", "402"), ("Red", "Blue, dark")], ids=["ids", "texts"])
@pytest.mark.parametrize(
    ("type_", "value", "chosen"),
    [
        ("radio", "selection-b", ["Blue, dark"]),
        ("dropdown", "selection-a", ["Red"]),
        ("checkbox", ("selection-a", "selection-b"), ["Red", "Blue, dark"]),
    ],
)
def test_options_match_by_text_where_the_output_has_other_keys(
    keys: tuple[str, str], type_: str, value: Value, chosen: list[str]
) -> None:
    """Deliveries of release 1.0 have no api_names, and a server that was upgraded since has none at all."""
    definition = make_field("field", type_, name="Field", selections=BY_API_NAME)
    labels = [option.label for option in BY_API_NAME]

    def fit(selected: list[str]) -> Fit:
        choices = tuple(
            Choice(key, label, label in selected) for key, label in zip(keys, labels, strict=True)
        )
        given = Output("field", "Field", type_, ", ".join(selected), choices)
        (answer,) = compare(expected(Answer(definition, value)), reported(given)).answers
        return answer.fit

    assert fit(chosen) is Fit.MATCHES
    assert fit([label for label in labels if label not in chosen]) is not Fit.MATCHES
