"""Histories that are reported by snapshots: over all orders, duplicates and losses, and with what was read back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.events import Event, Kind, Status, event_from_json, event_to_json
from apps.pneumatic.canonical.serialization import content_hash
from apps.workflows.projection.history import History, HistoryEntryKind, history_from_json, history_to_json
from apps.workflows.projection.projector import Projection, digest_of, project
from tests.fixtures.depth import examples
from tests.workflows.snapshot_histories import Life, Truth, snapshot_lives

MAX_EVENTS_WITH_ALL_ORDERS = 6


def hashed(events: Iterable[Event]) -> list[tuple[str, Event]]:
    return [(content_hash(event_to_json(event)), event) for event in events]


def projected(events: Iterable[Event]) -> tuple[Projection, History]:
    projection = project(hashed(events))
    history = history_from_json(projection.history)
    assert history_to_json(history) == projection.history
    assert projection.digest == digest_of(projection.columns())
    return projection, history


def assert_projected_as(truth: Truth, projection: Projection, history: History) -> None:
    turn = [
        entry.task.number
        for entry in history.entries
        if entry.kind in {HistoryEntryKind.TASK_CURRENT, HistoryEntryKind.TASK_WAITING} and entry.task
    ]
    assigned = [] if truth.state is Status.SNOOZED else truth.current
    assert projection.state == truth.state.value
    assert projection.is_state_confirmed
    assert turn == truth.current
    assert projection.task_name == ", ".join(f"Task {number}" for number in truth.current)
    assert projection.performers == [
        performer for number in assigned for performer in ([number, ""], [number, "", True])
    ]
    assert (projection.ended_at is None) == (truth.state is not Status.COMPLETED)


@given(snapshot_lives(most_actions=5))
@examples(1)
def test_every_order_of_a_short_history_gives_the_same_projection(life: Life) -> None:
    events = life.events[-MAX_EVENTS_WITH_ALL_ORDERS + 1 :]
    pairs = [*hashed(events), *hashed([life.reading])]

    assert len({repr(project(order)) for order in itertools.permutations(pairs)}) == 1


@given(st.data(), snapshot_lives(most_actions=25))
def test_order_and_duplicates_do_not_matter(data: st.DataObject, life: Life) -> None:
    pairs = hashed(life.events)
    again = data.draw(st.lists(st.sampled_from(pairs), max_size=10))

    assert project(data.draw(st.permutations(pairs + again))) == project(pairs)


@given(snapshot_lives(most_actions=25))
def test_a_complete_history_is_projected_as_it_was(life: Life) -> None:
    projection, history = projected([*life.events, life.reading])
    done = [entry.task for entry in history.entries if entry.kind is HistoryEntryKind.TASK_DONE]
    returns = [entry.target for entry in history.entries if entry.kind is HistoryEntryKind.TASK_RETURNED]

    assert_projected_as(life.truth, projection, history)
    assert history.gaps == ()
    assert [(task.number, task.round, task.done_at) for task in done if task] == life.truth.done
    assert all(task and task.outputs for task in done)
    assert [target.number for target in returns if target] == life.truth.returns
    assert not any(entry.is_inferred or entry.is_indirect for entry in history.entries)
    assert history.kickoff == life.events[0].workflow.kickoff


@given(snapshot_lives(most_actions=12))
def test_no_gap_exists_at_any_time_of_a_complete_history(life: Life) -> None:
    """Also not where "workflow completed" is here and the last "task completed" is not."""
    for received in range(1, len(life.events) + 1):
        projection, history = projected(life.events[:received])

        assert history.gaps == ()
        assert not projection.has_gaps


@given(st.data(), snapshot_lives(most_actions=25))
def test_a_reading_fills_in_what_events_missed(data: st.DataObject, life: Life) -> None:
    left = data.draw(st.lists(st.sampled_from(life.events), unique_by=id))

    projection, history = projected([*left, life.reading])

    assert_projected_as(life.truth, projection, history)
    assert not projection.has_gaps
    done_now = {
        task.number: task.date_completed for task in life.reading.workflow.tasks if task.date_completed
    }
    done = [
        entry.task for entry in history.entries if entry.kind is HistoryEntryKind.TASK_DONE and entry.task
    ]
    latest = {task.number: task.done_at for task in done}
    assert {number: latest.get(number) for number in done_now} == done_now
    assert history.kickoff == life.reading.workflow.kickoff


@given(st.data(), snapshot_lives(most_actions=25))
def test_a_missing_completion_is_in_the_next_event(data: st.DataObject, life: Life) -> None:
    completions = [event for event in life.events if event.kind is Kind.TASK_COMPLETED]
    if not completions or life.truth.returns or life.events[-1] is completions[-1]:
        return
    lost = data.draw(st.sampled_from(completions))

    _projection, history = projected(event for event in life.events if event is not lost)
    done = [entry for entry in history.entries if entry.kind is HistoryEntryKind.TASK_DONE and entry.task]

    assert history.gaps == ()
    assert [(entry.task.number, entry.at) for entry in done if entry.task] == [
        (number, at) for number, _round, at in life.truth.done
    ]
    assert [entry.task.number for entry in done if entry.is_indirect and entry.task] == [
        lost.task.number if lost.task else None
    ]


@given(snapshot_lives())
def test_stored_facts_give_the_same_projection(life: Life) -> None:
    pairs = hashed([*life.events, life.reading])

    assert project([(hash_, event_from_json(event_to_json(event))) for hash_, event in pairs]) == project(
        pairs
    )
