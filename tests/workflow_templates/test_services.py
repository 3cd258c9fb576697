"""Counting what people launch."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.accounts.models import User
from apps.workflow_templates import services
from apps.workflow_templates.models import TemplateUse
from tests.factories import NOW, make_template, make_use

HOUR = dt.timedelta(hours=1)


def test_the_first_launch_is_counted(operator: User) -> None:
    template = make_template()
    services.record_use(user=operator, template=template, at=NOW)
    use = TemplateUse.objects.get()
    assert (use.user, use.template, use.launches, use.last_launched_at) == (operator, template, 1, NOW)


def test_each_further_launch_is_counted(operator: User) -> None:
    template = make_template()
    for hours in range(3):
        services.record_use(user=operator, template=template, at=NOW + hours * HOUR)
    use = TemplateUse.objects.get()
    assert (use.launches, use.last_launched_at) == (3, NOW + 2 * HOUR)


def test_a_launch_that_is_recorded_late_does_not_turn_back_the_clock(operator: User) -> None:
    template = make_template()
    services.record_use(user=operator, template=template, at=NOW)
    services.record_use(user=operator, template=template, at=NOW - HOUR)
    assert TemplateUse.objects.get().last_launched_at == NOW


def test_it_counts_when_another_tab_was_first(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    template = make_template()
    make_use(operator, template, launches=1)
    count, looks = services._count_one_more, iter([False])

    def look_too_early(**values: Any) -> bool:
        return next(looks, None) is not False and count(**values)

    monkeypatch.setattr(services, "_count_one_more", look_too_early)
    services.record_use(user=operator, template=template, at=NOW)
    assert TemplateUse.objects.get().launches == 2
