"""Each release loses some deliveries: after reading back the pages show what Pneumatic knows, and what is unknown.

Reading back a second time changes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import PneumaticUser
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import connect
from apps.webhooks.models import Event
from apps.webhooks.processing.worker import process_pending
from apps.webhooks.subscriptions import services
from apps.workflows.models import Workflow
from apps.workflows.projection.history import history_of
from apps.workflows.reconciliation.reconciler import check_newest, reconcile
from tests.contract.test_progress import known, shown
from tests.factories import make_user
from tests.fixtures.sandbox import Sandbox, some_releases

pytestmark = some_releases

TEMPLATE = 1
# Their lists have no completion times, and a delivery that was not received is never sent again.
WITHOUT_TIMES, NEVER_AGAIN = ("1.0", "2.0"), ("2.0", "3.2", "4.0")


@pytest.fixture
def connected(
    sandbox: Sandbox, transactional_db: None, live_server: LiveServer, settings: Settings
) -> Iterator[Sandbox]:
    """Return the sandbox, subscribed to all events."""
    settings.PUBLIC_URL = live_server.url
    outcomes = services.subscribe(make_user("administrator", "Administrator"), list(Kind))
    assert all(outcome.is_ok for outcome in outcomes)
    with connect() as client:
        client.key_holder()  # which release it is
    yield sandbox
    sandbox.reset()  # nothing is sent to a receiver that has ended


def start(sandbox: Sandbox, name: str) -> int:
    return int(sandbox.start_workflow(TEMPLATE, name=name)["id"])


def receive(sandbox: Sandbox) -> None:
    """Wait until everything was delivered, and process it."""
    sandbox.wait_delivered()
    process_pending()


def stored() -> tuple[Any, ...]:
    """Return all that reading back may write."""
    return (
        list(Event.objects.order_by("pk").values()),
        list(Workflow.objects.order_by("pk").values("pk", "digest", "changed_at", "last_event_at")),
    )


def text_of(client: Client, url: str) -> str:
    return " ".join(client.get(url).content.decode().split())


def test_what_was_missed_is_read_back_once(connected: Sandbox) -> None:
    names = ["completed", "returned", "finished", "snoozed", "deleted", "moved on", "untouched"]
    ids = {name: start(connected, name) for name in names}
    connected.step(ids["returned"])
    receive(connected)
    connected.delivery_fault("lose", times=0)
    ids["new"] = start(connected, "new")
    while connected.step(ids["completed"])["status"] == 0:
        pass
    connected.step(ids["returned"], "return", to=1)
    connected.step(ids["finished"], "finish")
    connected.step(ids["snoozed"], "snooze")
    connected.delete_workflow(ids["deleted"])
    connected.step(ids["moved on"])
    connected.step(ids["new"])
    receive(connected)

    with connect() as client:
        first = reconcile(client, full=True)
        after_first = stored()
        second = reconcile(client, full=True)

    assert (first.denied, first.unreadable, first.unconfirmed, first.deleted) == (0, 0, 0, 1)
    assert {workflow.workflow_id for workflow in first.updated} >= set(ids.values()) - {ids["untouched"]}
    rows = shown()
    assert rows.pop(ids["deleted"])[2] == "deleted"
    assert rows == known(connected)
    assert not Workflow.objects.filter(has_gaps=True).exists()
    assert (second.updated, second.read) == ([], 0)
    assert stored() == after_first


def test_the_pages_show_how_far_reading_back_reaches(
    connected: Sandbox, release: str, viewer_client: Client
) -> None:
    complete, missed = start(connected, "complete"), start(connected, "missed")
    connected.step(complete)
    connected.step(missed, silent=True)
    receive(connected)
    call_command("reconcile", stdout=(out := io.StringIO()))

    page, listed = text_of(viewer_client, f"/workflows/{missed}/"), text_of(viewer_client, "/workflows/")

    never = release in NEVER_AGAIN
    assert ("does not send missed events again." in page) == never
    assert ("does not send missed events again. Reading back shows" in listed) == never
    assert ("does not send missed events again. Reading back shows" in out.getvalue()) == never
    has_times = release not in WITHOUT_TIMES
    assert ("Status and all tasks were read on" in page) == has_times
    assert ("Status, open task and completed tasks were read on" in page) != has_times
    unknown = "Answers" if has_times else "Time and answers"
    assert f"Completion event missing; read from Pneumatic. {unknown} unknown." in page
    other = text_of(viewer_client, f"/workflows/{complete}/")
    assert "were read on" not in other
    assert "Completion event missing" not in other
    assert not history_of(Workflow.objects.get(pk=missed)).gaps


def test_the_list_and_the_page_agree_on_who_started_a_workflow(
    connected: Sandbox, viewer_client: Client
) -> None:
    call_command("sync", "users", stdout=io.StringIO())
    public = int(connected.start_workflow(TEMPLATE, name="by a form", is_external=True)["id"])
    by_bo = int(connected.start_workflow(TEMPLATE, name="by Bo", started_by=2)["id"])
    receive(connected)
    with connect() as client:
        reconcile(client, full=True)

    listed = text_of(viewer_client, "/workflows/")

    bo = PneumaticUser.objects.get(pk=2).name
    assert f"<bdi>{bo}</bdi>" in listed
    assert ">a public form<" in listed
    assert "outside this dashboard" not in listed
    assert "<dt>Started by</dt><dd>A public form</dd>" in text_of(viewer_client, f"/workflows/{public}/")
    assert f"<dt>Started by</dt><dd><bdi>{bo}</bdi>" in text_of(viewer_client, f"/workflows/{by_bo}/")


def test_a_task_that_waits_has_no_performers(connected: Sandbox, release: str, viewer_client: Client) -> None:
    """The current server reports the task before a delayed one with the status before the delay."""
    connected.settings(delays=True)
    template = connected.template(TEMPLATE)
    template["tasks"][1]["delay"] = "1 00:00:00"
    connected.put_template(template)
    delayed, snoozed = start(connected, "delayed"), start(connected, "snoozed")
    connected.step(delayed)
    receive(connected)
    if release in WITHOUT_TIMES:  # a delayed task without a start leaves no time there
        connected.step(delayed, "resume")
        connected.step(delayed, "snooze")
    else:
        assert Workflow.objects.get(pk=delayed).state == "snoozed"
        assert not Workflow.objects.get(pk=delayed).performers
    connected.step(snoozed, "snooze")
    with connect() as client:
        reconcile(client, full=True)

    assert list(Workflow.objects.values_list("state", "performers")) == [("snoozed", [])] * 2
    for id_ in (delayed, snoozed):
        page = text_of(viewer_client, f"/workflows/{id_}/")
        assert "waiting until" in page
        assert "in progress" not in page
        assert f'href="/workflows/{id_}/"' not in text_of(viewer_client, "/workflows/?held=1")
    connected.step(delayed, "resume")
    with connect() as client:
        reconcile(client, full=True)
    assert Workflow.objects.get(pk=delayed).performers


def test_the_next_task_is_shown_after_the_next_check(connected: Sandbox) -> None:
    """Events of the oldest releases do not have it."""
    id_ = start(connected, "moves on")
    connected.step(id_)
    receive(connected)

    with connect() as client:
        check_newest(client)

    workflow = Workflow.objects.get(pk=id_)
    assert (workflow.step, workflow.task_name) == (2, "Do")
    assert workflow.performers


def test_who_did_it_is_named_and_not_the_performers(connected: Sandbox, viewer_client: Client) -> None:
    """The account's owner may complete and return tasks of others; no event says who did."""
    call_command("sync", "users", stdout=io.StringIO())
    id_ = start(connected, "by others")
    connected.step(id_, by=2)
    connected.step(id_, "return", to=1, by=2)
    connected.step(id_, by=3)
    receive(connected)
    before = text_of(viewer_client, f"/workflows/{id_}/")
    with connect() as client:
        first = reconcile(client, full=True)
        second = reconcile(client, full=True)

    page = text_of(viewer_client, f"/workflows/{id_}/")
    bo, third = (PneumaticUser.objects.get(pk=pk).name for pk in (2, 3))
    assert "Completed by" not in before
    assert "Returned by" not in before
    assert f"Completed by: <bdi>{bo}</bdi>" in page
    assert f"Completed by: <bdi>{third}</bdi>" in page
    assert f"Returned by: <bdi>{bo}</bdi>" in page
    assert (first.asked, second.asked) == (1, 0)
