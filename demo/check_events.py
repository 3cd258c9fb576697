"""The second half of ``manage.py demo --check``: subscribe, events, completed, unsubscribe, through the real pages.

The sandbox moves the workflow, by its control API; everything else is what people see and press.
"""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable
from typing import Any

import requests

from demo.browser import Browser, BrowserPage
from demo.processes import DemoError
from demo.sandbox_api import SandboxApi

EVENTS = {"workflow_started", "task_completed_v2", "task_returned", "workflow_completed"}
LAST_WITH_V2 = 1.0  # release of the current API with this name; the documented API has it, too
EVENTS_OF_TODAY = {"workflow_started", "task_completed", "task_returned", "workflow_completed"}
SUBSCRIPTIONS = "/admin/webhooks/subscription/"
EVENT_TIMEOUT_SECONDS = 30.0  # seconds for the worker to come to an event
RUNNING = 0


class EventsJob:
    """Subscribes, follows a workflow to its end, and unsubscribes; ``alive()`` raises when a part has ended."""

    def __init__(
        self,
        *,
        integrator: Browser,
        operator: Browser,
        sandbox: SandboxApi,
        alive: Callable[[], None],
        say: Callable[[str], object],
    ) -> None:
        self._integrator = integrator
        self._operator = operator
        self._sandbox = sandbox
        self._alive = alive
        self._say = say
        self._events = EVENTS if sandbox.release() <= LAST_WITH_V2 else EVENTS_OF_TODAY

    def subscribe(self) -> None:
        """Have all four events sent to the dashboard; raise DemoError unless Pneumatic has exactly these."""
        page = BrowserPage.read(self._integrator.get(SUBSCRIPTIONS))
        answer = self._integrator.post(
            f"{SUBSCRIPTIONS}subscribe/", {**page.hidden, "where": "ours", "all": "1"}
        )
        rows = self._sandbox.subscriptions()
        if sorted(row["event"] for row in rows) != sorted(self._events):
            reasons = "; ".join(BrowserPage.read(answer).errors) or f"status {answer.status_code}"
            present = ", ".join(row["event"] for row in rows) or "nothing"
            raise DemoError(f"All four events should be subscribed; Pneumatic has {present} ({reasons}).")
        if any(not row["target"].startswith(f"{self._integrator.url}/hooks/") for row in rows):
            raise DemoError("The events are subscribed for another address than the dashboard's receiver.")
        self._say("Subscribed to all four events as integrator")

    def follow(self, workflow: dict[str, Any], launch: str) -> None:
        """Move a workflow to its end, once with a return; raise DemoError unless the pages show all of it."""
        id_, name = workflow["id"], workflow["name"]
        self._until(f"Workflow {id_} is shown as running", lambda: self._state_of(id_) == "running")
        self._sandbox.step(id_, "complete")
        self._sandbox.step(id_, "return")
        steps = 2
        while workflow["status"] == RUNNING:
            workflow = self._sandbox.step(id_, "complete")
            steps += 1
        self._compare_deliveries(id_)
        self._until(f"Workflow {id_} is shown as completed", lambda: self._state_of(id_) == "completed")
        page = self._operator.get(f"/workflows/{id_}/")
        missing = [step["name"] for step in workflow["steps"] if step["name"] not in page.text]
        if name not in page.text or missing:
            raise DemoError(f"The page of workflow {id_} does not show its name or {missing or 'all tasks'}.")
        opened = [
            path
            for path in BrowserPage.read(page).links
            if re.search(rf"/workflows/{id_}/events/\d+/$", path)
        ]
        if len(set(opened)) < steps:
            raise DemoError(f"The page of workflow {id_} opens {len(set(opened))} events; {steps} came.")
        self._operator.get(opened[0])
        if f"/workflows/{id_}/" not in " ".join(BrowserPage.read(self._operator.get(launch)).links):
            raise DemoError(f"The launch does not lead to its workflow, {id_}.")
        self._say(
            f"Workflow {id_} went through {steps} steps and one return, and its page shows each of them"
        )

    def unsubscribe(self, template_id: int) -> None:
        """End one subscription and then all of the address; raise DemoError if anything is still sent."""
        links = " ".join(BrowserPage.read(self._integrator.get(SUBSCRIPTIONS)).links)
        first, second, *_ = sorted(set(re.findall(rf"{SUBSCRIPTIONS}(\d+)/unsubscribe/", links)))
        for path in (f"{first}/unsubscribe/", f"{second}/unsubscribe-target/"):
            page = BrowserPage.read(self._integrator.get(f"{SUBSCRIPTIONS}{path}"))
            answer = self._integrator.post(f"{SUBSCRIPTIONS}{path}", page.hidden)
            if answer.status_code != requests.codes.ok:
                raise DemoError(f"Unsubscribing ended with status {answer.status_code}.")
        if left := self._sandbox.subscriptions():
            raise DemoError(f"After unsubscribing, Pneumatic still has {len(left)} subscriptions.")
        before = len(self._sandbox.deliveries())
        self._sandbox.start_workflow(template_id)
        if len(self._sandbox.deliveries()) != before:
            raise DemoError("An event was sent after unsubscribing.")
        self._say("Unsubscribed by number and by address: no events are sent")

    def _compare_deliveries(self, workflow_id: int) -> None:
        """Raise DemoError unless every kind of event was sent, and each answered with 2xx."""
        sent = [item for item in self._sandbox.deliveries() if item["workflow_id"] == workflow_id]
        for item in sent:
            if item["state"] != "delivered":
                why = item["error"] or f"status {item['status']}"
                raise DemoError(f"The receiver did not take {item['event']}: {why}.")
        if missing := self._events - {json.loads(item["body"])["hook"]["event"] for item in sent}:
            raise DemoError(f"No {', '.join(sorted(missing))} was sent.")
        self._say(f"The receiver took {len(sent)} events of workflow {workflow_id}")

    def _state_of(self, workflow_id: int) -> str:
        """Return the state of a workflow as the list of workflows exports it; "" when it is absent."""
        text = self._operator.get("/workflows/export.csv").content.decode("utf-8-sig")
        rows = {row["Workflow ID"]: row["Status"] for row in csv.DictReader(io.StringIO(text))}
        return rows.get(str(workflow_id), "")

    def _until(self, expectation: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + EVENT_TIMEOUT_SECONDS
        while not condition():
            self._alive()
            if time.monotonic() > deadline:
                raise DemoError(
                    f"After {EVENT_TIMEOUT_SECONDS:.0f} seconds this is still not so: {expectation}."
                )
            time.sleep(0.2)
