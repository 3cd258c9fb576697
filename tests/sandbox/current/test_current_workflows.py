"""Workflows of the current dialect: their list, their steps by the API, and how they end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.pneumatic.recorded import load
from tests.sandbox.conftest import Api

from .conftest import ADA, BO, DANA, GRETA, launch

KICKOFF = {"city": "Łódź", "subject": "Alpha beta"}


def listed(api: Api, query: str = "") -> list[int]:
    return [item["id"] for item in api.get(f"/workflows?{query}").json()["results"]]


def states(api: Api, workflow_id: int) -> list[str]:
    return [task["status"] for task in api.get(f"/workflows/{workflow_id}").json()["tasks"]]


def test_the_list_is_always_in_pages_with_the_newest_first(ada: Api) -> None:
    ids = [launch(ada, name=f"Number {number}") for number in range(17)]
    page = ada.get("/workflows").json()
    assert (page["count"], len(page["results"])) == (17, 15)
    assert listed(ada, "limit=1000") == ids[::-1]
    assert listed(ada, "limit=3&offset=15&ordering=date") == ids[15:]
    assert "kickoff" not in page["results"][0]


def test_the_list_is_filtered(ada: Api, client_of: Callable[[int], Api], current: Sandbox) -> None:
    by_bo = launch(client_of(BO), name="By another user")
    urgent = launch(ada, name="Now", is_urgent=True)
    asked = launch(ada, 5, name="Question", kickoff=KICKOFF)
    done = launch(ada, name="Soon over")
    current.step(done, "finish")
    snoozed = launch(ada, name="Sleepy")
    current.step(snoozed, "snooze")
    expected = {
        f"workflow_starter={BO}": [by_bo],
        "template_id=5": [asked],
        "template_id=5,1": [asked],
        "status=done": [done],
        "status=snoozed": [snoozed],
        "status=running": [asked, urgent, by_bo],
        "search=ALPHA": [asked],
        "search=another%20user": [by_bo],
        "search=some": [],
        "ordering=-urgent&limit=1": [urgent],
        "is_external=true": [],
        "template_task_api_name=task-6": [asked],
        "current_performer=2": [],
        "template_id=2&workflow_starter=1&ordering=-date&limit=20": [snoozed, done, urgent],
    }
    assert {query: listed(ada, query) for query in expected} == expected


def test_the_list_has_fields_when_requested(ada: Api) -> None:
    launch(ada, 5, kickoff=KICKOFF)
    assert ada.get("/workflows").json()["results"][0]["fields"] == []
    (item,) = ada.get("/workflows?fields=subject,nothing").json()["results"]
    assert [(field["api_name"], field["value"]) for field in item["fields"]] == [("subject", "Alpha beta")]


def test_tasks_are_completed_and_returned_over_the_api(ada: Api) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    first, second = (task["id"] for task in ada.get(f"/workflows/{id_}").json()["tasks"])
    assert states(ada, id_) == ["active", "pending"]
    assert ada.post(f"/v2/tasks/{first}/complete", {}).json()["status"] == "completed"
    assert states(ada, id_) == ["completed", "active"]
    again = ada.post(f"/v2/tasks/{first}/complete", {})
    assert (again.status_code, again.json()["details"]) == (400, {})
    assert ada.post(f"/v2/tasks/{second}/revert", {"comment": ""}).status_code == 400
    assert ada.post(f"/v2/tasks/{second}/revert", {"comment": "No"}).status_code == 204
    assert states(ada, id_) == ["active", "pending"]
    for task in (first, second):
        assert ada.post(f"/v2/tasks/{task}/complete", {}).status_code == 200
    shown = ada.get(f"/workflows/{id_}").json()
    assert shown["status"] == 1
    assert shown["date_completed_tsp"] > shown["date_created_tsp"]


def test_outputs_are_validated_but_not_required(ada: Api, current: Sandbox) -> None:
    fields = [
        {"name": "Result", "api_name": "result", "is_required": True},
        {"name": "Sure", "api_name": "sure", "type": "radio", "selections": ["Yes", "No"]},
    ]
    current.put_template({"id": 20, "tasks": [{"name": "For {{sure}}", "fields": fields}, {}]})
    task = f"/v2/tasks/{launch(ada, 20)}001"
    assert ada.post(f"{task}/complete", {"output": {"sure": "Maybe"}}).json()["details"]["api_name"] == "sure"
    done = ada.post(f"{task}/complete", {"output": {"sure": "Yes", "unknown": 1}}).json()
    values = [(item["value"], item["markdown_value"]) for item in done["output"]]
    assert values == [("", None), ("Yes", "Yes")]
    assert done["name"] == "For Yes"


def test_a_workflow_is_finished_where_it_is(ada: Api) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    assert ada.post(f"/workflows/{id_}/finish").status_code == 204
    assert ada.get(f"/workflows/{id_}").json()["status"] == 1
    assert states(ada, id_) == ["active", "pending"]
    assert ada.post(f"/workflows/{id_}/finish").status_code == 400
    assert ada.post(f"/v2/tasks/{id_}001/complete", {}).status_code == 400


def test_a_workflow_is_snoozed_and_resumed(ada: Api) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    until = time.time() + 3600
    shown = ada.post(f"/workflows/{id_}/snooze", {"date": until}).json()
    assert (shown["status"], shown["tasks"][0]["status"]) == (3, "snoozed")
    assert abs(shown["tasks"][0]["delay"]["estimated_end_date_tsp"] - until) < 0.001
    assert ada.post(f"/v2/tasks/{id_}001/complete", {}).status_code == 400
    assert ada.post(f"/workflows/{id_}/resume").json()["status"] == 0
    assert states(ada, id_) == ["active", "pending"]
    for date in (None, "soon", True, 1):
        assert ada.post(f"/workflows/{id_}/snooze", {"date": date}).status_code == 400


def test_a_workflow_goes_back_to_a_task_by_its_name(ada: Api, current: Sandbox) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    name = ada.get(f"/workflows/{id_}").json()["tasks"][0]["api_name"]
    assert ada.post(f"/workflows/{id_}/return-to", {"task_api_name": name}).status_code == 400
    current.step(id_)
    assert ada.post(f"/workflows/{id_}/return-to", {"task_api_name": name}).status_code == 204
    assert states(ada, id_) == ["active", "pending"]


def activity(api: Api, workflow_id: int, query: str = "ordering=created") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.get(f"/workflows/{workflow_id}/events?{query}").json()
    return rows


def test_the_activity_says_who_did_what(ada: Api, client_of: Callable[[int], Api], current: Sandbox) -> None:
    """A task may be completed and returned by its performers and by the account's owner alone."""
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    first, second = (task["id"] for task in ada.get(f"/workflows/{id_}").json()["tasks"])
    (performer,) = current.workflows()[0]["steps"][0]["performers"]
    other = next(user for user in (BO, DANA) if user != performer)
    assert client_of(other).post(f"/v2/tasks/{first}/complete", {}).status_code == 403
    assert ada.post(f"/v2/tasks/{first}/complete", {}).status_code == 200
    current.step(id_, "return", by=BO)
    current.step(id_, by=DANA)
    current.step(id_, "return", to=1, by=DANA)
    current.step(id_, "snooze")
    current.step(id_, "resume", by=BO)
    assert ada.post(f"/workflows/{id_}/finish").status_code == 204

    rows = activity(ada, id_)
    assert [(row["type"], row["user_id"], (row["task"] or {}).get("id")) for row in rows] == [
        (2, None, first),
        (3, ADA, first),
        (2, None, second),
        (4, BO, first),
        (2, None, first),
        (3, DANA, first),
        (2, None, second),
        (8, DANA, first),
        (2, None, first),
        (17, ADA, None),
        (16, BO, None),
        (6, ADA, None),
    ]
    times = [row["created_tsp"] for row in rows]
    assert times == sorted(times)
    assert activity(ada, id_, "") == rows[::-1]
    page = ada.get(f"/workflows/{id_}/events?limit=2&offset=1").json()
    assert (page["count"], page["results"]) == (12, rows[-2:-4:-1])


