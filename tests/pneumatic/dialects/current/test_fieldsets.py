"""The current dialect: fieldsets and their rules."""

from __future__ import annotations

from typing import Any

import pytest

from apps.pneumatic.canonical.schemas import FieldsetRule, Kickoff, RuleGroup, RuleKind
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic.dialects.current import samples


def form(*fields: dict[str, Any], fieldsets: list[dict[str, Any]]) -> Kickoff:
    """Return the form that is read from a row of the list."""
    row = samples.summary(kickoff=samples.kickoff(*fields, fieldsets=fieldsets))
    return Current().parse_template_summary(Node(row)).kickoff


def rule(type_: str, value: Any, *fields: str) -> dict[str, Any]:
    return {"api_name": f"rule-{value}", "type": type_, "value": value, "fields": list(fields)}


def rules_of(**changes: Any) -> tuple[RuleGroup, ...]:
    (fieldset,) = form(fieldsets=[samples.fieldset(**changes)]).fieldsets
    return fieldset.rules


def test_fields_and_fieldsets_are_one_list_with_the_higher_order_first() -> None:
    late = samples.fieldset(samples.field(api_name="b"), api_name="late", title="Late", order=2)
    early = samples.fieldset(
        samples.field(api_name="a"), api_name="early", title="Early", description="D", order=1
    )

    own = [samples.field(api_name=name, order=order) for name, order in (("last", 0), ("first", 3))]
    kickoff = form(*own, fieldsets=[early, late])

    assert [(row.api_name, row.title, row.description) for row in kickoff.fieldsets] == [
        ("late", "Late", ""),
        ("early", "Early", "D"),
    ]
    assert [(field.api_name, field.fieldset) for field in kickoff.fields] == [
        ("first", ""),
        ("b", "late"),
        ("a", "early"),
        ("last", ""),
    ]


def test_rules_of_one_type_are_alternatives_and_those_of_two_types_must_both_be_met() -> None:
    rules = [
        rule("sum_equal", "10", "a", "b"),
        rule("sum_greater_than", "2", "a"),
        rule("sum_equal", 20, "a", "b"),
    ]

    assert rules_of(rules=rules) == (
        RuleGroup(
            (
                (FieldsetRule(RuleKind.SUM_EQUAL, "10", ("a", "b")),),
                (FieldsetRule(RuleKind.SUM_EQUAL, "20", ("a", "b")),),
            )
        ),
        RuleGroup(((FieldsetRule(RuleKind.SUM_MORE, "2", ("a",)),),)),
    )


def test_rulesets_say_which_rules_belong_together() -> None:
    rulesets = [
        {
            "fields": ["a", "b"],
            "message": "Between 1 and 5, or just 10.",
            "groups_or": [
                {
                    "groups_and": [
                        {"operator": "sum_greater_than", "value": "1"},
                        {"operator": "sum_less_than", "value": "5"},
                    ]
                },
                {"groups_and": [{"operator": "sum_equal", "value": 10}]},
            ],
        }
    ]

    assert rules_of(rulesets=rulesets) == (
        RuleGroup(
            (
                (
                    FieldsetRule(RuleKind.SUM_MORE, "1", ("a", "b")),
                    FieldsetRule(RuleKind.SUM_LESS, "5", ("a", "b")),
                ),
                (FieldsetRule(RuleKind.SUM_EQUAL, "10", ("a", "b")),),
            ),
            message="Between 1 and 5, or just 10.",
        ),
    )


@pytest.mark.parametrize(
    "odd",
    [rule("of tomorrow", "5", "a"), rule("sum_equal", "5"), {"type": "sum_equal"}, {}, rule("", None, "a")],
)
def test_a_rule_that_we_cannot_check_is_the_servers(odd: dict[str, Any]) -> None:
    (group,) = rules_of(rules=[odd])

    assert group.alternatives[0][0].kind is RuleKind.OTHER


@pytest.mark.parametrize("missing", ["rules", "fields", "title", "description", "order"])
def test_a_fieldset_may_lack_what_is_not_needed(missing: str) -> None:
    fieldset = {key: value for key, value in samples.fieldset().items() if key != missing}

    assert len(form(fieldsets=[fieldset]).fieldsets) == 1
