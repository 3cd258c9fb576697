"""Find the workflow or task that a path names, if the key's user may have it."""

from __future__ import annotations

from sandbox.current import access, errors
from sandbox.current.routing import whole_number
from sandbox.shapes import Record
from sandbox.state import State
from sandbox.workflows import TASKS_PER_WORKFLOW


def find_workflow(state: State, user: Record, id_text: str) -> Record:
    """Return a workflow; raise Complaint when there is none, or when it is none of the user's business.

    Only the account's owner sees which of the two it is.
    """
    id_ = whole_number(id_text)
    if id_ is None:
        raise errors.forbidden()
    workflow = state.workflows.get(id_)
    if workflow is None:
        raise errors.not_found() if user["is_account_owner"] else errors.forbidden()
    if not access.takes_part(user, workflow, state):
        raise errors.forbidden()
    return workflow


def find_task(state: State, user: Record, id_text: str) -> tuple[Record, Record]:
    """Return a task with its workflow; raise Complaint as for workflows."""
    id_ = whole_number(id_text) or 0
    workflow = state.workflows.get(id_ // TASKS_PER_WORKFLOW)
    step = next((step for step in workflow["steps"] if step["id"] == id_), None) if workflow else None
    if workflow is None or step is None:
        raise errors.not_found()
    if not access.takes_part(user, workflow, state):
        raise errors.forbidden()
    return workflow, step
