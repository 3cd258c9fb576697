"""The paths that show workflows and tasks, and those that change or delete a workflow."""

from __future__ import annotations

import re

from sandbox.current import access, errors, listing
from sandbox.current.routing import Routes, json_object, no_content
from sandbox.current.validation import Broken, answers
from sandbox.shapes import Record, all_fields
from sandbox.state import State, encode
from sandbox.wire import Answer, Request, json_answer
from sandbox.workflows import COMPLETED, RUNNING, SNOOZED, Workflows

from .actions import WorkflowActions
from .activity import shown_activity
from .finding import find_task, find_workflow
from .shapes import field_values, task_item, task_object, workflow_item, workflow_object
from .tasks import task_status

STATUSES = {"running": RUNNING, "done": COMPLETED, "snoozed": SNOOZED}
ORDERINGS = ("date", "-date", "overdue", "-overdue", "urgent", "-urgent")
PAGE, MAX_PAGE_ROWS = 15, 1000
_WORD = re.compile(r"\w+")


class WorkflowPaths:
    """Answers the requests in ``routes``."""

    def __init__(self, state: State, workflows: Workflows) -> None:
        self._state = state
        self.routes: Routes = {
            r"/workflows": {"GET": self._list},
            r"/workflows/fields": {"GET": self._fields},
            r"/workflows/([^/]+)": {
                "GET": self._show,
                "PATCH": self._change,
                "DELETE": self._delete,
                "POST": self._refuse_post,
            },
            r"/workflows/([0-9]+)/events": {"GET": self._list_activity},
            r"/v3/tasks": {"GET": self._list_tasks},
            r"/v2/tasks/([0-9]+)": {"GET": self._show_task},
            **WorkflowActions(state, workflows).routes,
        }

    def _list(self, request: Request, user: Record) -> Answer:
        """Answer with a page of the workflows that the key's user owns or started."""
        if not (self._state.release.lists_workflows_to_all or access.is_admin(user)):
            raise errors.forbidden()
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
        is_external = listing.flag(query, "is_external")
        words = [word.casefold() for word in _WORD.findall(query.get("search", ""))]

        def matches(item: Record) -> bool:
            active = [step for step in item["steps"] if task_status(item, step) in {"active", "snoozed"}]
            return (
                (not status or item["status"] == STATUSES[status])
                and (templates is None or item["template_id"] in templates)
                and (is_external is None or item["is_external"] == is_external)
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
            return json_answer(workflow_object(find_workflow(self._state, user, id_text), self._state))

    def _list_activity(self, request: Request, user: Record, id_text: str) -> Answer:
        """Answer with what happened in a workflow, the newest first; all of it without a limit."""
        ordering = listing.choice(request.query, "ordering", ("created", "-created"))
        text = request.query.get("limit", "")
        window = listing.Window(
            int(text) if text.isdigit() else 0, listing.number(request.query, "offset", 0)
        )
        with self._state.lock:
            workflow = find_workflow(self._state, user, id_text)
            rows = {row["id"]: encode(row) for row in shown_activity(workflow, self._state)}
            ids = sorted(rows, reverse=ordering != "created")
            return listing.page(request, ids, window, rows.__getitem__)

    def _refuse_post(self, request: Request, user: Record, id_text: str) -> Answer:
        """Refuse what the server does not have; the newest release refuses before that what is no workflow's id."""
        if self._state.release.refuses_ids_first:
            with self._state.lock:
                find_workflow(self._state, user, id_text)
        raise errors.no_such_method(request.method, ("GET", "PATCH", "DELETE"))

    def _change(self, request: Request, user: Record, id_text: str) -> Answer:
        """Give a workflow another name, or other answers; no event is sent."""
        body = json_object(request)
        with self._state.lock:
            workflow = find_workflow(self._state, user, id_text)
            changes = body.get("kickoff")
            if isinstance(changes, dict):
                fields = [item for item in all_fields(workflow["form"]) if item["api_name"] in changes]
                try:
                    kept = answers(fields, changes, self._state, needs_required=False)
                except Broken:
                    return errors.server_error()
                unchanged = {key: value for key, value in workflow["kickoff"].items() if key not in changes}
                workflow["kickoff"] = {**unchanged, **kept}
            if isinstance(body.get("name"), str) and body["name"].strip():
                workflow["name"] = body["name"].strip()
            self._state.changed()
            return json_answer(workflow_object(workflow, self._state))

    def _delete(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            workflow = find_workflow(self._state, user, id_text)
            del self._state.workflows[workflow["id"]]
            self._state.changed()
        return no_content()

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
            workflow, step = find_task(self._state, user, id_text)
            return json_answer(task_object(workflow, step, self._state))


def _window(query: dict[str, str]) -> listing.Window:
    limit = listing.number(query, "limit", PAGE, most=MAX_PAGE_ROWS)
    return listing.Window(limit or PAGE, listing.number(query, "offset", 0))


def _has_words(words: list[str], workflow: Record, state: State) -> bool:
    """Return whether every word occurs in the workflow's name, its answers, or the names of its tasks."""
    texts = [workflow["name"], *(step["name"] for step in workflow["steps"])]
    texts += [item["value"] for item in field_values(workflow, state)]
    known = {word.casefold() for text in texts for word in _WORD.findall(text)}
    return known.issuperset(words)
