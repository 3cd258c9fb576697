"""How workflows are listed: which, in which order, and with which answers."""

from __future__ import annotations

from collections.abc import Sequence

from apps.pneumatic.canonical.events import Status
from apps.pneumatic.dialects.base import Listing

_STATUSES = {Status.RUNNING: "running", Status.COMPLETED: "done", Status.SNOOZED: "snoozed"}


def workflow_listing(
    *,
    template_id: int | None,
    starter_id: int | None,
    status: Status | None,
    oldest_first: bool,
    answers_to: Sequence[str],
) -> Listing:
    """Return the list of the workflows of a template, a starter, a status: each None for any.

    The rows have the answers to the fields with the API names ``answers_to``.
    """
    params = {"ordering": "date" if oldest_first else "-date"}
    if template_id is not None:
        params["template_id"] = str(int(template_id))
    if starter_id is not None:
        params["workflow_starter"] = str(int(starter_id))
    if status is not None:
        params["status"] = _STATUSES[status]
    if answers_to:
        params["fields"] = ",".join(answers_to)
    return Listing("/workflows", params, page_size=200)
