"""A workflow's state is a pure function of the set of its events, over all orders, duplicates and losses."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.events import Event, Kind, Status, event_from_json, event_to_json
from apps.pneumatic.canonical.serialization import content_hash
from apps.workflows.projection.history import (
    GapKind,
    History,
    HistoryEntryKind,
    history_from_json,
    history_to_json,
)
from apps.workflows.projection.projector import Projection, digest_of, project
from tests.fixtures.depth import examples
from tests.workflows.histories import Life, lives, messy_lives

MAX_EVENTS_WITH_ALL_ORDERS = 6


def hashed(events: Iterable[Event]) -> list[tuple[str, Event]]:
    return [(content_hash(event_to_json(event)), event) for event in events]


def projected(events: Iterable[Event]) -> tuple[Projection, History]:
    projection = project(hashed(events))
    history = history_from_json(projection.history)
    assert history_to_json(history) == projection.history
    assert projection.digest == digest_of(projection.columns())
    return projection, history


@given(lives(most_actions=5) | messy_lives())
@examples(1)
def test_every_order_of_a_short_history_gives_the_same_projection(life: Life | Sequence[Event]) -> None:
    events = (life.events if isinstance(life, Life) else life)[:MAX_EVENTS_WITH_ALL_ORDERS]
    expected, _history = projected(events)

    pairs = hashed(events)
    assert all(project(order) == expected for order in itertools.permutations(pairs))


@given(st.data(), lives(most_actions=30) | messy_lives())
def test_order_and_duplicates_do_not_matter(data: st.DataObject, life: Life | Sequence[Event]) -> None:
    events = life.events if isinstance(life, Life) else life
    expected, _history = projected(events)

    pairs = hashed(events)
    again = data.draw(st.lists(st.sampled_from(pairs), max_size=10))
    assert project(data.draw(st.permutations(pairs + again))) == expected


@given(lives(most_actions=30) | lives(most_actions=30, has_target=True))
def test_a_complete_history_is_projected_as_it_was(life: Life) -> None:
    projection, history = projected(life.events)
    truth = life.truth

    assert projection.state == truth.state.value
    assert projection.is_state_confirmed
    assert history.gaps == ()
    assert not projection.has_gaps
    assert history.kickoff == life.events[0].workflow.kickoff
    assert projection.started_at == life.events[0].workflow.date_created
    assert projection.events_count == len(set(hashed(life.events)))
    done = [
        entry.task
        for entry in history.entries
        if entry.kind is HistoryEntryKind.TASK_DONE and not entry.is_inferred
    ]
    assert [(task.number, task.round) for task in done if task] == truth.done
    returns = [entry for entry in history.entries if entry.kind is HistoryEntryKind.TASK_RETURNED]
    assert [
        (entry.task and entry.task.number, entry.target.number) for entry in returns if entry.target
    ] == truth.returns
    if truth.current is None:
        assert (projection.task_name, projection.performers, projection.task_since) == ("", [], None)
        assert projection.ended_at is not None
    else:
        assert projection.step == truth.current.number
        assert projection.task_name == truth.current.name
        assert projection.ended_at is None
        is_waiting = truth.state is Status.SNOOZED
        assigned = () if is_waiting else truth.current.performers
        assert [tuple(performer) for performer in projection.performers] == list(
            dict.fromkeys((performer.id, performer.name) for performer in assigned)
        )
        kind = HistoryEntryKind.TASK_WAITING if is_waiting else HistoryEntryKind.TASK_CURRENT
        assert history.entries[-1].kind is kind


@given(lives(most_actions=12) | lives(most_actions=12, has_target=True))
def test_no_gap_exists_at_any_time_of_a_complete_history(life: Life) -> None:
    """Also not between the last task and "workflow completed": no gap is reported for an event in transit."""
    for received in range(1, len(life.events) + 1):
        projection, history = projected(life.events[:received])

        assert history.gaps == ()
        assert not projection.has_gaps


@given(lives(most_actions=30))
def test_what_is_not_inferred_names_its_event(life: Life) -> None:
    _projection, history = projected(life.events)
    hashes = {content_hash_ for content_hash_, _event in hashed(life.events)}

    assert all(entry.is_inferred or entry.content_hash in hashes for entry in history.entries)


@given(st.data(), lives(most_actions=30))
def test_one_lost_event_leaves_a_gap(data: st.DataObject, life: Life) -> None:
    """Unless it is the last: nothing shows that there was more."""
    lost = data.draw(st.integers(0, max(len(life.events) - 2, 0)))
    left = [event for event in life.events if event != life.events[lost]]
    if not left:
        return

    projection, history = projected(left)

    assert projection.has_gaps
    assert history.gaps


@given(st.data(), lives(most_actions=30) | messy_lives())
def test_losses_never_make_it_run_ahead(data: st.DataObject, life: Life | Sequence[Event]) -> None:
    events = life.events if isinstance(life, Life) else life
    left = data.draw(st.lists(st.sampled_from(events), min_size=1, unique_by=id))

    projection, history = projected(left)

    statuses = {event.workflow.status for event in left}
    kinds = {event.kind for event in left}
    if projection.state == "completed":
        assert Kind.WORKFLOW_COMPLETED in kinds or (
            Status.COMPLETED in statuses and not projection.is_state_confirmed
        )
    if projection.state in ("terminated", "snoozed"):
        assert Status(projection.state) in statuses
    if Kind.WORKFLOW_STARTED not in kinds:
        assert GapKind.START in {gap.kind for gap in history.gaps}
    numbers = [
        task.number
        for event in left
        for task in (event.task, event.workflow.current_task)
        if task and task.number is not None
    ]
    assert projection.step is None or projection.step in numbers
    reported_names = {
        task.name for event in left for task in (event.task, event.workflow.current_task) if task
    }
    assert projection.task_name in {"", *reported_names}


@given(messy_lives())
def test_stored_facts_give_the_same_projection(events: Sequence[Event]) -> None:
    stored = [(hash_, event_from_json(event_to_json(event))) for hash_, event in hashed(events)]

    assert project(stored) == project(hashed(events))
