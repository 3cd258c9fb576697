"""The list of workflows: what a row shows, filters, search, pages, freshness and the number of queries."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.workflow_templates.models import Template
from apps.workflows.models import Workflow
from apps.workflows.presentation import rows as presentation_rows
from tests.factories import NOW, make_pneumatic_user, make_template, make_user, make_workflow
from tests.fixtures.people import OPEN_TO_EVERY_ROLE

HTMX = {"HX-Request": "true"}
Names = Callable[[str], list[str]]


@pytest.fixture
def names(operator_client: Client) -> Names:
    """Return a function that returns the names of the workflows that a query string shows."""

    def shown(query: str) -> list[str]:
        response = operator_client.get(f"/workflows/?{query}")
        assert response.status_code == 200
        return [workflow.name for workflow in response.context["page"]]

    return shown


def page_text(client: Client, url: str = "/workflows/") -> str:
    return " ".join(client.get(url).content.decode().split())


def steps(template: Template, count: int) -> Template:
    Template.objects.filter(pk=template.pk).update(tasks_count=count)
    return template


@pytest.mark.parametrize("who", OPEN_TO_EVERY_ROLE)
@pytest.mark.parametrize("path", ["/workflows/", "/workflows/1/", "/workflows/export.csv"])
def test_every_role_may_see_workflows(request: pytest.FixtureRequest, db: None, who: str, path: str) -> None:
    make_workflow(1)

    assert request.getfixturevalue(who).get(path).status_code == OPEN_TO_EVERY_ROLE[who]


def test_a_row_shows_the_status_of_a_workflow(viewer_client: Client, operator: User) -> None:
    steps(make_template(7, name="Onboarding"), 5)
    make_workflow(
        4711,
        name="Ada",
        template_id=7,
        step=2,
        task_name="Prepare the desk",
        task_since=timezone.now() - dt.timedelta(hours=3, minutes=1),
        performers=[(1, "Bo Builder"), (2, "Cy Clerk")],
        launched_by=operator,
    )

    page = page_text(viewer_client)

    assert 'href="/workflows/4711/"' in page
    assert 'href="/templates/7/"' in page
    assert "2 of 5" in page
    assert "Prepare the desk" in page
    assert "<bdi>Bo Builder</bdi>, <bdi>Cy Clerk</bdi>" in page
    assert "for 3 hours, 1 minute" in page
    assert "operator" in page
    assert "running" in page


def test_a_row_says_what_is_unknown(viewer_client: Client) -> None:
    make_workflow(
        1,
        name="",
        template_id=None,
        template_name="",
        step=None,
        task_name="",
        task_since=None,
        has_gaps=True,
    )

    page = page_text(viewer_client)

    assert "Workflow 1" in page
    assert page.count("Unknown") == 3
    assert "Events are missing" in page
    assert "outside this dashboard" in page


def test_an_inferred_status_has_a_tag(viewer_client: Client) -> None:
    make_workflow(1, state="completed", is_state_confirmed=False, ended_at=NOW)

    page = page_text(viewer_client)

    assert 'completed</span> <span class="tag tag--inferred">inferred</span>' in page
    assert "No user" in page


def test_a_template_that_lost_steps_gives_no_total(db: None) -> None:
    steps(make_template(7), 3)
    (row,) = presentation_rows.rows([make_workflow(1, template_id=7, step=4)])

    assert row.steps is None


def test_performers_without_a_name_are_queried_once(
    django_assert_num_queries: DjangoAssertNumQueries, db: None
) -> None:
    make_pneumatic_user(5, first="Eve", last="Engineer")
    workflows = [make_workflow(number, performers=[(5, ""), (6, " ")]) for number in range(1, 20)]

    with django_assert_num_queries(1):
        rows = presentation_rows.rows(workflows)

    assert rows[0].performers == ["Eve Engineer", "User 6"]


def test_it_is_filtered_by_everything_that_it_shows(names: Names, operator: User) -> None:
    onboarding, purchase = make_template(name="Onboarding"), make_template(name="Purchase request")
    other = make_user("other", "Operator")
    make_pneumatic_user(1, first="Bo", last="Builder", email=operator.email)
    make_pneumatic_user(2, first="Cy", last="Clerk")
    day = dt.timedelta(days=1)
    make_workflow(
        1,
        name="A",
        template_id=onboarding.pk,
        performers=[(1, "Bo Builder")],
        launched_by=operator,
        started_at=NOW,
    )
    make_workflow(
        2,
        name="B",
        template_id=purchase.pk,
        performers=[(2, "Cy Clerk")],
        launched_by=other,
        state="snoozed",
        has_gaps=True,
        started_at=NOW + day,
        last_event_at=NOW + day,
    )
    make_workflow(3, name="C", state="completed", started_at=NOW, last_event_at=timezone.now())

    assert names("") == ["C", "B", "A"]
    assert names("state=snoozed") == ["B"]
    assert names(f"template={purchase.pk}") == ["B"]
    assert names("template=request+PURCH") == ["B"]
    assert names("held=me") == ["A"]
    assert names("held=Me") == ["A"]
    assert names("held=2") == ["B"]
    assert names("held=clerk") == ["B"]
    assert names("held=nobody+at+all") == []
    assert names("starter=me") == ["A"]
    assert names("starter=elsewhere") == ["C"]
    assert names(f"starter={other.pk}") == ["B"]
    assert names("gaps=on") == ["B"]
    assert names(f"since={(NOW + day).date()}") == ["B"]
    assert names(f"until={NOW.date()}") == ["C", "A"]
    assert names("quiet=3") == ["A"]
    assert names("quiet=3&state=snoozed") == ["B"]
    assert names("quiet=3650") == []
    assert names("q=2") == ["B"]
    assert names("q=b&state=snoozed&held=clerk&template=purchase&gaps=on") == ["B"]
    assert names("q=b&state=running") == []


def test_tasks_of_a_deactivated_user_are_found(operator_client: Client, names: Names) -> None:
    make_pneumatic_user(2, first="Cy", last="Clerk", status="inactive")
    make_workflow(1, name="A", performers=[(2, "Cy Clerk")])

    assert names("held=clerk") == ["A"]


def test_a_user_without_a_pneumatic_user_gets_an_explanation(operator_client: Client, names: Names) -> None:
    make_workflow(1, performers=[(1, "Bo")])

    assert names("held=me") == []
    assert "No user in Pneumatic has your e-mail address" in page_text(operator_client, "/workflows/?held=me")


@pytest.mark.parametrize("query", ["ÅNGSTRÖM", "plan ångström", "100%", "under_score"])
def test_it_finds_words_in_any_case_and_order(names: Names, query: str) -> None:
    make_workflow(name="Ångström plan 100% under_score")
    make_workflow(name="1000 underXscore")

    assert names(f"q={query.replace('%', '%25').replace(' ', '+')}") == ["Ångström plan 100% under_score"]


@pytest.mark.parametrize(
    "query",
    [
        *(
            "state=nonsense",
            "starter=x",
            "since=yesterday",
            "q=%00",
            "template=%00",
            "held=%00",
            "q=" + "9" * 40,
        ),
        *(
            "after=x",
            "quiet=-1",
            "quiet=x",
            "quiet=99999999999",
            "until=9999-12-31",
            "since=0001-01-01",
            "held=-1",
        ),
        *("held=" + "9" * 30, "template=" + "9" * 30, "starter=" + "9" * 30),
    ],
)
def test_nonsense_in_the_address_is_no_error(names: Names, query: str) -> None:
    make_workflow(1, name="A")

    assert names(query) in (["A"], [])


def test_an_empty_list_says_why(operator_client: Client) -> None:
    page = page_text(operator_client)

    assert "No workflows yet" in page
    assert 'href="/templates/"' in page


def test_no_results_and_no_workflows_are_different_messages(operator_client: Client) -> None:
    make_workflow(1)

    assert "No matching workflows" in page_text(operator_client, "/workflows/?q=zebra")


def test_htmx_gets_the_results_only(operator_client: Client) -> None:
    make_workflow(1, name="A")

    response = operator_client.get("/workflows/?q=a", headers=HTMX)

    assert "<html" not in response.content.decode()
    assert "1 workflow found" in response.content.decode()
    assert {"HX-Request", "Live-Version"} <= set(response["Vary"].split(", "))


@pytest.mark.parametrize("query", ["state=running", "since=2020-01-01"])
def test_pages_show_every_workflow_once(operator_client: Client, query: str) -> None:
    for number in range(120):
        make_workflow(
            number + 1,
            name=f"W{number}",
            last_event_at=NOW + dt.timedelta(minutes=number // 2),
            started_at=NOW + dt.timedelta(minutes=number // 3),
        )
    url, seen = f"/workflows/?{query}", []

    while url:
        page = operator_client.get(url).context["page"]
        seen += [workflow.name for workflow in page]
        url = page.next_url

    assert seen == [f"W{number}" for number in reversed(range(120))]


def test_the_folded_filters_open_when_they_narrow(operator_client: Client) -> None:
    assert '<details class="filters__more">' in page_text(operator_client)
    assert '<details class="filters__more" open>' in page_text(operator_client, "/workflows/?gaps=on")


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    "query", ["", "?q=work", "?template=template&state=running", "?held=bo&starter=elsewhere"]
)
def test_the_number_of_queries_does_not_grow(operator_client: Client, query: str) -> None:
    make_pneumatic_user(1, first="Bo")
    make_workflow(template_id=make_template(name="Template").pk, performers=[(1, "Bo")], name="Work")
    few = queries(operator_client, f"/workflows/{query}")
    for number in range(60):
        make_workflow(
            template_id=make_template(name=f"Template {number}").pk,
            performers=[(1, "Bo"), (number + 2, "")],
            name=f"Work {number}",
            launched_by=make_user(f"user{number}") if number % 2 else None,
        )

    assert queries(operator_client, f"/workflows/{query}") <= few + 1  # people whom no event names
    assert few <= 21


def test_times_of_a_clock_that_is_ahead_are_just_now(operator_client: Client) -> None:
    ahead = timezone.now() + dt.timedelta(hours=1)
    make_workflow(1, task_since=ahead, started_at=ahead, performers=[(4, "John Doe")])

    page = operator_client.get("/workflows/?since=2020-01-01").content.decode()

    assert ">for less than a minute</time>" in page
    assert ">just now</time>" in page
    assert "in 1\xa0hour" not in page


def test_histories_stay_in_the_database(operator_client: Client) -> None:
    make_workflow(1)

    with CaptureQueriesContext(connection) as captured:
        operator_client.get("/workflows/")

    # Two values inside are read, for the workflows that no launch started.
    assert not any(re.search(r'(?<!\()"workflows_workflow"."history"', query["sql"]) for query in captured)


def test_names_from_pneumatic_are_text(viewer_client: Client) -> None:
    make_workflow(1, name="<script>alert(1)</script>", task_name="<b>x</b>", performers=[(1, "<i>Bo</i>")])

    page = page_text(viewer_client)

    assert "<script>alert" not in page
    assert "<b>x" not in page
    assert "<i>Bo" not in page


def test_the_admin_lists_and_shows_workflows(administrator_client: Client) -> None:
    make_workflow(4711, name="Ada", performers=[(1, "Bo")])

    assert "Ada" in page_text(administrator_client, "/admin/workflows/workflow/?q=ada")
    detail = page_text(administrator_client, "/admin/workflows/workflow/4711/change/")
    assert "Bo" in detail
    assert 'name="_save"' not in detail


def test_a_change_of_any_kind_is_seen(db: None) -> None:
    workflow = make_workflow(1)
    seen = Workflow.objects.get().changed_at

    assert timezone.now() - seen < dt.timedelta(minutes=5)
    assert workflow.changed_at == seen
