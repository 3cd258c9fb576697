"""Steps of workflows: by the control API, by simulated people, and kept across starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fixtures.sandbox import Sandbox
from tests.fixtures.waiting import HANG_SECONDS, wait_for

from .conftest import Api
from .test_process import MODULE, address, running

RUNNING, COMPLETED, TERMINATED, SNOOZED = range(4)


def launch(api: Api, template: int = 1, **kickoff: Any) -> int:
    answers = {"string-1": "x", **kickoff} if template == 1 else kickoff
    response = api.post(f"/templates/{template}/run", {"name": "Work", "kickoff": answers})
    assert response.status_code == 200, response.text
    return int(response.json()["workflow_id"])


def refused(api: Api, **body: Any) -> str:
    response = api.post("/_sandbox/steps", body)
    assert response.status_code == 400
    return str(response.json()["message"])


def test_a_launched_workflow_waits_at_its_first_task(api: Api, sandbox: Sandbox) -> None:
    launch(api)
    (workflow,) = sandbox.workflows()
    assert (workflow["status"], workflow["current"]) == (RUNNING, 1)
    assert [(step["name"], step["performers"]) for step in workflow["steps"]] == [("Check", [1]), ("Do", [])]
    assert [bool(step["date_started"]) for step in workflow["steps"]] == [True, False]
    assert "fields" not in workflow["steps"][0]


def test_completing_every_task_completes_it(api: Api, sandbox: Sandbox) -> None:
    id_ = launch(api)
    assert sandbox.step(id_)["current"] == 2
    workflow = sandbox.step(id_)
    assert (workflow["status"], workflow["current"]) == (COMPLETED, 2)
    assert all(step["date_completed"] for step in workflow["steps"])
    assert refused(api, workflow_id=id_, action="complete") == "The workflow is completed."


def test_a_return_goes_one_back_or_further(api: Api, sandbox: Sandbox) -> None:
    sandbox.put_template({"id": 9, "tasks": [{}, {}, {}]})
    id_ = launch(api, 9)
    sandbox.step(id_)
    sandbox.step(id_)
    assert sandbox.step(id_, "return")["current"] == 2
    sandbox.step(id_)
    workflow = sandbox.step(id_, "return", to=1)
    assert workflow["current"] == 1
    assert [step["date_completed"] for step in workflow["steps"]] == [None] * 3
    for to in (None, 1, 2, 9):
        body = {"workflow_id": id_, "action": "return"} | ({"to": to} if to else {})
        assert "before the current one" in refused(api, **body)


def test_a_snoozed_workflow_continues_only_when_it_is_resumed(api: Api, sandbox: Sandbox) -> None:
    id_ = launch(api)
    before = sandbox.workflows()[0]["steps"]
    assert sandbox.step(id_, "snooze")["status"] == SNOOZED
    for action in ("complete", "return", "snooze"):
        assert refused(api, workflow_id=id_, action=action) == "The workflow is snoozed."
    workflow = sandbox.step(id_, "resume")
    assert (workflow["status"], workflow["steps"]) == (RUNNING, before)
    assert refused(api, workflow_id=id_, action="resume") == "The workflow is running."
    sandbox.step(id_, "snooze")
    assert sandbox.step(id_, "terminate")["status"] == TERMINATED


def test_tasks_are_assigned_to_the_starter_and_to_users_named_in_answers(api: Api, sandbox: Sandbox) -> None:
    sandbox.put_template(
        {
            "id": 9,
            "kickoff": {"fields": [{"type": "user", "api_name": "a"}, {"type": "user", "api_name": "b"}]},
            "tasks": [
                {"is_starter_responsible": True, "responsible": [3, 1]},
                {"output_responsible": [{"api_name": "b", "name": "B"}, {"api_name": "a", "name": "A"}]},
                {"output_responsible": [{"api_name": "nothing", "name": "N"}]},
                {"responsible": [77]},
            ],
        }
    )
    id_ = sandbox.start_workflow(9, kickoff={"a": 2, "b": 3}, started_by=2)["id"]
    for _ in range(3):
        workflow = sandbox.step(id_)
    assert [step["performers"] for step in workflow["steps"]] == [[3, 1, 2], [3, 2], [2], [2]]


def test_missing_outputs_are_invented(api: Api, sandbox: Sandbox) -> None:
    kinds = ("string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user", "mystery")
    fields = [
        {"type": kind, "api_name": kind, "is_required": True, "selections": ["A", "B"] if "o" in kind else []}
        for kind in kinds
    ]
    sandbox.put_template({"id": 9, "tasks": [{"fields": fields}]})
    record = sandbox.template(9)["tasks"][0]["fields"]
    runs = []
    for _ in range(2):
        answers = sandbox.step(launch(api, 9), outputs={"string": "given"})["steps"][0]["answers"]
        assert set(answers) == set(kinds)
        assert answers["string"] == "given"
        runs.append(answers)
    # The server accepts them as answers, so they have the documented shape.
    sandbox.put_template({"id": 10, "kickoff": {"fields": record}})
    launch(api, 10, **runs[0])
    sandbox.reset()
    sandbox.put_template({"id": 9, "tasks": [{"fields": fields}]})
    again = sandbox.step(launch(api, 9), outputs={"string": "given"})["steps"][0]["answers"]
    assert again == runs[0]


def test_an_invented_file_can_be_downloaded(api: Api, sandbox: Sandbox) -> None:
    sandbox.put_template({"id": 9, "tasks": [{"fields": [{"type": "file", "is_required": True}]}]})
    sandbox.add_subscription(event="task_completed_v2", target="http://127.0.0.1:9/")
    sandbox.settings(retry_pause=0)
    sandbox.step(launch(api, 9))
    (delivery,) = sandbox.wait_delivered()
    (attachment,) = json.loads(delivery["body"])["task"]["output"][0]["attachments"]
    answer = requests.get(attachment["url"], timeout=60)
    assert answer.status_code == 200
    assert attachment["name"] in answer.text


@pytest.mark.parametrize(
    ("outputs", "name"), [({"x": 1}, "x"), ({"why": None}, "why"), ({"why": ["no text"]}, "why")]
)
def test_wrong_outputs_are_refused_and_nothing_happens(
    api: Api, sandbox: Sandbox, outputs: dict[str, Any], name: str
) -> None:
    field = {"type": "text", "api_name": "why", "is_required": True}
    sandbox.put_template({"id": 9, "tasks": [{"fields": [field]}]})
    id_ = launch(api, 9)
    before = sandbox.workflows()
    body = {"workflow_id": id_, "action": "complete", "outputs": outputs}
    response = api.post("/_sandbox/steps", body)
    assert response.status_code == 400
    assert response.json()["details"]["api_name"] == name
    assert sandbox.workflows() == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("steps", {"workflow_id": 99, "action": "complete"}, 404),
        ("steps", {"workflow_id": 1, "action": "dance"}, 400),
        ("steps", {"action": "complete"}, 400),
        ("workflows", {"template_id": 99}, 404),
        ("workflows", {"template_id": 1, "started_by": 99}, 400),
        ("workflows", {"template_id": 1, "kickoff": {"string-1": 5}}, 400),
        ("workflows", {}, 400),
    ],
)
def test_invalid_options_are_refused(
    api: Api, sandbox: Sandbox, path: str, body: dict[str, Any], status: int
) -> None:
    assert api.post(f"/_sandbox/{path}", body).status_code == status
    assert sandbox.workflows() == []


def test_people_move_workflows_and_start_new_ones_while_there_is_a_pace(sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    sandbox.settings(pace=0.002, delays=True)
    wait_for(lambda: sum(item["status"] == COMPLETED for item in sandbox.workflows()) >= 10)
    sandbox.settings(pace=0)
    workflows = sandbox.workflows()
    under_way = [item for item in workflows if item["status"] in {RUNNING, SNOOZED}]
    assert 0 < len(under_way) <= 12
    assert len({item["started_by"] for item in workflows}) > 1
    assert all(item["kickoff"] or item["template_name"] == "Monthly stock count" for item in workflows)


def test_people_sometimes_return_a_task_and_resume_what_is_snoozed(sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    sandbox.settings(delays=True, retry_pause=0)
    for event in ("task_completed_v2", "task_returned"):
        sandbox.add_subscription(event=event, target="http://127.0.0.1:9/")
    sandbox.act(300)
    bodies = [json.loads(item["body"]) for item in sandbox.wait_delivered()]
    assert any(body["hook"]["event"] == "task_returned" for body in bodies)
    snoozed = {body["task"]["workflow"]["id"] for body in bodies if body["task"]["workflow"]["status"] == 3}
    finished = {item["id"] for item in sandbox.workflows() if item["status"] == COMPLETED}
    assert snoozed & finished


def test_the_same_acts_lead_to_the_same_workflows(sandbox: Sandbox) -> None:
    runs = []
    for _ in range(2):
        sandbox.reset("demo")
        sandbox.act(40)
        runs.append([(item["name"], item["status"], item["current"]) for item in sandbox.workflows()])
    assert runs[0] == runs[1]


def test_no_user_acts_in_an_account_without_templates(sandbox: Sandbox) -> None:
    sandbox.reset("empty")
    sandbox.act(3)
    assert sandbox.workflows() == []


def test_no_user_acts_without_a_pace(api: Api, sandbox: Sandbox) -> None:
    launch(api)
    before = sandbox.workflows()
    sandbox.settings(pace=0)
    assert sandbox.workflows() == before


def test_a_sandbox_continues_with_its_kept_state(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    options = ("--dataset", "small", "--keep", str(file))
    key = {"Authorization": "Bearer sandbox-key"}
    with running(MODULE, *options) as (process, line):
        url = address(line)
        target = {"target": "http://127.0.0.1:9/", "event": "workflow_started"}
        row = requests.post(f"{url}/webhooks", data=target, headers=key, timeout=60).json()
        ids = [
            requests.post(f"{url}/templates/2/run", json={"name": "x"}, headers=key, timeout=60).json()
            for _ in range(2)
        ]
        finished, kept = (item["workflow_id"] for item in ids)
        requests.post(
            f"{url}/_sandbox/steps", json={"workflow_id": finished, "action": "complete"}, timeout=60
        )
        process.terminate()
        assert process.wait(timeout=HANG_SECONDS) == 0
    assert file.stat().st_mode & 0o077 == 0
    with running(MODULE, *options, "--first-workflow-id", "5000") as (_, line):
        url = address(line)
        assert requests.get(f"{url}/webhooks", headers=key, timeout=60).json() == [row]
        workflows = requests.get(f"{url}/_sandbox/workflows", timeout=60).json()
        assert [(item["id"], item["status"]) for item in workflows] == [(finished, 1), (kept, 0)]
        step = requests.post(
            f"{url}/_sandbox/steps", json={"workflow_id": kept, "action": "complete"}, timeout=60
        )
        assert step.json()["status"] == COMPLETED
        new = requests.post(f"{url}/templates/2/run", json={"name": "x"}, headers=key, timeout=60).json()
        assert new["workflow_id"] == 5000
        assert requests.post(f"{url}/webhooks", data=target, headers=key, timeout=60).json()["id"] > row["id"]


def test_a_killed_sandbox_kept_what_it_had_reported(tmp_path: Path) -> None:
    options = ("--dataset", "small", "--keep", str(tmp_path / "state.json"))
    key = {"Authorization": "Bearer sandbox-key"}
    known = set()
    for _ in range(3):
        with running(MODULE, *options) as (process, line):
            for _ in range(5):
                answer = requests.post(
                    f"{address(line)}/templates/2/run", json={"name": "x"}, headers=key, timeout=60
                )
                assert answer.json()["workflow_id"] not in known
                known.add(answer.json()["workflow_id"])
            process.kill()
            process.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"workflows": 5}'])
def test_an_unreadable_file_is_reported_in_one_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)
    with running(MODULE, "--keep", str(file)) as (process, _):
        assert process.stderr
        assert process.wait(timeout=HANG_SECONDS) == 1
        message = process.stderr.read()
    assert message.startswith(f"{file} cannot be read: ")
    assert message.count("\n") == 1
    assert file.read_text() == content
