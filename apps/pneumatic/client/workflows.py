"""The calls that read workflows back. They need ``capabilities.reads_back``: the documented API has none of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from apps.pneumatic.canonical.activity import ActivityLog
from apps.pneumatic.canonical.events import Status, WorkflowSnapshot
from apps.pneumatic.canonical.schemas import Received
from apps.pneumatic.client.base import BaseClient
from apps.pneumatic.dialects.shared import receive
from apps.pneumatic.transport.parsing import Node


class WorkflowCalls(BaseClient):
    """Workflows. Every method makes requests and raises PneumaticError; ConfigurationError without ``reads_back``."""

    def list_workflows(
        self,
        *,
        template_id: int | None = None,
        starter_id: int | None = None,
        status: Status | None = None,
        limit: int | None = None,
        answers_to: Sequence[str] = (),
    ) -> list[WorkflowSnapshot]:
        """Return the workflows that the key may see, newest first; at most ``limit``.

        Current API: ``GET /workflows``. ``status`` is running, completed or snoozed. Of the answers to the kickoff form
        they have those ``answers_to`` fields with these API names, and of the tasks' answers too; before 3.2 none.
        """
        rows = self.receive_workflows(
            template_id=template_id, starter_id=starter_id, status=status, limit=limit, answers_to=answers_to
        )
        return [row.read() for row in rows]

    def receive_workflows(
        self,
        *,
        template_id: int | None = None,
        starter_id: int | None = None,
        status: Status | None = None,
        limit: int | None = None,
        answers_to: Sequence[str] = (),
    ) -> list[Received[WorkflowSnapshot]]:
        """Return the same as ``list_workflows``, not parsed yet, so that one cannot hide the others."""
        dialect = self._dialect
        listing = dialect.workflows(
            template_id=template_id,
            starter_id=starter_id,
            status=status,
            oldest_first=limit is None,
            answers_to=answers_to,
        )
        parse = partial(receive, parse=dialect.parse_workflow)
        if limit is None:
            return self._list(listing, parse)[::-1]
        with self._expect_found():
            page = self._transport.get(listing.path, {**listing.params, "limit": limit, "offset": 0})
        return [parse(node) for node in Node(page).child("results").members()][:limit]

    def get_workflow(self, workflow_id: int) -> WorkflowSnapshot:
        """Return one workflow with its kickoff answers. Current API: ``GET /workflows/<id>``.

        Raise NotFound for a deleted workflow, PermissionDenied where the key may not see it.
        """
        node = Node(self._transport.get(self._dialect.workflow_path(workflow_id)))
        workflow = self._dialect.parse_workflow(node)
        if workflow.id != workflow_id:
            node.child("id").fail()
        return workflow

    def get_activity(self, workflow_id: int) -> ActivityLog:
        """Return who completed the workflow's tasks, returned or ended it. Current API: ``GET /workflows/<id>/events``.

        One request: of a workflow in which very much happened, the newest. Errors are those of ``get_workflow``.
        """
        listing = self._dialect.activity_listing(workflow_id)
        page = self._transport.get(listing.path, {**listing.params, "limit": listing.page_size or 0})
        return self._dialect.parse_activity(Node(page))
