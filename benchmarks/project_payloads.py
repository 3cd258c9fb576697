"""Bodies of webhooks as an account at work sends them: 2 to 4 kB, ten per workflow, of many workflows at a time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from typing import Any

EVENTS = 10  # per workflow: it starts, eight tasks are completed or returned, it is completed
TASKS = 7
AT_WORK = 500  # workflows that are running at a time
BEGIN = dt.datetime(2026, 5, 4, 7, 0, tzinfo=dt.UTC)
TEXT = (
    "The newcomer needs a desk near the window, a laptop with two screens, access to the building from seven in the "
    "morning and a person to ask. Please write down what was agreed with the team, and by when it will arrive. "
)


History = Callable[[int, str], Iterator[dict[str, Any]]]


def bodies(workflows: int, *, target: str, history: History | None = None) -> Iterator[dict[str, Any]]:
    """Yield the bodies of ``workflows`` whole histories, mixed as they would come in; always the same ones.

    They are as documented, unless another ``history`` is given.
    """
    history_of = history or _history
    chance = random.Random(20261123)
    waiting = iter(range(1, workflows + 1))
    running = [history_of(number, target) for _place, number in zip(range(AT_WORK), waiting, strict=False)]
    while running:
        place = chance.randrange(len(running))
        body = next(running[place], None)
        if body is not None:
            yield body
            continue
        following = next(waiting, None)
        if following is None:
            running.pop(place)
        else:
            running[place] = history_of(following, target)


def _history(workflow_id: int, target: str) -> Iterator[dict[str, Any]]:
    """Yield the ten bodies of one workflow; its third task is returned once and completed again."""
    start = BEGIN + dt.timedelta(minutes=workflow_id)
    step = dt.timedelta(minutes=20)

    def workflow(status: int, current: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": workflow_id,
            "name": f"Onboarding of person {workflow_id}",
            "status": status,
            "date_created": _time(start),
            "template": {"id": workflow_id % 40 + 1, "name": f"Onboarding, variant {workflow_id % 40 + 1}"},
            "kickoff": {"id": workflow_id, "description": TEXT, "output": _answers(workflow_id, 5)},
            "current_task": current,
        }

    def task(number: int, *, turn: int = 0, done: bool = False) -> dict[str, Any]:
        began = start + (number - 1 + turn) * step
        return {
            "id": workflow_id * 100 + number,
            "name": f"Step {number}: prepare and hand over",
            "description": TEXT,
            "number": number,
            "date_started": _time(began),
            "date_completed": _time(began + step) if done else None,
            "performers": [
                {"id": workflow_id % 50, "first_name": "Ada", "last_name": f"Person{workflow_id % 50}"}
            ],
        }

    def hook(id_: int, event: str) -> dict[str, Any]:
        return {"id": id_, "event": event, "target": target}

    def about(number: int, *, turn: int, done: bool, current: dict[str, Any]) -> dict[str, Any]:
        body = task(number, turn=turn, done=done)
        return {**body, "output": _answers(number, 3), "workflow": workflow(0, current)}

    yield {"hook": hook(1, "workflow_started"), "workflow": workflow(0, task(1))}
    turn = 0
    for number in range(1, TASKS + 1):
        following = task(min(number + 1, TASKS), turn=turn)
        yield {
            "hook": hook(2, "task_completed_v2"),
            "task": about(number, turn=turn, done=True, current=following),
        }
        if number == 3:
            turn = 1
            again = task(number, turn=turn)
            yield {
                "hook": hook(3, "task_returned"),
                "task": about(number, turn=turn, done=False, current=again),
            }
    yield {"hook": hook(4, "workflow_completed"), "workflow": workflow(1, task(TASKS, turn=turn, done=True))}


def _answers(seed: int, number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": place,
            "name": f"Question {place}",
            "type": "radiobutton" if place % 3 == 0 else "string",
            "api_name": f"field-{place:06x}",
            "value": None if place % 3 == 0 else f"Answer {seed} to question {place}",
            "is_required": True,
            "selections": [
                {"id": key, "value": f"Choice {key}", "is_selected": key == seed % 3 + 1} for key in (1, 2, 3)
            ]
            if place % 3 == 0
            else [],
            "attachments": [],
        }
        for place in range(1, number + 1)
    ]


def _time(timestamp: dt.datetime) -> str:
    return timestamp.strftime("%Y-%m-%dT%H:%M:%S.000Z")
