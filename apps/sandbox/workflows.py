"""Running workflows: they start with the tasks of their template and move on by steps, each told to the subscribers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from random import Random

from .answers import make_up
from .errors import Problem, invalid, invalid_as_a_whole, refuse
from .files import FileStore
from .shapes import Record
from .state import State, now
from .validation import value_reason

RUNNING, COMPLETED, TERMINATED, SNOOZED = range(4)  # documented: Available workflow statuses
STATUS_NAMES = ("running", "completed", "terminated", "snoozed")
ACTIONS = ("complete", "return", "terminate", "snooze", "resume")
TASKS_PER_WORKFLOW = 1000  # task ids of a workflow are its own id times this, plus the number
OPTIONAL_SHARE = 0.7  # of the optional fields that get a made-up answer

Tell = Callable[[str, Record, Record | None], None]


class Workflows:
    """Starts workflows and takes them from step to step; ``tell(happening, workflow, task)`` hears of each."""

    def __init__(self, *, state: State, files: FileStore, tell: Tell) -> None:
        self._state = state
        self._files = files
        self._tell = tell
        self.dice = Random(0)  # noqa: S311 - a play, the same every time

    def start(
        self,
        template: Record,
        *,
        name: str,
        kickoff: Record,
        tasks: list[Record] | None = None,
        started_by: int | None = None,
    ) -> Record:
        """Start a workflow; without ``started_by`` the account's owner is its starter, who holds the API key."""
        with self._state.lock:
            id_ = next(self._state.workflow_ids)
            moment = now()
            workflow: Record = {
                "id": id_,
                "template_id": template["id"],
                "template_name": template["name"],
                "name": name,
                "kickoff": kickoff,
                "tasks": tasks or [],
                "date_created": moment,
                "started_by": started_by if started_by is not None else self._owner(),
                "status": RUNNING,
                "current": None,
                "moment": moment,
                # As the template was at this moment: it may change or go while the workflow runs.
                "form": template["kickoff"],
                "steps": [_step(id_, task) for task in template["tasks"]],
            }
            self._state.workflows[id_] = workflow
            if workflow["steps"]:
                self._begin(workflow, workflow["steps"][0]["number"], moment)
            self._tell("workflow_started", workflow, None)
            if not workflow["steps"]:
                workflow["status"] = COMPLETED
                self._tell("workflow_completed", workflow, None)
            self._state.changed()
            return workflow

    def step(
        self,
        id_: int,
        action: str,
        *,
        outputs: Record | None = None,
        to: int | None = None,
        silent: bool = False,
    ) -> Record:
        """Take one step and return the workflow; raise Refused when it is not possible.

        ``outputs`` are answers by API name for ``complete``, the others are made up; ``to`` is the number of the task
        to ``return`` to, by default the one before. A ``silent`` step is told to nobody.
        """
        with self._state.lock:
            workflow = self._state.workflows.get(id_)
            if workflow is None:
                raise refuse(404, "Not found.")
            if workflow["status"] not in {RUNNING, SNOOZED}:
                raise invalid_as_a_whole(f"The workflow is {STATUS_NAMES[workflow['status']]}.")
            if (workflow["status"] == SNOOZED) != (action == "resume") and action != "terminate":
                raise invalid_as_a_whole(f"The workflow is {STATUS_NAMES[workflow['status']]}.")
            tell = _nobody if silent else self._tell
            if action == "complete":
                self._complete(workflow, outputs or {}, tell)
            elif action == "return":
                self._return(workflow, to, tell)
            elif action == "terminate":
                workflow["status"] = TERMINATED
                tell("workflow_completed", workflow, None)
            elif action == "snooze":
                workflow["status"] = SNOOZED
            else:
                workflow["status"] = RUNNING
                self._begin(workflow, workflow["current"], _next_moment(workflow))
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

    def _complete(self, workflow: Record, outputs: Record, tell: Tell) -> None:
        task = current_task(workflow)
        task["answers"] = self.made_up(task["fields"], outputs)
        moment = task["date_completed"] = _next_moment(workflow)
        later = [step for step in workflow["steps"] if step["number"] > task["number"]]
        if not later:
            workflow["status"] = COMPLETED
        elif self._state.settings.delays and later[0]["delay"]:
            workflow["status"] = SNOOZED
            workflow["current"] = later[0]["number"]
            later[0]["performers"] = self._performers(workflow, later[0])
        else:
            self._begin(workflow, later[0]["number"], moment)
        tell("task_completed", workflow, task)
        if not later:
            tell("workflow_completed", workflow, None)

    def _return(self, workflow: Record, to: int | None, tell: Tell) -> None:
        task = current_task(workflow)
        earlier = [step["number"] for step in workflow["steps"] if step["number"] < task["number"]]
        if not earlier or (to is not None and to not in earlier):
            raise invalid([Problem("to", "Only a task before the current one can be returned to.")])
        target = earlier[-1] if to is None else to
        for step in workflow["steps"]:
            if target <= step["number"] < task["number"]:
                step.update(date_started=None, date_completed=None, answers={})
        self._begin(workflow, target, _next_moment(workflow))
        tell("task_returned", workflow, task)
        # It was begun until now; when its turn comes again, it begins anew.
        task["date_started"] = None

    def _begin(self, workflow: Record, number: int, moment: str) -> None:
        task = next(step for step in workflow["steps"] if step["number"] == number)
        workflow["current"] = number
        task["date_started"] = task["date_started"] or moment
        task["performers"] = self._performers(workflow, task)

    def _performers(self, workflow: Record, task: Record) -> list[int]:
        """Return who has to do a task: named ones, the starter, people named in answers; else the starter."""
        answers = dict(workflow["kickoff"])
        for step in workflow["steps"]:
            answers.update(step["answers"])
        ids = [*task["responsible"]]
        if task["by_starter"]:
            ids.append(workflow["started_by"])
        ids += [answers.get(name) for name in task["by_fields"]]
        known = [id_ for id_ in dict.fromkeys(ids) if isinstance(id_, int) and id_ in self._state.users]
        return known or [id_ for id_ in [workflow["started_by"]] if id_ in self._state.users]

    def _owner(self) -> int | None:
        users = self._state.users.values()
        return next((user["id"] for user in users if user["is_account_owner"]), None) or next(
            iter(self._state.users), None
        )


def current_task(workflow: Record) -> Record:
    """Return the step at which a running workflow is."""
    step: Record = next(step for step in workflow["steps"] if step["number"] == workflow["current"])
    return step


def shown(workflow: Record) -> Record:
    """Return a workflow for people and tests: as it was received, and how far it is; without definitions."""
    hidden = {"form", "moment", "steps"}
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
        "delay": task["delay"],
        "responsible": task["responsible"],
        "by_starter": task["is_starter_responsible"],
        "by_fields": [item["api_name"] for item in task["output_responsible"]],
        "fields": task["fields"],
        "performers": [],
        "date_started": None,
        "date_completed": None,
        "answers": {},
    }


def _next_moment(workflow: Record) -> str:
    """Return the present moment, at least a millisecond after the last one: what comes later is seen to be later."""
    last = dt.datetime.fromisoformat(workflow["moment"])
    moment = max(dt.datetime.now(dt.UTC), last + dt.timedelta(milliseconds=1))
    workflow["moment"] = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return str(workflow["moment"])


def _nobody(happening: str, workflow: Record, task: Record | None) -> None:
    """Tell nobody."""
