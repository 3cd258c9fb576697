"""Seven days as a small picture, drawn on the server, and the same in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.webhooks.admin.subscriptions import statistics
from apps.webhooks.admin.subscriptions.statistics import Statistics

BAR, GAP, HEIGHT = 8, 2, 24  # in units of the picture


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a sparkline; ``failed`` is the height of the part that failed, at the bottom."""

    x: int
    height: int
    failed: int

    @property
    def top(self) -> int:
        """Return where the bar begins, from above."""
        return HEIGHT - self.height

    @property
    def failed_top(self) -> int:
        """Return where its failed part begins."""
        return HEIGHT - self.failed


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The last seven days as bars, and the same in words."""

    bars: tuple[Bar, ...]
    words: str
    width: int = statistics.DAYS * (BAR + GAP) - GAP
    height: int = HEIGHT
    bar: int = BAR


def sparkline(numbers: Statistics) -> Sparkline:
    """Return the last seven days drawn and told; a day with anything at all can be seen."""
    most = max((day.events for day in numbers.days), default=0)
    bars = []
    for place, day in enumerate(numbers.days):
        height = max(2, round(day.events / most * HEIGHT)) if day.events else 1
        failed = max(2, round(day.failures / most * HEIGHT)) if day.failures and most else 0
        bars.append(Bar(place * (BAR + GAP), height, min(failed, height)))
    return Sparkline(tuple(bars), _in_words(numbers))


def _in_words(numbers: Statistics) -> str:
    days = ", ".join(f"{_date(day.date)}: {day.events}" for day in numbers.days)
    words = _("Events of the last 7 days. %(days)s.") % {"days": days}
    if numbers.failures:
        failed = ngettext("%(n)d failed.", "%(n)d failed.", numbers.failures) % {"n": numbers.failures}
        words = f"{words} {failed}"
    return words


def _date(date: dt.date) -> str:
    return date_format(date, "D j M")
