"""How long texts may be, what becomes of {{...}} in a name, and what cannot be answered with this server or key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_field
from tests.kickoff.fakes import errors_of, make_form
from tests.kickoff.test_rendering import Page, render

VARIABLES = ("date", "template-name", "workflow-id")


@pytest.mark.parametrize("type_name", ["string", "text", "url"])
def test_what_is_too_long_is_refused_with_both_numbers(type_name: str) -> None:
    typed = "https://a.io/" + "x" * 128
    [error] = errors_of(make_field("a", type_name, max_length=140), typed)

    assert error == "This has 141 characters; the limit is 140 characters."


@pytest.mark.parametrize("type_name", ["string", "text", "url"])
def test_what_just_fits_is_taken_and_counted_without_the_blanks_around_it(type_name: str) -> None:
    typed = "https://a.io/" + "x" * 127
    around = " " if type_name != "text" else ""
    form = make_form(
        make_field("a", type_name, max_length=140), data={"kickoff-a": f"{around}{typed}{around}"}
    )

    assert form.is_valid(), form.errors


def test_characters_are_counted_as_people_see_them_in_text_and_not_in_bytes() -> None:
    assert make_form(make_field("a", max_length=3), data={"kickoff-a": "Æø😀"}).is_valid()


def test_a_limit_is_shown_and_counted_but_nothing_is_cut() -> None:
    page = Page(render(make_form(make_field("a", max_length=140), longest_name=120)))

    assert page.all("maxlength") == []
    assert page.all("data-limit") == ["120", "140"]
    assert page.one("id_kickoff_1")["aria-describedby"] == "id_kickoff_1_limit"
    assert page.one("id_name")["aria-describedby"] == "id_name_limit"


def test_the_limit_of_a_name_is_a_sentence_too() -> None:
    assert make_form(data={"name": " " + "x" * 120 + " "}, longest_name=120).is_valid()
    form = make_form(data={"name": "x" * 121}, longest_name=120)

    assert [problem.message for problem in form.problems] == [
        "This has 121 characters; the limit is 120 characters."
    ]
    assert make_form(data={"name": "x" * 5000}).is_valid()


def test_what_becomes_of_variables_in_a_name_is_explained() -> None:
    name = "{{date}} {{ client }}: {{secret}} {{unknown-var}} {{date}} {{}} { {x}}"
    fields = [make_field("client", name="Client"), make_field("secret", is_hidden=True, default="x")]
    row = make_form(*fields, initial={"name": name}, name_variables=VARIABLES).name_row

    assert row.notes == [
        "When the workflow starts, Pneumatic replaces {{date}}, {{ client }} (the answer to “Client”), "
        "{{secret}} (the answer to “Secret”).",
        "{{unknown-var}} stays as it is: Pneumatic does not replace it.",
    ]
    assert "id_name_notes" in row.describedby


def test_nothing_is_explained_where_nothing_is_replaced() -> None:
    assert make_form(initial={"name": "{{date}}"}).name_row.notes == []


def test_a_name_without_variables_lists_the_possible_ones() -> None:
    row = make_form(initial={"name": "date"}, name_variables=VARIABLES).name_row
    assert row.notes == ["Pneumatic fills in {{date}}, {{template-name}}, {{workflow-id}}."]

    field = make_field("client-1", name="Client")
    row = make_form(field, initial={"name": "date"}, name_variables=VARIABLES).name_row
    assert row.notes == [
        "Pneumatic fills in {{date}}, {{template-name}}, {{workflow-id}}, and answers, such as {{client-1}} for "
        "“Client”."
    ]


def test_answers_are_put_in_only_if_one_of_them_has_a_name_without_the_servers_own() -> None:
    """As the server looks for them: one that holds "date" alone stays as it is."""
    fields = [make_field("start-date", name="Start"), make_field("client", name="Client")]

    alone = make_form(*fields, initial={"name": "{{start-date}}"}, name_variables=VARIABLES).name_row
    both = make_form(
        *fields, initial={"name": "{{start-date}} {{client}}"}, name_variables=VARIABLES
    ).name_row

    assert alone.notes == ["{{start-date}} stays as it is: Pneumatic does not replace it."]
    assert both.notes == [
        "When the workflow starts, Pneumatic replaces {{start-date}} (the answer to “Start”), {{client}} (the answer "
        "to “Client”)."
    ]


def test_names_of_variables_do_not_count_since_values_replace_them() -> None:
    pattern = "x" * 120 + " {{client}}".strip() * 20
    assert make_form(data={"name": pattern}, longest_name=120, name_variables=VARIABLES).is_valid()
    assert not make_form(data={"name": pattern}, longest_name=120).is_valid()
    assert not make_form(data={"name": f"x{pattern}"}, longest_name=120, name_variables=VARIABLES).is_valid()
    page = Page(render(make_form(longest_name=120, name_variables=VARIABLES)))
    assert page.all("data-pattern") == [""]


@pytest.mark.parametrize("type_name", ["radio", "dropdown", "checkbox"])
@pytest.mark.parametrize("is_required", [True, False])
def test_options_that_the_key_may_not_read_are_explained(type_name: str, is_required: bool) -> None:
    field = make_field(
        "a", type_name, name="City", selections=(), options_unknown=True, is_required=is_required
    )
    form = make_form(field, data={})

    assert "data set that the API key cannot read" in form.rows[0].notice
    assert form.is_valid() is not is_required
    assert [blocker[:23] for blocker in form.blockers] == (["“City” is required, but"] if is_required else [])


def test_a_file_field_says_why_no_file_can_be_sent() -> None:
    fields = [make_field("a", "file", name="Papers"), make_field("b")]
    form = make_form(*fields, data={"kickoff-a": ["u-1"], "kickoff-b": "x"}, no_files="Files have no home.")

    assert form.is_valid(), form.errors
    assert [answer.field.api_name for answer in form.answers()] == ["b"]
    assert form.rows[0].notice == "Files have no home."
    assert "kickoff-a" not in Page(render(form)).all("name")


def test_a_required_file_field_blocks_the_launch_where_no_file_can_be_sent() -> None:
    field = make_field("a", "file", name="Papers", is_required=True)
    form = make_form(field, data={"kickoff-a": ["u-1"]}, no_files="Files have no home.")

    assert not form.is_valid()
    assert form.blockers == ["“Papers” is required. Files have no home."]


TYPES = ["string", "text", "url", "number", "date", "radio", "dropdown", "checkbox", "user", "file"]


@pytest.mark.parametrize("type_name", TYPES)
@given(before=st.text("a1-:.,/ ", max_size=5), after=st.text("a1-:.,/ ", max_size=5))
def test_no_null_character_gets_through(type_name: str, before: str, after: str) -> None:
    form = make_form(make_field("a", type_name), data={"kickoff-a": f"{before}\0{after}"})

    assert not form.is_valid() or form.answers() == ()
    assert not make_form(data={"name": f"{before}\0{after}"}).is_valid()
