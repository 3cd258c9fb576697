"""Simulated people: at a pace that one can watch they complete tasks, sometimes return one, and start workflows."""

from __future__ import annotations

import threading
import traceback
from random import Random

from .errors import Refused
from .shapes import Record, all_fields
from .state import State
from .workflows import RUNNING, SNOOZED, Workflows

RETURNED_SHARE = 0.12  # of the acts on a task that could be returned
RESUMED_SHARE = 0.25  # of the acts while something is snoozed
ENOUGH, FEW = 12, 4  # running workflows: no new ones above, always new ones below
STARTED_SHARE = 0.15  # of the acts between the two
_IDLE = 0.5  # seconds until it is seen that the pace was changed from 0


class Crowd:
    """A thread that plays the people of the account while ``settings.pace`` is above 0."""

    def __init__(self, *, state: State, workflows: Workflows) -> None:
        self._state = state
        self._workflows = workflows
        self._stop = threading.Event()
        self.dice = Random(0)  # noqa: S311 - a play

    def start(self) -> None:
        """Begin to play."""
        threading.Thread(target=self._play, daemon=True).start()

    def stop(self) -> None:
        """End the play."""
        self._stop.set()

    def act(self) -> None:
        """Do one thing that a person might do now."""
        with self._state.lock:
            workflows = self._state.workflows.values()
            running = [item for item in workflows if item["status"] == RUNNING]
            snoozed = [item for item in workflows if item["status"] == SNOOZED]
            under_way = len(running) + len(snoozed)
            if under_way < FEW or (under_way < ENOUGH and self.dice.random() < STARTED_SHARE):
                self._start_one()
            elif snoozed and (not running or self.dice.random() < RESUMED_SHARE):
                self._workflows.step(self.dice.choice(snoozed)["id"], "resume")
            elif running:
                self._move(self.dice.choice(running))

    def _play(self) -> None:
        while True:
            pace = self._state.settings.pace
            # Around the pace, not like a clock: people are not regular.
            if self._stop.wait(pace * self.dice.uniform(0.5, 1.5) if pace else _IDLE):
                return
            if self._state.settings.pace:
                try:
                    self.act()
                except Exception:  # one act that fails must not end the play
                    traceback.print_exc()

    def _move(self, workflow: Record) -> None:
        is_first = workflow["current"] == workflow["steps"][0]["number"]
        returns = not is_first and self.dice.random() < RETURNED_SHARE
        self._workflows.step(workflow["id"], "return" if returns else "complete")

    def _start_one(self) -> None:
        """Start a workflow as one of those whom its template allows to."""
        users = {id_: user for id_, user in self._state.users.items() if user["status"] == "active"}
        choice = [
            (template, users[id_])
            for template in self._state.templates.values()
            if template["is_active"] and template["tasks"]
            for id_ in template["run_allowed"][:5]
            if id_ in users
        ]
        if not choice:
            return
        template, starter = self.dice.choice(choice)
        name = f"{template['name']}: {starter['first_name']} {starter['last_name']}".rstrip(": ")
        try:
            kickoff = self._workflows.made_up(all_fields(template["kickoff"]), {})
        except Refused:
            return
        self._workflows.start(template, name=name, kickoff=kickoff, started_by=starter["id"])
