"""What a check of the system returns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.database import clock


class Level(StrEnum):
    """How bad a condition is. The values are stable: the command prints them as JSON."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


LABELS = {
    Level.OK: gettext_lazy("OK"),
    Level.WARNING: gettext_lazy("Warning"),
    Level.PROBLEM: gettext_lazy("Problem"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is so: a sentence, and what to do about it ('' for nothing).

    ``url_name`` is the page where to do it. ``notice`` is what every signed-in user reads on every page.
    """

    level: Level
    text: str
    advice: str = ""
    url_name: str = ""
    notice: str = ""

    @property
    def label(self) -> str:
        """Return the level as text."""
        return str(LABELS[self.level])


def ok(text: str) -> Condition:
    return Condition(Level.OK, text)


def warning(text: str, advice: str, *, url_name: str = "", notice: str = "") -> Condition:
    return Condition(Level.WARNING, text, advice, url_name, notice)


def problem(text: str, advice: str, *, url_name: str = "", notice: str = "") -> Condition:
    return Condition(Level.PROBLEM, text, advice, url_name, notice)


def ago(at: dt.datetime) -> str:
    """Return how long ago ``at`` was, such as "3 minutes ago" or "just now"; the clock of a server may be ahead."""
    return (
        _("just now") if _is_recent(at) else _("%(time)s ago") % {"time": timesince(at, clock.now(), depth=1)}
    )


def lasting(since: dt.datetime) -> str:
    """Return the time since ``since``, such as "3 minutes" or "less than a minute"."""
    return _("less than a minute") if _is_recent(since) else timesince(since, clock.now(), depth=1)


def _is_recent(at: dt.datetime) -> bool:
    return clock.now() - at < dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SystemCheck:
    """A check of one part of the system. It makes no request to Pneumatic, and a few small queries.

    ``has_notices`` marks those that every page runs: they cost one query in all while everything works.
    """

    name: str
    label: Promise | str
    observe: Callable[[], Iterable[Condition]]
    has_notices: bool = False


@dataclass(frozen=True, slots=True)
class SystemPart:
    """The result of a check: its conditions, at least one."""

    name: str
    label: str
    conditions: tuple[Condition, ...]

    @property
    def worst(self) -> Condition:
        """Return the worst condition; of several the first."""
        return max(self.conditions, key=lambda condition: list(Level).index(condition.level))
