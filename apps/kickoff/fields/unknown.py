"""A field of a type that this version does not know. It is not registered: it handles all other types."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from apps.core.answers import AnswerText, text_answer
from apps.kickoff.fields.base import ControlState, KickoffField
from apps.kickoff.lookups import Lookups
from apps.pneumatic.canonical.schemas import Value


class UnknownField(KickoffField[Value]):
    """Shown as not supported; has no answer, and blocks the launch when it is required."""

    type_name = ""
    template_name = "kickoff/widgets/unsupported.html"

    @property
    def blocker(self) -> str:
        """Return why no launch is possible when the field must be answered."""
        if not self.definition.is_required:
            return ""
        return _(
            "“%(field)s” is required, but this dashboard does not support fields of the type “%(type)s”. "
            "Launch this template in Pneumatic."
        ) % {"field": self.label, "type": self.definition.type}

    @property
    def notice(self) -> str:
        """Return why nothing can be entered."""
        return _("Fields of the type “%(type)s” are not supported. Nothing is sent for this field.") % {
            "type": self.definition.type
        }

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a disabled field."""
        return forms.Field(required=False, disabled=True)

    def to_value(self, cleaned: Any) -> Value | None:
        """Return no answer."""
        return None

    def initial(self, value: Value) -> list[str]:
        """Return nothing to show."""
        return []

    def to_json(self, value: Value) -> Any:
        """Return the value as text."""
        return str(value)

    def from_json(self, data: Any) -> Value:
        """Return what was stored, as text."""
        return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, sort_keys=True)

    def describe(self, value: Value) -> AnswerText:
        """Return the stored text."""
        return text_answer(str(value))

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return nothing: the template shows the notice."""
        return {}
