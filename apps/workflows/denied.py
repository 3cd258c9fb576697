"""What it means that the key may not read a workflow.

Pneumatic says "not found" of a deleted workflow to the account's owner alone; everybody else it forbids to read it. But
nobody is kept from what they started: that stands in the list as long as it is there.
"""

from __future__ import annotations

from apps.pneumatic.client import Client
from apps.workflow_templates.models import Template
from apps.workflows.models import Workflow


class Denied:
    """Tells which of the workflows that the key may not read are gone; asks for each list once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._started: dict[int, set[int]] = {}  # by template

    def is_gone(self, workflow_id: int) -> bool:
        """Return whether the key's user started the workflow, and it is not among what they started any more.

        Of a template in which that user has no part any more, nothing is concluded. Raise PneumaticError.
        """
        holder = self._client.key_holder()
        if holder is None:
            return False
        ours = Workflow.objects.filter(pk=workflow_id, history__starter_id=holder.user_id)
        template_id = ours.values_list("template_id", flat=True).first()
        if template_id is None or not _has_a_part(holder.user_id, template_id):
            return False
        if template_id not in self._started:
            listed = self._client.list_workflows(template_id=template_id, starter_id=holder.user_id)
            self._started[template_id] = {workflow.id for workflow in listed}
        return workflow_id not in self._started[template_id]


def _has_a_part(user_id: int, template_id: int) -> bool:
    found = Template.objects.filter(pk=template_id, removed_at=None, run_allowed__pneumatic_user_id=user_id)
    return found.exists()
