"""The fieldsets of a kickoff form: which rows belong together, and which of their rules are broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from django.utils.translation import gettext as _

from apps.core.text.visible import first_visible
from apps.kickoff.fields.number import plain_digits
from apps.kickoff.rows import FieldRow, FormProblem, Section
from apps.kickoff.rules import Numbers, broken_rules, fields_of, sum_of
from apps.pneumatic.canonical.form_parts import in_parts
from apps.pneumatic.canonical.schemas import FieldDefinition, Fieldset, Kickoff, RuleGroup
from apps.workflow_templates.rules import quoted_labels, rule_sentence, rule_sentences


class Grouping:
    """The fieldsets of one form; ``check`` finds what is wrong with their numbers."""

    def __init__(self, kickoff: Kickoff) -> None:
        self.kickoff = kickoff
        self.fieldsets: dict[str, Fieldset] = {}
        for fieldset in kickoff.fieldsets:
            self.fieldsets.setdefault(fieldset.api_name, fieldset)
        self.errors: dict[str, list[tuple[RuleGroup, str]]] = {}

    @cached_property
    def labels(self) -> dict[str, str]:
        """Return the quoted names of the fields, by api_name."""
        return quoted_labels(self.kickoff.fields)

    def check(self, numbers: Numbers) -> bool:
        """Store which rules the valid ``numbers`` break, and return whether there are any."""
        self.errors = {
            api_name: [(group, _reason(group, self.labels, numbers)) for group in broken]
            for api_name, fieldset in self.fieldsets.items()
            if (broken := broken_rules(fieldset, numbers))
        }
        return bool(self.errors)

    def sections(
        self, rows: Sequence[tuple[FieldDefinition, FieldRow]], *, with_errors: bool
    ) -> list[Section]:
        """Return ``rows`` in their fieldsets, each between the rows around it; empty fieldsets are not shown."""
        parts = in_parts(rows, self.fieldsets)
        return [self._section(key, shown, with_errors=with_errors) for key, shown in parts]

    def problems(self, ids: Mapping[str, str]) -> dict[str, list[FormProblem]]:
        """Return the broken rules for the summary, by the api_name of their fieldset; each leads to its first field.

        ``ids`` are those of the rows that are shown, by api_name.
        """
        return {
            api_name: [
                FormProblem(
                    reason,
                    label=first_visible(self.fieldsets[api_name].title).strip(),
                    target=next((ids[name] for name in fields_of(group) if name in ids), ""),
                )
                for group, reason in broken
            ]
            for api_name, broken in self.errors.items()
        }

    def _section(self, key: str, rows: Sequence[FieldRow], *, with_errors: bool) -> Section:
        if not key:
            return Section(rows)
        fieldset = self.fieldsets[key]
        return Section(
            rows,
            id=f"id_fieldset_{list(self.fieldsets).index(key) + 1}",
            title=first_visible(fieldset.title).strip(),
            description=fieldset.description,
            rules=rule_sentences(fieldset, self.labels),
            errors=[reason for _group, reason in self.errors.get(key, ())] if with_errors else [],
        )


def _reason(group: RuleGroup, labels: Mapping[str, str], numbers: Numbers) -> str:
    """Return the message of the template, else the rule itself and the sum of the numbers."""
    if message := group.message.strip():
        return message
    sentence = rule_sentence(group, labels)
    if len(group.alternatives) > 1 or len(group.alternatives[0]) > 1 or len(fields_of(group)) < 2:
        return sentence
    total = plain_digits(sum_of(fields_of(group), numbers))
    return _("%(rule)s Now it is %(sum)s.") % {"rule": sentence, "sum": total}
