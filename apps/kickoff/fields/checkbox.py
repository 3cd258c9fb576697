"""Any number of options."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.kickoff.fields.base import AnswerError, Asked, Described
from apps.kickoff.fields.choices import ChoiceField
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups


class KeysField(forms.Field):
    """The keys of any number of options on offer."""

    widget = forms.MultipleHiddenInput

    def __init__(self, field: ChoiceField[Any], **kwargs: Any) -> None:
        super().__init__(required=field.definition.is_required, **kwargs)
        self.error_messages["required"] = field.required_message
        self.field = field

    def to_python(self, value: Any) -> list[str]:
        """Return the keys in the order in which the options are shown."""
        chosen = set(self.field.check_keys(key for key in value or () if key))
        return [key for key in self.field.offered if key in chosen]


@register
class CheckboxField(ChoiceField[tuple[str, ...]]):
    """``checkbox``: any number of options."""

    type_name = "checkbox"
    template_name = "kickoff/widgets/choices.html"
    required_message = gettext_lazy("Choose at least one of the options: this field is required.")
    accepts = frozenset({"radio", "dropdown"})
    is_group = True

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a field for the keys of options."""
        return KeysField(self)

    def to_value(self, cleaned: Any) -> tuple[str, ...] | None:
        """Return the keys."""
        return tuple(cleaned or ()) or None

    def initial(self, value: tuple[str, ...]) -> list[str]:
        """Return the keys."""
        return list(value)

    def to_json(self, value: tuple[str, ...]) -> Any:
        """Return the keys."""
        return list(value)

    def from_json(self, data: Any) -> tuple[str, ...]:
        """Return the stored keys."""
        if not isinstance(data, list) or not all(isinstance(key, str) for key in data):
            raise AnswerError(_("The stored answer is no list of options."))
        return tuple(data)

    def describe(self, value: tuple[str, ...]) -> Described:
        """Return the labels of the chosen options."""
        return Described(tuple(self.part(key) for key in value))

    def context(self, asked: Asked) -> dict[str, Any]:
        """Return all options."""
        return {"options": self.options(asked.values), "type": "checkbox"}
