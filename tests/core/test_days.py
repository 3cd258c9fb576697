"""Days start and end at midnight of TIME_ZONE, including days on which clocks change."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import Q
from django.utils import timezone

from apps.core.days import midnight, within

BERLIN = "Europe/Berlin"


def utc(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


@pytest.mark.parametrize(("day", "start"), [(29, utc(28, 23)), (30, utc(29, 22))])
def test_a_day_begins_at_midnight_of_the_time_zone(day: int, start: dt.datetime) -> None:
    with timezone.override(BERLIN):
        assert midnight(dt.date(2026, 3, day)) == start


def test_the_last_day_is_included_and_may_have_23_hours() -> None:
    day = dt.date(2026, 3, 29)
    with timezone.override(BERLIN):
        assert within("at", day, day) == Q(at__gte=utc(28, 23)) & Q(at__lt=utc(29, 22))


def test_without_bounds_nothing_is_left_out() -> None:
    assert within("at", None, None) == Q()
