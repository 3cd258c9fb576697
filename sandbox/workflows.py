"""Running workflows: they start with their template's tasks and move on by steps, each reported to the subscribers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from random import Random

from .answers import make_up
from .current.access import owner_ids
from .current.workflows import journal
from .errors import Problem, invalid, invalid_as_a_whole, refuse
from .files import FileStore
from .shapes import Record
from .state import CURRENT, State, now
from .validation import value_reason

RUNNING, COMPLETED, TERMINATED, SNOOZED = range(4)  # documented: Available workflow statuses
STATUS_NAMES = ("running", "completed", "terminated", "snoozed")
ACTIONS = ("complete", "return", "finish", "terminate", "snooze", "resume")
SNOOZED_FOR = dt.timedelta(days=1)  # when no end is given
TASKS_PER_WORKFLOW = 1000  # task ids of a workflow are its own id times this, plus the number
MOVED, STORED, BEFORE = "moved", "stored", "before"  # see Release.payload_stage
OPTIONAL_SHARE = 0.7  # of the optional fields that get a made-up answer

Notify = Callable[[str, Record, Record | None], None]


class Workflows:
    """Starts workflows and takes them from step to step; ``notify(happening, workflow, task)`` is called for each."""

    def __init__(self, *, state: State, files: FileStore, notify: Notify) -> None:
        self._state = state
        self._files = files
        self._notify = notify
        self.dice = Random(0)  # noqa: S311 - a play, the same every time

    def start(
        self,
        template: Record,
        *,
        name: str,
        kickoff: Record,
        tasks: list[Record] | None = None,
        started_by: int | None = None,
        is_external: bool = False,
        is_urgent: bool = False,
        due: float | None = None,
    ) -> Record:
        """Start a workflow; without ``started_by`` the account's owner, whose API key it is, is its starter.

        ``is_external``: a public form starts it, which no user did.
        ``due`` is in seconds of Unix time; only the current server has it and ``is_urgent``.
        """
        with self._state.lock:
            id_ = next(self._state.workflow_ids)
            timestamp = now()
            workflow: Record = {
                "id": id_,
                "template_id": template["id"],
                "template_name": template["name"],
                "name": name,
                "kickoff": kickoff,
                "tasks": tasks or [],
                "date_created": timestamp,
                "started_by": None if is_external else self._owner() if started_by is None else started_by,
                "is_external": is_external,
                "status": RUNNING,
                "date_completed": None,
                "current": None,
                "snoozed_until": None,
                "is_urgent": is_urgent,
                "due": due,
                "moment": timestamp,
                # As the template is now: it may change or go while the workflow runs.
                "description": template["description"],
                "finalizable": template["finalizable"],
                "owners": owner_ids(template, self._state),
                "form": template["kickoff"],
                "steps": [_step(id_, task) for task in template["tasks"]],
                "activity": [],
            }
            self._state.workflows[id_] = workflow
            numbers = [step["number"] for step in workflow["steps"]]
            if numbers and self._stage == MOVED:
                self._begin(workflow, numbers[0], timestamp)
            elif numbers:
                workflow["current"] = numbers[0]
            self._notify("workflow_started", workflow, None)
            if numbers:
                self._begin(workflow, numbers[0], timestamp)
            else:
                self._end(workflow, COMPLETED)
                self._notify("workflow_completed", workflow, None)
            self._state.changed()
            return workflow

    def step(
        self,
        id_: int,
        action: str,
        *,
        outputs: Record | None = None,
        makes_up: bool = True,
        to: int | None = None,
        until: str | None = None,
        by: int | None = None,
        silent: bool = False,
    ) -> Record:
        """Take one step and return the workflow; raise Refused when it is not possible.

        ``outputs`` are answers by API name for ``complete``; the others are made up, unless it is said that they are
        not, and that these are right. ``to`` is the number of the task to ``return`` to, by default the one before;
        ``until`` is the time to ``snooze`` to, ``by`` the user who does it. A ``silent`` step is not reported.
        """
        with self._state.lock:
            workflow = self._state.workflows.get(id_)
            if workflow is None:
                raise refuse(404, "Not found.")
            if workflow["status"] not in {RUNNING, SNOOZED}:
                raise invalid_as_a_whole(f"The workflow is {STATUS_NAMES[workflow['status']]}.")
            ends = action in {"finish", "terminate"}
            if (workflow["status"] == SNOOZED) != (action == "resume") and not ends:
                raise invalid_as_a_whole(f"The workflow is {STATUS_NAMES[workflow['status']]}.")
            notify = _ignore if silent else self._notify
            if action == "complete":
                answers = outputs or {}
                fields = current_task(workflow)["fields"]
                self._complete(workflow, self.made_up(fields, answers) if makes_up else answers, by, notify)
            elif action == "return":
                self._return(workflow, to, by, notify)
            elif action == "terminate" and self._state.dialect == CURRENT:
                del self._state.workflows[
                    id_
                ]  # the current server has no other end: it is deleted, and no event is sent
            elif ends:
                self._end(workflow, COMPLETED if action == "finish" else TERMINATED)
                journal.note(workflow, journal.FINISHED, workflow["moment"], user=self._doer(by))
                notify("workflow_completed", workflow, None)
            elif action == "snooze":
                timestamp = dt.datetime.fromisoformat(_next_moment(workflow))
                workflow["status"] = SNOOZED
                workflow["snoozed_until"] = until or _written(timestamp + SNOOZED_FOR)
                journal.note(workflow, journal.SNOOZED, workflow["moment"], user=self._doer(by))
            else:
                workflow["status"] = RUNNING
                journal.note(workflow, journal.RESUMED, _next_moment(workflow), user=self._doer(by))
                self._begin(workflow, workflow["current"], workflow["moment"])
            self._state.changed()
            return workflow

    def made_up(self, fields: list[Record], given: Record) -> Record:
        """Return ``given`` with answers made up for the other fields; raise Refused when one of them is wrong."""
        known = {field["api_name"]: field for field in fields}
        problems = [
            Problem(name, "There is no such field.", is_field=True) for name in given if name not in known
        ]
        problems += [
            Problem(name, reason, is_field=True)
            for name, value in given.items()
            if name in known and (reason := value_reason(value, known[name], self._state))
        ]
        if problems:
            raise invalid(problems)
        return {**self._made_up_for([field for name, field in known.items() if name not in given]), **given}

    def _made_up_for(self, fields: list[Record]) -> Record:
        answers: Record = {}
        active = [user["id"] for user in self._state.users.values() if user["status"] == "active"]
        for field in fields:
            if field["is_required"] or self.dice.random() < OPTIONAL_SHARE:
                value = make_up(field, people=active, dice=self.dice, new_file=self._files.make)
                if value is not None:
                    answers[field["api_name"]] = value
        return answers

    def _end(self, workflow: Record, status: int) -> None:
        workflow["status"] = status
        workflow["date_completed"] = _next_moment(workflow)

    def _doer(self, by: int | None, step: Record | None = None) -> int | None:
        """Return who does something: a performer of the task, or the owner, unless it is said."""
        if by is not None:
            return by
        return journal.performer_of(step, self._state) if step else self._owner()

    def _complete(self, workflow: Record, answers: Record, by: int | None, notify: Notify) -> None:
        task = current_task(workflow)
        later = [step for step in workflow["steps"] if step["number"] > task["number"]]
        # The last task is stored first by every release.
        stage = STORED if self._stage == BEFORE and not later else self._stage
        if stage == BEFORE:
            notify("task_completed", workflow, task)
        task["answers"] = answers
        timestamp = _next_moment(workflow)
        by = self._doer(by, task)
        journal.note(workflow, journal.TASK_COMPLETED, timestamp, user=by, step=task)
        task["date_completed"] = timestamp
        if stage == STORED:
            notify("task_completed", workflow, task)
        if not later:
            self._end(workflow, COMPLETED)
            journal.note(workflow, journal.COMPLETED, workflow["moment"], user=by, step=task)
        elif self._state.settings.delays and later[0]["delay"]:
            self._delay(workflow, later[0], timestamp)
        else:
            self._begin(workflow, later[0]["number"], timestamp)
        events: list[tuple[str, Record | None]] = [("task_completed", task)] if stage == MOVED else []
        events += [] if later else [("workflow_completed", None)]
        # The current server reports the end of a workflow before the end of its last task.
        for happening, about in reversed(events) if self._state.dialect == CURRENT else events:
            notify(happening, workflow, about)
        if later and later[0]["is_delayed"]:
            workflow["status"] = SNOOZED

    def _delay(self, workflow: Record, task: Record, timestamp: str) -> None:
        """Let the next task wait. The current server reports the task before it with the status before the delay."""
        end = dt.datetime.fromisoformat(timestamp) + _duration(task["delay"])
        workflow.update(current=task["number"], snoozed_until=_written(end))
        task["is_delayed"] = True
        if self._state.dialect != CURRENT:
            workflow["status"] = SNOOZED
        self._assign(workflow, task)
        journal.note(workflow, journal.DELAYED, timestamp, step=task)

    def _return(self, workflow: Record, to: int | None, by: int | None, notify: Notify) -> None:
        task = current_task(workflow)
        earlier = [step["number"] for step in workflow["steps"] if step["number"] < task["number"]]
        if not earlier or (to is not None and to not in earlier):
            raise invalid([Problem("to", "Only a task before the current one can be returned to.")])
        target = earlier[-1] if to is None else to
        timestamp = _next_moment(workflow)
        # A task is returned by its performer, a workflow to a task by an owner.
        kind, actor = (
            (journal.REVERTED, self._doer(by, task)) if to is None else (journal.RETURNED, self._doer(by))
        )
        reopened = next(step for step in workflow["steps"] if step["number"] == target)
        journal.note(workflow, kind, timestamp, user=actor, step=reopened)
        is_current = self._state.dialect == CURRENT
        for step in workflow["steps"]:
            if target <= step["number"] < task["number"]:
                # The current server keeps the answers of a task that is to be done again.
                step.update(date_started=None, date_completed=None, **({} if is_current else {"answers": {}}))
        self._begin(workflow, target, timestamp)
        about = current_task(workflow) if is_current and self._state.release.returned_task == "to" else task
        if self._stage == STORED and to is None:
            workflow["current"], task["date_started"] = task["number"], None
        notify("task_returned", workflow, about)
        workflow["current"] = target
        # It was started until now; when its turn comes again, it starts again.
        task.update(date_started=None, is_delayed=False)

    @property
    def _stage(self) -> str:
        """Return when the payload of a step is made: what releases of the current server call ``payload_stage``."""
        return self._state.release.payload_stage if self._state.dialect == CURRENT else MOVED

    def _begin(self, workflow: Record, number: int, timestamp: str) -> None:
        task = next(step for step in workflow["steps"] if step["number"] == number)
        workflow["current"] = number
        is_new = task["date_started"] is None
        task.update(date_started=task["date_started"] or timestamp, is_delayed=False)
        self._assign(workflow, task)
        if is_new:
            journal.note(workflow, journal.STARTED, timestamp, step=task)

    def _assign(self, workflow: Record, task: Record) -> None:
        """Give a task to those who have to do it: named ones, the starter, those named in answers; else the starter.

        Groups, which only the current server has, are listed with the people.
        """
        answers = dict(workflow["kickoff"])
        for step in workflow["steps"]:
            answers.update(step["answers"])
        ids = [*task["responsible"]]
        if task["by_starter"]:
            ids.append(workflow["started_by"])
        named = [answers.get(name) for name in task["by_fields"]]
        ids += [id_ for id_ in named if isinstance(id_, int)]
        groups = task["responsible_groups"] + [item["group"] for item in named if isinstance(item, dict)]
        people = [id_ for id_ in dict.fromkeys(ids) if id_ in self._state.users]
        task["groups"] = [id_ for id_ in dict.fromkeys(groups) if id_ in self._state.groups]
        if not people and not task["groups"]:
            people = [id_ for id_ in [workflow["started_by"]] if id_ in self._state.users]
        task["performers"] = people

    def _owner(self) -> int | None:
        owner = self._state.owner()
        return owner["id"] if owner else None


def current_task(workflow: Record) -> Record:
    """Return the step at which a running workflow is."""
    step: Record = next(step for step in workflow["steps"] if step["number"] == workflow["current"])
    return step


def shown(workflow: Record) -> Record:
    """Return a workflow for people and tests: as it was received, and how far it is; without definitions."""
    hidden = {
        "activity",
        "form",
        "moment",
        "steps",
        "description",
        "finalizable",
        "owners",
        "is_urgent",
        "is_external",
        "due",
    }
    return {
        **{key: value for key, value in workflow.items() if key not in hidden},
        "steps": [{key: step[key] for key in _SHOWN_OF_STEP} for step in workflow["steps"]],
    }


_SHOWN_OF_STEP = ("id", "number", "name", "performers", "date_started", "date_completed", "answers")


def _step(workflow_id: int, task: Record) -> Record:
    return {
        "id": workflow_id * TASKS_PER_WORKFLOW + task["number"],
        "number": task["number"],
        "name": task["name"],
        "description": task["description"],
        "api_name": task.get("api_name", ""),
        "delay": task["delay"],
        "by_all": task["require_completion_by_all"],
        "responsible": task["responsible"],
        "responsible_groups": task.get("responsible_groups", []),
        "by_starter": task["is_starter_responsible"],
        "by_fields": [item["api_name"] for item in task["output_responsible"]],
        "fields": task["fields"],
        "performers": [],
        "groups": [],
        "is_delayed": False,
        "date_started": None,
        "date_completed": None,
        "answers": {},
    }


def _next_moment(workflow: Record) -> str:
    """Return the present time, at least a millisecond after the last one, so that the order is visible."""
    last = dt.datetime.fromisoformat(workflow["moment"])
    timestamp = max(dt.datetime.now(dt.UTC), last + dt.timedelta(milliseconds=1))
    workflow["moment"] = _written(timestamp)
    return str(workflow["moment"])


def _duration(text: str) -> dt.timedelta:
    """Return a delay as templates have it: days, and hours, minutes and seconds, the first ones left out or not."""
    days, _blank, clock = text.rpartition(" ")
    seconds = 0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(part)
    return dt.timedelta(days=int(days or 0), seconds=seconds)


def _written(timestamp: dt.datetime) -> str:
    """Return a timestamp as records have it."""
    return timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _ignore(happening: str, workflow: Record, task: Record | None) -> None:
    """Send no event."""
