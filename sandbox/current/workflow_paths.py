"""The paths under ``/workflows``, and those of tasks: read them, and move them on."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from sandbox.errors import Refused
from sandbox.shapes import Record, all_fields
from sandbox.state import State, encode
from sandbox.wire import Answer, Request, json_answer
from sandbox.workflows import COMPLETED, RUNNING, SNOOZED, TASKS_PER_WORKFLOW, Workflows

from . import access, errors, listing
from .routing import Routes, json_object, no_content, whole_number
from .validation import Broken, answers
from .workflows import field_values, task_item, task_object, task_status, workflow_item, workflow_object

STATUSES = {"running": RUNNING, "done": COMPLETED, "snoozed": SNOOZED}
ORDERINGS = ("date", "-date", "overdue", "-overdue", "urgent", "-urgent")
PAGE, MAX_PAGE_ROWS = 15, 1000
NOT_ACTIVE = "Available only for active tasks."
NOT_POSSIBLE = "You cannot do this with the workflow as it is."
_WORD = re.compile(r"\w+")


class WorkflowPaths:
    """Answers the requests in ``routes``."""

    def __init__(self, state: State, workflows: Workflows) -> None:
        self._state = state
        self._workflows = workflows
        self.routes: Routes = {
            r"/workflows": {"GET": self._list},
            r"/workflows/fields": {"GET": self._fields},
            r"/workflows/([^/]+)": {
                "GET": self._show,
                "PATCH": self._change,
                "DELETE": self._delete,
                "POST": self._refuse_post,
            },
            r"/workflows/([0-9]+)/finish": {"POST": self._finish},
            r"/workflows/([0-9]+)/return-to": {"POST": self._return},
            r"/workflows/([0-9]+)/snooze": {"POST": self._snooze},
            r"/workflows/([0-9]+)/resume": {"POST": self._resume},
            r"/v3/tasks": {"GET": self._list_tasks},
            r"/v2/tasks/([0-9]+)": {"GET": self._show_task},
            r"/v2/tasks/([0-9]+)/complete": {"POST": self._complete},
            r"/v2/tasks/([0-9]+)/revert": {"POST": self._revert},
        }

    def _list(self, request: Request, user: Record) -> Answer:
        """Answer with a page of the workflows that the key's user owns or started."""
        query = request.query
        wanted = set(filter(None, query.get("fields", "").split(",")))
        window = _window(query)
        with self._state.lock:
            rows = self._found(query, user)
            ids = [row["id"] for row in rows]

            def row(id_: int) -> bytes:
                return encode(workflow_item(self._state.workflows[id_], self._state, wanted))

            return listing.page(request, ids, window, row, always=True)

    def _fields(self, request: Request, user: Record) -> Answer:
        if not user["is_account_owner"]:
            raise errors.forbidden()
        window = _window(request.query)
        with self._state.lock:
            ids = [row["id"] for row in self._found(request.query, user)]

            def row(id_: int) -> bytes:
                shown = workflow_item(self._state.workflows[id_], self._state, set())
                keys = ("id", "name", "status", "date_created_tsp", "date_completed_tsp")
                values = field_values(self._state.workflows[id_], self._state)
                return encode({**{key: shown[key] for key in keys}, "fields": values})

            return listing.page(request, ids, window, row, always=True)

    def _found(self, query: dict[str, str], user: Record) -> list[Record]:
        """Return the workflows that a request asks for, in its order; the newest first without one."""
        ordering = listing.choice(query, "ordering", ORDERINGS)
        status = listing.choice(query, "status", tuple(STATUSES))
        templates = listing.numbers(query, "template_id")
        starters = listing.numbers(query, "workflow_starter")
        people = listing.numbers(query, "current_performer")
        groups = listing.numbers(query, "current_performer_group_ids")
        tasks = set(filter(None, query.get("template_task_api_name", "").split(",")))
        if listing.flag(query, "is_external"):
            return []  # only users start anything here
        words = [word.casefold() for word in _WORD.findall(query.get("search", ""))]

        def matches(item: Record) -> bool:
            active = [step for step in item["steps"] if task_status(item, step) in {"active", "snoozed"}]
            return (
                (not status or item["status"] == STATUSES[status])
                and (templates is None or item["template_id"] in templates)
                and (starters is None or item["started_by"] in starters)
                and (people is None or any(people & set(step["performers"]) for step in active))
                and (groups is None or any(groups & set(step["groups"]) for step in active))
                and (not tasks or any(step["api_name"] in tasks for step in active))
                and (not words or _has_words(words, item, self._state))
                and access.is_listed(user, item)
            )

        rows = [item for item in self._state.workflows.values() if matches(item)]
        rows.sort(key=lambda item: item["id"], reverse=ordering != "date")
        if ordering.endswith("urgent"):
            rows.sort(key=lambda item: item["is_urgent"], reverse=ordering == "-urgent")
        elif ordering.endswith("overdue"):
            rows.sort(key=lambda item: (item["due"] is None, item["due"] or 0), reverse=ordering[0] == "-")
        return rows

    def _show(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            return json_answer(workflow_object(self._workflow(user, id_text), self._state))

    def _refuse_post(self, request: Request, user: Record, id_text: str) -> Answer:
        """Refuse what the server does not have; before that, what is not a workflow's id."""
        with self._state.lock:
            self._workflow(user, id_text)
        raise errors.no_such_method(request.method, ("GET", "PATCH", "DELETE"))

    def _change(self, request: Request, user: Record, id_text: str) -> Answer:
        """Give a workflow another name, or other answers; no event is sent."""
        body = json_object(request)
        with self._state.lock:
            workflow = self._workflow(user, id_text)
            changes = body.get("kickoff")
            if isinstance(changes, dict):
                fields = [item for item in all_fields(workflow["form"]) if item["api_name"] in changes]
                kept = self._judged(fields, changes)
                if kept is None:
                    return errors.server_error()
                unchanged = {key: value for key, value in workflow["kickoff"].items() if key not in changes}
                workflow["kickoff"] = {**unchanged, **kept}
            if isinstance(body.get("name"), str) and body["name"].strip():
                workflow["name"] = body["name"].strip()
            self._state.changed()
            return json_answer(workflow_object(workflow, self._state))

    def _delete(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            workflow = self._workflow(user, id_text)
            del self._state.workflows[workflow["id"]]
            self._state.changed()
        return no_content()

    def _finish(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            self._step(self._workflow(user, id_text), "finish")
        return no_content()

    def _return(self, request: Request, user: Record, id_text: str) -> Answer:
        body = json_object(request)
        with self._state.lock:
            workflow = self._workflow(user, id_text)
            wanted = body.get("task_api_name") or body.get("task")
            found = [step for step in workflow["steps"] if wanted in (step["api_name"], step["id"])]
            if not found:
                raise errors.wrong_key("task_api_name", errors.REQUIRED)
            self._step(workflow, "return", to=found[0]["number"])
        return no_content()

    def _snooze(self, request: Request, user: Record, id_text: str) -> Answer:
        date = json_object(request).get("date")
        if isinstance(date, bool) or not isinstance(date, int | float) or not 0 < date < 2**35:
            raise errors.wrong_key("date", errors.REQUIRED if date is None else "A valid number is required.")
        until = dt.datetime.fromtimestamp(date, dt.UTC)
        if until <= dt.datetime.now(dt.UTC):
            raise errors.wrong_as_a_whole("The date must be in the future.")
        with self._state.lock:
            workflow = self._workflow(user, id_text)
            timestamp = until.isoformat(timespec="microseconds").replace("+00:00", "Z")
            return json_answer(workflow_object(self._step(workflow, "snooze", until=timestamp), self._state))

    def _resume(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            return json_answer(
                workflow_object(self._step(self._workflow(user, id_text), "resume"), self._state)
            )

    def _list_tasks(self, request: Request, user: Record) -> Answer:
        """Answer with a page of the tasks that wait for the key's user."""
        window = _window(request.query)
        with self._state.lock:
            groups = access.groups_of(user, self._state)
            found = [
                (workflow, step)
                for workflow in self._state.workflows.values()
                for step in workflow["steps"]
                if task_status(workflow, step) == "active"
                and workflow["status"] == RUNNING
                and (user["id"] in step["performers"] or groups & set(step["groups"]))
            ]
            rows = {step["id"]: encode(task_item(workflow, step, self._state)) for workflow, step in found}
            return listing.page(request, list(rows), window, rows.__getitem__, always=True)

    def _show_task(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            workflow, step = self._task(user, id_text)
            return json_answer(task_object(workflow, step, self._state))

    def _complete(self, request: Request, user: Record, id_text: str) -> Answer:
        """Complete a task; fields that are required may be missing, as on the server."""
        given = json_object(request).get("output")
        with self._state.lock:
            workflow, step = self._task(user, id_text)
            self._refuse_if_not_active(workflow, step)
            kept = self._judged(step["fields"], given if isinstance(given, dict) else {})
            if kept is None:
                return errors.server_error()
            self._step(workflow, "complete", outputs=kept, makes_up=False)
            return json_answer(task_object(workflow, step, self._state))

    def _revert(self, request: Request, user: Record, id_text: str) -> Answer:
        comment = json_object(request).get("comment")
        if not comment or not isinstance(comment, str):
            raise errors.wrong_as_a_whole("You must supply a comment.")
        with self._state.lock:
            workflow, step = self._task(user, id_text)
            self._refuse_if_not_active(workflow, step)
            self._step(workflow, "return")
        return no_content()

    def _refuse_if_not_active(self, workflow: Record, step: Record) -> None:
        if workflow["status"] != RUNNING or task_status(workflow, step) != "active":
            raise errors.wrong_as_a_whole(NOT_ACTIVE, has_details=True)

    def _judged(self, fields: list[Record], given: dict[str, Any]) -> Record | None:
        """Return the answers to keep; None when the server breaks on them."""
        try:
            return answers(fields, given, self._state, needs_required=False)
        except Broken:
            return None

    def _step(self, workflow: Record, action: str, **options: Any) -> Record:
        try:
            return self._workflows.step(workflow["id"], action, **options)
        except Refused:
            raise errors.wrong_as_a_whole(NOT_POSSIBLE, has_details=True) from None

    def _workflow(self, user: Record, id_text: str) -> Record:
        """Return a workflow; raise Complaint when there is none, or when it is none of the user's business.

        Only the account's owner sees which of the two it is.
        """
        id_ = whole_number(id_text)
        if id_ is None:
            raise errors.forbidden()
        workflow = self._state.workflows.get(id_)
        if workflow is None:
            raise errors.not_found() if user["is_account_owner"] else errors.forbidden()
        if not access.takes_part(user, workflow, self._state):
            raise errors.forbidden()
        return workflow

    def _task(self, user: Record, id_text: str) -> tuple[Record, Record]:
        id_ = whole_number(id_text) or 0
        workflow = self._state.workflows.get(id_ // TASKS_PER_WORKFLOW)
        step = next((step for step in workflow["steps"] if step["id"] == id_), None) if workflow else None
        if workflow is None or step is None:
            raise errors.not_found()
        if not access.takes_part(user, workflow, self._state):
            raise errors.forbidden()
        return workflow, step


def _window(query: dict[str, str]) -> listing.Window:
    limit = listing.number(query, "limit", PAGE, most=MAX_PAGE_ROWS)
    return listing.Window(limit or PAGE, listing.number(query, "offset", 0))


def _has_words(words: list[str], workflow: Record, state: State) -> bool:
    """Return whether every word occurs in the workflow's name, its answers, or the names of its tasks."""
    texts = [workflow["name"], *(step["name"] for step in workflow["steps"])]
    texts += [item["value"] for item in field_values(workflow, state)]
    known = {word.casefold() for text in texts for word in _WORD.findall(text)}
    return known.issuperset(words)
