"""Urgent, and due when: what else a person may say about a workflow at its start, where the server takes it.

Moments are typed and shown in the time zone of the dashboard (``TIME_ZONE``).
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
_MAX_YEAR = 2999  # beyond it is a slip of the hand


@dataclass(frozen=True, slots=True)
class UrgencyInput:
    """What stands in the two controls; ``error`` is a sentence about what was typed."""

    is_urgent: bool = False
    typed: str = ""
    error: str = ""

    @property
    def value(self) -> Urgency:
        """Return what a launch is told; what cannot be read as a moment is left out."""
        return Urgency(self.is_urgent, _timestamp(self.typed))

    @property
    def is_readable(self) -> bool:
        """Say whether a control for moments can show what was typed: it would drop anything else silently."""
        return not self.typed or _naive(self.typed) is not None

    @property
    def shown(self) -> str:
        """Return what was typed as the control wants it."""
        return self.typed.replace(" ", "T", 1) if self.is_readable else self.typed

    @property
    def controls(self) -> dict[str, list[str]]:
        """Return the controls that show this."""
        found = {URGENT: ["on"]} if self.is_urgent else {}
        return found | ({DUE: [self.typed]} if self.typed else {})

    @property
    def problems(self) -> list[FormProblem]:
        """Return what is wrong, for the summary above the form."""
        return [FormProblem(self.error, label=_("Due"), target=DUE_ID)] if self.error else []

    @property
    def left_out(self) -> list[str]:
        """Return sentences about what was said though this server takes no such thing."""
        sentences = []
        if self.is_urgent:
            sentences.append(_("“Urgent” was left out: this Pneumatic does not take it."))
        if self.typed:
            sentences.append(
                _("The due date “%(due)s” was left out: this Pneumatic does not take one.")
                % {"due": self.typed[:40]}
            )
        return sentences


def is_offered() -> bool:
    """Say whether the server takes what this is about."""
    return capabilities().urgency


def read(controls: Mapping[str, Sequence[Any]]) -> UrgencyInput:
    """Return what was posted, not checked: lists of texts by control."""
    due = "".join(map(str, controls.get(DUE, [])[-1:])).replace("\0", "").strip()
    return UrgencyInput(any(str(value) not in {"", "0"} for value in controls.get(URGENT, ())), due)


def checked(given: UrgencyInput) -> UrgencyInput:
    """Return the same with what is wrong about it."""
    return UrgencyInput(given.is_urgent, given.typed, _error(given.typed))


def of_launch(launch: Launch) -> tuple[UrgencyInput, list[str]]:
    """Return what an earlier launch said, for another one; and a sentence about a due date that has passed."""
    if launch.due is None:
        return UrgencyInput(launch.is_urgent), []
    if launch.is_overdue:
        passed = _("The due date has passed, so it was left out. It was: %(due)s") % {
            "due": shown(launch.due)
        }
        return UrgencyInput(launch.is_urgent), [passed]
    return UrgencyInput(launch.is_urgent, timezone.localtime(launch.due).strftime("%Y-%m-%dT%H:%M")), []


def shown(moment: dt.datetime) -> str:
    """Return a moment as the reader's language writes it."""
    return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def _error(typed: str) -> str:
    if not typed:
        return ""
    moment = _timestamp(typed)
    if moment is None:
        if _naive(typed):
            return _("The clocks change at that time. Choose one an hour earlier or later.")
        return _("“%(typed)s” is not a day with a time. Write one such as 2026-03-31 17:00.") % {
            "typed": typed[:40]
        }
    if moment <= timezone.now():
        return _("This moment has passed already. Choose one to come.")
    if moment.year > _MAX_YEAR:
        return _("This day is too far away.")
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
