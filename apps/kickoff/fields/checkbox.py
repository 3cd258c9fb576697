"""Any number of options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.answers import AnswerText
from apps.kickoff.fields.base import AnswerError, ControlState
from apps.kickoff.fields.choices import ChoiceField
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups

_JOINT = ", "  # what Pneumatic puts between texts of options


class KeysField(forms.Field):
    """The keys of any number of available options."""

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
            raise AnswerError(_("The stored answer is not a valid list of options."))
        return tuple(data)

    def describe(self, value: tuple[str, ...]) -> AnswerText:
        """Return the labels of the chosen options."""
        return AnswerText(tuple(self.part(key) for key in value))

    def from_default(self, lookups: Lookups) -> list[str]:
        """Return the keys of the options whose texts the default holds, joined by a comma and a blank.

        A text may contain such a comma, so the longest matching text wins.
        """
        pieces = self.definition.default.strip().split(_JOINT) if self.definition.default.strip() else []
        longest = 1 + max((label.count(_JOINT) for label in self.offered.values()), default=0)
        # From the end: the keys that the pieces from each place on can be read as, None where they cannot.
        readings: list[list[str] | None] = [[]]
        for start in reversed(range(len(pieces))):
            readings.insert(0, self._reading(pieces[start : start + longest], readings))
        if (keys := readings[0]) is None:
            raise AnswerError(
                _("“%(option)s” is not an available option.") % {"option": self.definition.default[:80]}
            )
        return list(dict.fromkeys(keys))

    def _reading(self, pieces: Sequence[str], following: Sequence[list[str] | None]) -> list[str] | None:
        for count in range(len(pieces), 0, -1):
            text = _JOINT.join(pieces[:count])
            rest, key = following[count - 1], self.key_for(text)
            if key is not None and rest is not None:
                return [key, *rest]
        return None

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return all options."""
        return {"options": self.options(state.values), "type": "checkbox"}