def test_the_activity_has_the_recorded_keys(ada: Api, client_of: Callable[[int], Api]) -> None:
    id_ = launch(ada, 1, kickoff={"string-1": "x"})
    ada.post(f"/v2/tasks/{id_}001/complete", {})
    recorded = {row["type"]: row for row in load("activity-everything")}

    for row in activity(ada, id_):
        assert row.keys() == recorded[row["type"]].keys()
        assert row["task"].keys() == recorded[row["type"]]["task"].keys()
        assert [one.keys() for one in row["task"]["performers"]] == [
            {"type", "source_id", "is_completed", "date_completed_tsp"}
        ]
    assert ada.get(f"/workflows/{id_}/events?ordering=id").status_code == 400
    assert ada.get("/workflows/99/events").status_code == 404
    assert client_of(GRETA).get(f"/workflows/{id_}/events").status_code == 403


def test_names_and_answers_are_changed_afterwards(ada: Api) -> None:
    id_ = launch(ada, 5, kickoff=KICKOFF)
    path = f"{ada.url}/workflows/{id_}"
    assert ada.session.patch(path, json={"name": "Renamed"}, timeout=60).json()["name"] == "Renamed"
    shown = ada.session.patch(path, json={"kickoff": {"city": "København"}}, timeout=60).json()
    assert [item["value"] for item in shown["kickoff"]["output"]] == ["København", "Alpha beta"]
    wrong = ada.session.patch(path, json={"kickoff": {"city": "Rome"}}, timeout=60)
    assert wrong.json()["details"]["api_name"] == "city"


@pytest.mark.parametrize("way", ["api", "control", "terminate"])
def test_a_removed_workflow_is_unknown(ada: Api, current: Sandbox, way: str) -> None:
    id_ = launch(ada)
    assert current.control("GET", f"workflows/{id_}") == current.workflows()[0]
    if way == "api":
        assert ada.session.delete(f"{ada.url}/workflows/{id_}", timeout=60).status_code == 204
    elif way == "control":
        current.delete_workflow(id_)
    else:
        current.step(id_, "terminate")
    assert ada.get(f"/workflows/{id_}").json() == {"detail": "Not found."}
    assert listed(ada) == []
    assert current.workflows() == []


def test_in_the_documented_dialect_a_workflow_is_finished_and_removed_too(api: Api, sandbox: Sandbox) -> None:
    ids = [api.post("/templates/2/run", {"name": "x"}).json()["workflow_id"] for _ in range(2)]
    assert sandbox.step(ids[0], "finish")["status"] == 1
    sandbox.delete_workflow(ids[1])
    assert [workflow["id"] for workflow in sandbox.workflows()] == ids[:1]


def test_the_tasks_of_a_key_s_user_are_listed(ada: Api, client_of: Callable[[int], Api]) -> None:
    id_ = launch(ada, 1, name="Mine", kickoff={"string-1": "x"})
    launch(client_of(BO), 6, name="His")
    (task,) = ada.get("/v3/tasks").json()["results"]
    assert (task["id"], task["workflow_name"], task["status"]) == (id_ * 1000 + 1, "Mine", "active")
