"""Whether the numbers of a fieldset follow its rules, checked before the request."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Context, Decimal, InvalidOperation

from apps.pneumatic.canonical.schemas import Fieldset, FieldsetRule, RuleGroup, RuleKind

Numbers = Mapping[str, Decimal | None]  # by api_name; None for no answer

_EXACT = Context(prec=500)  # sums lose no digit: numbers have at most 60 before and after the point
_KEPT: Mapping[RuleKind, Callable[[Decimal, Decimal], bool]] = {
    RuleKind.SUM_EQUAL: operator.eq,
    RuleKind.SUM_MORE: operator.gt,
    RuleKind.SUM_LESS: operator.lt,
}


def broken_rules(fieldset: Fieldset, numbers: Numbers) -> list[RuleGroup]:
    """Return the rules that are certainly broken.

    ``numbers`` are the fields with valid answers; rules about other fields and of unknown kinds are left to the server.
    A group of rules applies only if at least one of its fields has an answer.
    """
    return [group for group in fieldset.rules if _is_answered(group, numbers) and _is_broken(group, numbers)]


def fields_of(group: RuleGroup) -> list[str]:
    """Return the api_names of the fields that a group of rules is about, each once."""
    return list(dict.fromkeys(name for rules in group.alternatives for rule in rules for name in rule.fields))


def sum_of(names: Iterable[str], numbers: Numbers) -> Decimal:
    """Return the sum of the answers; empty ones count as 0."""
    total = Decimal(0)
    for name in names:
        total = _EXACT.add(total, numbers.get(name) or Decimal(0))
    return total


def _is_answered(group: RuleGroup, numbers: Numbers) -> bool:
    return any(numbers.get(name) is not None for name in fields_of(group))


def _is_broken(group: RuleGroup, numbers: Numbers) -> bool:
    """Return whether every alternative has a rule that is certainly broken."""
    return bool(group.alternatives) and all(
        any(_is_followed(rule, numbers) is False for rule in rules) for rules in group.alternatives
    )


def _is_followed(rule: FieldsetRule, numbers: Numbers) -> bool | None:
    """Return whether a rule is followed; None where that is unknown."""
    compare = _KEPT.get(rule.kind)
    if compare is None or not rule.fields or not all(name in numbers for name in rule.fields):
        return None
    try:
        bound = Decimal(rule.value)
    except InvalidOperation:
        return None
    return compare(sum_of(rule.fields, numbers), bound) if bound.is_finite() else None
