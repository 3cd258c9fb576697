"""The form as a whole."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils.datastructures import MultiValueDict

from apps.pneumatic.canonical.schemas import UserValue
from tests.factories import make_field
from tests.kickoff.fakes import CONTRACT, FewPeople, make_form, numbered

ALL_TYPES = [
    make_field("line", "string", is_required=True),
    make_field("lines", "text", is_required=True),
    make_field("one", "radio", is_required=True),
    make_field("some", "checkbox", is_required=True),
    make_field("day", "date", is_required=True),
    make_field("link", "url", is_required=True),
    make_field("pick", "dropdown", is_required=True),
    make_field("papers", "file", is_required=True),
    make_field("who", "user", is_required=True),
]


def test_it_cleans_all_nine_types() -> None:
    data = {
        "kickoff-line": "a",
        "kickoff-lines": "b\r\nc",
        "kickoff-one": "2",
        "kickoff-some": ["3", "1"],
        "kickoff-day": "2026-03-29",
        "kickoff-link": "https://example.com/",
        "kickoff-pick": "3",
        "kickoff-papers": ["u-1"],
        "kickoff-who": "1",
    }
    form = make_form(*ALL_TYPES, data=data)

    assert form.is_valid(), form.errors
    assert form.workflow_name == "A workflow"
    assert {answer.field.api_name: answer.value for answer in form.answers()} == {
        "line": "a",
        "lines": "b\nc",
        "one": "2",
        "some": ("1", "3"),
        "day": dt.date(2026, 3, 29),
        "link": "https://example.com/",
        "pick": "3",
        "papers": (CONTRACT,),
        "who": UserValue(1, "ada@example.com", "Ada Lovelace"),
    }


def test_it_names_everything_that_is_missing_in_the_order_of_the_page() -> None:
    form = make_form(*ALL_TYPES, data={"name": " "})

    assert not form.is_valid()
    assert [problem.target for problem in form.problems] == [
        "id_name",
        *(f"id_kickoff_{number}" for number in range(1, 10)),
    ]


def test_the_name_is_required_and_one_line() -> None:
    assert make_form(data={"name": " a\r\nb "}).is_valid()
    form = make_form(data={"name": "\n"})
    assert [problem.message for problem in form.problems] == ["Give the workflow a name."]


def test_fields_keep_the_order_in_which_they_are_given() -> None:
    form = make_form(make_field("z"), make_field("a"), make_field("m"))

    assert [row.control for row in form.rows] == ["kickoff-z", "kickoff-a", "kickoff-m"]


def test_a_field_may_be_called_like_a_control_of_the_form() -> None:
    definitions = [make_field("name"), make_field("csrfmiddlewaretoken"), make_field("find"), make_field("")]
    data = {"kickoff-name": "1", "kickoff-csrfmiddlewaretoken": "2", "kickoff-find": "3", "kickoff-": "4"}
    form = make_form(*definitions, data=data)

    assert form.is_valid()
    assert form.workflow_name == "A workflow"
    assert [answer.value for answer in form.answers()] == ["1", "2", "3", "4"]


def test_the_second_field_of_an_api_name_is_explained_and_not_shown() -> None:
    first, second = make_field("a", name="First"), make_field("a", "date", name="Second", is_required=True)
    form = make_form(first, second, data={"kickoff-a": "text"})

    assert form.is_valid()
    assert [(answer.field, answer.value) for answer in form.answers()] == [(first, "text")]
    assert "the same API name as “First”" in form.rows[1].notice


def test_an_optional_field_of_an_unknown_type_is_left_out_with_a_note() -> None:
    form = make_form(make_field("a", "hologram"), data={"kickoff-a": "x"})

    assert form.is_valid()
    assert form.answers() == ()
    assert "type “hologram” are not supported" in form.rows[0].notice


def test_a_required_field_of_an_unknown_type_blocks_the_launch_and_is_named() -> None:
    form = make_form(make_field("a", "hologram", name="Picture", is_required=True), data={"kickoff-a": "x"})

    assert not form.is_valid()
    [blocker] = form.blockers
    assert blocker.startswith("“Picture” is required")


def test_a_search_is_never_valid_and_shows_no_errors() -> None:
    form = make_form(*ALL_TYPES, data={"name": "", "find-who": "ada"}, find="who")

    assert not form.is_valid()
    assert form.problems == []
    assert all(row.errors == [] for row in form.rows)


def test_a_search_keeps_every_other_answer() -> None:
    data = {"kickoff-line": "typed", "kickoff-some": ["1"], "kickoff-papers": ["u-1"], "find-who": "ada"}
    rows = {row.key: row for row in make_form(*ALL_TYPES, data=data, find="who").rows}

    assert rows["line"].context["value"] == "typed"
    assert [option.value for option in rows["some"].context["options"] if option.checked] == ["1"]
    assert [attached["file"] for attached in rows["papers"].context["files"]] == [CONTRACT]


@pytest.mark.parametrize("is_required", [True, False])
def test_an_unfinished_search_is_asked_about(is_required: bool) -> None:
    definitions = [
        make_field("who", "user", is_required=is_required),
        make_field("pick", "dropdown", selections=numbered(30), is_required=is_required),
    ]
    data = {"find-who": " ada ", "find-pick": "option", "kickoff-who": "", "kickoff-pick": ""}
    form = make_form(*definitions, data=data)

    assert not form.is_valid()
    assert [problem.message for problem in form.problems] == [
        "Nothing was chosen for “ada”. Choose from the list, or clear the search box.",
        "Nothing was chosen for “option”. Choose from the list, or clear the search box.",
    ]


def test_a_finished_search_is_not_asked_about() -> None:
    assert make_form(make_field("who", "user"), data={"find-who": "ada", "kickoff-who": "1"}).is_valid()


def test_a_search_of_a_field_that_has_no_search_box_is_ignored() -> None:
    form = make_form(make_field("pick", "dropdown"), make_field("a"), data={"find-pick": "x", "find-a": "y"})

    assert form.is_valid(), form.errors


def test_answers_are_shown_again_as_they_were_typed() -> None:
    definitions = [make_field("a", "url"), make_field("b", "text")]
    form = make_form(*definitions, data={"kickoff-a": "not an address", "kickoff-b": "\r\n two"})

    assert [row.context["value"] for row in form.rows] == ["not an address", "\n two"]


def test_the_servers_errors_are_shown_at_their_fields() -> None:
    form = make_form(make_field("a"), make_field("b"), data={"kickoff-a": "1", "kickoff-b": "2"})
    form.add_server_errors(
        {"b": ["Too dull.", "Too short."], "name": ["Taken."], "": ["No."], "zzz": ["What?"]}
    )

    assert form.rows[1].errors == ["Too dull.", "Too short."]
    assert form.name_row.errors == ["Taken."]
    assert [(problem.target, problem.message) for problem in form.problems] == [
        ("", "No."),
        ("", "What?"),
        ("id_name", "Taken."),
        ("id_kickoff_2", "Too dull."),
        ("id_kickoff_2", "Too short."),
    ]


def test_the_servers_errors_are_shown_on_a_form_that_was_not_posted() -> None:
    form = make_form(make_field("a"), initial={"name": "N", "kickoff-a": "kept"})
    form.add_server_errors({"a": ["No."]})

    assert form.rows[0].errors == ["No."]
    assert form.rows[0].context["value"] == "kept"


def test_an_error_of_name_is_shown_at_the_top_if_a_field_is_called_name_too() -> None:
    form = make_form(make_field("name"), data={})
    form.add_server_errors({"name": ["Taken."]})

    assert [(problem.target, problem.message) for problem in form.problems] == [("", "Taken.")]


def test_a_reason_for_a_field_that_cannot_be_answered_is_shown_too() -> None:
    form = make_form(make_field("a", "hologram"), data={})
    form.add_server_errors({"a": ["Required."]})

    assert form.rows[0].errors == ["Required."]


def test_it_reads_a_querydict_and_queries_no_users_without_need() -> None:
    people = FewPeople()
    form = make_form(make_field("a"), data=MultiValueDict({"name": ["N"], "kickoff-a": ["1"]}), people=people)

    assert form.is_valid()
    assert people.times_asked == 0
