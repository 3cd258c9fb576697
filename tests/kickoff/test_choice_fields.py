"""radio, dropdown and checkbox."""

from __future__ import annotations

import pytest

from apps.kickoff.fields import create
from apps.kickoff.fields.choices import MAX_LISTED_OPTIONS, ChoiceField
from apps.kickoff.lookups import HITS
from apps.pneumatic.canonical.schemas import Selection
from tests.factories import make_field
from tests.kickoff.fakes import answer_to, errors_of, make_form, numbered

ONE = ["radio", "radiobutton", "dropdown"]
ALL = [*ONE, "checkbox"]


@pytest.mark.parametrize("type_name", ONE)
def test_one_option_is_chosen_by_its_key(type_name: str) -> None:
    assert answer_to(make_field("a", type_name, selections=numbered(3)), "2") == "2"


def test_several_boxes_are_ticked_in_the_order_shown_each_once() -> None:
    definition = make_field("a", "checkbox", selections=numbered(5))

    assert answer_to(definition, ["4", "1", "4", ""]) == ("1", "4")


@pytest.mark.parametrize("type_name", ALL)
@pytest.mark.parametrize("count", [2, 40])
def test_an_optional_field_can_be_cleared(type_name: str, count: int) -> None:
    assert answer_to(make_field("a", type_name, selections=numbered(count)), "") is None
    assert answer_to(make_field("a", type_name, selections=numbered(count)), []) is None


@pytest.mark.parametrize("type_name", ALL)
def test_no_choice_is_refused_where_one_is_required(type_name: str) -> None:
    [error] = errors_of(make_field("a", type_name, selections=numbered(2), is_required=True), [])

    assert error.endswith("this field is required.")


@pytest.mark.parametrize("type_name", ALL)
@pytest.mark.parametrize("foreign", ["9", "Option 1", " 1", "1\0", "é"])
def test_what_is_not_on_offer_is_refused(type_name: str, foreign: str) -> None:
    [error] = errors_of(make_field("a", type_name, selections=numbered(2)), foreign)

    assert "is not available" in error


@pytest.mark.parametrize("type_name", ALL)
def test_a_required_field_without_options_blocks_the_launch_and_says_why(type_name: str) -> None:
    form = make_form(make_field("a", type_name, name="Colour", is_required=True, selections=()), data={})

    assert form.blockers == ["“Colour” is required, but the template has no options for it."]
    assert not form.is_valid()
    assert form.rows[0].notice == "The template has no options for this field."


def test_an_optional_field_without_options_blocks_nothing() -> None:
    form = make_form(make_field("a", "radio", selections=()), data={})

    assert form.blockers == []
    assert form.is_valid()


def test_options_of_one_key_are_one_option() -> None:
    selections = (Selection("1", "Red"), Selection("1", "Rot"), Selection("", "Nothing"), Selection("2", ""))
    [row] = make_form(make_field("a", "radio", selections=selections)).rows

    assert [(option.value, option.label) for option in row.context["options"]] == [("1", "Red"), ("2", "2")]


def test_a_dropdown_of_fifteen_options_lists_them_and_one_of_sixteen_is_searched() -> None:
    short = create(make_field("a", "dropdown", selections=numbered(MAX_LISTED_OPTIONS)))
    long = create(make_field("a", "dropdown", selections=numbered(MAX_LISTED_OPTIONS + 1)))

    assert (short.template, short.grouped) == ("kickoff/widgets/select.html", False)
    assert (long.template, long.grouped) == ("kickoff/widgets/search.html", True)


def test_a_long_dropdown_shows_what_is_chosen_and_what_was_found_and_nothing_else() -> None:
    definition = make_field("a", "dropdown", selections=numbered(3000))
    untouched = make_form(definition).rows[0].context
    searched = make_form(definition, data={"kickoff-a": "7", "find-a": "option 29"}, find="a").rows[0].context

    assert untouched["options"] == []
    assert [(option.value, option.checked) for option in searched["options"][:2]] == [
        ("7", True),
        ("29", False),
    ]
    assert len(searched["options"]) == HITS + 1
    assert (searched["hits"], searched["is_cut"]) == (HITS, True)


def test_a_search_takes_the_words_in_any_order_and_prefers_beginnings() -> None:
    labels = ["North-West depot", "West depot", "\uff37est office", "Straße West", "East"]
    field = create(make_field("a", "dropdown", selections=tuple(Selection(label, label) for label in labels)))
    assert isinstance(field, ChoiceField)

    assert [option.label for option in field.search("west")] == [
        "West depot",
        "\uff37est office",
        "North-West depot",
        "Straße West",
    ]
    assert [option.label for option in field.search(" DEPOT  north ")] == ["North-West depot"]
    assert [option.label for option in field.search("STRASSE")] == ["Straße West"]
    assert field.search("nowhere") == []


def test_an_answer_is_described_by_its_label() -> None:
    field = create(make_field("a", "checkbox", selections=numbered(3)))

    described = field.describe(("3", "9"))

    assert [(part.text, part.note) for part in described.parts] == [
        ("Option 3", ""),
        ("9", "not among the options of this version"),
    ]
    assert str(described) == "Option 3, 9"


@pytest.mark.parametrize("type_name", ["radio", "dropdown", "checkbox"])
@pytest.mark.parametrize("option", ["two\nlines", " padded ", "comma, blank", "two\r\nlines"])
def test_an_option_is_chosen_as_a_browser_posts_it(type_name: str, option: str) -> None:
    field = make_field("a", type_name, selections=(Selection(option, option), Selection("x", "x")))
    posted = option.replace("\r\n", "\n").replace("\n", "\r\n")

    value = answer_to(field, posted)

    assert value == ((option,) if type_name == "checkbox" else option)
