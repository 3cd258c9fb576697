"""One of several options in a list that folds away."""

from __future__ import annotations

from apps.kickoff.fields.choices import OneChoiceField
from apps.kickoff.fields.registry import register


@register
class DropdownField(OneChoiceField):
    """``dropdown``: one option; an optional field can be cleared."""

    type_name = "dropdown"
    accepts = frozenset({"radio"})
    template_name = "kickoff/widgets/select.html"
