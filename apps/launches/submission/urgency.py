"""The urgent flag and the due date of a launch, where the server accepts them.

Times are entered and shown in the time zone of the dashboard (``TIME_ZONE``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from apps.kickoff.rows import FormProblem
from apps.launches.models import Launch
from apps.pneumatic.canonical.schemas import Urgency
from apps.pneumatic.client import capabilities

URGENT, DUE = "is_urgent", "due"
DUE_ID = "id_due"
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_MAX_YEAR = 2999  # later years are typing errors


@dataclass(frozen=True, slots=True)
class UrgencyInput:
    """The values of the two controls; ``error`` is a sentence about ``typed``."""

    is_urgent: bool = False
    typed: str = ""
    error: str = ""

    @property
    def value(self) -> Urgency:
        """The urgency to send; text that is not a valid time is left out."""
        return Urgency(self.is_urgent, _timestamp(self.typed))

    @property
    def is_readable(self) -> bool:
        """Whether a ``datetime-local`` control can show the text: it drops anything else silently."""
        return not self.typed or _naive(self.typed) is not None

    @property
    def shown(self) -> str:
        """The text in the form that the control needs."""
        return self.typed.replace(" ", "T", 1) if self.is_readable else self.typed

    @property
    def controls(self) -> dict[str, list[str]]:
        """The values by control name."""
        found = {URGENT: ["on"]} if self.is_urgent else {}
        return found | ({DUE: [self.typed]} if self.typed else {})

    @property
    def problems(self) -> list[FormProblem]:
        """The errors, for the summary above the form."""
        return [FormProblem(self.error, label=_("Due date"), target=DUE_ID)] if self.error else []

    @property
    def left_out(self) -> list[str]:
        """Sentences about values that this server does not accept."""
        sentences = []
        if self.is_urgent:
            sentences.append(_("“Urgent” was left out: this Pneumatic version does not accept it."))
        if self.typed:
            sentences.append(
                _("The due date “%(due)s” was left out: this Pneumatic version does not accept one.")
                % {"due": self.typed[:40]}
            )
        return sentences


def is_offered() -> bool:
    """Return whether the server accepts urgency and due date."""
    return capabilities().urgency


def read(controls: Mapping[str, Sequence[Any]]) -> UrgencyInput:
    """Return the posted values, not checked; ``controls`` are lists of texts by control name."""
    due = "".join(map(str, controls.get(DUE, [])[-1:])).replace("\0", "").strip()
    return UrgencyInput(any(str(value) not in {"", "0"} for value in controls.get(URGENT, ())), due)


def checked(given: UrgencyInput) -> UrgencyInput:
    """Return the same values with their error."""
    return UrgencyInput(given.is_urgent, given.typed, _error(given.typed))


def of_launch(launch: Launch) -> tuple[UrgencyInput, list[str]]:
    """Return the values of an earlier launch, and a sentence about a due date that has passed."""
    if launch.due is None:
        return UrgencyInput(launch.is_urgent), []
    if launch.is_overdue:
        passed = _("The due date has passed, so it was left out. It was: %(due)s") % {
            "due": shown(launch.due)
        }
        return UrgencyInput(launch.is_urgent), [passed]
    return typed(Urgency(launch.is_urgent, launch.due)), []


def typed(value: Urgency) -> UrgencyInput:
    """Return the controls that show ``value``."""
    due = timezone.localtime(value.due).strftime("%Y-%m-%dT%H:%M") if value.due else ""
    return UrgencyInput(value.is_urgent, due)


def shown(time: dt.datetime) -> str:
    """Return ``time`` in the format of the current language."""
    return formats.date_format(timezone.localtime(time), "DATETIME_FORMAT")


def _error(typed: str) -> str:
    if not typed:
        return ""
    due = _timestamp(typed)
    if due is None:
        if _naive(typed):
            return _("The clocks change at that time. Choose one an hour earlier or later.")
        return _("“%(typed)s” is not a valid date and time. Enter one like 2026-03-31 17:00.") % {
            "typed": typed[:40]
        }
    if due <= timezone.now():
        return _("This time has passed. Choose a later one.")
    if due.year > _MAX_YEAR:
        return _("This date is too far in the future.")
    return ""


def _naive(typed: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(typed) if _TIMESTAMP.fullmatch(typed) else None
    except ValueError:
        return None


def _timestamp(typed: str) -> dt.datetime | None:
    naive = _naive(typed)
    try:
        return from_current_timezone(naive) if naive else None
    except (ValidationError, OverflowError):
        return None
