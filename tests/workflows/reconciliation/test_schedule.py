"""When workflows are compared with Pneumatic's, and what pages and the command say of it."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps.core import periodic
from apps.workflows.models import Reconciliation, Workflow
from apps.workflows.reconciliation import reconciler, schedule
from apps.workflows.reconciliation.schedule import freshness, run_if_due
from tests.fixtures.deliveries import Deliver
from tests.fixtures.payloads import OURS
from tests.fixtures.sandbox import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def current(sandbox: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Return a fresh sandbox that behaves as the current server, with no event in transit."""
    sandbox.reset(dialect="current")
    settings.PNEUMATIC_DIALECT = "current"
    monkeypatch.setattr(reconciler, "EVENT_GRACE_PERIOD", dt.timedelta(days=-1))
    return sandbox


def reconcile() -> str:
    out = io.StringIO()
    call_command("reconcile", stdout=out)
    return out.getvalue()


def text_of(client: Client, url: str) -> str:
    return " ".join(client.get(url).content.decode().split())


def paths(sandbox: Sandbox) -> list[str]:
    return [request["path"].partition("?")[0] for request in sandbox.requests("api")]


def long_ago(*columns: str) -> None:
    Reconciliation.objects.update(**dict.fromkeys(columns, timezone.now() - dt.timedelta(hours=1)))


# -- The command


def test_the_command_says_what_it_updated(current: Sandbox) -> None:
    lost, deleted = (int(current.start_workflow(1, name=name)["id"]) for name in ("Lost", "Deleted"))
    first = reconcile()
    current.step(lost, "finish", silent=True)
    current.delete_workflow(deleted)

    second = reconcile()
    third = reconcile()

    assert f"Workflow {lost} “Lost”: added; running." in first
    assert "Pneumatic listed 2 workflows; 2 were read in full, 2 updated." in first
    assert f"Workflow {lost} “Lost”: completed (was running)." in second
    assert f"Workflow {deleted} “Deleted”: deleted in Pneumatic (was running)." in second
    assert "Deleted in Pneumatic: 1 workflow." in second
    assert third.splitlines()[0] == "Pneumatic listed 1 workflow; 0 were read in full, 0 updated."


def test_the_command_says_that_any_key_sees_its_own_only(current: Sandbox) -> None:
    assert "lists only what the API key's user started" in reconcile()


def test_the_command_cannot_do_it_with_the_documented_server(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="cannot list workflows") as refused:
        reconcile()

    assert refused.value.returncode == 2
    assert sandbox.requests() == []


def test_the_command_fails_when_pneumatic_does_not_answer(current: Sandbox) -> None:
    current.fault(kind="status", path_prefix="/workflows", status=403, times=0)

    with pytest.raises(CommandError, match="Not all workflows were compared") as failed:
        reconcile()

    assert failed.value.returncode == 1
    assert freshness().error


# -- The timer


def test_a_round_is_done_when_it_is_time_and_only_then(current: Sandbox) -> None:
    id_ = int(current.start_workflow(1, name="Trip")["id"])

    run_if_due()
    requests = len(current.requests())
    run_if_due()

    assert Workflow.objects.get().pk == id_
    assert len(current.requests()) == requests
    assert freshness().checked_at is not None
    assert freshness().updated == 1


def test_the_newest_are_checked_between_two_rounds(current: Sandbox) -> None:
    run_if_due()
    current.start_workflow(1, name="Trip")
    current.clear_requests()
    long_ago("newest_checked_at")

    run_if_due()

    assert Workflow.objects.count() == 1
    assert paths(current)[0] == "/workflows"
    assert freshness().updated == 1


def test_of_two_workers_one_does_it(current: Sandbox) -> None:
    now = timezone.now()
    every = dt.timedelta(minutes=5)

    assert schedule._claim("started_at", now, every=every)
    assert not schedule._claim("started_at", now + dt.timedelta(seconds=2), every=every)
    assert schedule._claim("started_at", now + every, every=every)
    assert schedule._claim("started_at", now - dt.timedelta(hours=1), every=every), (
        "a clock that was put back"
    )


def test_never_means_never(current: Sandbox, settings: Settings) -> None:
    settings.RECONCILE_EVERY = 0

    run_if_due()

    assert current.requests() == []
    assert not Reconciliation.objects.exists()


