"""Who did something is read from Pneumatic: once, in few requests, and what it does not say stops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from apps.core.database import clock
from apps.pneumatic.client import Client, connect
from apps.webhooks.models import Event
from apps.workflows.models import Workflow
from apps.workflows.projection.history import HistoryEntryKind, history_of
from apps.workflows.reconciliation import doers, reconciler
from apps.workflows.reconciliation.doers import read_doers
from apps.workflows.reconciliation.reconciler import check_newest, reconcile
from tests.fixtures.sandbox import Sandbox

pytestmark = pytest.mark.django_db

BO = 2


@pytest.fixture
def current(sandbox: Sandbox, settings: Settings) -> Sandbox:
    """Return a fresh sandbox that behaves as the current server."""
    sandbox.reset(dialect="current")
    settings.PNEUMATIC_DIALECT = "current"
    return sandbox


@pytest.fixture
def client(current: Sandbox) -> Iterator[Client]:
    with connect() as client:
        yield client


def completed(sandbox: Sandbox, client: Client, *, count: int = 1) -> list[int]:
    """Return workflows whose first task Bo completed, read, with doers that are not known yet."""
    ids = [int(sandbox.start_workflow(1, name="Trip")["id"]) for _ in range(count)]
    for id_ in ids:
        sandbox.step(id_, by=BO)
    reconciler.find_launched(client, template_id=1, since=clock.now() - reconciler.EVENT_GRACE_PERIOD)
    sandbox.clear_requests()
    assert Workflow.objects.filter(lacks_doers=True).count() == count
    return ids


def asked(sandbox: Sandbox) -> list[str]:
    return [entry["path"] for entry in sandbox.requests() if entry["path"].endswith("/events")]


def named(workflow_id: int) -> list[tuple[int, ...]]:
    history = history_of(Workflow.objects.get(pk=workflow_id))
    return [entry.doers for entry in history.entries if entry.kind is HistoryEntryKind.TASK_DONE]


def test_it_is_read_once_and_again_after_the_next_step(current: Sandbox, client: Client) -> None:
    (id_,) = completed(current, client)
    changed_at = Workflow.objects.get(pk=id_).last_event_at

    assert (read_doers(client), read_doers(client)) == (1, 0)
    assert named(id_) == [(BO,)]
    assert Workflow.objects.get(pk=id_).last_event_at == changed_at
    current.step(id_, by=1, silent=True)
    report = reconcile(client, full=True)

    assert report.asked == 1
    assert named(id_) == [(BO,), (1,)]
    assert Event.objects.filter(kind="activity").count() == 1
    assert asked(current) == [f"/workflows/{id_}/events"] * 2


def test_a_round_asks_about_few_with_the_latest_events_first(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = completed(current, client, count=3)
    monkeypatch.setattr(reconciler, "EVENT_GRACE_PERIOD", -reconciler.EVENT_GRACE_PERIOD)
    monkeypatch.setattr(reconciler, "MAX_ASKED_BETWEEN_ROUNDS", 1)
    monkeypatch.setattr(reconciler, "MAX_ASKED_PER_ROUND", 1)

    assert check_newest(client).asked == 1
    assert [named(id_) for id_ in ids] == [[()], [()], [(BO,)]]
    assert reconcile(client, full=False).asked == 1
    assert [named(id_) for id_ in ids] == [[()], [(BO,)], [(BO,)]]


def test_what_just_happened_is_left_to_the_next_round(current: Sandbox, client: Client) -> None:
    """Pneumatic sends an event before it stores what happened."""
    completed(current, client)

    assert check_newest(client).asked == reconcile(client, full=False).asked == 0
    assert asked(current) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 500},
        {"kind": "wrong_json"},
    ],
    ids=["forbidden", "a release without it", "broken", "unreadable"],
)
def test_what_cannot_be_read_is_not_requested_again(
    current: Sandbox, client: Client, fault: dict[str, Any]
) -> None:
    broken, other = completed(current, client, count=2)
    current.fault(path_prefix=f"/workflows/{broken}/events", times=0, **fault)

    assert (read_doers(client), read_doers(client)) == (2, 0)
    assert (named(broken), named(other)) == ([()], [(BO,)])
    assert not Event.objects.filter(kind="activity", workflow_id=broken).exists()
    current.clear_faults()
    current.step(broken, by=BO, silent=True)
    reconcile(client, full=True)
    assert named(broken) == [(BO,), (BO,)]


@pytest.mark.parametrize("fault", [{"kind": "rate_limit"}, {"kind": "status", "status": 401}])
def test_trouble_with_the_server_is_left_to_the_next_round(
    current: Sandbox, client: Client, fault: dict[str, Any]
) -> None:
    ids = completed(current, client, count=2)
    current.fault(path_prefix=f"/workflows/{ids[1]}/events", times=0, **fault)

    report = reconcile(client, full=True)

    assert report.asked == 0
    assert Workflow.objects.filter(lacks_doers=True).count() == 2
    current.clear_faults()
    assert read_doers(client) == 2


def test_an_empty_list_of_what_happened_is_an_answer(current: Sandbox, client: Client) -> None:
    (id_,) = completed(current, client)
    current.fault(kind="wrong_json", path_prefix=f"/workflows/{id_}/events", body="[]")

    assert (read_doers(client), read_doers(client)) == (1, 0)
    assert named(id_) == [()]


def test_older_workflows_are_read_after_an_upgrade_where_a_user_did_something(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id_,) = completed(current, client)
    untouched = int(current.start_workflow(1, name="Untouched")["id"])
    reconcile(client, full=True)
    Workflow.objects.update(lacks_doers=True)
    current.clear_requests()
    monkeypatch.setattr(doers, "_BATCH_SIZE", 1)

    assert read_doers(client, limit=5) == 0
    assert not Workflow.objects.filter(lacks_doers=True).exists()
    assert asked(current) == []
    assert (named(id_), named(untouched)) == ([(BO,)], [])


def test_the_command_says_in_how_many(
    current: Sandbox, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    completed(current, client)

    call_command("reconcile")
    first = capsys.readouterr().out
    call_command("reconcile")

    assert "Of 1 workflow it was read who completed or returned tasks." in first
    assert "it was read who" not in capsys.readouterr().out
