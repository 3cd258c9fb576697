"""What was read back is stored among the events: once, without a delivery, and no longer than it is needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.utils import timezone

from apps.pneumatic.canonical.activity import ActivityLog
from apps.pneumatic.canonical.events import Event, Seen
from apps.webhooks import registry
from apps.webhooks.models import Event as EventRow
from apps.workflows.models import Holder, Workflow
from apps.workflows.projection.history import history_of
from apps.workflows.rebuild.differences import RebuildProgress, differences
from apps.workflows.reconciliation.observations import (
    deleted_event,
    record_activity,
    record_observations,
    workflow_event,
)
from tests.workflows.snapshot_histories import BEGIN, Server

pytestmark = pytest.mark.django_db


def stored() -> list[str]:
    return list(EventRow.objects.order_by("pk").values_list("kind", flat=True))


def at(event: Event, hours: float) -> Event:
    return replace(event, seen_at=BEGIN + dt.timedelta(hours=hours))


def test_a_reading_makes_a_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    notified: list[EventRow] = []
    monkeypatch.setattr(registry, "_handlers", [*registry._handlers, (20, notified.extend)])
    server = Server([2, 1])

    assert record_observations([workflow_event(server.reading().workflow)]) == {7}

    workflow, row = Workflow.objects.get(), EventRow.objects.get()
    assert (workflow.pk, workflow.state, workflow.task_name) == (7, "running", "Task 1, Task 2")
    assert (row.kind, row.deliveries_count, row.task_id) == (Seen.WORKFLOW.value, 0, None)
    assert row.get_kind_display() == "read back"
    assert notified == [row]
    assert set(Holder.objects.values_list("person_id", "is_group")) == {
        (1, False),
        (1, True),
        (2, False),
        (2, True),
    }


def test_a_reading_is_no_event_of_a_workflow() -> None:
    record_observations([workflow_event(Server([1]).reading().workflow)])

    assert Workflow.objects.get().last_event_at == BEGIN + dt.timedelta(milliseconds=10)


def test_a_workflow_that_has_not_changed_adds_nothing() -> None:
    server = Server([1, 1])
    record_observations([workflow_event(server.reading().workflow)])
    changed_at = Workflow.objects.get().changed_at

    assert record_observations([workflow_event(server.reading().workflow)]) == set()
    assert stored() == ["seen"]
    assert Workflow.objects.get().changed_at == changed_at


def test_a_newer_reading_replaces_an_older_one() -> None:
    server = Server([1, 1])
    record_observations([server.reading(BEGIN)])
    server.complete(1)

    assert record_observations([server.reading()]) == {7}
    assert stored() == ["seen"]
    assert Workflow.objects.get().task_name == "Task 2"


def test_an_older_reading_stays_if_it_alone_contains_something() -> None:
    server = Server([1, 1])
    server.complete(1)
    record_observations([server.reading(BEGIN)])
    server.go_back(2, 1)

    record_observations([server.reading()])

    assert stored() == ["seen", "seen"]
    assert Workflow.objects.get().task_name == "Task 1"


def test_the_same_reading_twice_is_stored_once() -> None:
    server = Server([1])
    running = server.reading()
    server.snooze()
    snoozed = server.reading()

    for hour, reading in enumerate([running, snoozed, running, snoozed, running]):
        record_observations([at(reading, hour)])

    assert Workflow.objects.get().state == "running"
    assert len(stored()) <= 2


def test_a_deletion_is_kept_next_to_what_was_read_and_taken_back_by_a_reading() -> None:
    server = Server([1])
    record_observations([server.reading(BEGIN)])

    assert record_observations([deleted_event(7)]) == {7}
    assert (stored(), Workflow.objects.get().state) == (["seen", "gone"], "deleted")
    assert record_observations([deleted_event(7)]) == {7}
    assert stored() == ["seen", "gone"]

    assert record_observations([at(server.reading(), 24 * 365 * 100)]) == {7}
    assert (stored(), Workflow.objects.get().state) == (["seen"], "running")


def test_a_deletion_takes_the_holders_away() -> None:
    record_observations([Server([1]).reading(BEGIN)])

    record_observations([deleted_event(7)])

    assert Holder.objects.count() == 0
    assert Workflow.objects.get().ended_at is not None


def test_several_workflows_are_written_at_once() -> None:
    readings = [Server([1], id_=id_).reading() for id_ in (3, 5)]

    assert record_observations([*readings, deleted_event(9)]) == {3, 5, 9}
    assert set(Workflow.objects.values_list("pk", "state")) == {
        (3, "running"),
        (5, "running"),
        (9, "deleted"),
    }


def test_a_handler_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_events: Sequence[EventRow]) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(registry, "_handlers", [*registry._handlers, (20, fail)])

    with pytest.raises(RuntimeError):
        record_observations([Server([1]).reading()])

    assert (EventRow.objects.count(), Workflow.objects.count()) == (0, 0)


def test_a_rebuild_finds_no_difference_and_counts_no_pruned_deliveries() -> None:
    server = Server([2, 1])
    record_observations([server.reading(BEGIN)])
    server.complete(1)
    record_observations([server.reading(), *[Server([1], id_=8).reading()]])
    record_observations([deleted_event(8)])
    progress = RebuildProgress()

    assert list(differences(progress)) == []
    assert (progress.workflows, progress.pruned) == (2, 0)


def test_now_is_when_it_was_read() -> None:
    before = timezone.now()

    events = [workflow_event(Server([1]).reading().workflow), deleted_event(7)]

    assert all(event.seen_at and before <= event.seen_at <= timezone.now() for event in events)


def test_who_did_what_is_stored_once_and_stays_when_a_reading_is_replaced() -> None:
    server = Server([1, 1])
    record_observations([at(server.reading(), 1)])
    server.complete(1)
    record_activity(7, server.activity().activity or ActivityLog())
    record_observations([at(server.reading(), 2)])
    server.complete(2)
    (first, *later) = server.actions
    record_activity(7, ActivityLog(tuple(later), later[-1].at))  # only the newest were listed
    record_observations([at(server.reading(), 3)])

    workflow, row = Workflow.objects.get(), EventRow.objects.get(kind="activity")
    entries = history_of(workflow).entries
    assert [entry.doers for entry in entries if entry.kind == "task_done"] == [(1000,), (1001,)]
    assert row.parsed.activity == ActivityLog((first, *later), later[-1].at)
    assert (row.occurred_at, row.deliveries_count, row.get_kind_display()) == (None, 0, "read who did what")
    assert stored() == ["activity", "seen"]
    assert workflow.events_count == 1
    assert not list(differences(RebuildProgress()))
