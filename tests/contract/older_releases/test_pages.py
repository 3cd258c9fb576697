"""The recorded workflow makes the same page on every release: what happened, when, who did it, and the answers.

The actions were the same: task 1 is completed, returned, completed again, and so on; then task 2, the last one. On
release 1.0 one return more was accepted. What a release does not send is named here, and nothing else may lack.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from apps.workflows.projection.history import HistoryEntry, HistoryEntryKind, history_from_json
from apps.workflows.projection.projector import Projection
from tests.contract.older_releases.workflows import (
    answers_of,
    delivered,
    event_of,
    lines_of,
    listed,
    projected,
    reading,
    readings,
    until,
)
from tests.contract.releases_recorded import TAGS, recorded

Line = HistoryEntryKind

# Their events have one task, and their lists and workflows no other than the one that is open.
ONE_TASK = ["v1.0.0", "v2.0.4"]
ROUNDS = {tag: 4 if tag == "v1.0.0" else 3 for tag in TAGS}
KICKOFF = {
    "Title": "Ärger & <b>x</b>", "Long": "Line 1\nLine 2 **bold**", "Amount": "1234.50", "Light": "yellow, orange",
    "Channels": "Mail, Fax, telex", "Day": "28 Mar 2027", "Link": "https://example.com/x?q=1",
    "Country": "Türkiye", "Who": "Petra Plain", "File": "",
}  # fmt: skip
FIRST = {"Result": "Done well", "Pick": "go", "Judge": "Petra Plain"}
SECOND = {"Closing": "bye"}
# State, step and open task after each reading.
HEADS = {
    "flow-2-workflow-get": ("running", 1, "First"),
    "flow-6-workflow-get-after-task-1": ("running", 2, "Second"),
    "flow-a-workflow-get-after-revert": ("running", 1, "First"),
    "flow-d-workflow-get-after-return-to": ("running", 1, "First"),
    "flow-g-workflow-get-done": ("completed", 2, ""),
}


def outline(lines: Sequence[HistoryEntry], *, with_answers: bool = True) -> list[Any]:
    """Return what happened: each line with its task, the round, who performs it, and the answers."""
    found: list[Any] = []
    for line in lines:
        name = line.target.name if line.target else line.task.name if line.task else ""
        if line.task and line.kind in {Line.TASK_DONE, Line.TASK_CURRENT, Line.TASK_LEFT}:
            performers = [one.id for one in line.task.performers]
            answers = answers_of(line.task.outputs) if with_answers and line.kind is Line.TASK_DONE else {}
            found.append((line.kind, name, line.task.round, performers, answers))
        else:
            found.append((line.kind, name))
    return found


def expected(rounds: int) -> list[Any]:
    """Return the outline of the whole workflow."""
    first: list[Any] = []
    for number in range(1, rounds + 1):
        first += [(Line.TASK_DONE, "First", number, [1], FIRST), (Line.TASK_RETURNED, "First")]
    second = (Line.TASK_DONE, "Second", 1, [1], SECOND)
    return [(Line.STARTED, ""), *first[:-1], second, (Line.COMPLETED, "")]


def seconds(time: dt.datetime | None) -> float | None:
    return time.timestamp() if time else None


@pytest.mark.parametrize("tag", TAGS)
def test_the_deliveries_make_the_same_page(tag: str) -> None:
    projection = projected(delivered(tag))

    lines = lines_of(projection)
    assert outline(lines) == expected(ROUNDS[tag])
    assert (projection.state, projection.is_state_confirmed, projection.has_gaps) == (
        "completed",
        True,
        False,
    )
    assert (projection.step, projection.task_name, projection.performers) == (2, "", [])
    assert not any(line.is_inferred or line.is_indirect for line in lines)
    without = {"Amount"} if tag in ONE_TASK else set()  # they have no field of this type
    kickoff = history_from_json(projection.history).kickoff
    assert kickoff is not None
    assert answers_of(kickoff) == {name: text for name, text in KICKOFF.items() if name not in without}


@pytest.mark.parametrize("tag", TAGS)
def test_each_line_has_the_time_that_the_release_sent(tag: str) -> None:
    projection = projected(delivered(tag))

    lines = lines_of(projection)
    for name, event in delivered(tag).items():
        body = recorded(tag, name).body
        if "task_completed" in name:
            task = body["task"]
            (line,) = [line for line in lines if line.content_hash == name]
            assert line.task is not None
            started, completed = task["date_started_tsp"], task["date_completed_tsp"]
            if tag == "v1.0.0" and task["name"] == "Second":
                # Release 1.0 sends no time of a completion but that of the last task, in another place.
                completed = task["workflow"]["current_task"]["date_completed_tsp"]
            assert (seconds(line.task.started_at), seconds(line.at)) == (started, completed), name
            assert line.task.done_at == line.at, name
            assert (completed is None) == (tag == "v1.0.0" and task["name"] == "First"), name
        elif "task_returned" in name:
            (line,) = [line for line in lines if line.content_hash == name]
            assert line.target is not None
            assert line.at == line.target.started_at, name
            # Where from is not sent by 1.0, and not for each return by 2.0.
            source = line.task.name if line.task else None
            assert source == "Second" or (source is None and tag in ONE_TASK), name
        assert event.workflow.date_created == projection.started_at, name
    times = [line.at for line in lines if line.at]
    assert all(before <= after for before, after in pairwise(times))
    assert len(times) == len(lines) - (ROUNDS[tag] if tag == "v1.0.0" else 0)
    assert projection.ended_at == times[-1]


@pytest.mark.parametrize("tag", TAGS)
def test_neither_the_order_of_arrival_nor_readings_make_a_difference(tag: str) -> None:
    found, read = delivered(tag), readings(tag)
    everything = [*found.items(), *read.items()]
    without = projected(found)
    digest = projected(dict(everything)).digest

    for seed in range(10):
        random.Random(seed).shuffle(everything)
        assert projected(dict(everything)).digest == digest, seed
    with_readings = projected(dict(everything))
    assert outline(lines_of(with_readings)) == outline(lines_of(without))
    assert [line.at for line in lines_of(with_readings)] == [line.at for line in lines_of(without)]
    for name in ("state", "is_state_confirmed", "has_gaps", "step", "performers", "started_at", "ended_at"):
        assert getattr(with_readings, name) == getattr(without, name), name


@pytest.mark.parametrize("tag", TAGS)
def test_a_reading_in_between_shows_the_open_task(tag: str) -> None:
    """With the deliveries until then, or with the first one alone: the others were lost, and 2.0 never repeats them."""
    whole, all_read = expected(ROUNDS[tag]), readings(tag)
    for name, head in HEADS.items():
        came, read = until(tag, name), {name: all_read[name]}
        first = dict([*came.items()][:1])

        projection, with_one = projected(came, read), projected(first, read)

        for shown in (projection, with_one):
            assert (shown.state, shown.step, shown.task_name) == head, name
            assert [performer[0] for performer in shown.performers] == ([1] if head[2] else []), name
            assert shown.is_state_confirmed, name
        if head[2]:
            done = len([line for line in whole[: len(came)] if line[:2] == (Line.TASK_DONE, head[2])])
            current: Any = (Line.TASK_CURRENT, head[2], done + 1, [1], {})
            lines = outline(lines_of(projection))
            if tag == "v1.0.0" and head[2] == "Second":
                # It sends the answers of a completion with the next event of the task.
                assert lines[-2][-1] == dict.fromkeys(FIRST, "")
                lines[-2] = (*lines[-2][:-1], FIRST)
            assert lines == [*whole[: len(came)], current], name
            assert projection.task_since == lines_of(projection)[-1].at
            assert not projection.has_gaps, name


@pytest.mark.parametrize("tag", TAGS)
def test_the_rows_of_lists_show_the_same(tag: str) -> None:
    """The list of running workflows was recorded at the start, and that of completed ones at the end."""
    found = delivered(tag)
    flow = next(iter(found.values())).workflow.id
    start, end = (reading(listed(tag, f"workflows-list-{name}", flow)) for name in ("running", "done"))
    started = dict([*found.items()][:1])

    with_start, with_both = projected(started, {"row": start}), projected(found, {"row": end, "first": start})

    assert (with_start.state, with_start.step, with_start.task_name) == ("running", 1, "First")
    assert outline(lines_of(with_both)) == outline(lines_of(projected(found)))
    twice = projected(
        found, {"row": end, "first": start, "again": reading(listed(tag, "workflows-list-done", flow))}
    )
    assert (twice.state, outline(lines_of(twice))) == (with_both.state, outline(lines_of(with_both)))
    only = projected({"row": end})
    assert (only.state, only.task_name, only.name) == ("completed", "", with_both.name)
    assert {line.task.name for line in lines_of(only) if line.task and line.kind is Line.TASK_DONE} >= {
        "Second"
    }


def shown_by_events(projection: Projection) -> list[Any]:
    """Return the lines that events show, with their answers; the open task is another one after a reading."""
    return [
        (line.kind, line.task.id if line.task else None, line.at, line.task.outputs if line.task else ())
        for line in lines_of(projection)
        if not line.is_inferred and line.kind not in {Line.TASK_CURRENT, Line.TASK_LEFT}
    ]


@pytest.mark.parametrize("tag", TAGS)
def test_a_reading_takes_nothing_back_that_an_event_showed(tag: str) -> None:
    found, read = delivered(tag), readings(tag)
    flow = next(iter(found.values())).workflow.id
    read["row"] = reading(listed(tag, "workflows-list-done", flow), minutes=9)

    for seed in range(30):
        chance = random.Random(seed)
        came = {name: event for name, event in found.items() if chance.random() < 0.6}
        also = {name: event for name, event in read.items() if chance.random() < 0.5}
        if not came:
            continue
        before, after = projected(came), projected(came, also)
        missing = Counter(shown_by_events(before)) - Counter(shown_by_events(after))
        assert not missing, seed
        if before.state == "completed" and before.is_state_confirmed:
            assert after.state == "completed", seed
        kickoffs = [history_from_json(one.history).kickoff or () for one in (before, after)]
        assert answers_of(kickoffs[0]) == answers_of(kickoffs[1]), seed
        assert [one.value for one in kickoffs[0]] == [one.value for one in kickoffs[1]], seed
        if before.task_name == after.task_name and before.task_since == after.task_since:
            assert after.performers == before.performers, seed


@pytest.mark.parametrize("tag", TAGS)
def test_a_workflow_that_a_user_finished_left_its_task_open(tag: str) -> None:
    found = delivered(tag, "delivery-simple-")
    (end,) = [event for name, event in found.items() if "workflow_completed" in name]
    came = {name: event for name, event in found.items() if event.workflow.id == end.workflow.id}

    projection = projected(came)

    left: Any = (Line.TASK_LEFT, "First", 1, [1], {})
    assert outline(lines_of(projection)) == [(Line.STARTED, ""), (Line.COMPLETED, ""), left]
    assert (projection.state, projection.step, projection.has_gaps) == ("completed", 1, False)
    for name, state in [("2-workflow-get", "running"), ("5-workflow-get-snoozed", "snoozed"),
                        ("8-workflow-get-finished", "completed")]:  # fmt: skip
        row = recorded(tag, f"simple-{name}").answer
        alone = projected({"read": reading(row)})
        assert (alone.state, alone.step) == (state, 1), name
        if row["id"] == end.workflow.id:
            both = projected(came, {"read": reading(row)})
            assert outline(lines_of(both))[-2:] == [(Line.COMPLETED, ""), left], name


def test_a_return_that_says_where_from_and_where_to() -> None:
    came = {"delivery-revert-00-task_returned": event_of("v2.0.4", "delivery-revert-00-task_returned")}
    row = recorded("v2.0.4", "revert-4-workflow-get").answer

    for projection in (projected(came), projected(came, {"read": reading(row)})):
        (line,) = [line for line in lines_of(projection) if line.kind is Line.TASK_RETURNED]
        assert line.task is not None
        assert line.target is not None
        assert (line.task.name, line.target.name) == ("Second", "First")
        assert (projection.state, projection.step, projection.task_name) == ("running", 1, "First")
