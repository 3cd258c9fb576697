"""The same histories as the current API sends them: every event holds its whole workflow with all of its tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from benchmarks.project_payloads import BEGIN, TEXT

STEP = dt.timedelta(minutes=20)
TASKS = 6  # one is completed twice, so that there are as many events as in the other histories
RETURNED, BACK = 3, 0  # the task that is returned once, and the step that does it


def history(workflow_id: int, target: str) -> Iterator[dict[str, Any]]:
    """Yield the ten bodies of one workflow."""
    start = BEGIN + dt.timedelta(minutes=workflow_id)
    clock = start
    began: dict[int, dt.datetime] = {1: start}
    done: dict[int, dt.datetime] = {}

    def task(number: int) -> dict[str, Any]:
        status = "completed" if number in done else "active" if number in began else "pending"
        return {
            "id": workflow_id * 100 + number,
            "name": f"Step {number}: prepare and hand over",
            "api_name": f"task-{number}",
            "description": TEXT,
            "number": number,
            "delay": None,
            "due_date_tsp": None,
            "date_started_tsp": _seconds(began.get(number)),
            "date_completed_tsp": _seconds(done.get(number)),
            "performers": [{"type": "user", "source_id": workflow_id % 50, "is_completed": number in done}],
            "checklists_total": 0,
            "checklists_marked": 0,
            "status": status,
        }

    def workflow(status: int = 0) -> dict[str, Any]:
        return {
            "id": workflow_id,
            "name": f"Onboarding of person {workflow_id}",
            "status": status,
            "date_created_tsp": _seconds(start),
            "date_completed_tsp": _seconds(clock) if status else None,
            "workflow_starter": 1,
            "owners": [1, 2],
            "template": {"id": workflow_id % 40 + 1, "name": f"Onboarding, variant {workflow_id % 40 + 1}"},
            "tasks": [task(number) for number in range(1, TASKS + 1)],
            "kickoff": {"id": workflow_id, "output": _answers(workflow_id, 5), "fieldsets": []},
        }

    def about(number: int) -> dict[str, Any]:
        own = {key: value for key, value in task(number).items() if key != "number"}
        return {**own, "output": _answers(number, 3), "fieldsets": [], "workflow": workflow()}

    def hook(id_: int, event: str) -> dict[str, Any]:
        return {"id": id_, "event": event, "target": target}

    yield {"hook": hook(1, "workflow_started"), "workflow": workflow()}
    for number in [*range(1, RETURNED + 1), BACK, *range(RETURNED, TASKS + 1)]:
        clock += STEP
        if number == BACK:
            del done[RETURNED], began[RETURNED + 1]
            began[RETURNED] = clock
            yield {"hook": hook(3, "task_returned"), "task": about(RETURNED + 1)}
            continue
        done[number] = clock
        if number < TASKS:
            began[number + 1] = clock
        yield {"hook": hook(2, "task_completed"), "task": about(number)}
    yield {"hook": hook(4, "workflow_completed"), "workflow": workflow(status=1)}


def _answers(seed: int, number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": place,
            "order": number - place,
            "name": f"Question {place}",
            "type": "radio" if place % 3 == 0 else "string",
            "api_name": f"field-{place:06x}",
            "value": f"Choice {seed % 3 + 1}" if place % 3 == 0 else f"Answer {seed} to question {place}",
            "is_required": True,
            **({"selections": ["Choice 1", "Choice 2", "Choice 3"]} if place % 3 == 0 else {}),
        }
        for place in range(1, number + 1)
    ]


def _seconds(time: dt.datetime | None) -> float | None:
    return time.timestamp() if time else None
