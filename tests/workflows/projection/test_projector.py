"""The projection of a workflow's events, case by case."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.pneumatic.canonical.events import Event, Kind, Performer, Status, TaskSnapshot, WorkflowSnapshot
from apps.workflows.projection.history import Gap, GapKind, HistoryEntry, HistoryEntryKind
from apps.workflows.projection.projector import differing
from tests.fixtures import payloads
from tests.fixtures.payloads import at_minute
from tests.workflows.projecting import canonical, kinds, projected

MINUTE = dt.timedelta(minutes=1)


def bare(
    kind: Kind, *, task: int | None = None, status: Status = Status.RUNNING, minutes: float = 0
) -> Event:
    """Return an event of a dialect without numbers and current task; only the time of completion is in it."""
    about = None
    if task is not None:
        done_at = at_minute(minutes) if kind is Kind.TASK_COMPLETED else None
        about = TaskSnapshot(id=task, name=f"Task {task}", date_completed=done_at)
    return Event(kind, WorkflowSnapshot(1, "A workflow", status, date_created=at_minute()), about)


def test_a_start_is_running_whatever_number_its_status_has() -> None:
    """The reference's example of a start has the number for "completed"."""
    projection, history = projected(payloads.started(status=payloads.COMPLETED))

    assert (projection.state, projection.is_state_confirmed, projection.has_gaps) == ("running", True, False)
    assert kinds(history) == [HistoryEntryKind.STARTED, HistoryEntryKind.TASK_CURRENT]


def test_it_has_the_performers_of_the_task_and_since_when() -> None:
    people = [payloads.performer(4, "Ann", "Lee"), payloads.performer(5, "Bo", "")]
    current = payloads.task(2, minutes=10, performers=people)

    projection, history = projected(payloads.started(), payloads.task_completed(current_task=current))

    assert projection.step == 2
    assert projection.task_name == "Prepare the desk"
    assert projection.task_since == at_minute(10)
    assert projection.performers == [[4, "Ann Lee"], [5, "Bo"]]
    assert history.entries[-1].task is not None
    assert history.entries[-1].task.performers == (Performer(4, "Ann Lee"), Performer(5, "Bo"))


def test_a_completed_task_has_performers_answers_and_duration() -> None:
    body = payloads.task_completed(output=[payloads.answer(value="Fine")])

    _projection, history = projected(payloads.started(), body)

    task = history.entries[1].task
    assert task is not None
    assert task.duration == 10 * MINUTE
    assert task.performers == (Performer(1, "John Doe"),)
    assert [output.value for output in task.outputs] == ["Fine"]


def test_only_workflow_completed_makes_the_completion_seen() -> None:
    last = payloads.task_completed(number=5, status=payloads.COMPLETED, current_task=payloads.task(5))
    before = payloads.history(steps=4)[:5]

    projection, history = projected(*before, last)
    assert (projection.state, projection.is_state_confirmed) == ("completed", False)
    assert history.entries[-1] == HistoryEntry(
        HistoryEntryKind.COMPLETED, at_minute(50), history.entries[-2].content_hash, is_inferred=True
    )
    assert history.gaps == ()  # "workflow completed" comes a moment later in ordinary life

    projection, history = projected(*before, last, payloads.completed())
    assert (projection.state, projection.is_state_confirmed, projection.has_gaps) == (
        "completed",
        True,
        False,
    )
    assert projection.ended_at == at_minute(50)
    assert projection.step == 5
    assert kinds(history).count(HistoryEntryKind.COMPLETED) == 1


def test_completed_with_another_task_open_is_a_contradiction_and_not_the_end() -> None:
    projection, history = projected(payloads.started(), payloads.task_completed(status=payloads.COMPLETED))

    assert projection.state == "running"
    assert history.gaps == (Gap(GapKind.CONTRADICTION),)


def test_the_end_may_arrive_before_the_last_task() -> None:
    bodies = payloads.history(steps=3)
    late = payloads.task_completed(
        number=4, status=payloads.RUNNING, current_task=payloads.task(4), minutes=30
    )

    projection, history = projected(*bodies, late)

    assert projection.state == "completed"
    assert projection.is_state_confirmed
    assert kinds(history)[-2:] == [HistoryEntryKind.COMPLETED, HistoryEntryKind.TASK_DONE]


def test_a_return_after_the_end_opens_the_workflow_again() -> None:
    back = payloads.task_returned(number=3, minutes=60, current_task=payloads.task(2, minutes=60))

    projection, history = projected(*payloads.history(steps=3), back)

    assert (projection.state, projection.step, projection.ended_at) == ("running", 2, None)
    assert not projection.has_gaps
    assert kinds(history)[-3:] == [
        HistoryEntryKind.COMPLETED,
        HistoryEntryKind.TASK_RETURNED,
        HistoryEntryKind.TASK_CURRENT,
    ]
    returned = history.entries[-2]
    assert returned.task is not None
    assert returned.target is not None
    assert (returned.task.number, returned.target.number, returned.target.round) == (3, 2, 1)
    assert history.entries[-1].task is not None
    assert history.entries[-1].task.round == 2


