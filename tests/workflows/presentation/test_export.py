"""Workflows as CSV: every one that matches, harmless to a spreadsheet, and without making an object of each."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from tests.factories import NOW, make_pneumatic_user, make_template, make_workflow


def rows(client: Client, query: str = "") -> list[dict[str, Any]]:
    response = client.get(f"/workflows/export.csv?{query}")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


def test_it_contains_what_the_list_shows(viewer_client: Client, operator: User) -> None:
    template = make_template(7, name="Onboarding")
    template.tasks_count = 5
    template.save()
    make_workflow(
        1,
        name="Ada",
        template_id=7,
        template_name="Old name",
        step=2,
        task_name="Prepare",
        performers=[(1, "Bo"), (2, "")],
        launched_by=operator,
        has_gaps=True,
    )

    (row,) = rows(viewer_client)

    assert row["Workflow ID"] == "1"
    assert row["Template"] == "Onboarding"
    assert (row["Step"], row["Steps"], row["Current task"]) == ("2", "5", "Prepare")
    assert row["Assigned to"] == "Bo, User 2"
    assert (row["Started by"], row["E-mail"]) == ("operator", "operator@example.com")
    assert (row["Status"], row["Status is"], row["Events are missing"]) == ("running", "confirmed", "yes")
    assert row["Started"].startswith(f"{NOW.year}-")


def test_ended_workflows_are_assigned_to_no_one(viewer_client: Client) -> None:
    make_workflow(1, state="completed", is_state_confirmed=False, performers=[(1, "Bo")])

    (row,) = rows(viewer_client)

    assert (row["Assigned to"], row["Assigned since"], row["Status is"]) == ("", "", "inferred")


def test_starters_in_pneumatic_are_named_as_in_the_list(viewer_client: Client) -> None:
    make_pneumatic_user(2, first="Bo", last="Operator")
    make_workflow(1, history={"starter_id": 2})
    make_workflow(2, history={"is_external": True})
    make_workflow(3)

    started_by = {row["Workflow ID"]: row["Started by"] for row in rows(viewer_client)}

    assert started_by == {"1": "Bo Operator", "2": "a public form", "3": ""}


def test_a_workflow_that_waits_is_assigned_since_no_time(viewer_client: Client) -> None:
    make_workflow(1, state="snoozed")

    (row,) = rows(viewer_client)

    assert (row["Assigned to"], row["Assigned since"], row["Current task"]) == ("", "", "Collect papers")


def test_it_has_all_matches_and_not_only_the_page(viewer_client: Client) -> None:
    for number in range(120):
        make_workflow(number + 1, name=f"W{number}")
    make_workflow(500, name="Other", state="snoozed")

    assert len(rows(viewer_client, "state=running")) == 120


def test_no_cell_is_a_formula(viewer_client: Client) -> None:
    make_workflow(1, name="=1+1", task_name="@SUM(A1)", template_name="+1", performers=[(1, "-1")])

    (row,) = rows(viewer_client)

    assert [row[name] for name in ("Workflow name", "Current task", "Template", "Assigned to")] == [
        "'=1+1",
        "'@SUM(A1)",
        "'+1",
        "'-1",
    ]


def test_the_number_of_queries_does_not_grow_with_the_rows(
    viewer_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        make_workflow(number + 1, template_id=make_template().pk)

    # The session, the user, their two kinds of permissions; who started any; templates, workflows, their starters.
    with django_assert_num_queries(8):
        rows(viewer_client)
