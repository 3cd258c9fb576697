"""The reference's own examples of webhook payloads are read as they are meant."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.pneumatic.canonical.events import Choice, FileLink, Kind, Output, Performer, Status, TaskSnapshot
from apps.pneumatic.deliveries import read_payload
from tests.pneumatic.dialects.documented import payloads

DOCUMENTED_OUTPUT = (
    Output("field-shdgkk", "Performer", "user", "1"),
    Output(
        "field-asdsfd",
        "Label",
        "radio",
        choices=(Choice("1", "First Selection"), Choice("2", "Second Selection", is_selected=True)),
    ),
    Output("field-cvkjbk", "File", "file", files=(FileLink("1", "filename.png", "https://fake-url.com"),)),
)
STARTED = dt.datetime(2020, 10, 12, 16, 25, 0, 62000, tzinfo=dt.UTC)
COMPLETED = dt.datetime(2020, 10, 12, 16, 25, 58, 675000, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("event", "kind"), [("task_completed_v2", Kind.TASK_COMPLETED), ("task_returned", Kind.TASK_RETURNED)]
)
def test_the_documented_example_about_a_task(event: str, kind: Kind) -> None:
    found = read_payload(payloads.about_a_task(event))

    assert (found.hook.id, found.hook.event, found.hook.target) == (1, event, "your_webhook_listener_url")
    assert found.hook.test == ""
    assert found.event is not None
    assert found.event.kind == kind
    assert found.event.task == TaskSnapshot(
        1,
        "Task name",
        1,
        "Task description",
        STARTED,
        COMPLETED,
        (Performer(1, "John Doe"),),
        DOCUMENTED_OUTPUT,
    )
    assert found.event.workflow.current_task == TaskSnapshot(
        2, "Second task", 2, "Task description", STARTED, COMPLETED, (Performer(2, "John Jr. Doe"),)
    )
    assert found.event.occurred_at == COMPLETED


@pytest.mark.parametrize(
    ("event", "kind"),
    [("workflow_started", Kind.WORKFLOW_STARTED), ("workflow_completed", Kind.WORKFLOW_COMPLETED)],
)
def test_the_documented_example_about_a_workflow(event: str, kind: Kind) -> None:
    found = read_payload(payloads.about_a_workflow(event)).event

    assert found is not None
    assert (found.kind, found.task) == (kind, None)
    about = found.workflow
    assert (about.id, about.name, about.status) == (1, "Workflow Name", Status.COMPLETED)
    assert (about.template_id, about.template_name) == (1, "Template name")
    assert about.date_created == dt.datetime(2020, 10, 12, 16, 12, 10, 99000, tzinfo=dt.UTC)
    assert about.kickoff == DOCUMENTED_OUTPUT
