"""Who completed a task, returned it or ended the workflow: named where Pneumatic says so, and never guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.activity import Activity, ActivityKind, ActivityLog
from apps.pneumatic.canonical.events import Event, Kind, event_from_json, event_to_json
from apps.pneumatic.canonical.serialization import content_hash
from apps.workflows.projection.doers import lacks_doers
from apps.workflows.projection.history import History, HistoryEntry, HistoryEntryKind
from apps.workflows.projection.projector import project
from tests.workflows.projecting import canonical
from tests.workflows.snapshot_histories import Life, Server, snapshot_lives

DONE, RETURNED, COMPLETED = (
    HistoryEntryKind.TASK_DONE,
    HistoryEntryKind.TASK_RETURNED,
    HistoryEntryKind.COMPLETED,
)


def doers(history: History, kind: HistoryEntryKind) -> list[tuple[int, ...]]:
    return [entry.doers for entry in history.entries if entry.kind is kind]


def hashed(events: Iterable[Event]) -> list[tuple[str, Event]]:
    return [(content_hash(event_to_json(event)), event) for event in events]


def each(users: Iterable[int]) -> list[tuple[int, ...]]:
    return [(user,) for user in users]


@given(snapshot_lives(most_actions=25))
def test_those_who_did_it_are_named_and_not_the_performers(life: Life) -> None:
    _projection, history = canonical(*life.events, life.activity)

    assert doers(history, DONE) == each(life.truth.completed_by)
    assert doers(history, RETURNED) == each(life.truth.returned_by)
    assert all(len(users) == 1 for users in doers(history, COMPLETED))
    assert not lacks_doers(history)


@given(snapshot_lives(most_actions=12))
def test_no_user_is_named_before_it_was_read(life: Life) -> None:
    projection, history = canonical(*life.events)

    assert not any(entry.doers for entry in history.entries)
    assert projection.lacks_doers == bool(life.truth.done or life.truth.returns or projection.ended_at)


@given(st.data(), snapshot_lives(most_actions=25))
def test_order_duplicates_and_parts_do_not_matter(data: st.DataObject, life: Life) -> None:
    """Of a long list only the newest part is read; what was read before stays."""
    log = life.activity.activity or ActivityLog()
    at = data.draw(st.integers(0, len(log.entries)))
    parts = [
        replace(life.activity, activity=ActivityLog(entries, log.until))
        for entries in (log.entries[:at], log.entries[at:])
    ]
    pairs = hashed([*life.events, *parts])
    again = data.draw(st.lists(st.sampled_from(pairs), max_size=5))

    orders = {repr(project(data.draw(st.permutations(pairs + again)))) for _ in range(3)}

    assert orders == {repr(project(hashed([*life.events, life.activity])))}


@given(st.data(), snapshot_lives(most_actions=25))
def test_with_lost_events_no_user_is_named_for_what_another_did(data: st.DataObject, life: Life) -> None:
    left = data.draw(st.lists(st.sampled_from(life.events), unique_by=id))
    _projection, history = canonical(*left, life.reading, life.activity)
    truth = {
        at: user for (_number, _round, at), user in zip(life.truth.done, life.truth.completed_by, strict=True)
    }

    named = [entry for entry in history.entries if entry.kind is DONE and entry.at in truth]

    assert all(entry.doers == (truth[entry.at],) for entry in named if entry.at)


def test_what_happened_after_the_reading_is_to_be_read() -> None:
    server = Server([1, 1])
    server.complete(1)
    before = server.activity()
    asked, _history = canonical(*server.events, before)
    server.complete(2)
    projection, history = canonical(*server.events, before)

    assert not asked.lacks_doers
    assert projection.lacks_doers
    assert doers(history, DONE) == [(1000,), ()]


def test_a_completion_that_is_not_listed_is_not_read_again() -> None:
    """Removing the last performer who had not done a part completes a task; no user did."""
    server = Server([1, 1])
    server.complete(1)
    other = Activity(9, ActivityKind.TASK_COMPLETED, server.actions[0].at, 5, task_id=77)

    projection, history = canonical(*server.events, server.activity(other))

    assert doers(history, DONE) == [()]
    assert not projection.lacks_doers


def test_a_task_that_all_performers_must_complete_names_each_of_them() -> None:
    server = Server([1, 1])
    server.complete(1)
    (own,) = server.actions
    early = Activity(0, ActivityKind.TASK_COMPLETED, own.at - dt.timedelta(microseconds=500), 42, task_id=1)

    _projection, history = canonical(*server.events, server.activity(early, own))

    assert doers(history, DONE) == [(42, own.user_id)]


def test_no_user_is_named_for_what_was_only_passed() -> None:
    """It may have been skipped."""
    server = Server([1, 1])
    server.complete(1)
    server.go_back(2, 1)
    events = [event for event in server.events if event.kind is not Kind.TASK_COMPLETED]

    _projection, history = canonical(*events, server.activity())
    (passed,) = [entry for entry in history.entries if entry.kind is DONE]

    assert passed.is_inferred
    assert passed.doers == ()


def test_the_activity_changes_nothing_else() -> None:
    server = Server([1, 1])
    server.complete(1)
    without, _history = canonical(*server.events)
    projection, history = canonical(*server.events, server.activity())

    def plain(entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
        return [replace(entry, doers=()) for entry in entries]

    assert plain(history.entries) == plain(_history.entries)
    assert {**projection.columns(), "history": {}} == {**without.columns(), "history": {}}


def test_only_the_activity_is_no_workflow_but_breaks_nothing() -> None:
    projection, history = canonical(Server([1]).activity())

    assert (projection.name, projection.state, projection.events_count) == ("", "unknown", 0)
    assert [entry.kind for entry in history.entries] == [HistoryEntryKind.STARTED]


@given(snapshot_lives(most_actions=6))
def test_the_activity_is_stored_without_loss(life: Life) -> None:
    assert event_from_json(event_to_json(life.activity)) == life.activity
