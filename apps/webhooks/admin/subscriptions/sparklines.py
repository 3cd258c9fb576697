"""Seven days as a small chart, drawn on the server, with the same numbers as text."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.webhooks.admin.subscriptions.statistics import Statistics

BAR, GAP, HEIGHT = 8, 2, 24  # in units of the chart


@dataclass(frozen=True, slots=True)
class Bar:
    """One day; ``failed`` is the height of the failed part, at the bottom."""

    x: int
    height: int
    failed: int


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The last seven days as bars, and as text."""

    bars: tuple[Bar, ...]
    text: str
    bar: int = BAR
    height: int = HEIGHT

    @property
    def width(self) -> int:
        """The width of all bars with the gaps between them."""
        return len(self.bars) * (BAR + GAP) - GAP


def sparkline(numbers: Statistics) -> Sparkline:
    """Draw the last seven days; a day with any event is visible."""
    most = max((day.events for day in numbers.days), default=0)
    bars = []
    for place, day in enumerate(numbers.days):
        height = max(2, round(day.events / most * HEIGHT)) if day.events else 1
        failed = max(2, round(day.failures / most * HEIGHT)) if day.failures and most else 0
        bars.append(Bar(place * (BAR + GAP), height, min(failed, height)))
    return Sparkline(tuple(bars), _text(numbers))


def _text(numbers: Statistics) -> str:
    days = ", ".join(f"{date_format(day.date, 'D j M')}: {day.events}" for day in numbers.days)
    text = _("Events of the last 7 days. %(days)s.") % {"days": days}
    if numbers.failures:
        failed = ngettext("%(n)d failed.", "%(n)d failed.", numbers.failures) % {"n": numbers.failures}
        text = f"{text} {failed}"
    return text
