"""A day."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.answers import AnswerPart, AnswerText, day_text
from apps.core.days import read_day
from apps.core.text.visible import is_blank
from apps.kickoff.fields.base import AnswerError, ControlState, KickoffField
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups

FIRST, LAST = dt.date(2, 1, 1), dt.date(9998, 12, 31)  # days that exist in every time zone

_SECONDS = re.compile(r"-?[0-9]{1,12}(\.[0-9]*)?")


def check_range(day: dt.date) -> dt.date:
    """Return ``day``; raise AnswerError for one that Pneumatic cannot handle."""
    if not FIRST <= day <= LAST:
        raise AnswerError(_("Write a date between the years 2 and 9998."))
    return day


class DayField(forms.Field):
    """A day in ISO form. There is no time in it, hence no time zone that could shift it."""

    def to_python(self, value: Any) -> dt.date | None:
        """Return the day."""
        text = str(value or "").strip()
        if is_blank(text):
            return None
        day = read_day(text)
        if day is None:
            raise ValidationError(
                _("“%(text)s” is not a date. Write year, month and day, such as 2026-03-31.")
                % {"text": text[:40]}
            )
        try:
            return check_range(day)
        except AnswerError as error:
            raise ValidationError(str(error)) from None


@register
class DateField(KickoffField[dt.date]):
    """``date``: a day between the years 2 and 9998."""

    type_name = "date"
    template_name = "kickoff/widgets/date.html"
    required_message = gettext_lazy("Choose a date: this field is required.")

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a field for a day."""
        return DayField(
            required=self.definition.is_required, error_messages={"required": self.required_message}
        )

    def to_value(self, cleaned: Any) -> dt.date | None:
        """Return the day."""
        return cleaned if isinstance(cleaned, dt.date) else None

    def initial(self, value: dt.date) -> list[str]:
        """Return the day in ISO form."""
        return [value.isoformat()]

    def to_json(self, value: dt.date) -> Any:
        """Return the day in ISO form, as launches store it.

        ``pneumatic/dialects/<dialect>/values.py`` makes what is sent.
        """
        return value.isoformat()

    def from_json(self, data: Any) -> dt.date:
        """Return the stored day."""
        day = read_day(data) if isinstance(data, str) else None
        if day is None:
            raise AnswerError(_("The stored answer is not a valid date."))
        return day

    def describe(self, value: dt.date) -> AnswerText:
        """Return the day as the reader's language writes it."""
        return AnswerText((AnswerPart(day_text(value)),))

    def parse_link_values(self, values: Sequence[str], lookups: Lookups) -> list[str]:
        """Return the day that a link names."""
        if not any(values):
            return []
        day = read_day(values[-1])
        if day is None:
            raise AnswerError(_("“%(text)s” is not a date like 2026-03-31.") % {"text": values[-1][:40]})
        return self.initial(check_range(day))

    def from_default(self, lookups: Lookups) -> list[str]:
        """Return the day that the default names: in ISO form, with a time or without, or in seconds since 1970."""
        text = self.definition.default.strip()
        if not text:
            return []
        day = read_day(text) or _day_of_time(text, lookups.zone)
        if day is None:
            raise AnswerError(_("“%(text)s” is not a date like 2026-03-31.") % {"text": text[:40]})
        return self.initial(check_range(day))

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return what was typed; a date input drops what is no date, so that is shown as text."""
        typed = state.values[-1].strip() if state.values else ""
        return {"value": typed, "is_day": not typed or read_day(typed) is not None}


def _day_of_time(text: str, zone: dt.tzinfo) -> dt.date | None:
    """Return the day in ``zone`` of the timestamp ``text``, ISO or seconds since 1970; None for an invalid one."""
    try:
        if _SECONDS.fullmatch(text):
            return dt.datetime.fromtimestamp(float(text), tz=zone).date()
        time = dt.datetime.fromisoformat(text)
        return (time if time.tzinfo is None else time.astimezone(zone)).date()
    except (ValueError, OverflowError, OSError):
        return None
