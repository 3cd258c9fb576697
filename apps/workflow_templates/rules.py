"""The rules of a fieldset as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.answers import field_label
from apps.pneumatic.canonical.schemas import FieldDefinition, Fieldset, FieldsetRule, RuleGroup, RuleKind
from apps.workflow_templates.words import quoted

_OF_ONE: Mapping[RuleKind, str | Promise] = {
    RuleKind.SUM_EQUAL: gettext_lazy("%(fields)s must be exactly %(value)s"),
    RuleKind.SUM_MORE: gettext_lazy("%(fields)s must be more than %(value)s"),
    RuleKind.SUM_LESS: gettext_lazy("%(fields)s must be less than %(value)s"),
}
_OF_SEVERAL: Mapping[RuleKind, str | Promise] = {
    RuleKind.SUM_EQUAL: gettext_lazy("%(fields)s together must be exactly %(value)s"),
    RuleKind.SUM_MORE: gettext_lazy("%(fields)s together must be more than %(value)s"),
    RuleKind.SUM_LESS: gettext_lazy("%(fields)s together must be less than %(value)s"),
}


def quoted_labels(fields: Iterable[FieldDefinition]) -> dict[str, str]:
    """Return the names of ``fields`` in quotation marks, by api_name."""
    return {field.api_name: quoted(field_label(field.name, field.api_name)) for field in fields}


def rule_sentences(fieldset: Fieldset, labels: Mapping[str, str]) -> list[str]:
    """Return each rule of ``fieldset`` as a sentence, each once; ``labels`` are the ``quoted_labels`` of the form."""
    return list(dict.fromkeys(rule_sentence(group, labels) for group in fieldset.rules if group.alternatives))


def rule_sentence(group: RuleGroup, labels: Mapping[str, str]) -> str:
    """Return a group of rules as a sentence; ``labels`` are quoted names of fields by api_name."""
    known = [rule for alternative in group.alternatives for rule in alternative if rule.kind in _OF_ONE]
    if not known:
        return _("Pneumatic checks another rule here.")
    phrases = [_both([_phrase(rule, labels) for rule in rules]) for rules in group.alternatives]
    if len(phrases) == 1:
        return _("%(rule)s.") % {"rule": phrases[0]}
    return _("One of these must be true: %(rules)s.") % {"rules": _("; or ").join(phrases)}


def _phrase(rule: FieldsetRule, labels: Mapping[str, str]) -> str:
    names = [labels.get(api_name) or quoted(api_name) for api_name in rule.fields]
    words = (_OF_ONE if len(names) == 1 else _OF_SEVERAL).get(rule.kind)
    if words is None:
        return _("a rule that only Pneumatic checks")
    return str(words) % {"fields": _both(names), "value": rule.value}


def _both(texts: Sequence[str]) -> str:
    """Return ``texts`` as "a, b and c"."""
    if len(texts) < 2:
        return "".join(texts)
    return _("%(first)s and %(last)s") % {"first": ", ".join(texts[:-1]), "last": texts[-1]}
