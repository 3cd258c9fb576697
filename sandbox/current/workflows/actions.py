"""The paths that move workflows and tasks on. Which of them a release has, and what they take, differs."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from sandbox.current import access, errors
from sandbox.current.routing import Routes, json_object, no_content
from sandbox.current.validation import Broken, answers
from sandbox.errors import Refused
from sandbox.shapes import Record
from sandbox.state import State
from sandbox.wire import Answer, Request, json_answer
from sandbox.workflows import RUNNING, SNOOZED, Workflows

from .finding import find_task, find_workflow
from .shapes import task_object, workflow_object
from .tasks import current_step, task_status

NOT_ACTIVE = "Available only for active tasks."
NOT_POSSIBLE = "You cannot do this with the workflow as it is."
COMPLETED_ALREADY = "You have already completed this workflow."
TO_BE_RESUMED = "You need to resume the workflow before completing the task."
FIRST_TASK = "You can't revert from the first task."
NO_COMMENT = "You must supply a comment."
NO_TASK = 'You need to pass in a "task_id", or a "task api_name".'
UNKNOWN_TASK = "The passed in task was not found in the workflow."
LATER_TASK = "A workflow can't return to a later task."
NOT_NUMERIC = "Numeric type expected."
NO_TIMESTAMP = "An incorrect value has been passed in; a timestamp format is expected."
NO_DATETIME = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
_LATEST = 2**35  # seconds
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?")


class WorkflowActions:
    """Answers the requests in ``routes``."""

    def __init__(self, state: State, workflows: Workflows) -> None:
        self._state = state
        self._workflows = workflows
        self.routes: Routes = {
            r"/workflows/([0-9]+)/finish": {"POST": self._finish},
            r"/workflows/([0-9]+)/return-to": {"POST": self._return},
            r"/workflows/([0-9]+)/snooze": {"POST": self._snooze},
            r"/workflows/([0-9]+)/resume": {"POST": self._resume},
            r"/workflows/([0-9]+)/task-complete": {"POST": self._complete_in_workflow},
            r"/workflows/([0-9]+)/task-revert": {"POST": self._revert_in_workflow},
            r"/v2/tasks/([0-9]+)/complete": {"POST": self._complete},
            r"/v2/tasks/([0-9]+)/revert": {"POST": self._revert},
        }

    def _finish(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            workflow = find_workflow(self._state, user, id_text)
            if workflow["status"] not in {RUNNING, SNOOZED}:
                raise errors.wrong_as_a_whole(COMPLETED_ALREADY)
            self._step(workflow, "finish", by=user["id"])
        return no_content()

    def _return(self, request: Request, user: Record, id_text: str) -> Answer:
        body = json_object(request)
        with self._state.lock:
            workflow = find_workflow(self._state, user, id_text)
            is_by_id = self._state.release.return_to == "id"
            wanted = body.get("task") if is_by_id else body.get("task_api_name") or body.get("task")
            if wanted is None:
                raise (
                    errors.wrong_key("task", errors.REQUIRED)
                    if is_by_id
                    else errors.wrong_as_a_whole(NO_TASK)
                )
            found = [step for step in workflow["steps"] if wanted in (step["api_name"], step["id"])]
            if not found:
                raise errors.wrong_as_a_whole(UNKNOWN_TASK)
            current = current_step(workflow)
            if current and found[0]["number"] > current["number"]:
                raise errors.wrong_as_a_whole(LATER_TASK, has_details=True)
            self._step(workflow, "return", to=found[0]["number"], by=user["id"])
        return no_content()

    def _snooze(self, request: Request, user: Record, id_text: str) -> Answer:
        until = _until(json_object(request), self._state.release.snooze_dates)
        if until <= dt.datetime.now(dt.UTC):
            raise errors.wrong_as_a_whole("The date must be in the future.")
        with self._state.lock:
            workflow = find_workflow(self._state, user, id_text)
            timestamp = until.isoformat(timespec="microseconds").replace("+00:00", "Z")
            self._step(workflow, "snooze", until=timestamp, by=user["id"])
            return json_answer(workflow_object(workflow, self._state))

    def _resume(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            workflow = self._step(find_workflow(self._state, user, id_text), "resume", by=user["id"])
            if not self._state.release.resume_shows_workflow:
                return no_content()
            return json_answer(workflow_object(workflow, self._state))

    def _complete(self, request: Request, user: Record, id_text: str) -> Answer:
        body = json_object(request)
        with self._state.lock:
            workflow, step = find_task(self._state, user, id_text)
            if self._completed(workflow, step, body, user):
                return json_answer(task_object(workflow, step, self._state))
        return errors.server_error()

    def _complete_in_workflow(self, request: Request, user: Record, id_text: str) -> Answer:
        """Complete a task by the path that the newest release has no more."""
        body = json_object(request)
        with self._state.lock:
            workflow = find_workflow(self._state, user, id_text)
            wanted = body.get("task_id") or body.get("task_api_name")
            if wanted is None:
                raise errors.wrong_as_a_whole(NO_TASK)
            found = [step for step in workflow["steps"] if wanted in (step["api_name"], step["id"])]
            if not found:
                raise errors.wrong_as_a_whole(UNKNOWN_TASK)
            return no_content() if self._completed(workflow, found[0], body, user) else errors.server_error()

    def _revert(self, request: Request, user: Record, id_text: str) -> Answer:
        _require_comment(json_object(request))
        with self._state.lock:
            self._reverted(*find_task(self._state, user, id_text), user)
        return no_content()

    def _revert_in_workflow(self, request: Request, user: Record, id_text: str) -> Answer:
        """Return the current task by the path that the newest release has no more."""
        body = json_object(request)
        if self._state.release.has_task_paths:
            _require_comment(body)
        with self._state.lock:
            workflow = find_workflow(self._state, user, id_text)
            step = current_step(workflow)
            if step is None:
                raise errors.wrong_as_a_whole(NOT_ACTIVE, has_details=True)
            self._reverted(workflow, step, user)
        return no_content()

    def _completed(self, workflow: Record, step: Record, body: Record, user: Record) -> bool:
        """Complete a task; return whether the server did not break on the answers.

        On the newest release fields that are required may be missing; only what is sent is checked.
        """
        if not access.may_act(user, step, self._state):
            raise errors.forbidden()
        if workflow["status"] == SNOOZED:
            raise errors.wrong_as_a_whole(TO_BE_RESUMED, has_details=True)
        if workflow["status"] != RUNNING:
            raise errors.wrong_as_a_whole(COMPLETED_ALREADY, has_details=True)
        if task_status(workflow, step) != "active":
            raise errors.wrong_as_a_whole(NOT_ACTIVE, has_details=True)
        given = body.get("output")
        values: dict[str, Any] = given if isinstance(given, dict) else {}
        needs_required = self._state.release.needs_required_outputs
        try:
            kept = answers(step["fields"], values, self._state, needs_required=needs_required)
        except Broken:
            return False
        unchanged = {key: value for key, value in step["answers"].items() if key not in values}
        outputs = {**unchanged, **kept}
        self._step(workflow, "complete", outputs=outputs, makes_up=False, by=user["id"])
        return True

    def _reverted(self, workflow: Record, step: Record, user: Record) -> None:
        if not access.may_act(user, step, self._state):
            raise errors.forbidden()
        if workflow["status"] != RUNNING or task_status(workflow, step) != "active":
            raise errors.wrong_as_a_whole(NOT_ACTIVE, has_details=True)
        if step["number"] == workflow["steps"][0]["number"]:
            raise errors.wrong_as_a_whole(FIRST_TASK, has_details=True)
        self._step(workflow, "return", by=user["id"])

    def _step(self, workflow: Record, action: str, **options: Any) -> Record:
        try:
            return self._workflows.step(workflow["id"], action, **options)
        except Refused:
            raise errors.wrong_as_a_whole(NOT_POSSIBLE, has_details=True) from None


def _require_comment(body: Record) -> None:
    comment = body.get("comment")
    if not isinstance(comment, str) or not comment.strip():
        raise errors.wrong_as_a_whole(NO_COMMENT)


def _until(body: Record, kind: str) -> dt.datetime:
    """Return until when a workflow is to sleep; raise Complaint when it is not written as the release has it."""
    if "date" not in body:
        raise errors.wrong_key("date", errors.REQUIRED)
    date = body["date"]
    if date is None:
        raise errors.wrong_key("date", "This field may not be null.")
    if kind == "seconds":
        if isinstance(date, bool) or not isinstance(date, int | float):
            raise errors.wrong_key("date", NOT_NUMERIC)
        if not 0 < date < _LATEST:
            raise errors.wrong_key("date", NO_TIMESTAMP)
        return dt.datetime.fromtimestamp(date, dt.UTC)
    try:
        if not isinstance(date, str) or not _DATETIME.fullmatch(date):
            raise errors.wrong_key("date", NO_DATETIME)
        timestamp = dt.datetime.fromisoformat(date)
    except ValueError:
        raise errors.wrong_key("date", NO_DATETIME) from None
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=dt.UTC)