def test_a_return_after_an_end_that_only_a_status_shows_leaves_a_gap() -> None:
    bodies = payloads.history(steps=2)[:2]
    last = payloads.task_completed(number=2, status=payloads.COMPLETED, current_task=payloads.task(2))
    back = payloads.task_returned(number=2, minutes=60, current_task=payloads.task(1, minutes=60))

    projection, history = projected(*bodies, last, back)

    assert projection.state == "running"
    assert history.gaps == (Gap(GapKind.COMPLETION),)


def test_a_workflow_that_continues_after_its_end_without_a_return_has_a_gap() -> None:
    again = payloads.task_completed(number=2, minutes=70)

    projection, history = projected(*payloads.history(steps=3), again)

    assert (projection.state, projection.step) == ("running", 3)
    assert history.gaps == (Gap(GapKind.RETURN, number=2, name="Prepare the desk"),)


def test_a_task_that_was_passed_is_inferred_and_a_gap() -> None:
    bodies = payloads.history(steps=4)

    projection, history = projected(bodies[0], bodies[3])

    assert (projection.state, projection.step) == ("running", 4)
    assert history.gaps == (
        Gap(GapKind.TASK, number=1, name="Collect papers"),
        Gap(GapKind.TASK, number=2),
    )
    passed = [entry for entry in history.entries if entry.is_inferred]
    assert [entry.task.number for entry in passed if entry.task] == [1, 2]
    assert all(entry.content_hash is None and entry.kind is HistoryEntryKind.TASK_DONE for entry in passed)


def test_a_workflow_with_a_late_first_event_has_gaps_for_its_start_and_first_tasks() -> None:
    projection, history = projected(payloads.task_completed(number=4))

    assert (projection.state, projection.step, projection.has_gaps) == ("running", 5, True)
    assert history.gaps == (Gap(GapKind.START), Gap(GapKind.TASK, number=1, last_number=3))
    assert history.entries[0] == HistoryEntry(HistoryEntryKind.STARTED, at_minute(), is_inferred=True)
    assert history.kickoff is None


def test_a_task_that_one_event_jumps_over_counts_as_skipped() -> None:
    jump = payloads.task_completed(number=1, current_task=payloads.task(3, minutes=10))

    projection, history = projected(payloads.started(), jump)

    assert not projection.has_gaps
    assert [entry.task.number for entry in history.entries if entry.is_inferred and entry.task] == [2]


def test_a_completion_with_a_newer_snapshot_is_no_jump() -> None:
    young = payloads.task_completed(number=1, current_task=payloads.task(3, minutes=20))

    _projection, history = projected(payloads.started(), young, payloads.task_completed(number=2))

    assert kinds(history) == [
        HistoryEntryKind.STARTED,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.TASK_CURRENT,
    ]
    assert history.gaps == ()


def test_a_task_that_was_returned_is_done_in_a_second_round() -> None:
    projection, history = projected(*payloads.history(steps=3, returns=[2]))

    done = [entry.task for entry in history.entries if entry.kind is HistoryEntryKind.TASK_DONE]
    assert [(task.number, task.round) for task in done if task] == [(1, 1), (2, 1), (2, 2), (3, 1)]
    assert not projection.has_gaps


def test_a_second_round_without_a_return_says_so() -> None:
    projection, history = projected(
        *payloads.history(steps=3)[:3], payloads.task_completed(number=1, minutes=40)
    )

    assert (projection.state, projection.step) == ("running", 2)
    assert history.gaps == (Gap(GapKind.RETURN, number=1, name="Collect papers"),)
    returned = next(entry for entry in history.entries if entry.kind is HistoryEntryKind.TASK_RETURNED)
    assert returned.is_inferred
    assert returned.content_hash is None


def test_the_same_completion_in_two_shapes_is_one() -> None:
    """A subscription to the deprecated name may bring a body with other keys."""
    old = payloads.task_completed(event="task_completed")
    old["task"]["description"] = "More text"

    projection, history = projected(payloads.started(), payloads.task_completed(), old)

    assert kinds(history).count(HistoryEntryKind.TASK_DONE) == 1
    assert not projection.has_gaps


def test_the_same_return_in_two_shapes_is_one() -> None:
    back = payloads.task_returned(number=2, minutes=15, current_task=payloads.task(1, minutes=15))
    other = {**back, "task": {**back["task"], "description": "More text"}}

    projection, history = projected(payloads.started(), payloads.task_completed(), back, other)

    assert kinds(history).count(HistoryEntryKind.TASK_RETURNED) == 1
    assert not projection.has_gaps


def test_a_snoozed_workflow_runs_again_after_a_newer_event() -> None:
    snoozed = payloads.task_completed(number=1, status=payloads.SNOOZED)

    projection, history = projected(payloads.started(), snoozed)
    assert (projection.state, projection.is_state_confirmed, projection.step) == ("snoozed", True, 2)
    assert kinds(history)[-2:] == [HistoryEntryKind.SNOOZED, HistoryEntryKind.TASK_WAITING]

    projection, history = projected(payloads.started(), snoozed, payloads.task_completed(number=2))
    assert projection.state == "running"
    assert HistoryEntryKind.RESUMED in kinds(history)
    assert not projection.has_gaps


