"""Whether the numbers of a fieldset keep its rules, as far as that can be told before the server is asked."""

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
    """Return the rules that certainly do not hold.

    ``numbers`` are the fields whose answers are sound; a rule about any other field is left to the server, like a
    rule of a kind that is not known here. Without a single answer to its fields a group of rules asks for nothing.
    """
    return [group for group in fieldset.rules if _is_answered(group, numbers) and _is_broken(group, numbers)]


def fields_of(group: RuleGroup) -> list[str]:
    """Return the api_names of the fields that a group of rules is about, each once."""
    return list(dict.fromkeys(name for rules in group.alternatives for rule in rules for name in rule.fields))


def sum_of(names: Iterable[str], numbers: Numbers) -> Decimal:
    """Return the sum of the answers; what is empty counts as nothing."""
    total = Decimal(0)
    for name in names:
        total = _EXACT.add(total, numbers.get(name) or Decimal(0))
    return total


def _is_answered(group: RuleGroup, numbers: Numbers) -> bool:
    return any(numbers.get(name) is not None for name in fields_of(group))


def _is_broken(group: RuleGroup, numbers: Numbers) -> bool:
    """Say whether every alternative has a rule that certainly does not hold."""
    return bool(group.alternatives) and all(
        any(_holds(rule, numbers) is False for rule in rules) for rules in group.alternatives
    )


def _holds(rule: FieldsetRule, numbers: Numbers) -> bool | None:
    """Say whether a rule holds; None where that cannot be told."""
    compare = _KEPT.get(rule.kind)
    if compare is None or not rule.fields or not all(name in numbers for name in rule.fields):
        return None
    try:
        bound = Decimal(rule.value)
    except InvalidOperation:
        return None
    return compare(sum_of(rule.fields, numbers), bound) if bound.is_finite() else None
