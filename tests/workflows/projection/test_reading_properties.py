"""Workflows of the first releases with lost events: a reading adds what is missing, and takes nothing back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.events import (
    Event,
    Kind,
    Output,
    Seen,
    Status,
    TaskSnapshot,
    WorkflowSnapshot,
    event_from_json,
    event_to_json,
)
from apps.workflows.projection.history import History, HistoryEntryKind
from apps.workflows.projection.projector import Projection, project
from tests.workflows.listing_histories import BEGIN, READ_AT, Life, listed_lives
from tests.workflows.projection.test_snapshot_properties import hashed, projected

AN_HOUR = dt.timedelta(hours=1)


def done_in_the_end(history: History) -> set[int | None]:
    """Return the ids of the tasks that are done after the last line; None for a task without one."""
    done: dict[int, int | None] = {}
    for entry in history.entries:
        if entry.kind is HistoryEntryKind.TASK_DONE and entry.task:
            done[entry.task.number or 0] = entry.task.id
        elif entry.kind is HistoryEntryKind.TASK_RETURNED and entry.target:
            first = entry.target.number or 0
            done = {number: id_ for number, id_ in done.items() if number < first}
    return set(done.values())


def returns_in(history: History) -> int:
    return sum(entry.kind is HistoryEntryKind.TASK_RETURNED for entry in history.entries)


def shown(projection: Projection) -> dict[str, object]:
    """Return what pages show, without the hashes of readings, of which there may be several."""
    columns = projection.columns()
    entries = [{**entry, "content_hash": None} for entry in columns.pop("history")["entries"]]
    return {**columns, "entries": entries, "events_count": None}


@given(listed_lives(most_actions=14))
def test_the_page_is_right_after_a_reading(life: Life) -> None:
    projection, history = projected(life.received)
    is_waiting = life.state is Status.SNOOZED
    kind = HistoryEntryKind.TASK_WAITING if is_waiting else HistoryEntryKind.TASK_CURRENT
    current = [entry.task for entry in history.entries if entry.kind is kind]

    assert projection.state == life.state.value
    assert projection.is_state_confirmed
    assert history.gaps == ()
    assert done_in_the_end(history) == life.completed
    assert returns_in(history) <= life.returns
    is_over = life.state is Status.COMPLETED
    assert [task.number for task in current if task] == ([] if is_over else [life.current])
    assert projection.step == life.current
    assert [id_ for id_, _name in projection.performers] == ([] if is_over or is_waiting else [life.current])
    assert (projection.ended_at is None) == (not is_over)


@given(listed_lives(most_actions=8, goes_on=True))
def test_events_continue_from_a_reading(life: Life) -> None:
    projection, history = projected(life.received)

    assert history.gaps == ()
    assert done_in_the_end(history) == life.completed
    assert returns_in(history) <= life.returns
    if life.state is Status.COMPLETED:  # nothing reports that a workflow was snoozed
        assert projection.state == life.state.value


@given(listed_lives(most_actions=14))
def test_nothing_that_an_event_shows_is_taken_back(life: Life) -> None:
    _projection, history = projected(life.received)
    about_tasks = [
        event for event in life.received if event.kind in {Kind.TASK_COMPLETED, Kind.TASK_RETURNED}
    ]
    own = {entry.content_hash for entry in history.entries if not entry.is_inferred and not entry.is_indirect}

    assert {hash_ for hash_, _event in hashed(about_tasks)} <= own


@given(listed_lives(most_actions=14))
def test_reading_again_changes_nothing(life: Life) -> None:
    last = life.received[-1]
    assert last.seen_at is not None
    again = replace(last, seen_at=last.seen_at + AN_HOUR)

    assert shown(project(hashed([*life.received, again]))) == shown(project(hashed(life.received)))


@given(st.data(), listed_lives(most_actions=14))
def test_the_order_of_arrival_does_not_matter(data: st.DataObject, life: Life) -> None:
    pairs = hashed(life.received)

    assert project(data.draw(st.permutations(pairs))) == project(pairs)


@given(listed_lives(most_actions=14))
def test_a_reading_is_the_same_after_it_was_stored(life: Life) -> None:
    assert all(event_from_json(event_to_json(event)) == event for event in life.received)


@given(listed_lives(most_actions=8))
def test_a_deletion_is_shown_and_a_later_reading_disproves_it(life: Life) -> None:
    last = life.received[-1]
    assert last.seen_at is not None
    nothing = replace(last.workflow, current_task=None, tasks=(), passed=None)
    gone = Event(Seen.GONE, nothing, seen_at=last.seen_at + AN_HOUR)
    found = replace(last, seen_at=last.seen_at + 2 * AN_HOUR)
    before = project(hashed(life.received))

    deleted, history = projected([*life.received, gone])
    back = project(hashed([*life.received, gone, found]))

    is_over = life.state is Status.COMPLETED
    assert deleted.state == ("completed" if is_over else "deleted")
    assert deleted.is_state_confirmed
    assert (deleted.performers, deleted.task_name, deleted.step) == ([], "", before.step)
    assert (deleted.ended_at == gone.seen_at) == (not is_over)
    kinds = [entry.kind for entry in history.entries]
    assert HistoryEntryKind.DELETED in kinds
    assert HistoryEntryKind.TASK_CURRENT not in kinds
    assert (HistoryEntryKind.TASK_LEFT in kinds) == (not is_over or life.current * 10 not in life.completed)
    assert done_in_the_end(history) == life.completed
    assert shown(back) == shown(before)


def test_a_task_that_was_read_as_completed_has_no_answers_of_a_former_round() -> None:
    """The event of a return has the task with its former answers."""
    first, second = (TaskSnapshot(number * 10, f"Task {number}", number) for number in (1, 2))
    again = replace(first, date_started=BEGIN + AN_HOUR, outputs=(Output("a", "Answer", "string", "former"),))
    workflow = WorkflowSnapshot(1, "Trip", status=Status.RUNNING, date_created=BEGIN)
    events = [
        Event(Kind.WORKFLOW_STARTED, replace(workflow, current_task=replace(first, date_started=BEGIN))),
        Event(Kind.TASK_RETURNED, replace(workflow, current_task=again), again),
        Event(
            Seen.WORKFLOW,
            replace(
                workflow, current_task=replace(second, date_started=BEGIN + 2 * AN_HOUR), passed=(first,)
            ),
            seen_at=READ_AT,
        ),
    ]

    _projection, history = projected(events)

    (last,) = [entry.task for entry in history.entries if entry.kind is HistoryEntryKind.TASK_DONE][-1:]
    assert last is not None
    assert (last.id, last.outputs) == (10, ())
