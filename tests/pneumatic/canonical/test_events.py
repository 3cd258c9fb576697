"""Events as our own JSON: a round trip keeps them, and ``occurred_at`` is the latest time."""

from __future__ import annotations

import datetime as dt
import json

from hypothesis import given

from apps.pneumatic.canonical.events import (
    Event,
    Kind,
    Output,
    Performer,
    Status,
    TaskSnapshot,
    WorkflowSnapshot,
    event_from_json,
    event_to_json,
    output_from_json,
    output_to_json,
)
from tests.pneumatic import strategies

NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@given(strategies.events())
def test_an_event_comes_back_from_json_as_it_was(event: Event) -> None:
    assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event


@given(strategies.outputs)
def test_an_output_comes_back_from_json_as_it_was(output: Output) -> None:
    assert output_from_json(json.loads(json.dumps(output_to_json(output)))) == output


def test_empty_parts_are_not_written() -> None:
    event = Event(Kind.WORKFLOW_STARTED, WorkflowSnapshot(1, "", Status.RUNNING))

    assert event_to_json(event) == {
        "kind": "workflow_started",
        "workflow": {"id": 1, "name": "", "status": "running"},
    }


def test_occurred_at_is_the_latest_time_in_any_place() -> None:
    def occurred_at_of(task: TaskSnapshot | None, current: TaskSnapshot | None) -> dt.datetime | None:
        workflow = WorkflowSnapshot(1, "", Status.RUNNING, date_created=NOON, current_task=current)
        return Event(Kind.TASK_COMPLETED, workflow, task).occurred_at

    late = TaskSnapshot(1, "", date_started=NOON, date_completed=NOON + 2 * HOUR)
    early = TaskSnapshot(2, "", date_started=NOON + HOUR)

    assert occurred_at_of(None, None) == NOON
    assert occurred_at_of(early, None) == NOON + HOUR
    assert occurred_at_of(early, late) == occurred_at_of(late, early) == NOON + 2 * HOUR


def test_an_event_without_times_has_no_occurred_at() -> None:
    workflow = WorkflowSnapshot(1, "", Status.RUNNING, current_task=TaskSnapshot(1, ""))

    assert Event(Kind.WORKFLOW_STARTED, workflow).occurred_at is None


def test_a_performer_without_a_number_keeps_the_name() -> None:
    task = TaskSnapshot(1, "", performers=(Performer(None, "Ada"),))
    event = Event(Kind.TASK_COMPLETED, WorkflowSnapshot(1, "", Status.RUNNING), task)

    assert event_from_json(event_to_json(event)) == event
