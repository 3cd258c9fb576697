"""The sandbox responds to recorded requests as the real server did.

``recorded.json`` contains requests to a server of August 2026, in order, and of each response what can be compared:
the status, the whole body of an error, the keys and types of everything else, and the texts of answered fields.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import requests

from tests.fixtures.sandbox import Sandbox, only_current

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = RECORDED["cases"]
SHAPES: dict[str, Any] = RECORDED["shapes"]
NAMES = [case["name"] for case in CASES if "control" not in case]
KICKOFF = next(case for case in CASES if case.get("name") == "run-all-fields-valid")["body"]["kickoff"]
RECORDED_AT: float = RECORDED["recorded_at"]  # seconds since 1970
USERS = {"admin": 2, "plain": 3, "gone": 7}
EVENTS = {"workflow_started", "task_completed", "task_returned", "workflow_completed"}
OUTPUT_KEYS = (
    "api_name",
    "type",
    "value",
    "markdown_value",
    "clear_value",
    "user_id",
    "group_id",
    "selections",
)


def differences(shape: Any, value: Any, path: str = "answer") -> list[str]:
    """Return where keys or types differ; null matches everything, and a key with ``?`` may be missing."""
    if shape is None or value is None:
        return []
    if isinstance(shape, dict) and isinstance(value, dict):
        must = {key for key in shape if not key.endswith("?")}
        may = {key.removesuffix("?") for key in shape}
        found = [f"{path}.{key} is missing" for key in must - set(value)]
        found += [f"{path}.{key} is new" for key in set(value) - may]
        for key in may & set(value):
            found += differences(shape.get(key, shape.get(f"{key}?")), value[key], f"{path}.{key}")
        return found
    if isinstance(shape, list) and isinstance(value, list):
        return [line for item in value for line in differences(shape[0], item, f"{path}[]")] if shape else []
    return [] if shape == type(value).__name__ else [f"{path} is {type(value).__name__}, not {shape}"]


def as_of_now(body: Any) -> Any:
    """Return a body whose times are as far from now as they were from the recording: some must be in the future."""
    if not isinstance(body, dict):
        return body
    since = time.time() - RECORDED_AT
    return {
        **body,
        **{
            key: body[key] + since for key in {"due_date_tsp", "date"} & set(body) if type(body[key]) is float
        },
    }


class Replay:
    """Sends the recorded requests to the sandbox and collects the differences."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.session = session
        self.session.trust_env = False
        self.workflows: dict[int, int] = {}  # the ids of the recording, and those of the sandbox
        self.tasks: dict[int, int] = {}
        self.found: dict[str, list[str]] = {}

    def run(self) -> None:
        self._fill()
        for case in CASES:
            if "control" in case:
                kind, record = case["control"]
                self.sandbox.control("POST", kind, record)
                if kind == "users" and record["id"] in USERS.values():
                    self._add_keys(record["id"])
            else:
                self.found[case["name"]] = self._differences(case)

    def _fill(self) -> None:
        self.sandbox.reset(dialect="current")
        self.sandbox.settings(retry_pause=0)
        for user in RECORDED["users"]:
            self.sandbox.put_user(user)
            self._add_keys(user["id"])
        self.sandbox.delete_user(6)
        for id_ in range(1, 10):
            self.sandbox.delete_template(id_)
        for template in RECORDED["templates"]:
            self.sandbox.put_template(template)

    def _add_keys(self, user_id: int) -> None:
        for name, id_ in USERS.items():
            if id_ == user_id:
                self.sandbox.add_key(f"{name}-key", user_id)

    def _differences(self, case: dict[str, Any]) -> list[str]:
        response = self._ask(case)
        if response.status_code != case["status"]:
            return [f"the status is {response.status_code}, not {case['status']}: {response.text[:200]}"]
        is_json = response.headers["Content-Type"] == "application/json" and response.content
        answer: Any = response.json() if is_json else response.text
        if "answer" in case:
            return [] if answer == case["answer"] else [f"{answer!r} is not {case['answer']!r}"]
        found = differences(SHAPES[case["kind"]], answer)
        if "id" in case:
            found += self._differences_of_workflow(case, answer)
        if "ids" in case:
            found += self._differences_of_list(
                case, answer if isinstance(answer, list) else answer["results"]
            )
        return found

    def _ask(self, case: dict[str, Any]) -> requests.Response:
        key = self.sandbox.key if case["as"] == "owner" else f"{case['as']}-key"
        authorization = case.get("authorization", "Bearer API_KEY")
        headers = dict(case.get("headers", {}))
        if authorization:
            headers["Authorization"] = authorization.replace("API_KEY", key)
        if "raw" in case:
            data = case["raw"].encode(case.get("charset", "utf-8"))
        elif "body" in case:
            body = case["body"]
            if "change" in case:
                kickoff = {**KICKOFF, **case["change"]}
                body = {
                    **body,
                    "kickoff": {k: v for k, v in kickoff.items() if k not in case.get("without", ())},
                }
            data = json.dumps(as_of_now(body)).replace("{files}", self.sandbox.files_url).encode()
            headers["Content-Type"] = "application/json"
        else:
            data = b""
        path = re.sub(
            r"(?<=^/workflows/)\d+", lambda match: self._now(self.workflows, match[0]), case["path"]
        )
        path = re.sub(r"(?<=^/v2/tasks/)\d+", lambda match: self._now(self.tasks, match[0]), path)
        return self.session.request(
            case["method"], self.sandbox.url + path, data=data, headers=headers, timeout=60
        )

    @staticmethod
    def _now(ids: dict[int, int], recorded: str) -> str:
        return str(ids.get(int(recorded), 99_999))

    def _differences_of_workflow(self, case: dict[str, Any], workflow: dict[str, Any]) -> list[str]:
        self.workflows[case["id"]] = workflow["id"]
        self.tasks.update(zip(case["tasks"], [task["id"] for task in workflow["tasks"]], strict=False))
        items = list(workflow["kickoff"]["output"])
        for fieldset in workflow["kickoff"]["fieldsets"]:
            items += fieldset["fields"]
        text = json.dumps([[item[key] for key in OUTPUT_KEYS] for item in items])
        outputs = json.loads(text.replace(self.sandbox.files_url, "{files}"))
        found = [f"there is no {output}" for output in case["outputs"] if output not in outputs]
        if not re.search(r", 20\d\d", case["title"]) and workflow["name"] != case["title"]:
            found.append(f"the name is {workflow['name']!r}, not {case['title']!r}")
        tasks = [
            [
                task["name"],
                task["status"],
                [f"{performer['type']}{performer['source_id']}" for performer in task["performers"]],
            ]
            for task in workflow["tasks"]
        ]
        if [workflow["status"], *tasks] != case.get("tasks_shown", [workflow["status"], *tasks]):
            found.append(f"the tasks are {tasks}, not {case['tasks_shown']}")
        return found

    def _differences_of_list(self, case: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
        ids = [row["id"] for row in rows]
        if case["path"].startswith("/workflows"):
            recorded = {now: then for then, now in self.workflows.items()}
            ids = [recorded.get(id_, id_) for id_ in ids]
        # The account of the sandbox has a group and members that the recorded one lacked.
        others = case["path"].startswith("/accounts")
        wanted = [id_ for id_ in case["ids"] if id_ in ids] if others else case["ids"]
        ids = [id_ for id_ in ids if id_ in case["ids"]] if others else ids
        return [] if ids == wanted else [f"the ids are {ids}, not {wanted}"]


def _differences_of_deliveries(deliveries: list[dict[str, Any]]) -> list[str]:
    found = []
    for delivery in deliveries:
        body = json.loads(delivery["body"])
        found += differences(SHAPES[f"delivery of a {'task' if 'task' in body else 'workflow'}"], body)
    return found


@only_current
def test_the_sandbox_answers_as_the_server_did(sandbox: Sandbox) -> None:
    with requests.Session() as session:
        replay = Replay(sandbox, session)
        replay.run()
    assert sandbox.wait_delivered()
    deliveries = sandbox.deliveries()

    assert {name: found for name, found in replay.found.items() if found} == {}
    assert set(replay.found) == set(NAMES)
    assert {item["event"] for item in deliveries} == EVENTS
    assert _differences_of_deliveries(deliveries) == []


def test_enough_was_recorded_to_notice_a_difference() -> None:
    assert len(NAMES) > 250
    assert len(set(NAMES)) == len(NAMES)
    assert sorted(differences({"a": "int", "b?": [{"c": "str"}]}, {"a": True, "b": [{"d": 1}], "e": 1})) == [
        "answer.a is bool, not int",
        "answer.b[].c is missing",
        "answer.b[].d is new",
        "answer.e is new",
    ]
