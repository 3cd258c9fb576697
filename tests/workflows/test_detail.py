"""The page of a workflow: its status, answers, the timeline, what is only inferred, and what is not known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.core.people import Person
from apps.pneumatic.canonical.events import Choice, FileLink, Output, Performer
from apps.webhooks.models import Event
from apps.workflows import panels
from apps.workflows.models import Workflow
from apps.workflows.presentation import outputs as presentation_outputs
from apps.workflows.presentation.timeline import detail_of
from apps.workflows.projection.history import (
    Gap,
    GapKind,
    History,
    HistoryEntry,
    HistoryEntryKind,
    TaskRound,
    history_to_json,
)
from tests.factories import NOW, make_pneumatic_user, make_template, make_workflow
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver


def page_text(client: Client, url: str = "/workflows/1/") -> str:
    return " ".join(client.get(url).content.decode().split())


def make(history: History, **values: Any) -> Workflow:
    return make_workflow(1, history=history_to_json(history), **values)


def test_the_facts_show_the_status(viewer_client: Client, operator: User) -> None:
    make_template(7, name="Onboarding")
    make_workflow(
        1, name="Ada", template_id=7, launched_by=operator, performers=[(1, "Bo Builder")], events_count=3
    )

    page = page_text(viewer_client)

    assert "<bdi>Ada</bdi>" in page
    assert 'href="/templates/7/"' in page
    assert "Bo Builder" in page
    assert "operator" in page
    assert "3 events" in page
    assert "/workflows/1" in page
    assert "Open in Pneumatic" in page


def test_a_workflow_from_outside_the_dashboard_explains_that(viewer_client: Client) -> None:
    make_workflow(1)

    assert "Pneumatic's events do not contain who did." in page_text(viewer_client).replace("&#x27;", "'")


def test_answers_are_shown_as_people_read_them(viewer_client: Client) -> None:
    make_pneumatic_user(2, first="Cy", last="Clerk")
    kickoff = (
        Output("a", "Reason", "text", "One\nTwo"),
        Output("b", "Colour", "radio", "", (Choice("1", "Red"), Choice("2", "Green", True))),
        Output("c", "Teams", "checkbox", "", (Choice("1", "Sales", True), Choice("2", "IT", True))),
        Output("d", "Contract", "file", "", (), (FileLink("1", "offer.pdf", "https://files.example.com/o"),)),
        Output("e", "Trap", "file", "", (), (FileLink("2", "trap.html", "javascript:alert(1)"),)),
        Output("f", "Buddy", "user", "2"),
        Output("g", "Needed by", "date", "2026-12-24"),
        Output("h", "Link", "url", "https://example.com/?a=1&b=2"),
        Output("i", "Not a link", "url", "javascript:alert(1)"),
        Output("j", "Empty", "string", ""),
    )
    make(History(kickoff=kickoff))

    page = page_text(viewer_client)

    assert "One<br>Two" in page
    assert "Green" in page
    assert "Red" not in page
    assert "Sales" in page
    assert "IT" in page
    assert 'href="https://files.example.com/o"' in page
    assert 'href="javascript' not in page
    assert "trap.html" in page
    assert "Cy Clerk" in page
    assert "24 Dec 2026" in page or "Dec. 24, 2026" in page
    assert 'href="https://example.com/?a=1&amp;b=2"' in page
    assert "No answer" in page


def test_users_who_are_removed_or_unknown_get_a_badge() -> None:
    outputs = [
        Output("u", "U", "user", "1"),
        Output("v", "V", "user", "2"),
        Output("w", "W", "user", "nobody"),
        Output("x", "X", "user", "3"),
    ]
    people = {
        1: Person(1, "Ada", status="removed"),
        2: Person(2, "User 2"),
        3: Person(3, "Bo", status="inactive"),
    }

    badges = [one.answer.parts[0].badge for one in presentation_outputs.describe_outputs(outputs, people, {})]

    assert presentation_outputs.people_in(outputs) == {1, 2, 3}
    assert badges == ["no longer in Pneumatic", "not synced", "", "deactivated"]


def test_performers_are_not_shown_as_those_who_completed_or_returned_a_task(viewer_client: Client) -> None:
    """The account's owner may do both in their place, and no event names who did."""
    done = TaskRound(number=1, name="Papers", performers=(Performer(1, "Bo Builder"),))
    left = TaskRound(number=2, name="Check", performers=(Performer(2, "Cy Clerk"),))
    make(
        History(
            entries=(
                HistoryEntry(HistoryEntryKind.TASK_DONE, NOW, task=done),
                HistoryEntry(HistoryEntryKind.TASK_RETURNED, NOW, task=left, target=done),
            )
        )
    )

    page = page_text(viewer_client)

    for name in ("Bo Builder", "Cy Clerk"):
        assert page.count(name) == page.count(f"Assigned to: <bdi>{name}</bdi>") == 1


