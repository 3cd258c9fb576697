"""The recorded workflow on a server that is upgraded while it runs: the page is that of one release.

The old release sent the first deliveries, and the new one the others: those that it recorded, with the ids and times of
the old one's workflow.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import Any

import pytest

from apps.pneumatic.canonical.events import Event
from apps.pneumatic.deliveries import read_payload
from apps.workflows.projection.history import HistoryEntryKind
from tests.contract.older_releases.workflows import (
    delivery_names,
    lines_of,
    projected,
    reading,
    workflow_in,
)
from tests.contract.releases_recorded import recorded
from tests.fixtures.depth import exhaustive

Line = HistoryEntryKind
FLOW = "delivery-flow-"
# Three rounds of the first task, of the four that release 1.0 recorded.
ROUNDS = 3
OUTLINE = [
    Line.STARTED,
    *[Line.TASK_DONE, Line.TASK_RETURNED] * (ROUNDS - 1),
    *[Line.TASK_DONE] * 2,
    Line.COMPLETED,
]


class Recorded:
    """The deliveries of a release; ``moments`` are times of what happened, ``ids`` of the workflow and its tasks."""

    def __init__(self, tag: str) -> None:
        self.bodies = [recorded(tag, name).body for name in delivery_names(tag, FLOW)]
        self.workflow = workflow_in(self.bodies[0])
        tasks = [body["task"] for body in self.bodies if body["hook"]["event"].startswith("task_completed")]
        first = [task for task in tasks if task["name"] == "First"][:ROUNDS]
        (second,) = [task for task in tasks if task["name"] == "Second"]
        starts = [task["date_started_tsp"] for task in (*first, second)]
        self.moments = [self.workflow["date_created_tsp"]]
        for task, following in zip(first, starts[1:], strict=True):
            # Release 1.0 does not send when a task was completed.
            self.moments += [task["date_started_tsp"], task["date_completed_tsp"] or following - 0.3]
        self.moments += [second["date_started_tsp"], second["date_started_tsp"] + 0.1]
        self.ids = [self.workflow["id"], first[0]["id"], second["id"]]


def as_sent_by(new: Recorded, old: Recorded, body: Any, key: str = "") -> Any:
    """Return a body of the new release with the ids and the times of the old one's workflow."""
    if isinstance(body, dict):
        return {name: as_sent_by(new, old, value, name) for name, value in body.items()}
    if isinstance(body, list):
        return [as_sent_by(new, old, one) for one in body]
    if key == "id" and body in new.ids:
        return old.ids[new.ids.index(body)]
    if key.endswith("_tsp") and body is not None:
        at = max(0, bisect_right(new.moments, body) - 1)
        return old.moments[at] + (body - new.moments[at]) * 0.01
    return body


def upgraded(old_tag: str, new_tag: str, count: int) -> tuple[dict[str, Event], dict[str, Event]]:
    """Return the events if the upgrade follows after ``count`` deliveries, and the readings before and after it."""
    old, new = Recorded(old_tag), Recorded(new_tag)
    bodies = [*old.bodies[:count], *(as_sent_by(new, old, body) for body in new.bodies[count:])]
    found = {f"event {at}": read_payload(json.dumps(body).encode()).event for at, body in enumerate(bodies)}
    read = {
        "before": reading(recorded(old_tag, "flow-2-workflow-get").answer),
        "after": reading(
            as_sent_by(new, old, recorded(new_tag, "flow-g-workflow-get-done").answer), minutes=9
        ),
    }
    return {name: event for name, event in found.items() if event is not None}, read


@pytest.mark.parametrize("old", ["v1.0.0", "v2.0.4"])
@pytest.mark.parametrize(
    "new", exhaustive(["v3.2.0", "v4.0.0", "v4.3.0", "v5.0.0", "v6.0.0", "v7.0.0"], but=["v4.0.0"])
)
def test_a_workflow_continues_on_its_page(old: str, new: str) -> None:
    for count in range(1, 2 * ROUNDS + 1):
        came, read = upgraded(old, new, count)
        assert len(came) == 2 * ROUNDS + 2

        for shown in (projected(came), projected(came, read)):
            lines = lines_of(shown)
            assert [line.kind for line in lines] == OUTLINE, count
            assert not any(line.is_inferred or line.is_indirect for line in lines), count
            assert (shown.state, shown.has_gaps, shown.step) == ("completed", False, 2), count
            rounds = [line.task.round for line in lines if line.kind is Line.TASK_DONE and line.task]
            assert rounds == [1, 2, 3, 1], count
            answers = [
                output.value for line in lines if line.task and line.kind is Line.TASK_DONE
                for output in line.task.outputs if output.api_name.startswith(("result", "closing"))
            ]  # fmt: skip
            # Release 1.0 sends the answers of the first round with its return; after the upgrade they are missing.
            assert answers[1:] == ["Done well"] * 2 + ["bye"], count
            assert answers[0] == ("" if old == "v1.0.0" and count > 1 else "Done well"), count
