"""What the template's author has answered already, and what wins over it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from apps.kickoff.transfer import carry_over, initial_from_query, rebase, with_empty_controls
from apps.pneumatic.canonical.schemas import FieldDefinition, GroupValue, UserValue
from tests.factories import make_field, make_options
from tests.kickoff.fakes import FINANCE, FewPeople, make_form

WORDS = make_options("Mail", "Wiki", "Telex, fax", "Fax", "Mail, Wiki")


def shown(definition: FieldDefinition, **options: Any) -> list[str]:
    """Return the controls with which a fresh form shows the field."""
    form = make_form(definition, people=FewPeople(groups=[FINANCE]), **options)
    value: list[str] = form.initial.get(f"kickoff-{definition.api_name}", [])
    return value


@pytest.mark.parametrize(
    ("type_name", "default", "controls"),
    [
        ("string", " Ada\nL. ", ["Ada L."]),
        ("text", "one\r\n two ", ["one\n two "]),
        ("url", " https://example.com/ ", ["https://example.com/"]),
        ("number", "1234.50", ["1234.50"]),
        ("date", "2026-03-31", ["2026-03-31"]),
        ("date", "2026-03-31T23:30:00+00:00", ["2026-04-01"]),
        ("date", "2026-03-31T23:30:00Z", ["2026-04-01"]),
        ("date", "2026-03-31T23:30:00", ["2026-03-31"]),
        ("date", "1767225600", ["2026-01-01"]),
        ("date", "1767222000.5", ["2026-01-01"]),
        ("date", "0", ["1970-01-01"]),
        ("date", "-86400", ["1969-12-31"]),
        ("user", "1", ["1"]),
        ("user", "GRACE@example.com", ["2"]),
        ("user", "finance", ["group:1"]),
    ],
)
def test_a_default_fills_the_form(type_name: str, default: str, controls: list[str]) -> None:
    with timezone.override("Europe/Berlin"):
        assert shown(make_field("a", type_name, default=default)) == controls


@pytest.mark.parametrize("type_name", ["radio", "dropdown"])
@pytest.mark.parametrize(("default", "key"), [("Wiki", "2"), ("Telex, fax", "3"), ("mail ", "1")])
def test_one_option_is_named_by_its_text(type_name: str, default: str, key: str) -> None:
    assert shown(make_field("a", type_name, selections=WORDS, default=default)) == [key]


@pytest.mark.parametrize(
    ("default", "keys"),
    [
        ("Mail", ["1"]),
        ("Fax, Mail", ["4", "1"]),
        ("Telex, fax, Mail", ["3", "1"]),
        ("Mail, Telex, fax", ["1", "3"]),
        ("Mail, Wiki", ["5"]),
        ("Wiki, Mail", ["2", "1"]),
        ("Mail, Fax, Mail", ["1", "4"]),
    ],
)
def test_several_options_are_distinguished_though_their_texts_have_commas(
    default: str, keys: list[str]
) -> None:
    assert shown(make_field("a", "checkbox", selections=WORDS, default=default)) == keys


@pytest.mark.parametrize(
    ("type_name", "default"),
    [
        ("string", "x" * 6),
        ("string", "a\0b"),
        ("text", " \n "),
        ("url", "not an address"),
        ("number", "1,234"),
        ("number", "NaN"),
        ("date", "soon"),
        ("date", "31.12.2026"),
        ("date", "999999999999"),
        ("date", "0001-01-01"),
        ("radio", "Mail, Telex"),
        ("dropdown", "Post"),
        ("checkbox", "Mail, Post"),
        ("checkbox", "Mail,"),
        ("user", "nobody@example.com"),
        ("user", "3"),
        ("user", "ida@example.com"),
        ("file", "contract.pdf"),
        ("hologram", "x"),
    ],
)
def test_a_default_that_is_not_valid_is_ignored(type_name: str, default: str) -> None:
    field = make_field("a", type_name, default=default, max_length=5)
    if type_name in {"radio", "dropdown", "checkbox"}:
        field = make_field("a", type_name, default=default, selections=WORDS)

    assert shown(field) == []


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_timestamp_is_a_day_in_the_zone_of_the_account(zone: str) -> None:
    midnight = dt.datetime(2026, 3, 31, tzinfo=ZoneInfo(zone))
    field = make_field("a", "date", default=str(int(midnight.timestamp())))

    assert shown(field, zone=ZoneInfo(zone)) == ["2026-03-31"]


def test_a_long_default_of_a_checkbox_is_read_at_once() -> None:
    options = make_options(*(f"Option {number}, part" for number in range(400)))
    default = ", ".join(option.label for option in options)

    assert len(shown(make_field("a", "checkbox", selections=options, default=default))) == 400


def test_what_was_filled_in_already_wins() -> None:
    field = make_field("a", default="usual")

    assert shown(field, initial={"kickoff-a": ["mine"]}) == ["mine"]
    assert shown(field, initial={"kickoff-a": []}) == []


def test_a_link_wins_over_a_default_even_where_it_says_nothing() -> None:
    fields = [
        make_field("a", default="usual"),
        make_field("b", default="usual"),
        make_field("c", default="usual"),
    ]

    initial, notes = initial_from_query(fields, QueryDict("kickoff-a=mine&kickoff-b="), people=FewPeople())

    assert notes == []
    assert [row.context["value"] for row in make_form(*fields, initial=initial).rows] == ["mine", "", "usual"]


def test_an_earlier_launch_wins_over_a_default_even_where_it_says_nothing() -> None:
    old = [make_field("a", default="usual"), make_field("b", default="usual")]
    new = [*old, make_field("c", default="usual")]

    initial, dropped = carry_over({"a": "mine"}, old, new)

    assert dropped == []
    assert [row.context["value"] for row in make_form(*new, initial=initial).rows] == ["mine", "", "usual"]


def test_a_cleared_field_stays_empty_when_the_form_is_shown_again() -> None:
    fields = [make_field("a", default="usual"), make_field("b", "number", is_required=True)]
    form = make_form(*fields, data={"kickoff-a": ""})

    assert not form.is_valid()
    assert form.rows[0].context["value"] == ""


def test_a_box_that_was_unticked_stays_so_when_the_template_has_changed() -> None:
    old = [make_field("a", "checkbox", default="Red")]
    new = [*old, make_field("b", "checkbox", default="Blue")]
    posted = with_empty_controls(MultiValueDict({"name": ["N"]}), old)

    rebased, _dropped = rebase(posted, old, new)
    form = make_form(*new, initial={name: list(values) for name, values in rebased.lists()})

    ticked = [[option.label for option in row.context["options"] if option.checked] for row in form.rows]
    assert ticked == [[], ["Blue"]]


# -- Hidden fields


def test_a_hidden_field_is_not_on_the_page_and_carries_its_default() -> None:
    fields = [make_field("a", is_hidden=True, default="carried", is_required=True), make_field("b")]
    form = make_form(*fields, data={"kickoff-a": "forged", "kickoff-b": "typed"})

    assert form.is_valid(), form.errors
    assert [row.control for row in form.rows] == ["kickoff-b"]
    assert [(answer.field.api_name, answer.value) for answer in form.answers()] == [
        ("a", "carried"),
        ("b", "typed"),
    ]


def test_hidden_fields_of_every_type_carry_their_values() -> None:
    fields = [
        make_field("line", is_hidden=True, default="x"),
        make_field("day", "date", is_hidden=True, default="2026-03-31"),
        make_field("sum", "number", is_hidden=True, default="1.50"),
        make_field("some", "checkbox", is_hidden=True, default="Red, Blue"),
        make_field("who", "user", is_hidden=True, default="ada@example.com"),
        make_field("team", "user", is_hidden=True, default="Finance"),
        make_field("papers", "file", is_hidden=True),
        make_field("nothing", is_hidden=True),
        make_field("wrong", "number", is_hidden=True, default="many"),
    ]
    form = make_form(*fields, data={}, people=FewPeople(groups=[FINANCE]))

    assert form.is_valid(), form.errors
    assert {answer.field.api_name: answer.value for answer in form.answers()} == {
        "line": "x",
        "day": dt.date(2026, 3, 31),
        "sum": Decimal("1.50"),
        "some": ("1", "3"),
        "who": UserValue(1, "ada@example.com", "Ada Lovelace"),
        "team": GroupValue(1, "Finance"),
    }


@pytest.mark.parametrize(
    ("type_name", "default", "reason"),
    [
        ("string", "", "but it has no default"),
        ("number", "many", "but its default “many” is not a valid value"),
        ("file", "", "but it has no default"),
    ],
)
def test_a_hidden_field_that_must_be_answered_and_is_not_blocks_the_launch(
    type_name: str, default: str, reason: str
) -> None:
    field = make_field("a", type_name, name="Cost centre", is_hidden=True, is_required=True, default=default)
    form = make_form(field, data={})
    [blocker] = form.blockers

    assert not form.is_valid()
    assert blocker.startswith(f"“Cost centre” is hidden and required, {reason}")
    assert "the template's author can" in blocker


def test_an_error_of_a_hidden_field_is_shown_at_the_top() -> None:
    form = make_form(make_field("a", name="Cost centre", is_hidden=True, default="7"), data={})
    form.add_server_errors({"a": ["No such cost centre."]})

    assert [(problem.target, problem.message) for problem in form.problems] == [
        ("", "The hidden field “Cost centre”: No such cost centre.")
    ]


def test_a_link_cannot_answer_a_hidden_field() -> None:
    field = make_field("a", name="Cost centre", is_hidden=True, default="7")

    initial, notes = initial_from_query([field], QueryDict("kickoff-a=8"), people=FewPeople())

    assert initial == {}
    assert notes == [
        "The link's answer to “Cost centre” was left out: It is hidden, and only its default is sent."
    ]


def test_a_field_that_became_hidden_is_reported_with_its_answer() -> None:
    old, new = make_field("a", name="Colour"), make_field("a", name="Colour", is_hidden=True, default="red")

    assert carry_over({"a": "blue"}, [old], [new]) == (
        {},
        ["“Colour” is no longer in the form. The answer was: blue"],
    )


@pytest.mark.parametrize("new", [[], [make_field("a", is_hidden=True, default="other")]])
def test_a_field_that_stays_hidden_is_no_loss(new: list[FieldDefinition]) -> None:
    assert carry_over({"a": "carried"}, [make_field("a", is_hidden=True, default="carried")], new) == ({}, [])


def test_a_second_field_of_the_name_of_a_hidden_one_is_explained() -> None:
    form = make_form(
        make_field("a", name="Secret", is_hidden=True, default="x"), make_field("a", name="Open")
    )

    assert "as the hidden field “Secret”" in form.rows[0].notice
