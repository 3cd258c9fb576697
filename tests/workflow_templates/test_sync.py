"""The mirror of templates: columns, versions, who may run them."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.serialization import kickoff_from_json, tasks_from_json
from apps.pneumatic.client import connect
from apps.workflow_templates.models import RunAllowed, Template, TemplateVersion
from apps.workflow_templates.sync import Templates
from tests.factories import make_launch
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current
from tests.sync.running import counts, sync

pytestmark = pytest.mark.django_db


def field(api_name: str, name: str = "A field", kind: str = "string") -> dict[str, object]:
    return {
        "api_name": api_name,
        "name": name,
        "type": kind,
        "is_required": False,
        "order": 1,
        "selections": [],
    }


def kickoff(*fields: dict[str, object]) -> dict[str, object]:
    return {"description": "", "fields": list(fields)}


def test_every_column_is_filled(sandbox: Sandbox) -> None:
    sync()
    template = Template.objects.get(pk=1)
    record = sandbox.template(1)
    assert template.name == "Every field"
    assert template.is_active
    assert template.finalizable == record["finalizable"]
    assert template.date_updated == dt.datetime.fromisoformat(record["date_updated"])
    assert template.updated_by_id == record["updated_by"]
    assert (template.fields_count, template.tasks_count) == (9, 2)
    assert template.field_types == " checkbox date dropdown file radio string text url user "
    assert [task.name for task in tasks_from_json(template.tasks)] == ["Check", "Do"]
    assert template.raw["detail"]["name"] == "Every field"
    assert template.raw["list"] == {"first_task_responsible": [1]}
    assert not Template.objects.get(pk=3).is_active
    assert set(template.run_allowed.values_list("pneumatic_user_id", flat=True)) == {1, 2}


# Of the small data set, as the version before the current API stored them.
STORED_BEFORE = {
    1: (
        "5a717f83ceabea903b81a67ace8b691f6b08154eece30c9785fca2f86db6baa4",
        "11112374b3dfc58ba06d0a5f121b0b979efe7f46f6cd2e09d05afd43abdf0657",
    ),
    2: (
        "322bc8f3dae9f0287c2fa3a8cb43fecfb5ebcacaa3ac4d0264bd536dc8f37edd",
        "ee80bc8cd463ba52158339df97b87c2eaeec9c0c8cc257d2f59f2f5cbf592f3c",
    ),
    3: (
        "bcd0bc5b0014eb093ebff201382534baa1fc0ac64bb7d9846b9021ee72d6a7a7",
        "ee80bc8cd463ba52158339df97b87c2eaeec9c0c8cc257d2f59f2f5cbf592f3c",
    ),
}


def test_what_earlier_versions_stored_is_recognised_so_an_upgrade_writes_nothing(sandbox: Sandbox) -> None:
    sync()
    hashes = {
        template.pk: (template.content_hash, template.current_version.content_hash)
        for template in Template.objects.select_related("current_version")
        if template.current_version
    }
    assert hashes == STORED_BEFORE
    assert counts(sync(), "templates") == (0, 0, 0, 3)


def test_a_template_points_at_the_version_of_its_form(sandbox: Sandbox) -> None:
    sync()
    version = Template.objects.get(pk=1).current_version
    assert version is not None
    assert (version.template_id, version.number) == (1, 1)
    assert len(kickoff_from_json(version.kickoff).fields) == 9


def test_a_changed_form_is_a_new_version_and_the_old_one_stays(sandbox: Sandbox) -> None:
    sync()
    old = TemplateVersion.objects.get(template=2)
    sandbox.put_template({"id": 2, "kickoff": kickoff(field("reason"))})
    assert counts(sync(), "templates") == (0, 1, 0, 2)
    template = Template.objects.get(pk=2)
    assert template.current_version is not None
    assert template.current_version.number == 2
    assert template.fields_count == 1
    assert list(template.versions.values_list("number", flat=True)) == [2, 1]
    again = TemplateVersion.objects.get(pk=old.pk)
    assert (again.kickoff, again.first_seen_at) == (old.kickoff, old.first_seen_at)


def test_a_form_that_is_as_it_was_before_gets_its_old_version_back(sandbox: Sandbox) -> None:
    sync()
    first = sandbox.template(2)["kickoff"]
    sandbox.put_template({"id": 2, "kickoff": kickoff(field("reason"))})
    sync()
    sandbox.put_template({"id": 2, "kickoff": first})
    sync()
    template = Template.objects.get(pk=2)
    assert template.current_version is not None
    assert template.current_version.number == 1
    assert template.versions.count() == 2
    sandbox.put_template({"id": 2, "kickoff": kickoff(field("else"))})
    sync()
    template.refresh_from_db()
    assert template.current_version is not None
    assert template.current_version.number == 3


def test_a_template_that_changed_outside_of_its_form_keeps_its_version(sandbox: Sandbox) -> None:
    sync()
    before = Template.objects.get(pk=1)
    sandbox.put_template({"id": 1, "name": "Renamed", "is_active": False})
    sync()
    after = Template.objects.get(pk=1)
    assert after.current_version_id == before.current_version_id
    assert (after.name, after.is_active) == ("Renamed", False)
    assert after.first_seen_at == before.first_seen_at
    assert after.changed_at > before.changed_at
    assert after.order_key != before.order_key
    assert after.search != before.search


def test_who_may_run_a_template_is_replaced(sandbox: Sandbox) -> None:
    sync()
    untouched = set(RunAllowed.objects.exclude(template=1).values_list("pk", flat=True))
    sandbox.put_template({"id": 1, "run_allowed": [2, 3]})
    sync()
    assert set(RunAllowed.objects.filter(template=1).values_list("pneumatic_user_id", flat=True)) == {2, 3}
    assert set(RunAllowed.objects.exclude(template=1).values_list("pk", flat=True)) == untouched


def test_a_new_photo_of_a_user_changes_no_template(sandbox: Sandbox) -> None:
    sync()
    sandbox.put_user({"id": 1, "photo": "https://example.com/new.jpg"})
    run = sync()
    assert counts(run, "users") == (0, 1, 0, 2)
    assert counts(run, "templates") == (0, 0, 0, 3)


def test_a_template_that_is_deleted_between_list_and_detail_is_removed(sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    sync("templates")
    gone = Template.objects.latest("pk")
    sandbox.fault(kind="status", status=404, path_prefix=f"/templates/{gone.pk}", times=1)
    run = sync("templates")
    assert run.state == "done"
    assert counts(run, "templates")[2] == 1
    gone.refresh_from_db()
    assert gone.removed_at is not None


def test_a_launched_template_may_disappear_and_its_launches_stay(sandbox: Sandbox, operator: User) -> None:
    sync()
    launch = make_launch(Template.objects.get(pk=2), operator)
    sandbox.delete_template(2)
    sync(allow_removals=True)
    launch.refresh_from_db()
    assert launch.template.removed_at is not None
    assert launch.version.template_id == 2


def test_hostile_text_is_stored_as_it_is(sandbox: Sandbox) -> None:
    name = "<script>alert(1)</script> \u202e' OR 1=1 \"" + "x" * 5000
    api_names = ["name", "csrfmiddlewaretoken", "a\"b'c<d>", "x" * 5000]
    sandbox.put_template(
        {
            "id": 1,
            "name": name,
            "description": "\ud83d\ude80" * 3000,
            "kickoff": kickoff(*map(field, api_names)),
        }
    )
    run = sync()
    assert run.state == "done"
    template = Template.objects.get(pk=1)
    assert template.name == name
    assert template.current_version is not None
    fields = kickoff_from_json(template.current_version.kickoff).fields
    assert sorted(definition.api_name for definition in fields) == sorted(api_names)


@both_dialects
def test_many_templates_are_fetched_part_by_part_and_counted_as_a_whole(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.workflow_templates.sync._DETAILS_AT_ONCE", 2)
    reported: list[tuple[int, int | None]] = []
    with connect() as client:
        fetched = list(Templates().fetch(client, progress=lambda done, total: reported.append((done, total))))
    count = len(fetched)
    assert len({item.id for item in fetched}) == count >= 3
    assert reported[-1] == (count, count)
    assert [done for done, _total in reported] == sorted(done for done, _total in reported)


# -- The current API


def may_run(template_id: int) -> set[int]:
    return set(RunAllowed.objects.filter(template=template_id).values_list("pneumatic_user_id", flat=True))


@only_current
def test_templates_of_the_current_server_are_mirrored_once(sandbox: Sandbox) -> None:
    run = sync()
    assert (run.state, counts(run, "templates")) == ("done", (8, 0, 0, 0))
    assert set(Template.objects.values_list("pk", flat=True)) == {1, 2, 3, 4, 5, 6, 8, 9}
    template = Template.objects.select_related("current_version").get(name="Fieldsets")
    assert template.current_version is not None
    form = kickoff_from_json(template.current_version.kickoff)
    assert template.fields_count == len(form.fields)
    assert {definition.fieldset for definition in form.fields} > {"", "fieldset-address"}
    assert [task.name for task in tasks_from_json(template.tasks)] == ["Check"]
    assert counts(sync(), "templates") == (0, 0, 0, 8)


@only_current
def test_the_pattern_of_names_is_mirrored(sandbox: Sandbox) -> None:
    sync("templates")
    assert Template.objects.get(name="Data set").workflow_name == "{{subject}} in {{city}}"
    assert Template.objects.get(name="No fields").workflow_name == ""


@only_current
def test_a_key_that_may_not_read_details_mirrors_full_forms_without_tasks(
    sandbox: Sandbox, settings: Settings
) -> None:
    sync("templates")
    full = Template.objects.get(pk=1)
    assert full.current_version is not None
    settings.PNEUMATIC_API_KEY = sandbox.add_key("the-key-of-bo-operator", 2)
    run = sync("templates", allow_removals=True)
    assert (run.state, run.error) == ("done", "")
    template = Template.objects.get(pk=1)
    assert template.current_version_id == full.current_version_id
    assert (template.tasks, template.tasks_count) == ([], 2)
    assert may_run(1) == {1, 2}
    assert counts(sync("templates"), "templates")[:3] == (0, 0, 0)


@only_current
def test_members_of_a_group_may_run_what_their_group_may(sandbox: Sandbox) -> None:
    owners = [{"type": "user", "id": 1, "role": "owner"}, {"type": "group", "id": 1, "role": "starter"}]
    sandbox.put_template({"id": 2, "owners": owners})
    sync("templates")
    assert may_run(2) == {1, 2, 4}
