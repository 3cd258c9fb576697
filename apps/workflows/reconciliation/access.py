"""Whether a workflow that the API key may not read was deleted.

Pneumatic responds "not found" for a deleted workflow to the account's owner only; for other users it forbids the
reading. But users can always list the workflows that they started or own, as long as these exist.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from apps.pneumatic.canonical.schemas import KeyHolder
from apps.pneumatic.client import Client
from apps.pneumatic.client.mirror import read_or_none
from apps.workflow_templates.models import Template
from apps.workflows.models import Workflow


class AccessDenial:
    """Finds which of the workflows that the key may not read were deleted; requests each list once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._listed: dict[
            tuple[int, bool], set[int]
        ] = {}  # by template, and whether only what the user started

    def is_deleted(self, workflow_id: int) -> bool:
        """Return whether the key's user started or owned the workflow, and the list of those lacks it.

        Return False for a template that the user can no longer run or no longer owns. Raise PneumaticError.
        """
        user = self._key_user
        row = Workflow.objects.filter(pk=workflow_id).values_list("template_id", "history").first()
        if user is None or row is None or row[0] is None:
            return False
        template_id, history = int(row[0]), row[1]
        if history.get("starter_id") == user.user_id and _can_run(user.user_id, template_id):
            return workflow_id not in self._list(template_id, starter_id=user.user_id)
        if user.user_id in history.get("owner_ids", ()) and template_id in self._owned_templates:
            return workflow_id not in self._list(template_id)
        return False

    @cached_property
    def _key_user(self) -> KeyHolder | None:
        return self._client.key_holder()

    @cached_property
    def _owned_templates(self) -> set[int]:
        """Return the ids of the templates that the key's user owns, alone or in a group."""
        user_id = self._key_user.user_id if self._key_user else 0
        groups = {
            row.id
            for row in self._client.receive_groups()
            if (group := read_or_none(row)) and user_id in group.users
        }
        return {
            row.id
            for row in self._client.receive_template_list()
            if (template := read_or_none(row))
            and (user_id in template.owner_ids or groups.intersection(template.owner_group_ids))
        }

    def _list(self, template_id: int, **only: Any) -> set[int]:
        key = (template_id, bool(only))
        if key not in self._listed:
            found = self._client.list_workflows(template_id=template_id, **only)
            self._listed[key] = {workflow.id for workflow in found}
        return self._listed[key]


def _can_run(user_id: int, template_id: int) -> bool:
    found = Template.objects.filter(pk=template_id, removed_at=None, run_allowed__pneumatic_user_id=user_id)
    return found.exists()