def test_the_timeline_shows_what_events_report(viewer_client: Client) -> None:
    done = TaskRound(
        id=11,
        number=1,
        name="Collect papers",
        description="Do **this**<script>x</script>",
        started_at=NOW,
        done_at=NOW + dt.timedelta(minutes=90),
        performers=(Performer(1, "Bo Builder"),),
        outputs=(Output("a", "Amount", "string", "12"),),
    )
    again = TaskRound(id=11, number=1, name="Collect papers", round=2, started_at=NOW)
    make(
        History(
            entries=(
                HistoryEntry(HistoryEntryKind.STARTED, NOW),
                HistoryEntry(HistoryEntryKind.TASK_DONE, NOW, task=done),
                HistoryEntry(
                    HistoryEntryKind.TASK_RETURNED, NOW, task=TaskRound(number=2, name="Check"), target=again
                ),
                HistoryEntry(HistoryEntryKind.TASK_CURRENT, NOW, task=again),
            )
        )
    )

    page = page_text(viewer_client)

    assert "Step 1, Collect papers: completed" in page
    assert "took 1 hour, 30 minutes" in page
    assert "Bo Builder" in page
    assert "<strong>this</strong>" in page
    assert "<script>x" not in page
    assert "Amount" in page
    assert "12" in page
    assert "Returned from Step 2, Check, to Step 1, Collect papers" in page
    assert "round 2" in page
    assert "in progress" in page
    assert "inferred" not in page


def test_what_is_inferred_says_so_and_why(viewer_client: Client) -> None:
    make(
        History(
            entries=(
                HistoryEntry(HistoryEntryKind.STARTED, NOW, is_inferred=True),
                HistoryEntry(
                    HistoryEntryKind.TASK_DONE, is_inferred=True, task=TaskRound(number=2), last_number=4
                ),
                HistoryEntry(HistoryEntryKind.COMPLETED, is_inferred=True),
            ),
            gaps=(
                Gap(GapKind.START),
                Gap(GapKind.TASK, number=2, last_number=4),
                Gap(GapKind.RETURN, number=1, name="Check"),
                Gap(GapKind.COMPLETION),
                Gap(GapKind.CONTRADICTION),
            ),
        ),
        has_gaps=True,
        state="completed",
        is_state_confirmed=False,
    )

    page = page_text(viewer_client)

    assert page.count(">inferred</span>") == 4  # three lines, and the state
    assert "Steps 2 to 4: completed or skipped" in page
    assert "Later events show that the workflow passed it." in page
    assert "time unknown" in page
    assert "Events are missing" in page
    assert "The start event of the workflow is missing." in page
    assert "Steps 2 to 4 were passed" in page
    assert "Step 1, Check was reopened" in page
    assert "Completion event missing; inferred from the event of the last task." in page
    assert "completed and then continued, but the completion event is missing" in page
    assert "Two events conflict" in page
    assert "Status inferred from other events" in page


