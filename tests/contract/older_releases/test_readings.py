"""Readings that show less than an event, or more, and workflows that continue after an upgrade of the server."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from apps.pneumatic.canonical.events import Event, TaskStatus
from apps.pneumatic.deliveries import read_payload
from apps.workflows.projection.fingerprints import adds_nothing, comparison_key
from apps.workflows.projection.history import HistoryEntryKind, history_from_json
from tests.contract.older_releases.workflows import (
    delivered,
    lines_of,
    projected,
    reading,
    readings,
    workflow_in,
)
from tests.contract.releases_recorded import TAGS, recorded

Line = HistoryEntryKind

SNAPSHOTS = [tag for tag in TAGS if tag > "v3"]
DUE = 1796659200  # 7 Dec 2026


def with_due(body: Any) -> Any:
    """Return a workflow with a due date, in each place that the release has for it."""
    changed = copy.deepcopy(body)
    for workflow in (changed, changed.get("workflow"), changed.get("task", {}).get("workflow")):
        if isinstance(workflow, dict) and "due_date_tsp" in workflow:
            workflow["due_date_tsp"] = DUE
    return changed


@pytest.mark.parametrize("tag", SNAPSHOTS)
def test_an_event_without_due_date_and_owners_does_not_remove_them(tag: str) -> None:
    """Release 3.2 sends neither in a delivery, but both in what is read back."""
    names = list(delivered(tag))
    bodies = {name: with_due(recorded(tag, name).body) for name in names}
    came = {name: read_payload(json.dumps(body).encode()).event for name, body in bodies.items()}
    read = reading(with_due(recorded(tag, "flow-2-workflow-get").answer))
    sent = [workflow_in(body) for body in bodies.values()]
    assert all(("owners" in one) == ("due_date_tsp" in one) == (tag != "v3.2.0") for one in sent)

    history = history_from_json(projected({"read": read}, _known(came)).history)

    assert (history.due and history.due.timestamp(), history.owner_ids, history.starter_id) == (DUE, (1,), 1)


def _known(found: dict[str, Event | None]) -> dict[str, Event]:
    return {name: event for name, event in found.items() if event is not None}


@pytest.mark.parametrize("tag", TAGS)
def test_a_list_and_a_workflow_compare_as_equal_until_something_changes(tag: str) -> None:
    """The comparison decides what is read back: another open task is a change, even if only this one is listed."""
    read = readings(tag)
    flow = next(iter(read.values())).workflow.id
    rows = {
        name: [row for row in recorded(tag, name).answer["results"] if row["id"] == flow]
        for name in ("workflows-list-running", "workflows-list-done")
    }
    keys = {name: comparison_key(event.workflow) for name, event in read.items()}

    assert len(set(keys.values())) == len(keys)
    assert comparison_key(reading(rows["workflows-list-running"][0]).workflow) == keys["flow-2-workflow-get"]
    assert (
        comparison_key(reading(rows["workflows-list-done"][0]).workflow) == keys["flow-g-workflow-get-done"]
    )


def only_active(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row as release 3.1 has it (read in its source, not recorded): only active tasks."""
    return {**row, "tasks": [task for task in row["tasks"] if task["status"] == "active"]}


def test_a_list_with_active_tasks_alone_takes_nothing_back() -> None:
    found, read = delivered("v3.2.0"), readings("v3.2.0")
    rows = {name: only_active(recorded("v3.2.0", name).answer) for name in read}
    whole = lines_of(projected(found))

    shown = projected(found, {name: reading(row, minutes=at) for at, (name, row) in enumerate(rows.items())})

    assert [(line.kind, line.at, line.is_indirect) for line in lines_of(shown)] == [
        (line.kind, line.at, line.is_indirect) for line in whole
    ]
    assert (shown.state, shown.step, shown.task_name) == ("completed", 2, "")
    end = reading(rows["flow-g-workflow-get-done"])
    assert end.workflow.tasks == ()
    lost = {name: event for name, event in found.items() if "00" in name or "01" in name}
    assert not [line for line in lines_of(projected(lost, {"end": end})) if line.kind is Line.TASK_LEFT]


def test_a_row_with_active_tasks_alone_is_read_again_only_if_something_changed() -> None:
    """Release 3.1 lists less than it shows of a single workflow: else each round would read every workflow again."""
    read = readings("v3.2.0")
    names = [name for name in read if name != "flow-2-workflow-get"]
    rows = {name: reading(only_active(recorded("v3.2.0", name).answer)).workflow for name in names}

    assert {
        (name, other)
        for name, row in rows.items()
        for other in names
        if adds_nothing(row, read[other].workflow)
    } == {(name, name) for name in names}
    (renamed,) = [replace(rows["flow-g-workflow-get-done"], name="Other")]
    assert not adds_nothing(renamed, read["flow-g-workflow-get-done"].workflow)


def renumbered(body: Any, ids: dict[int, int]) -> Any:
    """Return a body with the ids of the workflow and its tasks replaced."""
    if isinstance(body, dict):
        return {
            key: ids.get(value, value) if key == "id" and type(value) is int else renumbered(value, ids)
            for key, value in body.items()
        }
    return [renumbered(one, ids) for one in body] if isinstance(body, list) else body


@pytest.mark.parametrize("old", ["v1.0.0", "v2.0.4"])
def test_a_workflow_continues_after_an_upgrade(old: str) -> None:
    """Its first round was sent by the old release; the new one shows all tasks, with what the old one stored."""
    came = dict([*delivered(old).items()][:2])
    task = recorded(old, list(came)[1]).body["task"]
    row = copy.deepcopy(recorded("v4.0.0", "flow-6-workflow-get-after-task-1").answer)
    ids = {row["id"]: workflow_in({"task": task})["id"], row["tasks"][0]["id"]: task["id"]}
    row = renumbered(row, ids)
    opened = recorded(old, "flow-6-workflow-get-after-task-1").answer["current_task"]
    row["tasks"][0]["date_started_tsp"] = task["date_started_tsp"]
    row["tasks"][0]["date_completed_tsp"] = task["date_completed_tsp"] or opened["date_started_tsp"]
    row["tasks"][1].update(id=opened["id"], date_started_tsp=opened["date_started_tsp"])
    before = readings(old)["flow-6-workflow-get-after-task-1"]

    for read in ({"new": reading(row, minutes=5)}, {"old": before, "new": reading(row, minutes=5)}):
        shown = projected(came, read)

        lines = [
            (line.kind, line.task.name if line.task else "", line.is_indirect) for line in lines_of(shown)
        ]
        assert lines == [
            (Line.STARTED, "", False),
            (Line.TASK_DONE, "First", False),
            (Line.TASK_CURRENT, "Second", False),
        ]
        assert not shown.has_gaps
    assert {one.status for one in came[list(came)[1]].workflow.current_tasks()} == {TaskStatus.UNKNOWN}
