"""Text of several lines."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.core.text.visible import is_blank
from apps.kickoff.fields.base import ControlState
from apps.kickoff.fields.plain import PlainField, refuse_null
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups


def unix_lines(text: str) -> str:
    """Return ``text`` with LF line ends: browsers always post CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class ParagraphsField(forms.CharField):
    """Text that is kept exactly as typed; nothing that can be seen is no answer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, widget=forms.Textarea, **kwargs)
        self.validators = [refuse_null]

    def to_python(self, value: Any) -> str:
        """Return the text with LF line ends."""
        text = unix_lines(super().to_python(value) or "")
        return "" if is_blank(text) else text


@register
class TextField(PlainField):
    """``text``: several lines; blanks and line breaks are kept."""

    type_name = "text"
    template_name = "kickoff/widgets/text.html"
    accepts = frozenset({"number", "string", "url"})

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a text field for several lines."""
        field = ParagraphsField(
            required=self.definition.is_required, error_messages={"required": self.required_message}
        )
        return self.limited(field)

    def from_default(self, lookups: Lookups) -> list[str]:
        """Return the default with LF line ends; nothing but blanks is none."""
        text = unix_lines(self.definition.default)
        return self.parse_link_values(["" if is_blank(text) else text], lookups)

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return what was typed."""
        return {"value": unix_lines(state.values[-1]) if state.values else ""}
