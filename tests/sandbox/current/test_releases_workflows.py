"""The sandbox has the workflows of each older release, and their webhooks, as they were recorded."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from tests.contract.recordings import Exchange
from tests.contract.releases_recorded import TAGS, recorded
from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox
from tests.sandbox.listener import listening

from .recorded_account import Account, differences, names_of

SUBSCRIBING = ("webhooks-events-empty", "webhooks-events-nonadmin", "webhooks-subscribe-*")
UNSUBSCRIBING = (
    "webhooks-events",
    "webhooks-event-get",
    "webhooks-unsubscribe-[tw]*",
    "webhooks-unsubscribe-again",
    "webhooks-events-after-unsubscribe",
    "webhooks-subscribe-all",
    "webhooks-events-all",
    "webhooks-unsubscribe-all",
    "webhooks-events-after-unsubscribe",
)
# Lists that were read after a step, by the step.
LISTS = {
    "flow-2-workflow-get": ("workflows-list", "workflows-list-running", "workflows-list-template"),
    "flow-g-workflow-get-done": ("workflows-list-done", "workflows-list-nonadmin"),
    "simple-5-workflow-get-snoozed": ("workflows-list-snoozed",),
}
# What was kept of the deliveries: the launches of the workflows, and the events.
DELIVERIES = {
    "flow": (("flow-1-run",), ".*"),
    "revert": (("revert-1-run",), "task_returned"),
    "simple": (("simple-1-run", "delete-1-run"), ".*"),
}
# One of three times release 1.0 sent it a moment later, when the first task had started.
NOT_COMPARED = {("v1.0.0", "delivery-flow-00-workflow_started")}
RECEIVER = re.compile(r"http://127\.0\.0\.1:29\d+")
MADE_UP = re.compile(
    r"\.((|\w+_)(id|date|date_tsp|updated|updated_tsp)|date_\w+|target|workflow\.name|duration|count)$"
)
ATTEMPTS = {"v1.0.0": 6, "v2.0.4": 1, "v3.2.0": 1, "v4.0.0": 1}  # 3 since 4.3


class Replay:
    """Sends recorded requests in their order, with the ids of the sandbox in place of those that were recorded."""

    def __init__(self, account: Account, url: str) -> None:
        self.account = account
        self.url = url
        self.tag = account.tag
        self.workflows: dict[int, int] = {}
        self.tasks: dict[int, int] = {}
        self.found: dict[str, list[str]] = {}

    def send(self, *patterns: str) -> None:
        for pattern in patterns:
            for name in names_of(self.tag, pattern):
                if name != "webhooks-subscribe-all" or name == pattern:
                    found = self._differences(recorded(self.tag, name))
                    self.found[name] = [*self.found.get(name, ()), *found]
                    self.send(*LISTS.get(name, ()))

    def _differences(self, found: Exchange) -> Iterator[str]:
        response = self.account.ask(replace(found, path=self._path(found.path), body=self._body(found.body)))
        if response.status_code != found.status:
            yield f"the status is {response.status_code}, not {found.status}: {response.text[:200]}"
            return
        is_json = response.content and response.headers["Content-Type"] == "application/json"
        answer: Any = response.json() if is_json else response.text
        wanted = json.loads(RECEIVER.sub(self.url, json.dumps(found.answer)))
        if found.path.startswith("/workflows?") and found.status == 200:
            # Other recordings launched more of them: only those that were launched here are compared.
            for item, ids in ((wanted, self.workflows.keys()), (answer, self.workflows.values())):
                item["next"] = None
                item["results"] = [row for row in item["results"] if row["id"] in ids]
            assert wanted["results"] or not found.answer["results"]
        if isinstance(answer, list):
            wanted, answer = (sorted(rows, key=lambda row: row["event"]) for rows in (wanted, answer))
        self._learn(wanted, answer)
        yield from differences(wanted, answer, made_up=MADE_UP)

    def _path(self, path: str) -> str:
        path = re.sub(
            r"(?<=^/workflows/)\d+", lambda match: str(self.workflows.get(int(match[0]), 99999)), path
        )
        return re.sub(r"(?<=^/v2/tasks/)\d+", lambda match: str(self.tasks.get(int(match[0]), 99999)), path)

    def _body(self, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        later = dt.datetime.now(dt.UTC) + dt.timedelta(days=100)
        changed: dict[str, Any] = {key: self.tasks[body[key]] for key in ("task", "task_id") if key in body}
        if "date" in body:
            changed["date"] = later.timestamp() if isinstance(body["date"], int) else later.isoformat()
        if "url" in body:
            changed["url"] = RECEIVER.sub(self.url, body["url"])
        return {**body, **changed}

    def _learn(self, wanted: Any, answer: Any) -> None:
        """Remember which ids mean the same workflow or task."""
        if isinstance(wanted, dict) and isinstance(answer, dict):
            if "workflow_starter" in wanted:
                self.workflows[wanted["id"]] = answer["id"]
            if "number" in wanted:
                self.tasks[wanted["id"]] = answer["id"]
            for key in wanted.keys() & answer.keys():
                self._learn(wanted[key], answer[key])
        elif isinstance(wanted, list) and isinstance(answer, list):
            for one, other in zip(wanted, answer, strict=False):
                self._learn(one, other)

    def deliveries(self, name: str) -> dict[str, list[str]]:
        """Return where the deliveries about some workflows differ from those recorded."""
        launches, events = DELIVERIES[name]
        stems = [stem for pattern in launches for stem in names_of(self.tag, pattern)]
        ids = [self.workflows[recorded(self.tag, stem).answer["id"]] for stem in stems]
        sent = [
            item
            for item in self.account.sandbox.deliveries()
            if item["workflow_id"] in ids and re.fullmatch(events, item["event"])
        ]
        names = names_of(self.tag, f"delivery-{name}-*")
        wanted = [recorded(self.tag, stem).body for stem in names]
        found = {}
        if [item["event"] for item in sent] != [body["hook"]["event"] for body in wanted]:
            found[name] = [f"the events are {[item['event'] for item in sent]}"]
        for stem, body, item in zip(names, wanted, sent, strict=False):
            if (self.tag, stem) not in NOT_COMPARED:
                found[stem] = list(differences(body, json.loads(item["body"]), made_up=MADE_UP))
        return found


@pytest.mark.parametrize("tag", exhaustive(TAGS, but=("v1.0.0", "v2.0.4", "v3.2.0", "v4.3.0")))
def test_a_release_has_workflows_and_webhooks_as_they_were_recorded(sandbox: Sandbox, tag: str) -> None:
    account = Account(sandbox, tag)
    account.put_templates("optional", "required", "simple")
    with listening() as listener:
        replay = Replay(account, listener.url)
        replay.send(*SUBSCRIBING, "flow-*", "revert-*", "simple-*", "delete-*", "workflow-get-unknown")
        assert sandbox.wait_delivered()
        found: dict[str, list[str]] = {}
        for name in DELIVERIES:
            found |= replay.deliveries(name)
        replay.send(*UNSUBSCRIBING)
        sandbox.reset()
    account.session.close()
    found |= replay.found

    assert {name: lines for name, lines in found.items() if lines} == {}
    assert len(found) > 55


@pytest.mark.parametrize("tag", exhaustive(TAGS, but=("v1.0.0", "v4.0.0", "v4.3.0")))
def test_a_release_sends_a_refused_delivery_as_often_as_was_recorded(sandbox: Sandbox, tag: str) -> None:
    account = Account(sandbox, tag)
    account.put_templates("optional", "required", "simple")
    sandbox.settings(retry_pause=0)
    with listening() as listener:
        listener.statuses = [500] * 20
        sandbox.add_subscription(event="workflow_started", target=listener.url)
        assert account.ask(recorded(tag, "retry-1-run")).status_code == 200
        (delivery,) = sandbox.wait_delivered()
        sandbox.reset()
    account.session.close()

    attempts = ATTEMPTS.get(tag, 3)
    assert (delivery["state"], delivery["attempts"]) == ("failed", attempts)
    assert len(listener.received) == attempts


def test_a_task_to_return_to_is_named_by_its_id_where_tasks_have_no_names(sandbox: Sandbox) -> None:
    sandbox.reset(release="2.0")
    workflow = sandbox.start_workflow(1)
    sandbox.step(workflow["id"])
    answers = [
        requests.post(
            f"{sandbox.url}/workflows/{workflow['id']}/return-to",
            json=body,
            headers={"Authorization": f"Bearer {sandbox.key}"},
            timeout=60,
        ).status_code
        for body in ({"task_api_name": "task-1"}, {"task": workflow["steps"][0]["id"]})
    ]

    assert answers == [400, 204]
