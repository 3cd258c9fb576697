"""Payloads: the documented keys, no others, with plausible times."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox

from .conftest import Api
from .listener import Listener
from .test_run import upload

HOOK = ["id", "event", "target"]
WORKFLOW = ["id", "name", "status", "date_created", "template", "kickoff", "current_task"]
CURRENT_TASK = ["id", "name", "description", "number", "date_started", "date_completed", "performers"]
TASK = [
    *("id", "name", "description", "number", "date_started", "date_completed"),
    *("output", "performers", "workflow"),
]
OUTPUT = ["id", "name", "type", "api_name", "value", "is_required", "selections", "attachments"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ADA = {"id": 1, "first_name": "Ada", "last_name": "Owner"}
BO = {"id": 2, "first_name": "Bo", "last_name": "Operator"}


def launch(api: Api, template: int = 2, **body: Any) -> int:
    response = api.post(f"/templates/{template}/run", {"name": "Work", **body})
    assert response.status_code == 200, response.text
    return int(response.json()["workflow_id"])


def payloads(sandbox: Sandbox, listener: Listener) -> list[dict[str, Any]]:
    sandbox.wait_delivered()
    return [item.json for item in listener.received]


def test_workflow_started_has_the_answers(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    form = {field["type"]: field for field in sandbox.template(1)["kickoff"]["fields"]}
    options = {kind: [option["id"] for option in field["selections"]] for kind, field in form.items()}
    file = upload(api)
    link = api.post(f"/workflows/attachments/{file}/links").json()["url"]
    kickoff = {
        "string-1": "Line",
        "text-2": "Zeilen\n漢字",
        "radio-3": options["radio"][1],
        "checkbox-4": [options["checkbox"][0], options["checkbox"][2]],
        "date-5": "2028-02-29",
        "dropdown-7": options["dropdown"][0],
        "file-8": [file],
        "user-9": 2,
    }
    id_ = launch(api, 1, name="All of it", kickoff=kickoff)
    (payload,) = payloads(sandbox, listener)

    assert list(payload) == ["hook", "workflow"]
    assert list(payload["hook"]) == HOOK
    subscription = next(row for row in sandbox.subscriptions() if row["event"] == "workflow_started")
    assert payload["hook"] == {key: subscription[key] for key in HOOK}
    workflow = payload["workflow"]
    assert list(workflow) == WORKFLOW
    assert (workflow["id"], workflow["name"], workflow["status"]) == (id_, "All of it", 0)
    assert workflow["template"] == {"id": 1, "name": "Every field"}
    assert TIME.fullmatch(workflow["date_created"])
    assert list(workflow["kickoff"]) == ["id", "description", "output"]
    outputs = {output["api_name"]: output for output in workflow["kickoff"]["output"]}
    assert [list(output) for output in outputs.values()] == [OUTPUT] * 9
    assert {name: output["value"] for name, output in outputs.items()} == {
        "string-1": "Line",
        "text-2": "Zeilen\n漢字",
        "radio-3": None,
        "checkbox-4": None,
        "date-5": "2028-02-29",
        "url-6": None,
        "dropdown-7": None,
        "file-8": None,
        "user-9": "2",
    }
    assert outputs["radio-3"]["type"] == "radiobutton"  # as in the documented example
    assert outputs["radio-3"]["selections"] == [
        {"id": options["radio"][0], "value": "Low", "is_selected": False},
        {"id": options["radio"][1], "value": "High", "is_selected": True},
    ]
    assert [item["is_selected"] for item in outputs["checkbox-4"]["selections"]] == [True, False, True]
    assert outputs["file-8"]["attachments"] == [{"id": file, "name": "a.txt", "url": link}]
    assert outputs["string-1"]["is_required"] is True
    current = workflow["current_task"]
    assert list(current) == CURRENT_TASK
    assert (current["number"], current["name"], current["performers"]) == (1, "Check", [ADA])
    assert TIME.fullmatch(current["date_started"])
    assert current["date_completed"] is None


def test_task_completed_has_the_outputs_and_the_next_task(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.put_template(
        {
            "id": 9,
            "tasks": [
                {"name": "First", "fields": [{"type": "user", "api_name": "who", "is_required": True}]},
                {"name": "Second", "output_responsible": [{"api_name": "who", "name": "Who"}]},
            ],
        }
    )
    id_ = launch(api, 9)
    sandbox.step(id_, outputs={"who": 2})
    _, payload = payloads(sandbox, listener)
    assert list(payload) == ["hook", "task"]
    task = payload["task"]
    assert list(task) == TASK
    assert (task["number"], task["name"], task["performers"]) == (1, "First", [ADA])
    assert [(output["api_name"], output["value"]) for output in task["output"]] == [("who", "2")]
    workflow = task["workflow"]
    assert list(workflow) == WORKFLOW
    assert workflow["status"] == 0
    current = workflow["current_task"]
    # The user named in an answer performs the next task.
    assert (current["number"], current["performers"]) == (2, [BO])
    assert task["date_started"] < task["date_completed"] == current["date_started"]
    assert task["id"] != current["id"]


def test_the_last_task_completes_the_workflow(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    id_ = launch(api, 1, kickoff={"string-1": "x"})
    sandbox.step(id_)
    assert sandbox.step(id_)["status"] == 1
    sent = payloads(sandbox, listener)
    assert listener.events == [
        *("workflow_started", "task_completed_v2", "task_completed_v2", "workflow_completed"),
    ]
    last_task, completed = sent[2]["task"], sent[3]["workflow"]
    assert last_task["workflow"] == completed
    assert completed["status"] == 1
    # The workflow stays at its last task, as in the documented example.
    assert completed["current_task"]["number"] == 2
    assert completed["current_task"]["date_completed"] == last_task["date_completed"]
    assert completed["kickoff"] == sent[0]["workflow"]["kickoff"]


def test_task_returned_has_the_task_that_starts_again(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    id_ = launch(api, 1, kickoff={"string-1": "x"})
    sandbox.step(id_)
    sandbox.step(id_, "return")
    sandbox.step(id_)
    sandbox.step(id_, "return", to=1)
    sent = payloads(sandbox, listener)
    returned = [item["task"] for item in sent if item["hook"]["event"] == "task_returned"]
    assert len(returned) == 2
    for task in returned:
        assert list(task) == TASK
        assert (task["number"], task["date_completed"]) == (2, None)
        current = task["workflow"]["current_task"]
        assert (current["number"], current["date_completed"]) == (1, None)
        assert task["date_started"] < current["date_started"]
    assert returned[0] != returned[1]


def test_each_time_is_later_than_the_previous_one(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    id_ = launch(api, 1, kickoff={"string-1": "x"})
    for action in ("complete", "return", "complete", "return", "complete", "complete"):
        sandbox.step(id_, action)
    sent = payloads(sandbox, listener)
    times = [max(re.findall(r'"(\d{4}-[^"]+Z)"', item.body.decode())) for item in listener.received]
    assert times[:-1] == sorted(set(times[:-1]))
    assert times[-1] == times[-2]  # of the last task and of its workflow
    assert {item.get("workflow", item.get("task", {}).get("workflow"))["id"] for item in sent} == {id_}


def test_a_terminated_workflow_sends_workflow_completed(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    id_ = launch(api, 1, kickoff={"string-1": "x"})
    assert sandbox.step(id_, "terminate")["status"] == 2
    _, payload = payloads(sandbox, listener)
    assert payload["hook"]["event"] == "workflow_completed"
    assert payload["workflow"]["status"] == 2
    assert payload["workflow"]["current_task"]["date_completed"] is None


def test_a_delayed_task_snoozes_its_workflow_when_delays_count(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.settings(delays=True)
    sandbox.put_template({"id": 9, "tasks": [{}, {"delay": "1 00:00:00"}]})
    id_ = launch(api, 9)
    assert sandbox.step(id_)["status"] == 3
    assert sandbox.step(id_, "resume")["status"] == 0
    sandbox.step(id_)
    _, snoozed, completed, _ = payloads(sandbox, listener)
    workflow = snoozed["task"]["workflow"]
    assert workflow["status"] == 3
    assert (workflow["current_task"]["number"], workflow["current_task"]["date_started"]) == (2, None)
    assert completed["task"]["date_started"] > snoozed["task"]["date_completed"]


@pytest.mark.parametrize(
    ("present", "deprecated"),
    [
        ("workflow_started", "process_started"),
        ("task_completed_v2", "task_completed"),
        ("workflow_completed", "process_completed"),
    ],
)
def test_a_deprecated_event_has_the_same_payload_under_its_name(
    api: Api, sandbox: Sandbox, listener: Listener, present: str, deprecated: str
) -> None:
    subscription = sandbox.add_subscription(event=deprecated, target=f"{listener.url}/old")
    sandbox.step(launch(api))
    sent = payloads(sandbox, listener)
    old = next(item for item in sent if item["hook"]["event"] == deprecated)
    new = next(item for item in sent if item["hook"]["event"] == present)
    assert old.pop("hook") == {"id": subscription["id"], "event": deprecated, "target": f"{listener.url}/old"}
    assert new.pop("hook")["event"] == present
    assert old == new


def test_a_template_that_changes_changes_no_running_workflow(
    api: Api, sandbox: Sandbox, listener: Listener
) -> None:
    id_ = launch(api, 1, kickoff={"string-1": "x"})
    sandbox.put_template({"id": 1, "name": "Other", "tasks": [{}], "kickoff": {"fields": []}})
    sandbox.step(id_)
    first, second = payloads(sandbox, listener)
    assert second["task"]["workflow"]["kickoff"] == first["workflow"]["kickoff"]
    assert second["task"]["workflow"]["template"] == first["workflow"]["template"]
    assert second["task"]["workflow"]["current_task"]["name"] == "Do"


def test_a_workflow_without_tasks_is_over_at_once(api: Api, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.put_template({"id": 9, "tasks": []})
    launch(api, 9)
    _, completed = payloads(sandbox, listener)
    assert listener.events == ["workflow_started", "workflow_completed"]
    assert completed["workflow"]["current_task"] is None
