"""Answers from links, from earlier launches, and from forms whose template has changed."""

from __future__ import annotations

import datetime as dt
from itertools import starmap

import pytest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from apps.core.people import Group
from apps.kickoff.fields import answers_to_json
from apps.kickoff.transfer import carry_over, initial_from_query, rebase, uploads_in, with_uploads
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, Selection, UserValue
from tests.factories import make_field, make_options
from tests.kickoff.fakes import CONTRACT, FewPeople, make_form, numbered


def prefill(query: str, *definitions: FieldDefinition) -> tuple[dict[str, list[str]], list[str]]:
    return initial_from_query(definitions, QueryDict(query), people=FewPeople())


def test_a_link_fills_every_type_but_files() -> None:
    definitions = [
        make_field("line"),
        make_field("one", "radio"),
        make_field("some", "checkbox"),
        make_field("day", "date"),
        make_field("pick", "dropdown", selections=numbered(90)),
        make_field("who", "user"),
        make_field("boss", "user"),
    ]
    query = (
        "name=My+run&kickoff-line=%3Cb%3E&kickoff-one=green&kickoff-some=1&kickoff-some=Blue&kickoff-day=2026-03-29"
        "&kickoff-pick=Option+77&kickoff-who=1&kickoff-boss=GRACE@example.com&other=ignored"
    )

    initial, notes = prefill(query, *definitions)

    assert notes == []
    assert initial == {
        "name": ["My run"],
        "kickoff-line": ["<b>"],
        "kickoff-one": ["2"],
        "kickoff-some": ["1", "3"],
        "kickoff-day": ["2026-03-29"],
        "kickoff-pick": ["77"],
        "kickoff-who": ["1"],
        "kickoff-boss": ["2"],
    }


@pytest.mark.parametrize(
    ("type_name", "value", "reason"),
    [
        ("radio", "Purple", "“Purple” is not an available option."),
        ("checkbox", "Purple", "“Purple” is not an available option."),
        ("date", "31.12.2026", "“31.12.2026” is not a date like 2026-03-31."),
        ("user", "99", "No user or group “99” in Pneumatic."),
        ("user", "3", "No user or group “3” in Pneumatic."),
        ("user", "ada", "No user or group “ada” in Pneumatic."),
        ("file", "u-1", "A link cannot attach files."),
    ],
)
def test_what_a_link_gets_wrong_is_left_out_with_a_note(type_name: str, value: str, reason: str) -> None:
    initial, notes = prefill(f"kickoff-a={value}", make_field("a", type_name, name="Field"))

    assert initial == {}
    assert notes == [f"The link's answer to “Field” was left out: {reason}"]


@pytest.mark.parametrize(
    ("labels", "value", "key"),
    [
        (("Zürich", "Bern"), "zurich", "1"),
        (("Zürich", "ZURICH"), "zurich", "2"),  # it differs by less
        (("Zürich", "Zùrich"), "zurich", None),  # which one is meant?
        (("D\N{RIGHT SINGLE QUOTATION MARK}accord", "Non"), "d'accord", "1"),
    ],
)
def test_a_link_names_an_option_without_its_accents(
    labels: tuple[str, ...], value: str, key: str | None
) -> None:
    initial, _notes = prefill(
        f"kickoff-a={value}", make_field("a", "radio", selections=make_options(*labels))
    )

    assert initial == ({"kickoff-a": [key]} if key else {})


def test_a_link_names_a_group_without_its_accents() -> None:
    people = FewPeople(groups=[Group(1, "Zürich", status="active"), Group(2, "Genève 2", status="active")])
    query = QueryDict("kickoff-a=zurich&kickoff-b=Geneve")

    initial, notes = initial_from_query(
        [make_field("a", "user"), make_field("b", "user")], query, people=people
    )

    assert initial == {"kickoff-a": ["group:1"]}
    assert len(notes) == 1


