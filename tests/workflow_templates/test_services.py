"""Counts of launches, and the refresh of one template."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.client import connect
from apps.workflow_templates import services
from apps.workflow_templates.models import Template, TemplateUse
from tests.factories import NOW, make_template, make_use
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current
from tests.sync.running import counts, sync

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


# -- One template, as it is now


def refresh_template(template: Template) -> Template:
    with connect() as client:
        return services.refresh_template(template, client)


@both_dialects
@pytest.mark.django_db
def test_a_template_that_did_not_change_is_read_once_and_not_written(sandbox: Sandbox) -> None:
    sync("templates")
    before = Template.objects.get(pk=1)
    sandbox.clear_requests()
    after = refresh_template(before)
    assert (after.changed_at, after.current_version_id) == (before.changed_at, before.current_version_id)
    assert [entry["path"] for entry in sandbox.requests()] == ["/templates/1"]


@both_dialects
@pytest.mark.django_db
def test_a_template_that_changed_gets_its_new_form(sandbox: Sandbox) -> None:
    sync("templates")
    fields = sandbox.template(1)["kickoff"]["fields"]
    fields[0]["name"] = "Renamed"
    sandbox.put_template({"id": 1, "kickoff": {"description": "", "fields": fields}})
    template = refresh_template(Template.objects.get(pk=1))
    assert template.current_version is not None
    assert template.current_version.number == 2
    assert "Renamed" in {field["name"] for field in template.current_version.kickoff["fields"]}
    again = refresh_template(template)
    assert (again.changed_at, again.current_version_id) == (template.changed_at, template.current_version_id)
    sync("templates")
    assert Template.objects.get(pk=1).current_version_id == template.current_version_id


@only_current
@pytest.mark.django_db
def test_with_a_key_that_may_not_read_details_the_list_updates_a_template(
    sandbox: Sandbox, settings: Settings
) -> None:
    settings.PNEUMATIC_API_KEY = sandbox.add_key("the-key-of-bo-operator", 2)
    sync("templates")
    before = Template.objects.get(pk=1)
    assert refresh_template(before).changed_at == before.changed_at
    sandbox.put_template({"id": 1, "name": "Renamed"})
    assert refresh_template(before).name == "Renamed"
    assert counts(sync("templates"), "templates") == (0, 0, 0, 6)
