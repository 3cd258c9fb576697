"""One object that cannot be read: it stays as it was, the run names it, and the others are synced."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Model
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import PneumaticGroup, PneumaticUser
from apps.accounts.sync import Users
from apps.pneumatic.canonical.schemas import Received, User
from apps.pneumatic.client.mirror import MAX_BROKEN_TEMPLATES
from apps.sync.models import SyncResult, SyncRun
from apps.sync.selectors import freshness
from apps.webhooks.models import Subscription
from apps.workflow_templates.models import RunAllowed, Template
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current
from tests.fixtures.spoiling import spoil
from tests.sync.running import counts, result, sync

pytestmark = pytest.mark.django_db

USERS, GROUPS = "/accounts/users", "/accounts/groups"


def everything(model: type[Model]) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in model._default_manager.values()}


def who_may_run() -> set[tuple[int, int]]:
    return set(RunAllowed.objects.values_list("template_id", "pneumatic_user_id"))


def rename_others(sandbox: Sandbox) -> None:
    """Change objects that can be read, so that it shows whether they are synced."""
    sandbox.put_template({"id": 1, "name": "Renamed"})
    sandbox.put_user({"id": 2, "last_name": "Renamed"})


def row_of(rows: list[Any], id_: int) -> int:
    """Return the index of an object in its list."""
    return next(index for index, row in enumerate(rows) if row["id"] == id_)


def unreadable_task(template: dict[str, Any]) -> None:
    template["tasks"][0]["delay"] = "tomorrow"


def unreadable_form(template: dict[str, Any]) -> None:
    field = next(one for one in template["kickoff"]["fields"] if one["type"] in {"radio", "dropdown"})
    field["selections"] = [None]


@both_dialects
@pytest.mark.parametrize("damage", [unreadable_task, unreadable_form])
def test_a_template_stays_as_it_was_and_is_named(
    sandbox: Sandbox, damage: Callable[[dict[str, Any]], None]
) -> None:
    sandbox.reset("demo", dialect=sandbox.dialect)
    sync()
    broken = Template.objects.exclude(tasks=[]).filter(field_types__contains="radio").earliest("pk")
    other = Template.objects.filter(is_active=True).exclude(pk=broken.pk).earliest("pk")
    before = everything(Template)[broken.pk]
    sandbox.put_template({"id": other.pk, "name": "Renamed"})
    spoil(sandbox, f"/templates/{broken.pk}", damage)
    if damage is unreadable_form:  # which the current API has in the list
        spoil(sandbox, "/templates", lambda rows: damage(rows[row_of(rows, broken.pk)]))

    run = sync()

    assert run.state == SyncRun.State.INCOMPLETE
    assert f"“{broken.name}” ({broken.pk}) could not be read and was left as it was." in run.error
    assert f"templates[{broken.pk}]." in run.error  # and where
    assert everything(Template)[broken.pk] == before
    assert Template.objects.get(pk=other.pk).name == "Renamed"
    assert counts(run, "templates")[1:3] == (1, 0)
    assert result(run, "users").state == SyncResult.State.DONE

    sandbox.clear_faults()
    assert sync().state == SyncRun.State.DONE


def no_id(rows: list[Any]) -> None:
    del rows[row_of(rows, 1)]["id"]


def no_object(rows: list[Any]) -> None:
    rows[row_of(rows, 1)] = None


def bad_invite(rows: list[Any]) -> None:
    rows[row_of(rows, 1)]["invite"] = {"id": "x", "date_created": "the day before"}


def long_mail(rows: list[Any]) -> None:
    rows[row_of(rows, 1)]["email"] = "x" * 400 + "@example.com"


@both_dialects
@pytest.mark.parametrize("damage", [bad_invite, long_mail, no_id, no_object])
def test_a_user_stays_as_they_were_and_is_named(
    sandbox: Sandbox, damage: Callable[[list[Any]], None]
) -> None:
    sync()
    rename_others(sandbox)
    sandbox.delete_user(3)
    before = everything(PneumaticUser)
    knows_id = damage in (bad_invite, long_mail)
    spoil(sandbox, USERS, damage)

    run = sync(allow_removals=True)

    assert run.state == SyncRun.State.INCOMPLETE
    called = (
        "“without a name” (no id)"
        if damage is no_object
        else "“Ada Owner” (%s)" % (1 if knows_id else "no id")
    )
    assert run.error.startswith(f"{called} could not be read and was left as it was. ")
    after = everything(PneumaticUser)
    assert after[1] == before[1]
    assert after[2]["name"] == "Bo Renamed"
    # Any of the missing ones may be the one without an id.
    assert (after[3]["removed_at"] is not None) is knows_id


@only_current
def test_a_group_stays_as_it_was_and_so_do_the_templates_that_it_may_run(sandbox: Sandbox) -> None:
    sandbox.reset("demo", dialect="current")
    sync()
    its_templates = [row.pk for row in Template.objects.all() if any(row.raw.get("groups", {}).values())]
    group_id = int(next(iter(Template.objects.get(pk=its_templates[0]).raw["groups"])))
    others = Template.objects.filter(is_active=True).exclude(pk__in=its_templates)
    sandbox.put_template({"id": others.earliest("pk").pk, "name": "Renamed"})
    before, allowed = everything(PneumaticGroup), who_may_run()

    def damage(rows: list[Any]) -> None:
        next(row for row in rows if row["id"] == group_id)["users"] = ["somebody"]

    spoil(sandbox, GROUPS, damage)
    run = sync()

    assert run.state == SyncRun.State.INCOMPLETE
    assert f"“{before[group_id]['name']}” ({group_id}) could not be read" in result(run, "groups").error
    assert everything(PneumaticGroup) == before
    assert counts(run, "templates")[1] == 1
    assert who_may_run() == allowed


@both_dialects
def test_a_subscription_stays_as_it_was(sandbox: Sandbox) -> None:
    for event in ("workflow_started", "workflow_completed"):
        sandbox.add_subscription(event=event, target="https://example.com/hook")
    sync()
    before = everything(Subscription)
    broken = next(row for row in before.values() if row["event"] == "workflow_started")

    def damage(rows: list[Any]) -> None:
        row = next(row for row in rows if row["event"] == "workflow_started")
        row["target" if "target" in row else "url"] = 7

    spoil(sandbox, "/webhooks" if sandbox.dialect == "documented" else "/webhooks/events", damage)
    run = sync("subscriptions")

    assert run.state == SyncRun.State.INCOMPLETE
    assert f"“workflow_started” ({broken['id']}) could not be read" in run.error
    assert everything(Subscription) == before


def test_the_command_names_it_and_exits_with_1(sandbox: Sandbox) -> None:
    sync()
    spoil(sandbox, USERS, bad_invite)
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("sync", "users", stdout=out)
    line, named = out.getvalue().splitlines()
    assert line.startswith("users: 0 added, 0 updated, 0 removed, 2 unchanged (")
    assert named.startswith(
        "  ! “Ada Owner” (1) could not be read and was left as it was. Pneumatic's response"
    )
    assert caught.value.returncode == 1
    assert str(caught.value).startswith("Incomplete. “Ada Owner” (1) could not be read")


def test_the_page_names_it_and_counts_the_others_as_fresh(sandbox: Sandbox, viewer_client: Client) -> None:
    spoil(sandbox, USERS, bad_invite)
    run = sync("users")
    assert counts(run, "users") == (2, 0, 0, 0)
    page = viewer_client.get("/sync/").content.decode()
    assert "incomplete" in page
    assert "“Ada Owner” (1) could not be read" in page
    (users,) = [one for one in freshness().resources if one.resource == "users"]
    assert users.synced_at is not None


def test_a_resource_of_which_nothing_can_be_read_has_failed(sandbox: Sandbox) -> None:
    def damage(rows: list[Any]) -> None:
        rows[:] = [{**row, "status": None} for row in rows]

    spoil(sandbox, USERS, damage)
    run = sync("users")
    assert run.state == SyncRun.State.FAILED
    (users,) = [one for one in freshness().resources if one.resource == "users"]
    assert users.synced_at is None


def test_a_defect_in_reading_concerns_that_object_only(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    row = Users.row

    def broken(self: Users, item: Received[User], **options: Any) -> PneumaticUser:
        if item.id == 1:
            raise KeyError("a defect")
        return row(self, item, **options)

    monkeypatch.setattr(Users, "row", broken)
    run = sync("users")
    assert run.error.endswith("Unexpected error (KeyError). See the log.")
    assert counts(run, "users") == (2, 0, 0, 0)
    assert "An object of users could not be read: 1" in caplog.text


def test_many_unreadable_objects_are_counted(sandbox: Sandbox) -> None:
    def damage(rows: list[Any]) -> None:
        rows += [{**rows[0], "id": id_, "status": None} for id_ in range(100, 115)]

    spoil(sandbox, USERS, damage)
    lines = sync("users").error.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "5 more users could not be read."


@both_dialects
def test_a_template_that_breaks_the_server_is_left_out(sandbox: Sandbox) -> None:
    sync()
    sandbox.put_template({"id": 1, "name": "Renamed"})
    sandbox.fault(kind="status", status=500, path="/templates/3", times=0)
    run = sync("templates")
    assert run.state == SyncRun.State.INCOMPLETE
    assert "(3) could not be read" in run.error
    assert Template.objects.get(pk=1).name == "Renamed"
    assert Template.objects.get(pk=3).removed_at is None


def test_a_server_that_breaks_often_gets_no_request_for_every_template(
    sandbox: Sandbox, settings: Settings
) -> None:
    sandbox.reset("demo")
    settings.SYNC_CONCURRENCY = 1
    sandbox.fault(kind="status", status=500, path_prefix="/templates/", times=0)
    run = sync("templates")
    assert run.state == SyncRun.State.FAILED
    asked = {seen["path"] for seen in sandbox.requests(method="GET")}
    assert sum(path.startswith("/templates/") for path in asked) == MAX_BROKEN_TEMPLATES + 1
