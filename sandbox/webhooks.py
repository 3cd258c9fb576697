"""The documented endpoints of webhooks: list, subscribe, unsubscribe by id and by target."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from .errors import Problem, invalid, refuse
from .shapes import Record
from .state import State, now
from .validation import REQUIRED, is_web_url
from .wire import MAX_BODY, Answer, Request, json_answer

DEPRECATED_EVENTS = ("task_completed", "process_started", "process_completed")
EVENTS = ("task_completed_v2", "task_returned", "workflow_started", "workflow_completed", *DEPRECATED_EVENTS)


class Webhooks:
    """The account's subscriptions, as its API shows and changes them."""

    def __init__(self, state: State) -> None:
        self._state = state

    def list(self, request: Request) -> Answer:
        """Answer with all subscriptions, oldest first."""
        with self._state.lock:
            return json_answer(list(self._state.subscriptions.values()))

    def subscribe(self, request: Request) -> Answer:
        """Add a subscription; the same event and target may be there already, and each of them is served."""
        given = _fields(request, ("target", "event"))
        problems = []
        if given.get("target") and not is_web_url(given["target"]):
            problems.append(Problem("target", "Send an http or https URL."))
        if given.get("event") and given["event"] not in EVENTS:
            problems.append(Problem("event", f"Select one of: {', '.join(EVENTS)}."))
        _refuse_if(problems, given, ("target", "event"))
        return json_answer(add_subscription(self._state, event=given["event"], target=given["target"]))

    def unsubscribe(self, request: Request, id_text: str) -> Answer:
        """Remove one subscription."""
        request.read(MAX_BODY)
        id_ = int(id_text) if id_text.isascii() and id_text.isdigit() and len(id_text) < 19 else -1
        with self._state.lock:
            if self._state.subscriptions.pop(id_, None) is None:
                raise refuse(404, "Not found.")
            self._state.changed()
        return json_answer({"ok": True})

    def unsubscribe_target(self, request: Request) -> Answer:
        """Remove every subscription of a target, compared character by character."""
        given = _fields(request, ("target",))
        _refuse_if([], given, ("target",))
        with self._state.lock:
            ids = [
                id_ for id_, item in self._state.subscriptions.items() if item["target"] == given["target"]
            ]
            if not ids:
                raise refuse(404, "Not found.")
            for id_ in ids:
                del self._state.subscriptions[id_]
            self._state.changed()
        return json_answer({"ok": True})


def add_subscription(state: State, *, event: str, target: str) -> Record:
    """Add a subscription to the account and return it."""
    with state.lock:
        timestamp = now()
        id_ = next(state.subscription_ids)
        state.subscriptions[id_] = {
            "id": id_,
            "created": timestamp,
            "updated": timestamp,
            "event": event,
            "target": target,
        }
        state.changed()
        return state.subscriptions[id_]


def _fields(request: Request, allowed: tuple[str, ...]) -> dict[str, Any]:
    """Return the body's fields, form-encoded as in the documentation's examples, or JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = request.read(MAX_BODY)
    given: Any
    if media_type == "application/x-www-form-urlencoded":
        try:
            given = dict(parse_qsl(data.decode("utf-8"), keep_blank_values=True, errors="strict"))
        except ValueError:
            raise refuse(400, "The body is not form-encoded UTF-8.") from None
    elif media_type == "application/json":
        try:
            given = json.loads(data)
        except (ValueError, RecursionError):
            raise refuse(400, "The body is not JSON.") from None
    elif data:
        raise refuse(415, "Send the body as application/x-www-form-urlencoded or application/json.")
    else:
        given = {}
    if not isinstance(given, dict):
        raise invalid([Problem("body", "Send an object.")])
    problems = [Problem(str(key), "Unknown key.") for key in given if key not in allowed]
    if problems:
        raise invalid(problems)
    return given


def _refuse_if(problems: list[Problem], given: dict[str, Any], mandatory: tuple[str, ...]) -> None:
    for key in mandatory:
        if given.get(key) in (None, ""):
            problems.append(Problem(key, REQUIRED))
        elif not isinstance(given[key], str):
            problems.append(Problem(key, "Send a text."))
    if problems:
        raise invalid(problems)
