"""Every recorded delivery, sent again to the receiver with its headers, and the page that users then see."""

from __future__ import annotations

from typing import Any

import pytest

from apps.pneumatic.canonical.events import Event, Kind, Status
from apps.pneumatic.deliveries import read_payload
from apps.webhooks.models import Delivery
from apps.webhooks.models import Event as EventRow
from apps.webhooks.processing.worker import process_pending
from apps.workflows.models import Workflow
from apps.workflows.presentation.timeline import WorkflowDetail, detail_of
from tests.contract.older_releases.covered import Replay, recordings
from tests.contract.older_releases.workflows import body_of, delivery_names, workflow_in
from tests.contract.releases_recorded import TAGS, recorded
from tests.factories import make_pneumatic_user
from tests.fixtures.deliveries import Deliver
from tests.fixtures.payloads import OURS

KINDS = {
    "workflow_started": Kind.WORKFLOW_STARTED,
    "task_completed": Kind.TASK_COMPLETED,
    "task_completed_v2": Kind.TASK_COMPLETED,
    "task_returned": Kind.TASK_RETURNED,
    "workflow_completed": Kind.WORKFLOW_COMPLETED,
}
# With each delivery of each release, and no signature.
HEADERS = {"User-Agent": "python-requests/2.22.0", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
ONE_TASK = ["v1.0.0", "v2.0.4"]


def seconds(time: Any) -> float | None:
    return time.timestamp() if time else None


def check(event: Event, name: str, body: Any) -> None:
    """Check an event against the body that it was parsed from."""
    sent = workflow_in(body)
    workflow = event.workflow
    assert event.kind is KINDS[name.split("-", 3)[-1]], name
    assert (workflow.id, workflow.name) == (sent["id"], sent["name"]), name
    assert workflow.status is {0: Status.RUNNING, 1: Status.COMPLETED}[sent["status"]], name
    assert (workflow.template_id, workflow.template_name) == (
        sent["template"]["id"],
        sent["template"]["name"],
    )
    assert seconds(workflow.date_created) == sent["date_created_tsp"], name
    assert [output.api_name for output in workflow.kickoff] == [
        output["api_name"] for output in sent["kickoff"]["output"]
    ]
    rows = sent.get("tasks", [])
    assert [(task.id, task.number, task.status) for task in workflow.tasks] == [
        (row["id"], row["number"], row["status"]) for row in rows
    ], name
    if not rows:
        current = sent["current_task"]
        assert workflow.current_task is not None
        assert (workflow.current_task.id, workflow.current_task.number) == (current["id"], current["number"])
    if "task" in body:
        check_task(event, name, body["task"])


def check_task(event: Event, name: str, sent: dict[str, Any]) -> None:
    task = event.task
    assert task is not None
    assert (task.id, task.name) == (sent["id"], sent["name"]), name
    assert seconds(task.date_started) == sent["date_started_tsp"], name
    performers = sent["performers"]
    assert [one.id for one in task.performers] == [row.get("source_id", row.get("id")) for row in performers]
    names = [f"{row['first_name']} {row['last_name']}" if "first_name" in row else "" for row in performers]
    assert [one.name for one in task.performers] == names
    for output, row in zip(task.outputs, sent["output"], strict=True):
        chosen = [option for option in row["selections"] if type(option) is dict and option["is_selected"]]
        assert (output.api_name, output.name, output.type) == (row["api_name"], row["name"], row["type"]), (
            name
        )
        assert output.user_id == row["user_id"], name
        if chosen:
            assert [option.label for option in output.choices if option.is_selected] == [
                option["value"] for option in chosen
            ], name
        elif row["selections"] and row["value"]:
            assert [option.label for option in output.choices if option.is_selected] == [row["value"]], name
        if row["type"] == "user":
            assert output.value == ("" if row["value"] == str(row["user_id"]) else row["value"]), name
        else:
            assert output.value == row["value"], name


@pytest.mark.parametrize("tag", TAGS)
def test_every_delivery_is_parsed(tag: str) -> None:
    names = [found.name for found in recordings(tag, Replay.DELIVERY)]
    assert len(names) > 10
    for name in names:
        body = recorded(tag, name).body
        found = read_payload(body_of(tag, name))
        assert found.event is not None, name
        assert (found.hook.event, found.hook.id) == (body["hook"]["event"], body["hook"]["id"]), name
        check(found.event, name, body)
        if "task_returned" in name:
            # Releases 1.0 and 2.0 name the task that is open again, later ones the one that no longer is.
            task, (current, *_others) = found.event.task, found.event.workflow.current_tasks()
            assert task is not None
            assert task.name == ("First" if tag in ONE_TASK else "Second"), name
            assert current.name == "First" or tag in ONE_TASK, name


def shown(detail: WorkflowDetail) -> list[Any]:
    """Return what the page shows; how a return is titled depends on what the release sends."""
    lines: list[Any] = []
    for line in detail.lines:
        if line.title.startswith("Returned"):
            lines.append("Returned")
        elif line.task is None:
            lines.append(line.title)
        else:
            answers = {one.label: str(one.answer) for one in line.task.answers}
            lines.append((line.title, line.task.performers, answers))
    return lines


@pytest.mark.parametrize("tag", TAGS)
def test_users_see_the_same_page_after_all_deliveries(tag: str, deliver: Deliver) -> None:
    """They arrive in reverse order, and each of them twice."""
    make_pneumatic_user(1, first="Olga", last="Owner")
    make_pneumatic_user(2, first="Petra", last="Plain")
    names = delivery_names(tag)[::-1]
    for name in names:
        body = recorded(tag, name).body
        ours = {**body, "hook": {**body["hook"], "target": OURS}}
        for _time in range(2):
            assert deliver(ours, process=False, **HEADERS).status_code == 200, name
    process_pending()

    stored = list(Delivery.objects.order_by("pk"))
    assert {(row.verdict, row.state) for row in stored} == {("accepted", Delivery.State.PROCESSED)}
    sent_names = [recorded(tag, name).body["hook"]["event"] for name in names]
    assert [row.event_name for row in stored[::2]] == sent_names
    for row in stored:
        assert row.headers["User-Agent"] == HEADERS["User-Agent"]
        assert row.headers["Content-Type"] == "application/json"
    assert list(EventRow.objects.values_list("deliveries_count", flat=True)) == [2] * len(names)
    ids = {workflow_in(recorded(tag, name).body)["id"] for name in names}
    assert set(Workflow.objects.values_list("pk", flat=True)) == ids

    flow = Workflow.objects.get(pk=workflow_in(recorded(tag, "delivery-flow-00-workflow_started").body)["id"])
    detail = detail_of(flow)
    answers = {"Result": "Done well", "Pick": "go", "Judge": "Petra Plain"}
    rounds: list[Any] = [("Step 1, First: completed", ["Olga Owner"], answers), "Returned"]
    assert shown(detail) == [
        "Workflow started",
        *(rounds * (4 if tag == "v1.0.0" else 3))[:-1],
        ("Step 2, Second: completed", ["Olga Owner"], {"Closing": "bye"}),
        "Workflow completed",
    ]
    assert (detail.gaps, [line.why for line in detail.lines if line.why]) == ([], [])
    whole, half = "Returned from Step 2, Second, to Step 1, First", "Returned to Step 1, First"
    titles = {line.title for line in detail.lines if line.title.startswith("Returned")}
    assert titles == {"v1.0.0": {half}, "v2.0.4": {whole, half}}.get(tag, {whole})
