"""The releases of the current server that the sandbox plays, and the facts in which they differ.

Each fact was recorded on the real server of that release. ``Release`` has one attribute for each, so that a handler asks
for the fact and never for the number of the release.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Release:
    """What one release reads and answers; the defaults are those of the newest.

    ``option_names`` are what a launch may send for an option: ``id`` (a text of digits), ``api_name``, ``text``.
    ``listed_options`` is how a row of the list of templates shows one: ``objects_with_ids``, ``objects`` or ``texts``.
    ``workflow_tasks`` is how lists and responses show the tasks of a workflow: ``current`` (the open one and the passed
    ones), ``both``, ``all``. ``delivery_attempts`` counts the first; a delivery is sent again after a status of 500.
    """

    name: str
    # -- A launch
    option_names: tuple[str, ...] = ("text",)
    dates: str = "seconds"  # or "us": MM/DD/YYYY
    people: str = "email"  # or "id"
    files: str = "links"  # or "ids"
    has_numbers: bool = True
    # -- Lists and templates
    template_owners: str = "roles"  # or "owners" (without roles), "ids"
    listed_options: str = "texts"
    has_empty_options: bool = False  # ``selections: []`` in fields without options
    has_hidden_fields: bool = True
    has_description: bool = False  # of the kickoff
    has_performers_count: bool = False
    has_fieldsets: bool = True
    has_datasets: bool = True
    has_personal_groups: bool = True
    # -- Workflows
    workflow_tasks: str = "all"
    has_workflow_id: bool = False  # ``workflow_id`` beside ``id`` in the response to a launch
    performers: str = "objects"  # or "ids"
    stored_options: str = "texts"  # or "objects"
    stored_people: str = "names"  # or "ids"
    has_attachments: bool = False  # in the output of a file field
    # -- Webhooks
    completed_event: str = "task_completed"  # or "task_completed_v2"
    returned_task: str = "from"  # or "to": which task ``task_returned`` has
    payload_workflow: str = "whole"  # or "current", "tasks"
    payload_people: str = "ids"  # or "names"
    task_completed_last: bool = True  # after ``workflow_completed``
    delivery_attempts: int = 3
    # -- Tasks and probes
    has_task_paths: bool = True  # /v2/tasks/{id}/complete and /revert
    snooze_dates: str = "seconds"  # or "iso"
    return_to: str = "api_name"  # or "id"
    has_google_sign_in: bool = True
    context_keys: tuple[str, ...] = ()  # of GET /auth/context, beyond those of every release


V7_3 = Release("7.3")
V7_0 = replace(V7_3, name="7.0", has_fieldsets=False)
V6_0 = replace(V7_0, name="6.0", files="ids", has_attachments=True)
V5_0 = replace(
    V6_0,
    name="5.0",
    option_names=("api_name",),
    listed_options="objects",
    stored_options="objects",
    has_empty_options=True,
    has_datasets=False,
    has_personal_groups=False,
)
V4_3 = replace(V5_0, name="4.3", template_owners="owners", has_hidden_fields=False)
V4_0 = replace(
    V4_3,
    name="4.0",
    people="id",
    stored_people="ids",
    snooze_dates="iso",
    delivery_attempts=1,
    has_google_sign_in=False,
)
V3_2 = replace(V4_0, name="3.2", has_description=True, workflow_tasks="both", payload_workflow="tasks")
V2_0 = replace(
    V3_2,
    name="2.0",
    option_names=("api_name", "id"),
    listed_options="objects_with_ids",
    has_numbers=False,
    template_owners="ids",
    workflow_tasks="current",
    performers="ids",
    payload_workflow="current",
    payload_people="names",
    returned_task="to",
    return_to="id",
    task_completed_last=False,
    has_task_paths=False,
)
V1_0 = replace(
    V2_0,
    name="1.0",
    dates="us",
    has_workflow_id=True,
    has_performers_count=True,
    completed_event="task_completed_v2",
    delivery_attempts=6,
)
RELEASES = {release.name: release for release in (V1_0, V2_0, V3_2, V4_0, V4_3, V5_0, V6_0, V7_0, V7_3)}
