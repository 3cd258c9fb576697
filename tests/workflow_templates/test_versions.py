"""What changed between two forms: the sentences, and that no difference is overlooked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.schemas import (
    FieldDefinition,
    Fieldset,
    FieldsetRule,
    Kickoff,
    RuleGroup,
    RuleKind,
    Selection,
)
from apps.workflow_templates.versions import compare
from tests.factories import make_field, make_options

REASON = make_field("reason")
COLOUR = make_field("colour", "dropdown")
DAY = make_field("day", "date")
FORM = (REASON, COLOUR, DAY)


def option(key: str, label: str) -> Selection:
    return Selection(key=key, label=label)


def sentences(old: tuple[FieldDefinition, ...], new: tuple[FieldDefinition, ...]) -> list[tuple[str, str]]:
    return [(change.kind, change.sentence) for change in compare(Kickoff(fields=old), Kickoff(fields=new))]


FIELD_CHANGES = {
    "added": (replace(REASON, api_name="why", name="Why"), [("added", "“Why” is new (short text).")]),
    "renamed": (replace(REASON, name="Why"), [("changed", "“Reason” was renamed to “Why”.")]),
    "retyped": (
        replace(REASON, type="text"),
        [("changed", "The type of “Reason” changed from short text to long text.")],
    ),
    "retyped to a type of tomorrow": (
        replace(REASON, type="hologram"),
        [("changed", "The type of “Reason” changed from short text to unknown type “hologram”.")],
    ),
    "now required": (replace(REASON, is_required=True), [("changed", "“Reason” is required now.")]),
    "description added": (
        replace(REASON, description="Why?"),
        [("changed", "“Reason” has a description now.")],
    ),
    "now hidden": (
        replace(REASON, is_hidden=True),
        [("changed", "“Reason” is hidden now.")],
    ),
    "with a default": (
        replace(REASON, default="Because"),
        [("changed", "“Reason” has a default now: “Because”.")],
    ),
    "with a limit": (
        replace(REASON, max_length=140),
        [("changed", "“Reason” takes at most 140 characters now.")],
    ),
    "in a group": (
        replace(REASON, fieldset="money"),
        [("changed", "“Reason” moved to the group “money”.")],
    ),
    "options out of sight": (
        replace(REASON, options_unknown=True),
        [("changed", "The API key can no longer read the options of “Reason”.")],
    ),
    "new and hidden": (
        replace(REASON, api_name="why", name="Why", is_hidden=True, is_required=True),
        [("added", "“Why” is new (short text, hidden).")],
    ),
    "renamed and required": (
        replace(REASON, name="Why", is_required=True),
        [("changed", "“Reason” was renamed to “Why”."), ("changed", "“Why” is required now.")],
    ),
}


@pytest.mark.parametrize(("new", "expected"), FIELD_CHANGES.values(), ids=FIELD_CHANGES.keys())
def test_it_says_what_changed_in_a_field(new: FieldDefinition, expected: list[tuple[str, str]]) -> None:
    old = () if new.api_name != REASON.api_name else (REASON,)
    assert sentences(old, (new,)) == expected


def test_it_says_that_a_field_became_optional() -> None:
    assert sentences((replace(REASON, is_required=True),), (REASON,)) == [
        ("changed", "“Reason” is optional now.")
    ]


def test_it_says_what_is_no_longer_so() -> None:
    before = replace(
        REASON, is_hidden=True, default="Because", max_length=140, fieldset="x", options_unknown=True
    )
    assert [sentence for _kind, sentence in sentences((before,), (REASON,))] == [
        "“Reason” is no longer hidden.",
        "The default of “Reason” was removed: “Because”.",
        "“Reason” has no length limit now.",
        "“Reason” was removed from its group.",
        "The API key can read the options of “Reason” now.",
    ]
    assert sentences((before,), (replace(before, default="So"),)) == [
        ("changed", "The default of “Reason” changed from “Because” to “So”.")
    ]


HUNDRED = FieldsetRule(RuleKind.SUM_EQUAL, "100", ("reason", "colour"))
MONEY = Fieldset("money", "Money", rules=(RuleGroup(((HUNDRED,),)),))
GROUP_CHANGES = {
    "added": ((), (MONEY,), [("added", "The group “Money” is new.")]),
    "removed": ((MONEY,), (), [("removed", "The group “Money” was removed.")]),
    "without a title": ((), (Fieldset("field-7"),), [("added", "The group “field-7” is new.")]),
    "renamed": (
        (MONEY,),
        (replace(MONEY, title="Fees"),),
        [("changed", "The group “Money” was renamed to “Fees”.")],
    ),
    "described": (
        (MONEY,),
        (replace(MONEY, description="All of it"),),
        [("changed", "The group “Money” has a description now.")],
    ),
    "without its rule": (
        (MONEY,),
        (replace(MONEY, rules=()),),
        [
            (
                "removed",
                "The group “Money” lost a rule: “Reason” and “Colour” together must be exactly 100.",
            )
        ],
    ),
    "with another rule": (
        (MONEY,),
        (replace(MONEY, rules=(RuleGroup(((replace(HUNDRED, value="90"),),)),)),),
        [
            (
                "removed",
                "The group “Money” lost a rule: “Reason” and “Colour” together must be exactly 100.",
            ),
            (
                "added",
                "The group “Money” has a new rule: “Reason” and “Colour” together must be exactly 90.",
            ),
        ],
    ),
    "with other words for its rule": (
        (MONEY,),
        (replace(MONEY, rules=(RuleGroup(((HUNDRED,),), message="Pay!"),)),),
        [("changed", "The rules of the group “Money” were rewritten with the same meaning.")],
    ),
    "reordered": (
        (MONEY, Fieldset("b", "B")),
        (Fieldset("b", "B"), MONEY),
        [("changed", "The order of the groups changed.")],
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), GROUP_CHANGES.values(), ids=GROUP_CHANGES.keys())
def test_it_says_what_happened_to_groups(
    old: tuple[Fieldset, ...], new: tuple[Fieldset, ...], expected: list[tuple[str, str]]
) -> None:
    changes = compare(Kickoff(fields=FORM, fieldsets=old), Kickoff(fields=FORM, fieldsets=new))
    assert [(change.kind, change.sentence) for change in changes] == expected


def test_a_field_that_is_only_renamed_makes_no_other_rule() -> None:
    renamed = (replace(REASON, name="Why"), COLOUR, DAY)
    changes = compare(Kickoff(fields=FORM, fieldsets=(MONEY,)), Kickoff(fields=renamed, fieldsets=(MONEY,)))
    assert [change.sentence for change in changes] == ["“Reason” was renamed to “Why”."]


def test_it_says_that_a_new_field_is_required() -> None:
    assert sentences((), (replace(DAY, is_required=True),)) == [("added", "“Day” is new (date, required).")]


def test_it_names_the_type_of_a_removed_field() -> None:
    assert sentences((REASON, COLOUR), (REASON,)) == [
        ("removed", "“Colour” was removed (one choice from a list).")
    ]


OPTION_CHANGES = {
    "removed": (make_options("Red", "Green"), [("removed", "“Colour” lost an option: “Blue”.")]),
    "added": (
        make_options("Red", "Green", "Blue", "Pink", "Grey"),
        [("added", "“Colour” has new options: “Pink”, “Grey”.")],
    ),
    "renamed": (
        make_options("Crimson", "Green", "Blue"),
        [("changed", "An option of “Colour” was renamed: “Red” to “Crimson”.")],
    ),
    "re-created": (
        (option("9", "Red"), option("2", "Green"), option("3", "Blue")),
        [("changed", "“Colour” has an option that was re-created with the same name: “Red”.")],
    ),
    "reordered": (
        (option("2", "Green"), option("1", "Red"), option("3", "Blue")),
        [("changed", "The order of the options of “Colour” changed.")],
    ),
    "many": (
        make_options("Red", "Green", "Blue", *[f"Shade {number}" for number in range(300)]),
        [
            (
                "added",
                "“Colour” has new options: “Shade 0”, “Shade 1”, “Shade 2”, “Shade 3”, “Shade 4” and 295 more.",
            )
        ],
    ),
}


@pytest.mark.parametrize(("options", "expected"), OPTION_CHANGES.values(), ids=OPTION_CHANGES.keys())
def test_it_says_what_happened_to_options(
    options: tuple[Selection, ...], expected: list[tuple[str, str]]
) -> None:
    assert sentences((COLOUR,), (replace(COLOUR, selections=options),)) == expected


MOVES = {
    "to the top": ((DAY, REASON, COLOUR), ["“Day” moved to the top."]),
    "down": ((COLOUR, DAY, REASON), ["“Reason” moved below “Day”."]),
    "made room only": ((make_field("new"), *FORM), ["“New” is new (short text)."]),
}


@pytest.mark.parametrize(("new", "expected"), MOVES.values(), ids=MOVES.keys())
def test_it_names_only_the_fields_that_moved(new: tuple[FieldDefinition, ...], expected: list[str]) -> None:
    assert [sentence for _kind, sentence in sentences(FORM, new)] == expected


def test_it_says_so_when_only_the_numbering_changed() -> None:
    renumbered = tuple(replace(field, order=field.order + 7) for field in FORM)
    assert sentences(FORM, renumbered) == [("changed", "The fields were renumbered in the same order.")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "Hello", "The form has a description now."),
        ("Hello", "", "The form's description was removed."),
        ("Hello", "Good day", "The form's description changed."),
    ],
)
def test_it_shows_both_descriptions_of_the_form(before: str, after: str, expected: str) -> None:
    (change,) = compare(Kickoff(description=before), Kickoff(description=after))
    assert (change.sentence, change.before, change.after) == (expected, before, after)


def test_it_keeps_the_name_of_the_field_with_each_change() -> None:
    changes = compare(Kickoff(fields=FORM), Kickoff(fields=(REASON, COLOUR, replace(DAY, name="Date"))))
    assert [change.api_name for change in changes] == ["day"]


def test_it_cuts_long_names_and_keeps_right_to_left_ones_apart() -> None:
    long = make_field("a", name="x" * 5000)
    hebrew = make_field("b", name="אבג")
    first, second = sentences((), (long, hebrew))
    assert first[1] == f"“{'x' * 79}…” is new (short text)."
    assert second[1] == "“\u2068אבג\u2069” is new (short text)."


def test_it_falls_back_on_the_api_name_where_a_field_has_no_name() -> None:
    assert sentences((), (make_field("field-7", name="  "),)) == [("added", "“field-7” is new (short text).")]


# Few different values, so that forms resemble each other; names may repeat, as a hostile server might have it.
OPTIONS = st.builds(Selection, key=st.sampled_from("123"), label=st.sampled_from(["Red", "Green", ""]))
FIELDS = st.builds(
    FieldDefinition,
    api_name=st.sampled_from(["a", "b", "c", "d"]),
    name=st.sampled_from(["Reason", "Day", ""]),
    type=st.sampled_from(["string", "dropdown", "hologram"]),
    description=st.sampled_from(["", "Help"]),
    is_required=st.booleans(),
    order=st.integers(0, 3),
    selections=st.lists(OPTIONS, max_size=4).map(tuple),
    default=st.sampled_from(["", "Red"]),
    is_hidden=st.booleans(),
    max_length=st.sampled_from([None, 0, 140]),
    fieldset=st.sampled_from(["", "x"]),
    options_unknown=st.booleans(),
)
RULES = st.builds(
    FieldsetRule,
    kind=st.sampled_from(RuleKind),
    value=st.sampled_from(["", "100"]),
    fields=st.lists(st.sampled_from("ab"), max_size=2).map(tuple),
)
RULE_GROUPS = st.builds(
    RuleGroup,
    alternatives=st.lists(st.lists(RULES, max_size=2).map(tuple), max_size=2).map(tuple),
    message=st.sampled_from(["", "Pay!"]),
)
FIELDSETS = st.builds(
    Fieldset,
    api_name=st.sampled_from("xy"),
    title=st.sampled_from(["", "Money"]),
    description=st.sampled_from(["", "Help"]),
    order=st.integers(0, 1),
    rules=st.lists(RULE_GROUPS, max_size=2).map(tuple),
)
FORMS = st.builds(
    Kickoff,
    description=st.sampled_from(["", "Hello"]),
    fields=st.lists(FIELDS, max_size=5).map(tuple),
    fieldsets=st.lists(FIELDSETS, max_size=2).map(tuple),
)


@given(FORMS)
def test_a_form_does_not_differ_from_itself(form: Kickoff) -> None:
    assert compare(form, form) == []


@given(FORMS, FORMS)
def test_two_forms_that_differ_have_a_change(old: Kickoff, new: Kickoff) -> None:
    assert bool(compare(old, new)) == (old != new)


@given(FORMS, FORMS)
def test_every_change_is_a_sentence(old: Kickoff, new: Kickoff) -> None:
    for change in compare(old, new):
        assert change.sentence.endswith(".")
        assert "%(" not in change.sentence


@given(st.permutations([make_field(name) for name in "abcdef"]))
def test_putting_back_what_moved_restores_the_order(shuffled: list[FieldDefinition]) -> None:
    before = [make_field(name) for name in "abcdef"]
    changes = compare(Kickoff(fields=tuple(before)), Kickoff(fields=tuple(shuffled)))
    moved = {change.api_name for change in changes}
    assert [field for field in before if field.api_name not in moved] == [
        field for field in shuffled if field.api_name not in moved
    ]
