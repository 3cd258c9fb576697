"""Launching: who may, what the body must be, and the name that the server makes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.shapes import Record, all_fields
from sandbox.state import State
from sandbox.wire import Answer, Request, json_answer
from sandbox.workflows import Workflows

from . import access, errors
from .outputs import fill_in, plain_values, shown_time
from .routing import Routes, json_object
from .shapes import ACCOUNT_NAME, name_of
from .templates import find
from .validation import Broken, answers
from .workflows.shapes import launch_answer

MAX_NAME_CHARACTERS = 120
DISABLED = "Your template is disabled. Please, enable this template before running."
_TRUE, _FALSE = {"true", "1", "on"}, {"false", "0", "off"}


class Running:
    """Answers the requests in ``routes``."""

    def __init__(self, state: State, workflows: Workflows) -> None:
        self._state = state
        self._workflows = workflows
        self.routes: Routes = {r"/templates/([^/]+)/run": {"POST": self._run}}

    def _run(self, request: Request, user: Record, id_text: str) -> Answer:
        """Launch a template; unknown keys of the body and of the kickoff are dropped silently."""
        with self._state.lock:
            self._template(user, id_text)
        body = json_object(request)
        name, kickoff = _name(body.get("name")), _kickoff(body.get("kickoff"))
        is_urgent, due = _is_urgent(body.get("is_urgent")), _due(body.get("due_date_tsp"))
        with self._state.lock:
            template = self._template(user, id_text)
            if not template["is_active"]:
                raise errors.wrong_as_a_whole(DISABLED)
            fields = all_fields(template["kickoff"])
            try:
                kept = answers(fields, kickoff, self._state)
            except Broken:
                return errors.server_error()
            pattern = name or template["wf_name_template"] or "{{date}} — {{template-name}}"
            workflow = self._workflows.start(
                template,
                name=self._filled_in(pattern, template, user, kept),
                kickoff=kept,
                started_by=user["id"],
                is_urgent=is_urgent,
                due=due,
            )
            return json_answer(launch_answer(workflow, self._state))

    def _template(self, user: Record, id_text: str) -> Record:
        has_roles = self._state.release.template_owners == "roles"
        refusal = errors.NO_TEMPLATE_ACCESS if has_roles else errors.NOT_OWNER
        template = find(self._state, id_text, user, refusal)
        if not user["is_account_owner"] and not access.roles(user, template, self._state):
            raise errors.forbidden(refusal)
        return template

    def _filled_in(self, pattern: str, template: Record, user: Record, kept: Record) -> str:
        """Return the name of the workflow: with its variables replaced, and cut where it is too long."""
        now = dt.datetime.now(dt.UTC).timestamp()
        values = {
            **plain_values(all_fields(template["kickoff"]), kept, user, self._state),
            "date": shown_time(now, user),
            "template-name": template["name"],
            "workflow-starter": name_of(user),
            "account_name": ACCOUNT_NAME,
            "user_first_name": user["first_name"],
            "user_last_name": user["last_name"],
            "user_email": user["email"],
            "workflow-id": str(self._state.workflow_ids.upcoming),
        }
        name = fill_in(pattern, values)
        return name if len(name) <= MAX_NAME_CHARACTERS else name[: MAX_NAME_CHARACTERS - 1] + "…"


def _name(value: Any) -> str:
    """Return the name, empty for one that the server is to make up."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise errors.wrong_key("name", "Not a valid string.")
    name = str(value).strip()
    if "\0" in name:
        raise errors.wrong_key("name", errors.NUL)
    if not name:
        raise errors.wrong_key("name", errors.BLANK)
    return name


def _kickoff(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise errors.wrong_key("kickoff", 'Expected a dictionary of items but got type "{kind}".', kind=kind)
    return value


def _is_urgent(value: Any) -> bool:
    text = str(value).lower()
    if value is None or text in _FALSE:
        return False
    if text not in _TRUE:
        raise errors.wrong_key("is_urgent", "Must be a valid boolean.")
    return True


def _due(value: Any) -> float | None:
    """Return when the workflow is due, in seconds of Unix time."""
    if value is None:
        return None
    try:
        due = float(value)
    except (TypeError, ValueError):
        raise errors.wrong_key("due_date_tsp", "A valid number is required.") from None
    if due <= dt.datetime.now(dt.UTC).timestamp():
        raise errors.wrong_key("due_date_tsp", "Due date should be greater than current.")
    return due