@pytest.mark.parametrize("build", [payloads.completed, payloads.task_completed])
def test_a_terminated_workflow_says_where_it_stopped(build: Any) -> None:
    current = payloads.task(2, minutes=10)
    body = build(status=payloads.TERMINATED, current_task=current)

    projection, history = projected(payloads.started(), payloads.task_completed(), body)

    assert (projection.state, projection.is_state_confirmed, projection.step) == ("terminated", True, 2)
    assert (projection.task_name, projection.performers) == ("", [])
    assert projection.ended_at == at_minute(10)
    assert kinds(history)[-2:] == [HistoryEntryKind.TERMINATED, HistoryEntryKind.TASK_LEFT]
    assert not projection.has_gaps


def test_a_status_without_a_documented_number_is_unknown() -> None:
    projection, _history = projected(payloads.started(), payloads.task_completed(status=7))

    assert (projection.state, projection.is_state_confirmed) == ("unknown", False)


def test_the_newest_name_is_kept() -> None:
    projection, _history = projected(
        payloads.started(name="Old"), payloads.task_completed(name="The task", current_task=payloads.task(2))
    )

    assert projection.name == "Workflow 1"
    assert projection.search == "workflow 1"


def test_the_answers_of_the_kickoff_form_come_from_any_event_that_contains_them() -> None:
    answers = [payloads.answer(value="Because")]

    _projection, history = projected(payloads.started(kickoff=answers), payloads.task_completed())
    assert history.kickoff is not None
    assert [output.value for output in history.kickoff] == ["Because"]

    _projection, history = projected(payloads.task_completed(kickoff=answers))
    assert history.kickoff is not None

    _projection, history = projected(payloads.started())
    assert history.kickoff == ()


def test_a_dialect_without_numbers_and_current_tasks_is_projected_as_well() -> None:
    """Its end is reported without a time and may come before the last task; a task keeps its id when it comes again."""
    events = [
        bare(Kind.WORKFLOW_STARTED),
        bare(Kind.TASK_COMPLETED, task=10, minutes=10),
        bare(Kind.TASK_RETURNED, task=20),
        bare(Kind.TASK_COMPLETED, task=10, minutes=20),
        bare(Kind.WORKFLOW_COMPLETED, status=Status.COMPLETED),
        bare(Kind.TASK_COMPLETED, task=20, status=Status.COMPLETED, minutes=30),
    ]

    projection, history = canonical(*events)

    assert (projection.state, projection.is_state_confirmed, projection.has_gaps) == (
        "completed",
        True,
        False,
    )
    assert (projection.step, projection.ended_at) == (None, at_minute(30))
    assert kinds(history) == [
        HistoryEntryKind.STARTED,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.TASK_RETURNED,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.COMPLETED,
    ]
    _projection, without_return = canonical(
        *(event for event in events if event.kind is not Kind.TASK_RETURNED)
    )
    assert without_return.gaps == (Gap(GapKind.RETURN, name="Task 10"),)


def test_a_return_without_a_time_does_not_open_a_workflow_that_ended() -> None:
    projection, history = canonical(
        bare(Kind.WORKFLOW_STARTED),
        bare(Kind.TASK_COMPLETED, task=10, status=Status.COMPLETED, minutes=10),
        bare(Kind.TASK_RETURNED, task=10),
        bare(Kind.WORKFLOW_COMPLETED, status=Status.COMPLETED),
    )

    assert projection.state == "completed"
    assert HistoryEntryKind.TASK_RETURNED in kinds(history)


def test_a_workflow_without_tasks_ends_as_it_starts() -> None:
    projection, history = canonical(
        bare(Kind.WORKFLOW_STARTED), bare(Kind.WORKFLOW_COMPLETED, status=Status.COMPLETED)
    )

    assert (projection.state, projection.has_gaps) == ("completed", False)
    assert kinds(history) == [HistoryEntryKind.STARTED, HistoryEntryKind.COMPLETED]


def test_two_starts_that_differ_are_a_contradiction() -> None:
    _projection, history = projected(payloads.started(), payloads.started(minutes=5))

    assert history.gaps == (Gap(GapKind.CONTRADICTION),)
    assert kinds(history).count(HistoryEntryKind.STARTED) == 1


def test_a_difference_names_the_columns() -> None:
    one, _history = projected(payloads.started())
    other, _history = projected(payloads.started(name="Another"))

    assert differing(one.columns(), other.columns()) == ["name", "search", "history"]
    assert one.digest != other.digest


def test_the_examples_of_the_reference_are_projected_unchanged() -> None:
    """They have the status "completed" and a current task that has been completed; only the end is not reported."""
    second = payloads.task(2, minutes=10, completed_minutes=11)
    start = payloads.started(status=payloads.COMPLETED, current_task=second)
    first = payloads.task_completed(number=1, status=payloads.COMPLETED, current_task=second)

    projection, history = projected(start, first)

    assert (projection.state, projection.is_state_confirmed) == ("completed", False)
    assert history.gaps == ()
