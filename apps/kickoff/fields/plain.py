"""The base of the types whose value is plain text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.answers import AnswerPart, AnswerText
from apps.kickoff.fields.base import AnswerError, ControlState, KickoffField


def refuse_null(value: str) -> None:
    """Raise ValidationError for text with null characters, which databases refuse."""
    if "\0" in value:
        raise ValidationError(
            _("The text contains an invisible null character. Type it again instead of pasting.")
        )


def at_most(limit: int, *, count: Callable[[str], int] = len) -> Callable[[str], None]:
    """Return a validator that raises ValidationError for a text of more than ``limit`` characters, as ``count``ed."""

    def check(value: str) -> None:
        if count(value) > limit:
            sentence = ngettext(
                "This has %(count)d characters; the limit is %(limit)d character.",
                "This has %(count)d characters; the limit is %(limit)d characters.",
                limit,
            )
            raise ValidationError(sentence % {"count": count(value), "limit": limit})

    return check


class PlainField(KickoffField[str]):
    """A field whose canonical value, JSON and control are one and the same text."""

    @property
    def limit(self) -> int | None:
        """Return the limit that the server sets."""
        return self.definition.max_length

    def limited(self, field: forms.Field) -> forms.Field:
        """Return the form field with the limit that Pneumatic sets to its characters."""
        if self.definition.max_length is not None:
            field.validators.append(at_most(self.definition.max_length))
        return field

    def to_value(self, cleaned: Any) -> str | None:
        """Return the text; None for an empty one."""
        return cleaned or None

    def initial(self, value: str) -> list[str]:
        """Return the text."""
        return [value]

    def to_json(self, value: str) -> Any:
        """Return the text."""
        return value

    def from_json(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str):
            raise AnswerError(_("The stored answer is not a valid text."))
        return data

    def describe(self, value: str) -> AnswerText:
        """Return the text."""
        return AnswerText((AnswerPart(value),))

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return what was typed."""
        return {"value": state.values[-1] if state.values else ""}