@pytest.mark.parametrize("is_inferred", [True, False])
@pytest.mark.parametrize(
    "task",
    [None, TaskRound(), TaskRound(number=1), TaskRound(name="Check"), TaskRound(number=1, name="Check")],
)
def test_every_kind_of_entry_has_words(db: None, is_inferred: bool, task: TaskRound | None) -> None:
    entries = [
        HistoryEntry(kind, task=task, is_inferred=is_inferred, target=task) for kind in HistoryEntryKind
    ]

    lines = detail_of(make(History(entries=tuple(entries)))).lines

    assert len(lines) == len(entries)
    for line in lines:
        assert line.title.strip()
        assert "None" not in line.title
        assert bool(line.why) is is_inferred


@pytest.mark.parametrize("values", [{}, {"number": 2}, {"name": "Check"}, {"number": 2, "last_number": 3}])
def test_every_kind_of_gap_has_words(db: None, values: dict[str, Any]) -> None:
    gaps = detail_of(make(History(gaps=tuple(Gap(kind, **values) for kind in GapKind)))).gaps

    assert len(gaps) == len(GapKind)
    for gap in gaps:
        assert gap.endswith(".")
        assert "None" not in gap


def test_each_line_opens_the_event_behind_it(viewer_client: Client, deliver: Deliver) -> None:
    for body in payloads.history(1, steps=3, returns=[2]):
        deliver(body)

    page = page_text(viewer_client)

    assert Event.objects.count() == 7
    for event in Event.objects.all():
        assert f'href="/workflows/1/events/{event.pk}/"' in page


def test_a_workflow_that_lost_events_says_so_instead_of_being_stuck(
    viewer_client: Client, deliver: Deliver
) -> None:
    deliver(payloads.started(1))
    deliver(payloads.task_completed(1, 3))

    page = page_text(viewer_client)

    assert "The workflow may have progressed further" in page
    assert (
        "was passed, but its completion event is missing" in page
        or "were passed, but their completion events are missing" in page
    )


def test_the_number_of_queries_does_not_grow(viewer_client: Client) -> None:
    def queries(count: int) -> int:
        Workflow.objects.all().delete()
        numbers = range(1, count + 1)
        kickoff = tuple(Output(f"u{number}", f"U{number}", "user", str(number)) for number in numbers)
        tasks = [TaskRound(number=number, performers=(Performer(number, ""),)) for number in numbers]
        entries = tuple(
            HistoryEntry(HistoryEntryKind.TASK_DONE, NOW, f"{task.number:064x}", task=task) for task in tasks
        )
        make(History(kickoff=kickoff, entries=entries), template_id=7)
        with CaptureQueriesContext(connection) as captured:
            viewer_client.get("/workflows/1/")
        return len(captured)

    make_template(7)
    viewer_client.get("/workflows/1/")

    assert queries(2) == queries(60) <= 22


def test_apps_above_add_panels(rf: Any, viewer_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def panel(request: HttpRequest, workflow: Workflow) -> str:
        return f"panel of {workflow.pk}"

    monkeypatch.setattr(panels, "_panels", [])
    panels.register_panel(panel)
    panels.register_panel(panel)
    make_workflow(1)

    assert page_text(viewer_client).count("panel of 1") == 1


def test_the_page_of_a_template_shows_what_runs(viewer_client: Client, operator_client: Client) -> None:
    make_template(7)
    for number in range(12):
        make_workflow(number + 1, name=f"Runs {number}", template_id=7)
    make_workflow(50, name="Ended", template_id=7, state="completed")

    page = page_text(viewer_client, "/templates/7/")

    assert page.count("Runs ") == 10
    assert "Ended" not in page
    assert "/workflows/?template=7&amp;state=running" in page


def test_the_page_of_a_template_without_workflows_says_so(viewer_client: Client) -> None:
    make_template(7)

    assert "No running workflows of this template." in page_text(viewer_client, "/templates/7/")


@pytest.mark.parametrize("workflow_id", ["9", "9" * 18, "9" * 40])
def test_an_unknown_workflow_is_explained(viewer_client: Client, workflow_id: str) -> None:
    response = viewer_client.get(f"/workflows/{workflow_id}/")

    assert response.status_code == 404
    page = response.content.decode()
    assert f"No events received for workflow {workflow_id}" in page
    assert f"/workflows/{workflow_id}" in page
    assert "data-live-reload" in page