def test_an_empty_link_fills_nothing() -> None:
    definitions = [make_field(name, name) for name in ("string", "radio", "date", "user", "file", "hologram")]
    query = "&".join(f"kickoff-{definition.api_name}=" for definition in definitions)

    assert prefill(query, *definitions) == ({}, [])
    assert prefill("", *definitions) == ({}, [])


def test_null_characters_in_a_link_reach_neither_form_nor_database() -> None:
    initial, _notes = prefill(
        "name=a%00b&kickoff-a=c%00d&kickoff-u=%00", make_field("a"), make_field("u", "user")
    )

    assert initial == {"name": ["ab"], "kickoff-a": ["cd"]}


def stored(*answers: Answer) -> dict[str, object]:
    return answers_to_json(answers)


def test_answers_carry_over_to_the_same_version_unchanged() -> None:
    line, some, day = make_field("line"), make_field("some", "checkbox"), make_field("day", "date")
    who, papers = make_field("who", "user"), make_field("papers", "file")
    answers = [
        Answer(line, "text"),
        Answer(some, ("1", "2")),
        Answer(day, dt.date(2026, 3, 29)),
        Answer(who, UserValue(1, "ada@example.com", "Ada")),
        Answer(papers, (CONTRACT,)),
    ]
    definitions = [line, some, day, who, papers]

    initial, dropped = carry_over(stored(*answers), definitions, definitions)

    assert dropped == []
    assert initial == {
        "kickoff-line": ["text"],
        "kickoff-some": ["1", "2"],
        "kickoff-day": ["2026-03-29"],
        "kickoff-who": ["1"],
        "kickoff-papers": ["u-1"],
    }
    form = make_form(*definitions, data={"name": "N", **initial})
    assert form.is_valid()
    assert form.answers()[1].value == ("1", "2")


def test_an_option_carries_over_by_key_else_by_label() -> None:
    old = make_field("a", "checkbox", selections=make_options("Red", "Green", "Blue"))
    new = make_field("a", "checkbox", selections=(Selection("1", "Crimson"), Selection("77", "blue ")))

    initial, dropped = carry_over({"a": ["1", "2", "3"]}, [old], [new])

    assert initial == {"kickoff-a": ["1", "77"]}
    assert dropped == ["“A” no longer offers: Green"]


def test_a_removed_field_is_reported_with_its_answer() -> None:
    old = [make_field("a", name="Colour", type="radio"), make_field("p", "file", name="Papers")]
    answers = {"a": "2", "p": [{"id": "41", "upload_id": "u-1"}]}

    assert carry_over(answers, old, []) == (
        {},
        [
            "“Colour” is no longer in the form. The answer was: Green",
            "“Papers” is no longer in the form. The answer was: 1 file",
        ],
    )


@pytest.mark.parametrize(
    ("before", "after", "answer", "fits"),
    [
        ("string", "text", "a", True),
        ("url", "string", "https://example.com/", True),
        ("radio", "dropdown", "2", True),
        ("dropdown", "checkbox", "2", True),
        ("radiobutton", "radio", "2", True),
        ("text", "string", "a", False),
        ("string", "date", "a", False),
        ("checkbox", "radio", ["2"], False),
        ("string", "hologram", "a", False),
    ],
)
def test_an_answer_is_kept_for_another_type_only_where_nothing_of_it_can_be_lost(
    before: str, after: str, answer: object, fits: bool
) -> None:
    initial, dropped = carry_over({"a": answer}, [make_field("a", before)], [make_field("a", after)])

    assert (initial != {}) == fits
    assert (dropped == []) == fits


def test_a_retyped_field_is_reported_with_its_answer() -> None:
    _initial, dropped = carry_over({"a": "soon"}, [make_field("a")], [make_field("a", "date")])

    assert dropped == ["“A” now has another type. The answer was: soon"]


def test_invalid_stored_answers_are_left_out() -> None:
    definitions = [make_field("a", "date"), make_field("b", "user")]

    assert carry_over({"a": "yesterday", "b": "Ada", "c": 1}, definitions, definitions) == ({}, [])


