"""The releases of the current server that the sandbox plays, and the facts in which they differ.

Each fact was recorded on the real server of that release. ``Release`` has one attribute for each, so that a handler
asks for the fact and never for the number of the release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Release:
    """What one release reads and answers; the defaults are those of the newest.

    ``option_names`` are the keys of an option that a launch may name it by, in the order in which they are tried; an
    ``id`` is sent as a text of digits. ``absent`` are keys that no user, template, field or answer has yet.
    ``listed_options`` is how a row of the list of templates shows one: ``objects_with_ids``, ``objects`` or ``texts``.
    ``workflow_tasks`` is how lists and responses show the tasks of a workflow: ``current`` (the open one and the passed
    ones), ``both``, ``all``. ``payload_workflow`` is what webhooks have of it: ``whole``, ``tasks`` (all of them and
    the current one), ``current`` (that one alone), ``first`` (the same, with dates as text too, without API names).
    ``payload_stage`` is when the payload of a step is made: when the workflow has ``moved`` on to the next task, when
    the step is ``stored``, or ``before`` that (for the last task: stored). ``delivery_attempts`` counts the first; a
    delivery is sent again after a status of 500.
    """

    name: str
    absent: frozenset[str] = frozenset()
    # -- A launch
    option_names: tuple[str, ...] = ("value",)
    dates: str = "seconds"  # or "us": MM/DD/YYYY
    people: str = "email"  # or "id"
    files: str = "links"  # or "ids"
    has_numbers: bool = True
    number_refusal: str = "The value must be a number."
    # -- Lists and templates
    template_refusal: str = "You do not have permission to perform this action."  # to who is no administrator
    template_owners: str = "roles"  # or "owners" (without roles), "ids"
    listed_options: str = "texts"
    has_empty_options: bool = False  # ``selections: []`` in fields without options
    has_listed_defaults: bool = True  # ``default`` in fields of the list
    form_task_keys: tuple[str, ...] = ("name", "number", "api_name")  # of /templates/<id>/fields
    form_field_keys: tuple[str, ...] = ("name", "type", "order", "description", "is_hidden", "api_name")
    has_description: bool = False  # of the kickoff
    has_counts: bool = False  # of performers, and of templates in the account; who is staff
    has_performer_ids: bool = False  # of the rules who performs a task
    has_conditions: bool = True  # of a task that follows another
    has_dates_joined: bool = False  # as texts in the list of users
    has_superuser: bool = True  # the owner is one
    has_group_types: bool = True
    # -- Workflows
    workflow_tasks: str = "all"
    has_workflow_id: bool = False  # ``workflow_id`` next to ``id`` in the response to a launch
    has_due_date: bool = False  # as text, next to ``due_date_tsp``
    refuses_ids_first: bool = True  # of POST /workflows/<id>, a method that no release has
    lists_workflows_to_all: bool = True  # not to administrators alone
    stored_options: str = "texts"  # or "objects"
    stored_people: str = "names"  # or "ids"
    has_attachments: bool = False  # in the output of a file field
    has_prefixed_names: bool = False  # of files
    # -- Webhooks
    completed_event: str = "task_completed"  # or "task_completed_v2"
    returned_task: str = "from"  # or "to": which task ``task_returned`` has
    payload_workflow: str = "whole"
    payload_stage: str = "moved"
    delivery_attempts: int = 3
    # -- Tasks and probes
    has_task_paths: bool = True  # /v2/tasks/{id}/complete and /revert
    has_workflow_task_paths: bool = False  # /workflows/{id}/task-complete and /task-revert
    needs_required_outputs: bool = False  # to complete a task
    resume_shows_workflow: bool = True
    snooze_dates: str = "seconds"  # or "iso"
    return_to: str = "api_name"  # or "id"
    has_google_sign_in: bool = True

    def known(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record without the keys that this release has not yet."""
        return {key: value for key, value in record.items() if key not in self.absent}


V7_3 = Release("7.3")
V7_0 = replace(
    V7_3,
    name="7.0",
    absent=frozenset({"fieldset_id", "fieldsets"}),
    has_listed_defaults=False,
    refuses_ids_first=False,
    has_workflow_task_paths=True,
    needs_required_outputs=True,
    form_task_keys=("id", *V7_3.form_task_keys),
)
V6_0 = replace(
    V7_0,
    name="6.0",
    absent=V7_0.absent | {"manager_id", "subordinates_ids"},
    files="ids",
    has_attachments=True,
)
V5_0 = replace(
    V6_0,
    name="5.0",
    absent=V6_0.absent | {"dataset", "skip_for_starter", "vacation"},
    template_refusal="Permission denied. You are not a template owner.",
    option_names=("api_name",),
    listed_options="objects",
    stored_options="objects",
    has_empty_options=True,
    has_group_types=False,
)
V4_3 = replace(
    V5_0,
    name="4.3",
    absent=V5_0.absent
    | {
        "completion_notification",
        "has_workflow_starter_access",
        "has_workflow_viewer_access",
        "is_editable",
        "is_hidden",
        "is_read_only_viewer",
        "reminder_notification",
    },
    template_refusal=V7_3.template_refusal,
    template_owners="owners",
    has_dates_joined=True,
    lists_workflows_to_all=False,
)
V4_0 = replace(
    V4_3,
    name="4.0",
    people="id",
    stored_people="ids",
    snooze_dates="iso",
    delivery_attempts=1,
    has_performer_ids=True,
    has_superuser=False,
    has_google_sign_in=False,
)
V3_2 = replace(
    V4_0,
    name="3.2",
    absent=V4_0.absent | {"ancestors", "parents", "revert_tasks"},
    has_description=True,
    number_refusal="Value should be a number.",
    workflow_tasks="both",
    payload_workflow="tasks",
)
V2_0 = replace(
    V3_2,
    name="2.0",
    absent=V3_2.absent | {"clear_value", "group_id", "markdown_value", "revert_task"},
    option_names=("api_name", "id"),
    listed_options="objects_with_ids",
    has_numbers=False,
    has_conditions=False,
    form_task_keys=("id",),
    form_field_keys=("name", "type", "api_name"),
    template_owners="ids",
    workflow_tasks="current",
    payload_workflow="current",
    returned_task="to",
    return_to="id",
    payload_stage="stored",
    has_task_paths=False,
    resume_shows_workflow=False,
)
V1_0 = replace(
    V2_0,
    name="1.0",
    absent=V2_0.absent | {"active_current_task", "active_tasks_count"},
    dates="us",
    has_workflow_id=True,
    has_due_date=True,
    payload_workflow="first",
    payload_stage="before",
    has_prefixed_names=True,
    has_counts=True,
    completed_event="task_completed_v2",
    delivery_attempts=6,
)
NEWEST = V7_3
# The oldest first.
RELEASES = {release.name: release for release in (V1_0, V2_0, V3_2, V4_0, V4_3, V5_0, V6_0, V7_0, NEWEST)}
