"""A line of text."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from apps.core.text.visible import is_blank
from apps.kickoff.fields.base import ControlState
from apps.kickoff.fields.plain import PlainField, refuse_null
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups

_BREAKS = re.compile(r"\s*[\r\n\u2028\u2029]\s*")


def single_line(text: str) -> str:
    """Return ``text`` on one line: each line break becomes a blank; blanks around it and at the ends are removed."""
    return _BREAKS.sub(" ", text.strip())


class LineField(forms.CharField):
    """One line of text; nothing that can be seen is no text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)
        self.validators = [refuse_null]  # CharField adds its own wording for null characters

    def to_python(self, value: Any) -> str:
        """Return the text on one line."""
        text = single_line(super().to_python(value) or "")
        return "" if is_blank(text) else text


@register
class StringField(PlainField):
    """``string``: a line of text; blanks around it do not count."""

    type_name = "string"
    template_name = "kickoff/widgets/string.html"
    accepts = frozenset({"number", "url"})

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a text field for one line."""
        field = LineField(
            required=self.definition.is_required, error_messages={"required": self.required_message}
        )
        return self.limited(field)

    def from_default(self, lookups: Lookups) -> list[str]:
        """Return the default on one line."""
        return self.parse_link_values([single_line(self.definition.default)], lookups)

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return what was typed."""
        return {"value": single_line(state.values[-1]) if state.values else ""}
