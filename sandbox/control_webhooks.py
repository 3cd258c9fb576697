"""The part of the control API about what moves: workflows, steps, subscriptions, deliveries and their faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import delivery_faults
from .announcer import Announcer
from .api import json_body
from .checks import FLAG, OBJECT, TEXT, Check, one_of, problems, seconds, whole
from .crowd import Crowd
from .errors import Problem, invalid, refuse
from .shapes import Record, all_fields
from .state import State, encode
from .validation import is_web_url
from .webhooks import add_subscription
from .wire import Request
from .workflows import ACTIONS, Workflows, shown

Route = Callable[[Request], Any]
_ID = whole(1, 10**18)
_STEP: dict[str, Check] = {
    "workflow_id": _ID,
    "action": one_of(*ACTIONS),
    "outputs": OBJECT,
    "to": whole(1, 10**6),
    "by": _ID,
    "silent": FLAG,
}
_START: dict[str, Check] = {
    "template_id": _ID,
    "name": TEXT,
    "kickoff": OBJECT,
    "started_by": _ID,
    "is_external": FLAG,
}
_TARGET: Check = (is_web_url, "an http or https URL")
_WAIT_AT_MOST = 30  # seconds


class WebhookControl:
    """Answers the control requests in ``routes``."""

    def __init__(self, *, state: State, workflows: Workflows, announcer: Announcer, crowd: Crowd) -> None:
        self._state = state
        self._crowd = crowd
        self._workflows = workflows
        self._announcer = announcer
        self.routes: dict[tuple[str, str], Route] = {
            ("GET", "workflows"): self._list_workflows,
            ("POST", "workflows"): self._start,
            ("POST", "steps"): self._step,
            ("POST", "acts"): self._act,
            ("GET", "subscriptions"): lambda request: list(state.subscriptions.values()),
            ("POST", "subscriptions"): self._subscribe,
            ("GET", "deliveries"): lambda request: announcer.outbox.as_json(),
            ("DELETE", "deliveries"): lambda request: announcer.outbox.clear(),
            ("POST", "deliveries"): self._deliver,
            ("POST", "deliveries/release"): lambda request: announcer.release(),
            ("POST", "deliveries/wait"): self._wait,
            ("GET", "delivery_faults"): lambda request: announcer.faults_as_json(),
            ("POST", "delivery_faults"): self._add_fault,
            ("DELETE", "delivery_faults"): lambda request: announcer.clear_faults(),
        }

    def _list_workflows(self, request: Request) -> list[Record]:
        with self._state.lock:
            return [shown(workflow) for workflow in self._state.workflows.values()]

    def _start(self, request: Request) -> Record:
        given = _checked(request, _START, "template_id")
        with self._state.lock:
            template = self._state.templates.get(given["template_id"])
            if template is None:
                raise refuse(404, "Not found.")
            if given.get("started_by", next(iter(self._state.users), 0)) not in self._state.users:
                raise invalid([Problem("started_by", "There is no user with that id.")])
            kickoff = self._workflows.made_up(all_fields(template["kickoff"]), given.get("kickoff", {}))
            return shown(
                self._workflows.start(
                    template,
                    name=given.get("name") or template["name"],
                    kickoff=kickoff,
                    started_by=given.get("started_by"),
                    is_external=given.get("is_external", False),
                )
            )

    def _step(self, request: Request) -> Record:
        given = _checked(request, _STEP, "workflow_id", "action")
        with self._state.lock:
            if given.get("by", next(iter(self._state.users), 0)) not in self._state.users:
                raise invalid([Problem("by", "There is no user with that id.")])
            return shown(self._workflows.step(given.pop("workflow_id"), given.pop("action"), **given))

    def _act(self, request: Request) -> None:
        for _ in range(_checked(request, {"times": whole(1, 10_000)}, "times")["times"]):
            self._crowd.act()

    def _subscribe(self, request: Request) -> Record:
        given = _checked(request, {"event": TEXT, "target": _TARGET}, "event", "target")
        # Any name: a server of tomorrow may know events that the documentation does not.
        return add_subscription(self._state, event=given["event"], target=given["target"])

    def _deliver(self, request: Request) -> None:
        any_json: Check = (lambda value: True, "any JSON")
        options = {"target": _TARGET, "payload": any_json, "body": TEXT, "event": TEXT}
        given = _checked(request, options, "target")
        if ("payload" in given) == ("body" in given):
            raise invalid([Problem("payload", "Send either payload, any JSON, or body, any text.")])
        body = given["body"].encode(errors="replace") if "body" in given else encode(given["payload"])
        self._announcer.deliver(target=given["target"], body=body, event=given.get("event", ""))

    def _wait(self, request: Request) -> Record:
        given = _checked(request, {"seconds": seconds()})
        return {"delivered": self._announcer.wait(min(given.get("seconds", 10), _WAIT_AT_MOST))}

    def _add_fault(self, request: Request) -> None:
        rule = delivery_faults.parse(json_body(request))
        if isinstance(rule, list):
            raise invalid(rule)
        self._announcer.add_fault(rule)


def _checked(request: Request, options: dict[str, Check], *required: str) -> Record:
    """Return the body, an object with these options; raise Refused when it is not."""
    given = json_body(request)
    if found := problems(given, options, required=required):
        raise invalid(found)
    return dict(given)
