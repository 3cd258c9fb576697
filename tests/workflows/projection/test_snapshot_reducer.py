"""Histories of the current server, case by case: the recorded ones, several tasks at once, losses and deletions."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from dataclasses import replace

import pytest

from apps.pneumatic.canonical.events import (
    Event,
    Kind,
    Performer,
    Seen,
    Status,
    TaskStatus,
    WorkflowSnapshot,
    event_to_json,
)
from apps.pneumatic.canonical.serialization import content_hash
from apps.pneumatic.deliveries import read_payload
from apps.pneumatic.dialects.current import events as current_events
from apps.pneumatic.dialects.current.events import parse_workflow
from apps.pneumatic.transport.parsing import Node
from apps.workflows.projection.fingerprints import comparison_key
from apps.workflows.projection.history import GapKind, History, HistoryEntryKind
from apps.workflows.projection.projector import Projection, project
from tests.fixtures import payloads
from tests.pneumatic import recorded
from tests.workflows.projecting import canonical, kinds
from tests.workflows.snapshot_histories import BEGIN, Server

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_events, "account_zone", lambda: dt.UTC)


def gone(at: dt.datetime) -> Event:
    return Event(Seen.GONE, WorkflowSnapshot(7, "", Status.UNKNOWN), seen_at=at)


def done(history: History) -> list[tuple[int | None, int]]:
    entries = [entry.task for entry in history.entries if entry.kind is HistoryEntryKind.TASK_DONE]
    return [(task.number, task.round) for task in entries if task]


def recording(prefix: str) -> list[tuple[str, Event]]:
    names = [name for name in recorded.DELIVERIES if name.startswith(prefix)]
    read = [read_payload(json.dumps(recorded.load(name)).encode()) for name in names]
    return [(payload.content_hash, payload.event) for payload in read if payload.event]


def in_every_order(events: list[tuple[str, Event]]) -> Projection:
    (first, *others) = {
        repr(project(order)): project(order) for order in itertools.permutations(events)
    }.values()
    assert not others
    return first


# -- Recordings


def test_the_recorded_flow_gives_the_same_projection_in_every_order() -> None:
    """All six orders of the last three, in which the workflow is completed before its last task."""
    events = recording("delivery-0")

    orders = {repr(project([*events[:4], *order])) for order in itertools.permutations(events[4:])}
    projection, history = canonical(*[event for _hash, event in events])

    assert len(orders) == 1
    assert projection.state == "completed"
    assert projection.ended_at == events[5][1].workflow.date_completed
    assert history.gaps == ()
    assert done(history) == [(1, 1), (1, 2), (2, 1), (3, 1)]
    assert kinds(history) == [
        HistoryEntryKind.STARTED,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.TASK_RETURNED,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.COMPLETED,
    ]


def test_the_end_before_the_last_task_is_no_gap_while_that_is_in_transit() -> None:
    events = recording("delivery-0")[:6]

    projection, history = canonical(*[event for _hash, event in events])

    assert projection.state == "completed"
    assert not projection.has_gaps
    assert [entry.is_indirect for entry in history.entries][-2:] == [True, False]


def test_a_recorded_finish_leaves_the_open_task_behind() -> None:
    projection = in_every_order(recording("delivery-finish"))
    history = canonical(*[event for _hash, event in recording("delivery-finish")])[1]

    assert (projection.state, projection.step, projection.task_name) == ("completed", 1, "")
    assert kinds(history) == [
        HistoryEntryKind.STARTED,
        HistoryEntryKind.COMPLETED,
        HistoryEntryKind.TASK_LEFT,
    ]


def test_a_recorded_return_has_source_and_target() -> None:
    projection = in_every_order(recording("delivery-return"))
    history = canonical(*[event for _hash, event in recording("delivery-return")])[1]
    (returned,) = [entry for entry in history.entries if entry.kind is HistoryEntryKind.TASK_RETURNED]

    assert returned.task is not None
    assert returned.target is not None
    assert (returned.task.name, returned.target.name) == ("Second", "First")
    assert returned.at == history.entries[-1].at
    assert (projection.state, projection.task_name, projection.has_gaps) == ("running", "First", False)


# -- Several at once


def test_several_tasks_are_current_at_once() -> None:
    server = Server([2, 1])
    projection, history = canonical(*server.events)

    assert (projection.step, projection.task_name) == (1, "Task 1, Task 2")
    assert projection.performers == [[1, ""], [1, "", True], [2, ""], [2, "", True]]
    assert projection.task_since == BEGIN + dt.timedelta(milliseconds=10)
    assert kinds(history) == [
        HistoryEntryKind.STARTED,
        HistoryEntryKind.TASK_CURRENT,
        HistoryEntryKind.TASK_CURRENT,
    ]

    server.complete(2)
    projection, _history = canonical(*server.events)

    assert (projection.step, projection.task_name) == (1, "Task 1")


# -- What was lost


def test_a_task_that_is_only_in_a_snapshot_is_completed_at_its_time() -> None:
    server = Server([1, 1, 1])
    server.complete(1)
    server.complete(2)
    started, _lost, second = server.events

    projection, history = canonical(started, second)
    first = history.entries[1]

    assert first.task is not None
    assert (first.kind, first.task.number, first.is_indirect, first.is_inferred) == (
        HistoryEntryKind.TASK_DONE,
        1,
        True,
        False,
    )
    assert first.at == second.workflow.tasks[0].date_completed
    assert not projection.has_gaps


def test_a_missing_end_follows_from_the_last_task() -> None:
    server = Server([1])
    server.complete(1)
    started, _lost, last = server.events

    projection, history = canonical(started, last)

    assert (projection.state, projection.has_gaps) == ("completed", False)
    assert history.entries[-1].kind is HistoryEntryKind.COMPLETED
    assert history.entries[-1].is_indirect
    assert projection.ended_at == last.workflow.date_completed


def test_a_lost_return_is_a_gap_until_it_is_read_back() -> None:
    server = Server([1, 1])
    server.complete(1)
    server.go_back(2, 1)
    server.complete(1)
    received = [event for event in server.events if event.kind is not Kind.TASK_RETURNED]

    lost, history = canonical(*received)
    updated, read_back = canonical(*received, server.reading())

    assert [gap.kind for gap in history.gaps] == [GapKind.RETURN]
    assert lost.has_gaps
    assert not updated.has_gaps
    assert done(history) == done(read_back) == [(1, 1), (1, 2)]
    assert HistoryEntryKind.TASK_RETURNED in kinds(read_back)


def test_a_round_of_which_nothing_is_left_is_a_gap() -> None:
    server = Server([1, 1])
    server.complete(1)
    server.go_back(2, 1)
    started, _lost, returned = server.events

    projection, history = canonical(started, returned)

    assert [(gap.kind, gap.number) for gap in history.gaps] == [(GapKind.TASK, 1)]
    assert (done(history), projection.task_name) == ([(1, 1)], "Task 1")
    assert history.entries[-1].task is not None
    assert history.entries[-1].task.round == 2


def test_a_lost_start_is_a_gap_until_it_is_read_back() -> None:
    server = Server([1, 1])
    server.complete(1)

    lost, history = canonical(server.events[1])
    updated, _history = canonical(server.events[1], server.reading())

    assert [gap.kind for gap in history.gaps] == [GapKind.START]
    assert lost.started_at == updated.started_at == BEGIN
    assert (lost.has_gaps, updated.has_gaps) == (True, False)
    assert history.kickoff


def test_a_return_that_is_received_twice_is_one() -> None:
    server = Server([1, 1])
    server.complete(1)
    server.go_back(2, 1)
    renamed = replace(server.events[2], workflow=replace(server.events[2].workflow, name="Other"))

    _projection, history = canonical(*server.events, renamed)

    assert kinds(history).count(HistoryEntryKind.TASK_RETURNED) == 1


# -- What was read back


def test_a_change_without_a_time_is_in_the_latest_reading() -> None:
    server = Server([1])
    running = server.reading(BEGIN + HOUR)
    server.snooze()
    snoozed = server.reading(BEGIN + 2 * HOUR)

    projection, history = canonical(*server.events, snoozed, running)
    back, _history = canonical(*server.events, snoozed, replace(running, seen_at=BEGIN + 3 * HOUR))

    assert projection.state == "snoozed"
    assert projection.task_name == "Task 1"
    assert kinds(history) == [
        HistoryEntryKind.STARTED,
        HistoryEntryKind.SNOOZED,
        HistoryEntryKind.TASK_WAITING,
    ]
    assert back.state == "running"


def test_a_name_that_was_changed_there_is_shown() -> None:
    server = Server([1])
    reading = server.reading()
    renamed = replace(reading, workflow=replace(reading.workflow, name="New name", is_urgent=True))

    projection, history = canonical(*server.events, renamed)

    assert projection.name == "New name"
    assert history.is_urgent
    assert history.starter_id == 1


def test_a_workflow_that_is_not_found_is_deleted_and_has_no_performers() -> None:
    server = Server([1, 1])
    projection, history = canonical(*server.events, gone(BEGIN + HOUR))

    assert (projection.state, projection.ended_at) == ("deleted", BEGIN + HOUR)
    assert (projection.performers, projection.task_name, projection.step) == ([], "", 1)
    assert projection.is_state_confirmed
    assert kinds(history) == [HistoryEntryKind.STARTED, HistoryEntryKind.DELETED, HistoryEntryKind.TASK_LEFT]


def test_one_that_had_ended_before_stays_what_it_was() -> None:
    server = Server([1])
    server.complete(1)
    projection, history = canonical(*server.events, gone(BEGIN + HOUR))

    assert projection.state == "completed"
    assert history.entries[-1].kind is HistoryEntryKind.DELETED


@pytest.mark.parametrize("seen_after", [HOUR, 3 * HOUR])
def test_it_is_there_again_when_it_was_seen_later(seen_after: dt.timedelta) -> None:
    server = Server([1])
    events = [*server.events, gone(BEGIN + 2 * HOUR), server.reading(BEGIN + seen_after)]

    projection, _history = canonical(*events)

    assert projection.state == ("deleted" if seen_after < 2 * HOUR else "running")


def test_it_is_there_again_when_something_happened_later() -> None:
    server = Server([1, 1])
    server.complete(1)

    projection, _history = canonical(*server.events, gone(BEGIN))

    assert projection.state == "running"


def test_nothing_but_a_deletion_is_known_of_some() -> None:
    projection, _history = canonical(gone(BEGIN))

    assert (projection.state, projection.name) == ("deleted", "")


# -- A server that became another


def test_a_history_that_began_on_the_documented_server_continues() -> None:
    began = [
        read_payload(json.dumps(body).encode()).event
        for body in (payloads.started(7), payloads.task_completed(7, 1))
    ]
    tasks = [
        {
            "id": 700 + number,
            "name": f"Step {number}",
            "number": number,
            "date_started_tsp": (payloads.BEGIN + number * HOUR).timestamp() if number < 3 else None,
            "date_completed_tsp": (payloads.BEGIN + number * 2 * HOUR).timestamp() if number < 2 else None,
            "status": {1: "completed", 2: "active"}.get(number, "pending"),
        }
        for number in (1, 2, 3)
    ]
    tasks[0]["date_completed_tsp"] = (payloads.BEGIN + dt.timedelta(minutes=10)).timestamp()
    snapshot = {
        "id": 7,
        "status": 0,
        "date_created_tsp": payloads.BEGIN.timestamp(),
        "tasks": tasks,
    }
    later = Event(Seen.WORKFLOW, parse_workflow(Node(snapshot)), seen_at=payloads.BEGIN + 9 * HOUR)
    events = [event for event in (*began, later) if event]

    projection, history = canonical(*events)

    assert len({repr(project(order)) for order in itertools.permutations(_hashed(events))}) == 1
    assert (projection.state, projection.task_name, projection.step) == ("running", "Step 2", 2)
    assert done(history) == [(1, 1)]
    assert history.gaps == ()


def _hashed(events: list[Event]) -> list[tuple[str, Event]]:
    return [(content_hash(event_to_json(event)), event) for event in events]


def test_tasks_of_an_unknown_status_are_done_when_they_have_an_end() -> None:
    server = Server([1, 1])
    server.complete(1)
    event = server.events[1]
    tasks = tuple(replace(task, status=TaskStatus.UNKNOWN) for task in event.workflow.tasks)
    odd = replace(event, workflow=replace(event.workflow, tasks=tasks, current_task=None))

    projection, history = canonical(server.events[0], odd)

    assert done(history) == [(1, 1)]
    assert projection.task_name == ""


def test_a_recorded_workflow_has_one_key_in_the_list_alone_and_in_its_last_event() -> None:
    listed = next(
        node
        for node in Node(recorded.load("workflows-list-fields")).items("results")
        if node.value["id"] == 87
    )
    by_itself = parse_workflow(Node(recorded.load("workflow-completed")))
    delivered = recording("delivery-05")[0][1].workflow

    assert comparison_key(parse_workflow(listed)) == comparison_key(by_itself) == comparison_key(delivered)
    assert comparison_key(recording("delivery-04")[0][1].workflow) != comparison_key(delivered)


def test_the_order_of_performers_makes_no_difference() -> None:
    delivered = recording("delivery-05")[0][1].workflow
    people = (Performer(1, "Ada"), Performer(2, ""), Performer(1, "", is_group=True))
    task = replace(delivered.tasks[0], performers=people)
    other = replace(task, performers=people[::-1])
    fewer = replace(task, performers=people[1:])

    marks = [comparison_key(replace(delivered, tasks=(one,))) for one in (task, other, fewer)]

    assert marks[0] == marks[1] != marks[2]