def test_a_server_without_a_list_of_workflows_is_not_queried(sandbox: Sandbox) -> None:
    run_if_due()

    assert sandbox.requests() == []
    assert not freshness().can_be_checked


def test_that_pneumatic_is_away_is_no_failure_of_the_worker(current: Sandbox) -> None:
    current.fault(kind="status", path_prefix="/", status=403, times=0)

    run_if_due()

    assert freshness().error
    assert freshness().checked_at is None

    current.clear_faults()
    long_ago("started_at")
    run_if_due()

    assert freshness().error == ""


def test_the_worker_does_it() -> None:
    jobs = {job.name: job for job in periodic.registered()}

    assert jobs["reconciling"].job == run_if_due


# -- The list


def test_the_list_says_how_true_it_is(current: Sandbox, viewer_client: Client) -> None:
    before = text_of(viewer_client, "/workflows/")
    current.start_workflow(1, name="Trip")
    run_if_due()

    after = text_of(viewer_client, "/workflows/")

    assert "Not checked against Pneumatic yet" in before
    assert "Checked against Pneumatic" in after
    assert "1 updated." in after


def test_the_list_says_what_a_check_could_not_do(current: Sandbox, viewer_client: Client) -> None:
    run_if_due()
    Reconciliation.objects.update(remaining=3, error="It is away.")

    page = text_of(viewer_client, "/workflows/")

    assert "3 more are left for the next checks." in page
    assert "Pneumatic lists only what the API key's user started" in page
    assert "The last check failed: It is away." in page


def test_the_list_says_when_checks_are_off(
    current: Sandbox, viewer_client: Client, settings: Settings
) -> None:
    settings.RECONCILE_EVERY = 0

    assert "Not checked against Pneumatic: RECONCILE_EVERY is 0." in text_of(viewer_client, "/workflows/")


def test_the_page_says_that_the_documented_server_lists_no_workflows(
    sandbox: Sandbox, viewer_client: Client
) -> None:
    page = text_of(viewer_client, "/workflows/")

    assert "This Pneumatic version cannot list workflows" in page
    assert "Checked against" not in page


def test_the_command_and_the_list_say_what_to_do_about_too_many_deletions(
    current: Sandbox, viewer_client: Client
) -> None:
    ids = [int(current.start_workflow(1, name=f"Trip {number}")["id"]) for number in range(6)]
    reconcile()
    for id_ in ids:
        current.delete_workflow(id_)

    with pytest.raises(CommandError) as caught:
        reconcile()

    assert caught.value.returncode == 2
    assert "6 open workflows were not found" in str(caught.value)
    assert "--allow-deletions" in text_of(viewer_client, "/workflows/")
    call_command("reconcile", "--allow-deletions", verbosity=0)
    assert "--allow-deletions" not in text_of(viewer_client, "/workflows/")


# -- With the events of a server


def test_a_workflow_with_all_events_needs_no_update(current: Sandbox, deliver: Deliver) -> None:
    """All that the server sends for a workflow with a return is shown as the server has it."""
    for event in ("workflow_started", "task_completed", "task_returned", "workflow_completed"):
        current.add_subscription(event=event, target="http://127.0.0.1:9/nowhere")
    current.settings(retry_pause=0)
    id_ = int(current.start_workflow(1, name="Trip")["id"])
    for action in ("complete", "return", "complete", "complete"):
        current.step(id_, action)
    for delivery in reversed(current.wait_delivered()):
        body = json.loads(delivery["body"]) if isinstance(delivery["body"], str) else delivery["body"]
        deliver({**body, "hook": {**body["hook"], "target": OURS}})

    report = reconcile()
    workflow = Workflow.objects.get(pk=id_)

    assert (workflow.state, workflow.has_gaps, workflow.events_count) == ("completed", False, 6)
    assert "0 were read in full, 0 updated." in report


def test_before_detection_the_page_does_not_say_that_the_server_lists_no_workflows(
    viewer_client: Client, settings: Settings
) -> None:
    settings.PNEUMATIC_DIALECT = "auto"

    text = text_of(viewer_client, "/workflows/")

    assert "not detected yet" in text
    assert "cannot list workflows" not in text
