"""Groups of fields, and the rules about their numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.template.loader import render_to_string

from apps.kickoff.rules import broken_rules
from apps.pneumatic.canonical.schemas import Fieldset, FieldsetRule, RuleGroup, RuleKind
from tests.factories import make_field
from tests.kickoff.fakes import make_form
from tests.kickoff.test_rendering import HOSTILE, Page, render

DEPOSIT = make_field("deposit", "number", fieldset="money")
REST = make_field("rest", "number", fieldset="money")
TOP = make_field("top")
MORE = Fieldset("more", title="More")
HUNDRED = FieldsetRule(RuleKind.SUM_EQUAL, "100", ("deposit", "rest"))
ELSEWHERE = FieldsetRule(RuleKind.OTHER, "x", ())


def rule(kind: RuleKind, value: str, *fields: str) -> FieldsetRule:
    return FieldsetRule(kind, value, fields or ("deposit", "rest"))


def money(*rules: RuleGroup, **values: Any) -> Fieldset:
    return Fieldset("money", **{"title": "Money", **values}, rules=rules)


def group(*alternatives: tuple[FieldsetRule, ...], message: str = "") -> RuleGroup:
    return RuleGroup(alternatives, message)


def test_fields_are_shown_in_their_groups_and_answered_flat() -> None:
    form = make_form(
        TOP,
        DEPOSIT,
        REST,
        fieldsets=[money(description="All of it")],
        data={"kickoff-top": "x", "kickoff-deposit": "40", "kickoff-rest": "60"},
    )

    assert form.is_valid(), form.errors
    assert [(section.title, [row.key for row in section.rows]) for section in form.sections] == [
        ("", ["top"]),
        ("Money", ["deposit", "rest"]),
    ]
    assert {answer.field.api_name: answer.value for answer in form.answers()} == {
        "top": "x",
        "deposit": Decimal(40),
        "rest": Decimal(60),
    }


def test_fields_between_groups_stay_between_them() -> None:
    last = make_field("last")
    form = make_form(DEPOSIT, REST, TOP, make_field("b", fieldset="more"), last, fieldsets=[money(), MORE])

    assert [(section.title, [row.key for row in section.rows]) for section in form.sections] == [
        ("Money", ["deposit", "rest"]),
        ("", ["top"]),
        ("More", ["b"]),
        ("", ["last"]),
    ]


def test_a_field_of_an_unknown_group_is_shown_alone_and_an_empty_group_not_at_all() -> None:
    form = make_form(make_field("a", fieldset="lost"), fieldsets=[money()])

    assert [(section.id, len(section.rows)) for section in form.sections] == [("", 1)]


def test_a_broken_rule_is_shown_at_its_group_and_links_to_its_first_field() -> None:
    form = make_form(
        TOP,
        DEPOSIT,
        REST,
        fieldsets=[money(group((HUNDRED,)))],
        data={"kickoff-deposit": "40", "kickoff-rest": "50.5"},
    )

    assert not form.is_valid()
    sentence = "“Deposit” and “Rest” together must be exactly 100. Now it is 90.5."
    assert [(problem.label, problem.target, problem.message) for problem in form.problems] == [
        ("Money", "id_kickoff_2", sentence)
    ]
    section = form.sections[1]
    assert section.errors == [sentence]
    assert section.rules == ["“Deposit” and “Rest” together must be exactly 100."]


def test_the_authors_words_for_a_broken_rule_are_used() -> None:
    form = make_form(
        DEPOSIT,
        REST,
        fieldsets=[money(group((HUNDRED,), message="Pay all of it."))],
        data={"kickoff-deposit": "1"},
    )

    assert [problem.message for problem in form.problems] == ["Pay all of it."]


@pytest.mark.parametrize(
    ("kind", "value", "deposit", "rest", "holds"),
    [
        (RuleKind.SUM_EQUAL, "100", "40", "60", True),
        (RuleKind.SUM_EQUAL, "100.00", "40", "60.0", True),
        (RuleKind.SUM_EQUAL, "0.3", "0.1", "0.2", True),
        (RuleKind.SUM_EQUAL, "100", "100", "", True),
        (RuleKind.SUM_EQUAL, "100", "99", "", False),
        (RuleKind.SUM_EQUAL, "0", "5", "-5", True),
        (RuleKind.SUM_MORE, "10", "10", "", False),
        (RuleKind.SUM_MORE, "10", "10", "0.01", True),
        (RuleKind.SUM_LESS, "10", "10", "", False),
        (RuleKind.SUM_LESS, "10", "9.99", "", True),
        (RuleKind.SUM_EQUAL, "1" + "0" * 50, "1" + "0" * 50, "0." + "0" * 50 + "1", False),
        (RuleKind.SUM_EQUAL, "100", "", "", True),
        (RuleKind.SUM_EQUAL, "abc", "1", "2", True),
        (RuleKind.SUM_EQUAL, "NaN", "1", "2", True),
        (RuleKind.SUM_EQUAL, "", "1", "2", True),
        (RuleKind.OTHER, "100", "1", "2", True),
    ],
)
def test_sums_are_exact_and_only_answered_rules_of_known_kinds_are_checked(
    kind: RuleKind, value: str, deposit: str, rest: str, holds: bool
) -> None:
    form = make_form(
        DEPOSIT,
        REST,
        fieldsets=[money(group((rule(kind, value),)))],
        data={"kickoff-deposit": deposit, "kickoff-rest": rest},
    )

    assert form.is_valid() is holds


def test_an_alternative_is_met_when_all_of_its_rules_are() -> None:
    rules = money(
        group(
            (HUNDRED,),
            (rule(RuleKind.SUM_MORE, "10", "deposit"), rule(RuleKind.SUM_LESS, "20", "deposit")),
        )
    )

    def is_broken(deposit: str, rest: str) -> bool:
        return bool(broken_rules(rules, {"deposit": Decimal(deposit), "rest": Decimal(rest)}))

    assert not is_broken("40", "60")
    assert not is_broken("15", "0")
    assert is_broken("5", "0")
    assert is_broken("25", "0")


def test_a_rule_that_only_the_server_knows_leaves_the_judgement_to_it() -> None:
    numbers = {"deposit": Decimal(1), "rest": None}

    assert broken_rules(money(group((HUNDRED,), (ELSEWHERE,))), numbers) == []
    assert broken_rules(money(group((HUNDRED, ELSEWHERE))), numbers) != []
    assert broken_rules(money(group((ELSEWHERE,))), numbers) == []
    assert broken_rules(money(group()), numbers) == []


def test_a_rule_about_a_field_that_is_no_sound_number_is_left_alone() -> None:
    rules = [money(group((HUNDRED,)), group((rule(RuleKind.SUM_EQUAL, "1", "deposit", "top"),)))]
    form = make_form(
        TOP,
        DEPOSIT,
        REST,
        fieldsets=rules,
        data={"kickoff-top": "7", "kickoff-deposit": "5", "kickoff-rest": "many"},
    )

    assert [problem.target for problem in form.problems] == ["id_kickoff_3"]


def test_a_hidden_number_counts() -> None:
    hidden = make_field("rest", "number", fieldset="money", is_hidden=True, default="60")
    form = make_form(DEPOSIT, hidden, fieldsets=[money(group((HUNDRED,)))], data={"kickoff-deposit": "40"})

    assert form.is_valid(), form.errors


def test_a_search_checks_no_rules() -> None:
    form = make_form(
        DEPOSIT,
        REST,
        make_field("who", "user"),
        fieldsets=[money(group((HUNDRED,)))],
        data={"kickoff-deposit": "1", "find-who": "ada"},
        find="who",
    )

    assert form.problems == []
    assert not any(section.errors for section in form.sections)


def test_rules_are_shown_as_sentences() -> None:
    rules = money(
        group((HUNDRED,)),
        group((rule(RuleKind.SUM_MORE, "5", "deposit"),)),
        group((rule(RuleKind.SUM_LESS, "9", "deposit"),), (rule(RuleKind.SUM_EQUAL, "20", "rest"),)),
        group((rule(RuleKind.SUM_MORE, "1", "deposit"), rule(RuleKind.SUM_LESS, "3", "deposit"))),
        group((ELSEWHERE,)),
        group((ELSEWHERE,)),
        group((HUNDRED,), (ELSEWHERE,)),
    )
    form = make_form(DEPOSIT, REST, fieldsets=[rules])

    assert form.sections[0].rules == [
        "“Deposit” and “Rest” together must be exactly 100.",
        "“Deposit” must be more than 5.",
        "One of these must be true: “Deposit” must be less than 9; or “Rest” must be exactly 20.",
        "“Deposit” must be more than 1 and “Deposit” must be less than 3.",
        "Pneumatic checks another rule here.",
        "One of these must be true: “Deposit” and “Rest” together must be exactly 100; "
        "or a rule that only Pneumatic checks.",
    ]


def test_a_group_is_a_fieldset_with_a_legend_and_its_texts_belong_to_it() -> None:
    form = make_form(
        DEPOSIT,
        REST,
        fieldsets=[money(group((HUNDRED,)), description="**All** of it")],
        data={"kickoff-deposit": "1"},
    )
    html = render(form)
    fieldset = Page(html).one("id_fieldset_1")

    assert '<legend class="fieldset__title"><bdi>Money</bdi></legend>' in html
    assert "<strong>All</strong>" in html
    assert fieldset["aria-describedby"] == "id_fieldset_1_help id_fieldset_1_rules id_fieldset_1_error"
    for part in ("help", "rules", "error"):
        Page(html).one(f"id_fieldset_1_{part}")


def test_a_group_without_a_title_has_no_empty_legend() -> None:
    html = render(make_form(DEPOSIT, fieldsets=[money(title=" ")]))

    assert "<legend" not in html
    assert "<fieldset" not in html
    assert Page(html).one("id_fieldset_1")["class"] == "fieldset"


def test_hostile_groups_are_only_text() -> None:
    fields = [make_field(f"f{number}", "number", name=HOSTILE, fieldset="money") for number in range(2)]
    rules = group((rule(RuleKind.SUM_EQUAL, HOSTILE, "f0"),), message=HOSTILE)
    other = group((rule(RuleKind.SUM_EQUAL, "5", "f0", "f1"),), message=HOSTILE)
    form = make_form(
        *fields,
        fieldsets=[money(rules, other, title=HOSTILE, description=HOSTILE)],
        data={"kickoff-f0": "1"},
    )
    html = render(form) + render_to_string("kickoff/error_summary.html", {"form": form})

    assert {"script", "img"}.isdisjoint(tag for tag, _attributes in Page(html).elements)
    assert Page(html).all("onerror") == []


def test_problems_are_listed_in_the_order_of_the_page() -> None:
    last = make_field("last", is_required=True)
    first = make_field("first", is_required=True)
    form = make_form(
        first,
        DEPOSIT,
        make_field("rest", "number", fieldset="money", is_required=True),
        last,
        fieldsets=[money(group((HUNDRED,)))],
        data={"kickoff-deposit": "1"},
    )

    assert [problem.label for problem in form.problems] == ["First", "Rest", "Last"]
    form = make_form(
        first, DEPOSIT, REST, last, fieldsets=[money(group((HUNDRED,)))], data={"kickoff-deposit": "1"}
    )
    assert [problem.label for problem in form.problems] == ["First", "Money", "Last"]


def test_a_rule_that_only_hidden_fields_break_is_shown_at_the_top() -> None:
    hidden = make_field("deposit", "number", fieldset="money", is_hidden=True, default="7")
    rules = money(group((rule(RuleKind.SUM_EQUAL, "100", "deposit"),)))
    form = make_form(TOP, hidden, fieldsets=[rules], data={})

    assert not form.is_valid()
    assert [(problem.label, problem.target, problem.message) for problem in form.problems] == [
        ("Money", "", "“Deposit” must be exactly 100.")
    ]
