"""The sync page: who sees it, who starts what, what it says."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.sync import runs
from apps.sync.models import SyncResult, SyncRun
from tests.fixtures.sandbox import Sandbox, only_current
from tests.sync.running import sync

pytestmark = pytest.mark.django_db


def worker() -> None:
    """Do what waits, as the worker does, but on the test's own connection."""
    worker = Worker(
        queue_names=["default"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="tests",
        excluded_queue_names=[],
    )
    for waiting in DBTaskResult.objects.ready():
        waiting.claim(worker.worker_id)
        worker.run_task(waiting)


def text(client: Client, path: str = "/sync/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("path", ["/sync/", "/sync/live/"])
def test_the_page_needs_a_login_and_a_role(client: Client, no_role_client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    assert no_role_client.get(path).status_code == 403


def test_a_viewer_sees_it_and_starts_nothing(viewer_client: Client) -> None:
    assert "Sync now" not in text(viewer_client)
    assert viewer_client.post("/sync/start/").status_code == 403
    assert not SyncRun.objects.exists()


def test_it_takes_a_post_to_start_one(operator_client: Client) -> None:
    assert operator_client.get("/sync/start/").status_code == 405


def test_an_empty_installation_says_so(operator_client: Client) -> None:
    page = text(operator_client)
    assert "No syncs yet" in page
    assert page.count("never synced") == 2
    assert "Sync now" in page


def test_sync_now_waits_for_the_worker_and_is_done_by_it(
    operator_client: Client, operator: User, sandbox: Sandbox
) -> None:
    assert operator_client.post("/sync/start/").headers["Location"] == "/sync/"
    run = SyncRun.objects.get()
    assert (run.state, run.started_by, run.trigger) == ("queued", operator, "page")
    page = text(operator_client)
    assert "Waiting for a worker" in page
    assert 'hx-get="/sync/live/' in page
    assert "<noscript>" in page

    worker()
    run.refresh_from_db()
    assert run.state == SyncRun.State.DONE
    page = text(operator_client)
    assert "3 added, 0 updated, 0 removed" in page
    assert "Every field" in page
    assert "operator" in page
    assert "hx-get" not in page.partition('id="sync-live"')[2]


def test_clicking_twice_enqueues_one_sync(operator_client: Client, sandbox: Sandbox) -> None:
    operator_client.post("/sync/start/")
    operator_client.post("/sync/start/")
    assert SyncRun.objects.count() == 1
    worker()
    assert SyncRun.objects.get().state == SyncRun.State.DONE
    assert not DBTaskResult.objects.failed().exists()
    assert len([entry for entry in sandbox.requests() if entry["path"] == "/accounts/users"]) == 1


def test_a_click_while_one_runs_starts_no_other(operator_client: Client) -> None:
    runs.claim(trigger="command", started_by=None, dry_run=False, allow_removals=False)
    operator_client.post("/sync/start/")
    assert SyncRun.objects.count() == 1
    assert "Sync now" not in text(operator_client)


def test_a_waiting_run_gives_way_when_another_is_at_work(operator_client: Client) -> None:
    operator_client.post("/sync/start/")
    runs.claim(trigger="command", started_by=None, dry_run=False, allow_removals=False)
    worker()
    waited = SyncRun.objects.get(trigger="page")
    assert waited.state == SyncRun.State.FAILED
    assert waited.error == "Another sync is already running. Nothing was done."


def test_when_no_worker_comes_it_says_what_to_start(operator_client: Client) -> None:
    operator_client.post("/sync/start/")
    assert "No worker" not in text(operator_client)
    SyncRun.objects.update(started_at=timezone.now() - dt.timedelta(seconds=20))
    page = text(operator_client)
    assert "No worker is running" in page
    assert "manage.py worker" in page
    assert "Start again" in page


def test_progress_is_shown_while_it_runs(viewer_client: Client) -> None:
    run = runs.claim(trigger="command", started_by=None, dry_run=False, allow_removals=False)
    run.results.create(resource="users", state="done", finished_at=timezone.now())
    run.results.create(resource="templates", fetched=1200, expected=2000)
    page = text(viewer_client)
    assert 'max="2000" value="1200"' in page
    assert "1,200 of 2,000" in page


def test_the_live_part_is_sent_alone_and_announced_when_the_step_changes(viewer_client: Client) -> None:
    run = runs.claim(trigger="command", started_by=None, dry_run=False, allow_removals=False)
    run.results.create(resource="users")
    first = text(viewer_client, "/sync/live/")
    assert "<html" not in first
    assert 'id="announcer" hx-swap-oob="innerHTML"' in first
    phase = first.partition("?phase=")[2].partition('"')[0]
    assert 'id="announcer"' not in text(viewer_client, f"/sync/live/?phase={phase}")
    SyncResult.objects.update(state="writing")
    assert 'id="announcer"' in text(viewer_client, f"/sync/live/?phase={phase}")


def test_the_live_part_brings_the_rest_of_the_page_when_it_is_over(
    viewer_client: Client, sandbox: Sandbox
) -> None:
    sync()
    part = text(viewer_client, "/sync/live/?phase=1-running")
    assert 'id="sync-runs" aria-labelledby="sync-runs-title" hx-swap-oob="true"' in part
    assert 'hx-swap-oob="delete:.banner"' in part
    assert "hx-get" not in part


def test_a_killed_run_is_not_shown_as_running(viewer_client: Client) -> None:
    run = runs.claim(trigger="command", started_by=None, dry_run=False, allow_removals=False)
    SyncRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - dt.timedelta(hours=1))
    page = text(viewer_client)
    assert "interrupted" in page
    assert "The sync was interrupted." in page


def test_a_refused_run_is_confirmed_by_a_user_with_permission(
    operator_client: Client, viewer_client: Client, sandbox: Sandbox
) -> None:
    sync()
    sandbox.delete_template(2)
    refused = sync()
    page = text(operator_client)
    assert "The last sync was refused" in page
    assert "No fields" in page
    assert "Confirm removals and sync" in page
    assert "Confirm removals and sync" not in text(viewer_client)

    operator_client.post("/sync/start/", {"confirm": refused.pk})
    worker()
    assert SyncRun.objects.all()[0].state == SyncRun.State.DONE
    assert "The last sync was refused" not in text(operator_client)


def test_a_refusal_that_is_out_of_date_cannot_be_confirmed(operator_client: Client, sandbox: Sandbox) -> None:
    sync()
    sandbox.delete_template(2)
    refused = sync()
    sync("users")
    response = operator_client.post("/sync/start/", {"confirm": refused.pk}, follow=True)
    assert "another sync has ended since" in response.content.decode()
    assert not SyncRun.objects.filter(allow_removals=True).exists()


@pytest.mark.parametrize("confirm", ["0", "x", "-1", "99999999999999999999999"])
def test_nonsense_cannot_be_confirmed(operator_client: Client, confirm: str) -> None:
    operator_client.post("/sync/start/", {"confirm": confirm})
    assert not SyncRun.objects.exists()


def test_it_says_which_pneumatic_this_is_and_nothing_of_what_it_does_not_have(
    viewer_client: Client, sandbox: Sandbox
) -> None:
    sync()
    page = text(viewer_client)
    assert "Pneumatic (documented API), set by PNEUMATIC_DIALECT." in page
    assert "Groups" not in page
    assert "the user of the API key" not in page


@only_current
def test_it_shows_the_detected_server_and_the_user_of_the_api_key(
    viewer_client: Client, sandbox: Sandbox, settings: Settings
) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    assert "Pneumatic version not detected yet. Run “manage.py check_connection”." in text(viewer_client)
    sync()
    page = text(viewer_client)
    assert "Pneumatic (current API), detected just now." in page
    assert "<dt>Groups</dt>" in page
    assert "Templates: only those that Ada Owner, the user of the API key, owns, views or may start." in page
    assert 'class="banner"' not in page


@only_current
def test_what_the_key_may_not_see_is_explained_and_never_out_of_date(
    viewer_client: Client, sandbox: Sandbox, settings: Settings
) -> None:
    sandbox.fault(kind="status", status=403, path_prefix="/accounts/groups", times=0)
    sync()
    page = text(viewer_client)
    assert (
        page.count("The user of the API key may not see groups in Pneumatic: ") == 2
    )  # now, and of that run
    assert "never synced" not in page
    assert 'class="banner"' not in page
    sandbox.clear_faults()
    sync("groups")
    assert text(viewer_client).count("may not see groups") == 1


def test_hostile_names_are_shown_as_text(viewer_client: Client, sandbox: Sandbox) -> None:
    sandbox.put_template({"id": 1, "name": "<script>alert(1)</script>"})
    sync()
    page = viewer_client.get("/sync/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_many_runs_cost_no_more_queries(
    viewer_client: Client, operator: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    for number in range(60):
        run = SyncRun.objects.create(
            state="done", trigger="page", started_by=operator, started_at=now, heartbeat_at=now
        )
        SyncResult.objects.create(run=run, resource="users", state="done", added=number, finished_at=now)
    with django_assert_max_num_queries(14):
        viewer_client.get("/sync/")


def test_the_banner_of_other_pages_polls_only_when_it_is_shown(
    settings: Settings, viewer_client: Client
) -> None:
    settings.SYNC_STALE_AFTER = 60
    assert 'class="banner"' in text(viewer_client)
    now = timezone.now()
    run = SyncRun.objects.create(state="done", trigger="command", started_at=now, heartbeat_at=now)
    for resource in ("users", "templates"):
        run.results.create(resource=resource, state="done", finished_at=now - dt.timedelta(minutes=59))
    assert 'class="banner"' not in text(viewer_client)
    run.results.filter(resource="users").update(finished_at=now - dt.timedelta(minutes=61))
    assert 'class="banner"' in text(viewer_client)
