"""``manage.py sync subscriptions``: the mirror, and the drift as text."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from apps.accounts.models import PneumaticUser, User
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import Client
from apps.sync import selectors
from apps.sync.models import SyncResult, SyncRun
from apps.webhooks.models import Subscription, SubscriptionListing
from apps.webhooks.subscriptions import drift, mirror, services
from tests.fixtures.sandbox import Sandbox, only_current
from tests.sync.running import counts, result, sync
from tests.webhooks.subscribing import ELSEWHERE, EVENTS, NO_ADMIN, OTHER_ADMIN, PUBLIC_URL, ours, take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


def command(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("sync", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_it_mirrors_every_subscription(sandbox: Sandbox) -> None:
    sandbox.add_subscription(event="task_returned", target=ELSEWHERE)
    sandbox.add_subscription(event="task_completed", target=ELSEWHERE)
    sandbox.add_subscription(event="workflow_painted", target=ELSEWHERE)

    run = sync("subscriptions")

    assert counts(run, "subscriptions") == (3, 0, 0, 0)
    rows = Subscription.objects.order_by("id").values_list("event", "kind", "is_deprecated", "target")
    assert list(rows) == [
        ("task_returned", "task_returned", False, ELSEWHERE),
        ("task_completed", "task_completed", True, ELSEWHERE),
        ("workflow_painted", "", False, ELSEWHERE),
    ]
    assert counts(sync("subscriptions"), "subscriptions") == (0, 0, 0, 3)


def test_what_is_missing_is_marked_without_a_confirmation(sandbox: Sandbox) -> None:
    row = sandbox.add_subscription(event="task_returned", target=ELSEWHERE)
    sync("subscriptions")
    sandbox.delete_subscription(row["id"])

    run = sync("subscriptions")

    assert run.state == SyncRun.State.DONE
    assert counts(run, "subscriptions") == (0, 0, 1, 0)
    assert Subscription.objects.get().removed_at is not None
    assert services.snapshot().rows == ()


def test_a_mass_removal_of_users_is_still_refused(sandbox: Sandbox) -> None:
    sync()
    sandbox.delete_user(2)

    assert sync("users").state == SyncRun.State.REFUSED
    assert PneumaticUser.objects.filter(removed_at=None).count() == 3


def test_everything_includes_subscriptions(sandbox: Sandbox) -> None:
    sandbox.add_subscription(event="task_returned", target=ELSEWHERE)

    assert counts(sync(), "subscriptions") == (1, 0, 0, 0)


def test_a_key_that_may_not_list_them_leaves_the_rest_alone(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=403, path_prefix="/webhooks", times=0)

    run = sync()

    assert run.state == SyncRun.State.DONE
    assert counts(run, "users")[0] == counts(run, "templates")[0] == 3
    refused = result(run, "subscriptions")
    assert refused.state == SyncResult.State.FORBIDDEN
    assert "PNEUMATIC_API_KEY" in refused.error
    assert "still deliver events" in refused.error
    assert services.snapshot().error == refused.error
    freshness = selectors.freshness()
    assert not freshness.never
    assert not freshness.is_stale


def test_the_snapshot_has_the_time_of_the_sync(sandbox: Sandbox) -> None:
    assert services.snapshot().fetched_at is None

    sync("subscriptions", dry_run=True)
    assert services.snapshot().fetched_at is None

    sync("subscriptions")
    first = services.snapshot()
    assert first.fetched_at is not None
    assert (first.error, first.attempted_at) == ("", first.fetched_at)

    sync("subscriptions")  # nothing to write, but listed
    second = services.snapshot()
    assert second.fetched_at is not None
    assert second.fetched_at > first.fetched_at


def test_the_command_says_how_it_differs(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED, Kind.WORKFLOW_STARTED])
    sandbox.delete_subscription(sandbox.subscriptions()[0]["id"])
    sandbox.add_subscription(event="task_returned", target=ELSEWHERE)

    lines = command("subscriptions")

    assert lines[0].startswith("subscriptions: 1 added, 0 updated, 1 removed, 1 unchanged (1 request, ")
    assert lines[1] == "  missing: task_returned. Expected, but Pneumatic does not send it to our endpoint."
    assert lines[2].startswith("  external: task_returned (")
    assert "https://hooks.example.org/…. Another integration" in lines[2]
    assert lines[3].startswith("  Not subscribed: task completed, workflow completed.")
    assert len(lines) == 4
    assert "secret" not in "".join(lines)
    assert ours().rpartition("/hooks/")[2].strip("/") not in "".join(lines)


def test_json_has_the_same_notes(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    sandbox.delete_subscription(sandbox.subscriptions()[0]["id"])

    data = json.loads("\n".join(command("subscriptions", "--json")))

    assert data["state"] == "done"  # a difference is no failure of the sync
    assert data["resources"][0]["remarks"] == [
        "missing: task_returned. Expected, but Pneumatic does not send it to our endpoint.",
        "Not subscribed: workflow started, task completed, workflow completed. Workflows do not show these events.",
    ]


def test_the_command_says_nothing_where_nothing_is_wanted(sandbox: Sandbox) -> None:
    assert len(command("subscriptions")) == 1


def test_there_are_no_notes_about_what_could_not_be_listed(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    sandbox.fault(kind="status", status=404, path_prefix="/webhooks", times=0)
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("sync", "subscriptions", stdout=out)

    assert len(out.getvalue().splitlines()) == 1


def test_a_listing_that_is_older_than_our_own_change_is_not_written(
    sandbox: Sandbox, integrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.add_subscription(event="task_returned", target=ELSEWHERE)
    receive_subscriptions = Client.receive_subscriptions

    def ended_since(self: Client, **options: Any) -> Any:
        rows = receive_subscriptions(self, **options)
        monkeypatch.undo()
        services.refresh()
        (row,) = rows
        services.unsubscribe(integrator, row.id)
        return rows

    monkeypatch.setattr(Client, "receive_subscriptions", ended_since)
    sync("subscriptions")

    assert services.snapshot().rows == ()


def test_there_is_one_row_about_the_listing(sandbox: Sandbox) -> None:
    mirror.only()
    sync("subscriptions")
    services.refresh()

    assert SubscriptionListing.objects.count() == 1
    assert str(SubscriptionListing.objects.get()) == "listing of subscriptions"


@only_current
class TestOneUrlPerEvent:
    """Subscriptions have no numbers there: ours stand for an event, always the same one."""

    def test_it_mirrors_what_has_a_url(self, sandbox: Sandbox) -> None:
        take(sandbox, "task_returned", "workflow_started", url=ELSEWHERE)

        assert counts(sync("subscriptions"), "subscriptions") == (2, 0, 0, 0)
        before = {row.event: row.pk for row in Subscription.objects.all()}
        take(sandbox, "task_returned", url=f"{ELSEWHERE}/2")
        assert counts(sync("subscriptions"), "subscriptions") == (0, 1, 0, 1)

        assert {row.event: row.pk for row in Subscription.objects.all()} == before
        row = Subscription.objects.get(event="task_returned")
        assert (row.target, row.kind, row.created_upstream_at) == (f"{ELSEWHERE}/2", "task_returned", None)

    def test_what_has_no_url_any_more_is_marked(self, sandbox: Sandbox, integrator: User) -> None:
        services.subscribe(integrator, Kind)
        for row in sandbox.subscriptions()[:3]:
            sandbox.delete_subscription(row["id"])

        run = sync("subscriptions")

        assert run.state == SyncRun.State.DONE
        assert counts(run, "subscriptions") == (0, 0, 3, 1)

    def test_ours_behind_another_users_url_stays(self, sandbox: Sandbox, integrator: User) -> None:
        key = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)
        take(sandbox, "task_returned", url=ELSEWHERE, key=key)
        services.subscribe(integrator, [Kind.TASK_RETURNED], replacing={Kind.TASK_RETURNED: ELSEWHERE})

        assert counts(sync("subscriptions"), "subscriptions") == (0, 0, 0, 2)
        assert {row.target for row in services.snapshot().rows} == {ELSEWHERE, ours()}

        take(sandbox, "task_returned", url=f"{ELSEWHERE}/2", key=key)
        assert counts(sync("subscriptions"), "subscriptions") == (0, 1, 1, 0)

    def test_the_command_says_what_the_key_lacks(self, sandbox: Sandbox, settings: Settings) -> None:
        settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-no-admin", NO_ADMIN)

        said = " ".join(command())

        assert "Only admins and the owner of the account may manage webhooks" in said
        assert "templates: " in said

    def test_another_generation_of_the_server_does_not_confuse_it(
        self, sandbox: Sandbox, integrator: User, settings: Settings
    ) -> None:
        def switch(dialect: str) -> None:
            sandbox.reset(dialect=dialect)
            settings.PNEUMATIC_DIALECT = dialect

        switch("documented")
        services.subscribe(integrator, Kind)
        sandbox.add_subscription(event="task_completed", target=ELSEWHERE)
        assert counts(sync("subscriptions"), "subscriptions") == (1, 0, 0, 4)

        switch("current")
        take(sandbox, *EVENTS, url=ours())
        sync("subscriptions")
        assert {row.event: row.target for row in services.snapshot().rows} == dict.fromkeys(EVENTS, ours())
        assert all(row.created_upstream_at is None for row in services.snapshot().rows)
        assert drift.find_drift().findings == ()

        switch("documented")
        run = sync("subscriptions")
        assert counts(run, "subscriptions") == (0, 0, 4, 0)
        assert [finding.problem for finding in drift.find_drift().findings] == [
            drift.DiscrepancyKind.MISSING
        ] * 4
