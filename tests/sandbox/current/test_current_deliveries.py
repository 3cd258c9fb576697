"""Webhooks of the current dialect: what is sent, in which order, and what happens when a receiver fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.listener import Listener, listening

from .conftest import ADA, BO, DANA, launch

WORKFLOW = [
    *("id", "name", "status", "description", "finalizable", "is_external", "is_urgent", "date_created_tsp"),
    *(
        "date_completed_tsp",
        "workflow_starter",
        "ancestor_task_id",
        "is_legacy_template",
        "legacy_template_name",
    ),
    *("template", "owners", "tasks", "kickoff", "due_date_tsp", "is_read_only_viewer"),
]
STEP = [
    *("id", "name", "api_name", "description", "number", "delay", "due_date_tsp", "date_started_tsp"),
    *("date_completed_tsp", "performers", "checklists_total", "checklists_marked", "status"),
]
TASK = [
    *("id", "name", "api_name", "description", "workflow", "contains_comments", "require_completion_by_all"),
    *(
        "output",
        "delay",
        "date_started_tsp",
        "date_completed_tsp",
        "due_date_tsp",
        "is_completed",
        "performers",
    ),
    *("is_urgent", "checklists_marked", "checklists_total", "checklists", "sub_workflows", "status"),
    *("revert_tasks", "is_read_only_viewer", "fieldsets"),
]
OUTPUT = [
    *("id", "order", "type", "is_required", "is_hidden", "description", "api_name", "name", "value"),
    *("markdown_value", "clear_value", "user_id", "group_id", "selections"),
]
PERFORMER = {"is_completed", "date_completed_tsp", "type", "source_id"}


def sent(current: Sandbox, hooks: Listener) -> list[dict[str, Any]]:
    current.wait_delivered()
    return [item.json for item in hooks.received]


def statuses(workflow: dict[str, Any]) -> list[str]:
    return [task["status"] for task in workflow["tasks"]]


def test_workflow_started_has_the_values_of_the_launch_response(
    ada: Api, current: Sandbox, hooks: Listener
) -> None:
    body = {"name": "Ω", "kickoff": {"string-1": "x", "radio-3": "High", "number-10": "1e5"}}
    answer = ada.post("/templates/1/run", body).json()
    (payload,) = sent(current, hooks)
    assert list(payload) == ["hook", "workflow"]
    row = next(row for row in current.subscriptions() if row["event"] == "workflow_started")
    assert payload["hook"] == {"id": row["id"], "event": "workflow_started", "target": f"{hooks.url}/hooks"}
    assert payload["workflow"] == answer
    assert list(answer) == WORKFLOW
    assert all(list(task) == STEP for task in answer["tasks"])
    assert all(set(item) == PERFORMER for task in answer["tasks"] for item in task["performers"])
    assert list(answer["kickoff"]) == ["id", "output", "fieldsets"]
    assert all(list(item) == OUTPUT for item in answer["kickoff"]["output"])


def test_a_delivery_has_the_body_and_headers_of_the_current_server(
    ada: Api, current: Sandbox, hooks: Listener
) -> None:
    launch(ada, name="Ω 漢字")
    sent(current, hooks)
    (received,) = hooks.received
    assert received.body.isascii()
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"] == "python-requests/2.22.0"
    assert received.headers["content-length"] == str(len(received.body))
    assert "authorization" not in received.headers


def test_workflow_completed_is_sent_before_the_event_of_the_last_task(
    ada: Api, current: Sandbox, hooks: Listener
) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    current.step(id_)
    current.step(id_)
    payloads = sent(current, hooks)
    assert hooks.events == ["workflow_started", "task_completed", "workflow_completed", "task_completed"]
    first, completed, last = payloads[1]["task"], payloads[2]["workflow"], payloads[3]["task"]
    assert [list(task) for task in (first, last)] == [TASK, TASK]
    assert statuses(first["workflow"]) == ["completed", "active"]
    assert statuses(completed) == ["completed", "completed"]
    assert (completed["status"], last["workflow"]) == (1, completed)
    assert completed == ada.get(f"/workflows/{id_}").json()
    assert completed["date_completed_tsp"] >= last["date_completed_tsp"] > first["date_completed_tsp"]
    assert (first["status"], first["is_completed"], first["revert_tasks"]) == ("completed", True, [])
    assert [item["id"] for item in last["revert_tasks"]] == [first["id"]]
    assert list(last["revert_tasks"][0]) == ["id", "name", "api_name"]
    assert first["id"] in [task["id"] for task in completed["tasks"]]


def test_a_returned_task_is_pending_and_the_one_before_is_active_again(
    ada: Api, current: Sandbox, hooks: Listener
) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    current.step(id_)
    current.step(id_, "return")
    current.step(id_)
    payloads = sent(current, hooks)
    assert hooks.events == ["workflow_started", "task_completed", "task_returned", "task_completed"]
    completed, returned, again = (payload["task"] for payload in payloads[1:])
    assert (returned["status"], returned["is_completed"], returned["date_started_tsp"]) == (
        "pending",
        False,
        None,
    )
    assert statuses(returned["workflow"]) == ["active", "pending"]
    assert returned["id"] == returned["workflow"]["tasks"][1]["id"]
    # The same task completes a second time: only the time distinguishes the two.
    assert again["id"] == completed["id"]
    assert again["date_completed_tsp"] > completed["date_completed_tsp"]


def test_events_have_the_answers_of_tasks_and_null_without_an_answer(
    ada: Api, current: Sandbox, hooks: Listener
) -> None:
    current.put_template(
        {
            "id": 30,
            "tasks": [
                {
                    "name": "Decide",
                    "fields": [
                        {"type": "radio", "api_name": "decision", "selections": ["Yes", "No"]},
                        {"type": "user", "api_name": "who"},
                        {"type": "number", "api_name": "amount"},
                    ],
                },
                {"name": "Do", "output_responsible": [{"api_name": "who", "name": "Who"}]},
            ],
        }
    )
    id_ = launch(ada, 30)
    fields = {field["api_name"]: field for field in current.template(30)["tasks"][0]["fields"]}
    no = fields["decision"]["selections"][1]["id"]
    current.step(id_, outputs={"decision": no, "who": BO, "amount": None})
    task = sent(current, hooks)[1]["task"]
    output = {item["api_name"]: item for item in task["output"]}
    assert all(list(item) == OUTPUT for item in task["output"])
    assert (output["decision"]["value"], output["decision"]["selections"]) == ("No", ["Yes", "No"])
    assert (output["who"]["value"], output["who"]["user_id"]) == ("Bo Operator", BO)
    assert [output["amount"][key] for key in ("value", "markdown_value", "clear_value")] == ["", None, None]
    assert [item["source_id"] for item in task["workflow"]["tasks"][1]["performers"]] == [BO]


def test_groups_perform_tasks(ada: Api, current: Sandbox, hooks: Listener) -> None:
    id_ = launch(ada, 5, kickoff={"city": "Łódź", "subject": "x"})
    current.step(id_)
    task = sent(current, hooks)[1]["task"]
    performers = task["workflow"]["tasks"][1]["performers"]
    assert {(item["type"], item["source_id"]) for item in performers} == {("user", ADA), ("group", 1)}


def test_finishing_sends_the_event_of_the_workflow_only(ada: Api, current: Sandbox, hooks: Listener) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    current.step(id_, "finish")
    assert sent(current, hooks)[1]["workflow"]["status"] == 1
    assert hooks.events == ["workflow_started", "workflow_completed"]


def test_snoozing_resuming_and_deleting_send_no_event(ada: Api, current: Sandbox, hooks: Listener) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    current.step(id_, "snooze")
    current.step(id_, "resume")
    current.delete_workflow(id_)
    sent(current, hooks)
    assert hooks.events == ["workflow_started"]
    assert ada.get(f"/workflows/{id_}").status_code == 404


@pytest.mark.parametrize("status", [500, 503])
def test_a_response_of_500_is_retried_twice_with_the_same_bytes(
    ada: Api, current: Sandbox, hooks: Listener, status: int
) -> None:
    current.settings(retry_pause=0)
    hooks.statuses += [status] * 3
    launch(ada)
    (delivery,) = current.wait_delivered()
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("failed", 3, status)
    assert len({item.body for item in hooks.received}) == 1
    assert len(hooks.received) == 3


@pytest.mark.parametrize("status", [400, 404, 410, 429])
def test_a_response_of_400_is_final_and_the_row_stays(
    ada: Api, current: Sandbox, hooks: Listener, status: int
) -> None:
    hooks.statuses += [status]
    launch(ada)
    (delivery,) = current.wait_delivered()
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("refused", 1, status)
    assert len(current.subscriptions()) == 4


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
def test_redirects_are_followed(
    ada: Api, current: Sandbox, hooks: Listener, status: int, method: str
) -> None:
    hooks.statuses += [status]
    launch(ada)
    (delivery,) = current.wait_delivered()
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("delivered", 1, 200)
    first, second = hooks.received
    assert (first.path, second.path, second.method) == ("/hooks", "/elsewhere", method)
    assert second.body == (first.body if method == "POST" else b"")


def test_redirects_in_a_circle_end(ada: Api, current: Sandbox, hooks: Listener) -> None:
    current.settings(retry_pause=0)
    hooks.statuses += [307] * 200
    launch(ada)
    (delivery,) = current.wait_delivered()
    assert (delivery["state"], delivery["error"]) == ("failed", "There are too many redirects.")


@pytest.fixture
def two_rows(ada: Api, current: Sandbox, client_of: Callable[[int], Api], hooks: Listener) -> Any:
    """Return a second receiver, of another administrator, whose row comes after that of ``hooks``."""
    with listening() as other:
        url = f"{other.url}/other"
        client_of(DANA).post("/webhooks/events/workflow_started/subscribe", {"url": url})
        current.settings(retry_pause=0)
        yield other
        current.reset()


def test_both_rows_of_an_event_receive_it(
    ada: Api, current: Sandbox, hooks: Listener, two_rows: Listener
) -> None:
    launch(ada)
    assert [item["state"] for item in current.wait_delivered()] == ["delivered", "delivered"]
    mine, others = hooks.received[0].json, two_rows.received[0].json
    assert mine["workflow"] == others["workflow"]
    assert mine["hook"]["id"] != others["hook"]["id"]


def test_rows_before_a_failing_row_receive_everything_three_times(
    ada: Api, current: Sandbox, hooks: Listener, two_rows: Listener
) -> None:
    two_rows.statuses += [500] * 3
    launch(ada)
    deliveries = current.wait_delivered()
    assert [(item["state"], item["attempts"]) for item in deliveries] == [("delivered", 3), ("failed", 3)]
    assert [len(receiver.received) for receiver in (hooks, two_rows)] == [3, 3]
    assert len({item.body for item in hooks.received}) == 1


def test_rows_after_a_failing_row_receive_nothing(
    ada: Api, current: Sandbox, hooks: Listener, two_rows: Listener
) -> None:
    hooks.statuses += [503] * 3
    launch(ada)
    deliveries = current.wait_delivered()
    assert [(item["state"], item["attempts"]) for item in deliveries] == [("failed", 3), ("failed", 0)]
    assert two_rows.received == []


def test_a_delivery_lost_by_a_fault_does_not_delay_the_other_row(
    ada: Api, current: Sandbox, hooks: Listener, two_rows: Listener
) -> None:
    current.delivery_fault("lose", target_prefix=hooks.url)
    launch(ada)
    assert sorted(item["state"] for item in current.wait_delivered()) == ["delivered", "lost"]
    current.delivery_fault("duplicate", copies=3, target_prefix=two_rows.url)
    launch(ada)
    current.wait_delivered()
    assert [len(receiver.received) for receiver in (hooks, two_rows)] == [1, 4]


def test_simulated_people_move_workflows_of_the_current_dialect(
    ada: Api, current: Sandbox, hooks: Listener
) -> None:
    current.act(200)
    sent(current, hooks)
    assert set(hooks.events) == {"workflow_started", "task_completed", "task_returned", "workflow_completed"}
    started = {
        item.json["workflow"]["template"]["name"] for item in hooks.received if "workflow" in item.json
    }
    assert {"Every field", "Fieldsets"} <= started
    assert not {"Inactive", "Never published"} & started
    outputs = [
        output
        for item in hooks.received
        if "workflow" in item.json
        for form in [item.json["workflow"]["kickoff"]]
        for output in [*form["output"], *(field for part in form["fieldsets"] for field in part["fields"])]
    ]
    numbers = {output["value"] for output in outputs if output["type"] == "number"} - {""}
    assert numbers
    assert all(float(number) > 0 for number in numbers)
