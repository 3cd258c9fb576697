"""A number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.answers import AnswerPart, AnswerText
from apps.core.text.visible import is_blank
from apps.kickoff.fields.base import AnswerError, ControlState, KickoffField
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups

MAX_DIGITS = 60

_SHAPE = re.compile(r"[+-]?(?P<whole>\d*)(?:(?P<separator>[.,])(?P<rest>\d+))?")  # digits of any script
_THOUSANDS = re.compile(r"[1-9]\d{0,2}")


def parse_number(text: str) -> Decimal:
    """Return the number that ``text`` writes with a point, or with a comma that cannot set thousands apart.

    Raise AnswerError, with a sentence that says what to write, for anything else, including exponents: a typing error
    with one is hard to notice.
    """
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    match = _SHAPE.fullmatch(text)
    if match is None or not (match["whole"] or match["rest"]):
        raise AnswerError(
            _("“%(text)s” is not a number. Write digits, with a point before the decimals, such as 1234.56.")
            % {"text": text[:40]}
        )
    whole, rest = match["whole"], match["rest"] or ""
    if len(whole) + len(rest) > MAX_DIGITS:
        raise AnswerError(_("A number can have at most %(max)d digits.") % {"max": MAX_DIGITS})
    if match["separator"] == "," and len(rest) == 3 and _THOUSANDS.fullmatch(whole):
        words = {"text": text, "thousands": text.replace(",", ""), "decimals": text.replace(",", ".")}
        raise AnswerError(
            _("“%(text)s” can be read in two ways. Write %(thousands)s or %(decimals)s.") % words
        )
    return Decimal(text.replace(",", "."))


def plain_digits(number: Decimal) -> str:
    """Return ``number`` with all of its digits and without an exponent."""
    return format(number, "f")


class DecimalField(forms.Field):
    """A number of any size and precision that people can read."""

    def to_python(self, value: Any) -> Decimal | None:
        """Return the number."""
        text = str(value or "").strip()
        if is_blank(text):
            return None
        try:
            return parse_number(text)
        except AnswerError as error:
            raise ValidationError(str(error)) from None


@register
class NumberField(KickoffField[Decimal]):
    """``number``: whole or decimal, kept digit by digit."""

    type_name = "number"
    template_name = "kickoff/widgets/number.html"
    required_message = gettext_lazy("Write a number: this field is required.")

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a field for a number."""
        return DecimalField(
            required=self.definition.is_required, error_messages={"required": self.required_message}
        )

    def to_value(self, cleaned: Any) -> Decimal | None:
        """Return the number; 0 is an answer."""
        return cleaned if isinstance(cleaned, Decimal) else None

    def initial(self, value: Decimal) -> list[str]:
        """Return the digits."""
        return [plain_digits(value)]

    def to_json(self, value: Decimal) -> Any:
        """Return the digits as text: a number of JSON would lose some."""
        return plain_digits(value)

    def from_json(self, data: Any) -> Decimal:
        """Return the stored number."""
        if not isinstance(data, str):
            raise AnswerError(_("The stored answer is not a valid number."))
        return parse_number(data)

    def describe(self, value: Decimal) -> AnswerText:
        """Return the digits."""
        return AnswerText((AnswerPart(plain_digits(value)),))

    def parse_link_values(self, values: Sequence[str], lookups: Lookups) -> list[str]:
        """Return the number that a link names."""
        if not any(value.strip() for value in values):
            return []
        return self.initial(parse_number(values[-1]))

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return what was typed."""
        return {"value": state.values[-1] if state.values else ""}