def test_a_posted_form_is_rebased_with_all_that_was_typed() -> None:
    old = [
        make_field("url", "url"),
        make_field("pick", "dropdown"),
        make_field("gone"),
        make_field("who", "user"),
    ]
    new = [
        make_field("url", "url"),
        make_field("pick", "dropdown", selections=(Selection("9", "Green"),)),
        make_field("who", "user"),
        make_field("fresh", is_required=True),
    ]
    data = MultiValueDict(
        {
            "name": ["N"],
            "submission_id": ["s"],
            "kickoff-url": ["half an addr"],
            "kickoff-pick": ["2"],
            "kickoff-gone": ["farewell"],
            "find-who": ["ad"],
        }
    )

    rebased, lost = rebase(data, old, new)

    assert [(one.api_name, one.kind, one.sentence) for one in lost] == [
        ("gone", "removed", "“Gone” is no longer in the form. The answer was: farewell")
    ]
    assert rebased["name"] == "N"
    assert rebased["submission_id"] == "s"
    assert rebased["kickoff-url"] == "half an addr"
    assert rebased.getlist("kickoff-pick") == ["9"]
    assert rebased["find-who"] == "ad"
    form = make_form(*new, data=rebased)
    assert [problem.target for problem in form.problems] == ["id_kickoff_1", "id_kickoff_3", "id_kickoff_4"]


def test_files_of_a_posted_form_are_found_by_field_and_added_by_id() -> None:
    definitions = [make_field('the "papers"', "file"), make_field("line")]
    files = MultiValueDict(
        {"kickoff-the %22papers%22": ["file one", "file two"], "kickoff-line": ["no file field"]}
    )

    found = uploads_in(definitions, files)
    data = with_uploads(
        MultiValueDict({"kickoff-the %22papers%22": ["u-1"]}), definitions, {'the "papers"': ["u-2"]}
    )

    assert found == {'the "papers"': ["file one", "file two"]}
    assert data.getlist('kickoff-the "papers"') == ["u-1", "u-2"]


@pytest.mark.parametrize(
    ("before", "after", "chosen", "kept"),
    [
        # What an upgrade does: texts become the keys.
        ({"B": "A", "A": "B"}, {"A": "A", "B": "B"}, ["B"], ["A"]),
        (
            {"o1": "north", "o2": "North", "o3": " North"},
            {"north": "north", "North": "North"},
            ["o2"],
            ["North"],
        ),
        ({"k1": "Tva", "k2": "Två"}, {"Tva": "Tva", "Två": "Två"}, ["k1", "k2"], ["Tva", "Två"]),
        ({"d1": "Same", "d2": "Same"}, {"Same": "Same"}, ["d2"], ["Same"]),
        ({"o1": "2", "o2": "1"}, {"1": "1"}, ["o1"], []),
        # What an edit of the template does.
        ({"o1": "A", "o2": "B"}, {"o1": "B", "o2": "A"}, ["o1"], ["o2"]),
        ({"p1": "yes", "p2": "YES"}, {"q1": "yes", "q2": "YES"}, ["p2"], ["q2"]),
        ({"o1": "A", "o2": "B"}, {"o1": "B"}, ["o1"], []),
        ({"o1": "Low"}, {"o1": "Lowest"}, ["o1"], ["o1"]),
        ({"o1": "low"}, {"n1": "Low"}, ["o1"], ["n1"]),
        ({"d1": "Same", "d2": "Same"}, {"e1": "Same", "e2": "Same"}, ["d2"], []),
        ({"d1": "Same", "d2": "Same"}, {"d1": "Same", "d2": "Same"}, ["d2"], ["d2"]),
    ],
)
def test_an_option_is_carried_over_by_its_text(
    before: dict[str, str], after: dict[str, str], chosen: list[str], kept: list[str]
) -> None:
    old, new = (
        make_field("a", "checkbox", selections=tuple(starmap(Selection, options.items())))
        for options in (before, after)
    )

    initial, dropped = carry_over({"a": chosen}, [old], [new])

    assert initial.get("kickoff-a", []) == kept
    assert bool(dropped) is (len(kept) < len(chosen))
