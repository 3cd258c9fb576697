"""One of a few options, all in sight."""

from __future__ import annotations

from apps.kickoff.fields.choices import OneChoiceField
from apps.kickoff.fields.registry import register


@register
class RadioField(OneChoiceField):
    """``radio`` (``radiobutton`` in older answers): one option; an optional field can be cleared."""

    type_name = "radio"
    aliases = ("radiobutton",)
    accepts = frozenset({"dropdown"})
    template_name = "kickoff/widgets/choices.html"
    is_group = True
