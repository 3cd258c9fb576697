"""Running workflows, on the home page and among search results."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.dashboard import selectors
from tests.factories import make_pneumatic_user, make_template, make_workflow


@pytest.fixture
def me(operator: User) -> User:
    """Return a user who is the Pneumatic user 1."""
    make_pneumatic_user(1, email=operator.email)
    return operator


def page_text(client: Client, url: str = "/") -> str:
    return " ".join(client.get(url).content.decode().split())


def test_what_is_assigned_to_me_is_listed_first_and_each_workflow_once(me: User) -> None:
    for number in range(1, 8):
        make_workflow(number, performers=[(1, "Bo")], has_gaps=number == 7)
    make_workflow(20, name="Other")
    make_workflow(21, name="Lossy", has_gaps=True, state="snoozed")
    make_workflow(22, name="Over", has_gaps=True, state="completed")

    moving = selectors.moving_for(me)

    assert [row.workflow.pk for row in moving.mine] == [7, 6, 5, 4, 3]
    assert moving.more_mine
    assert [row.workflow.name for row in moving.others] == ["Other"]
    assert [row.workflow.name for row in moving.with_gaps] == ["Lossy"]
    assert all(row.is_mine for row in moving.mine)


def test_the_page_shows_it(operator_client: Client, me: User) -> None:
    make_workflow(1, name="Mine", performers=[(1, "Bo")])
    make_workflow(2, name="Theirs", step=3)

    page = page_text(operator_client)

    assert (
        page.index("Assigned to me")
        < page.index("Mine")
        < page.index("Other running workflows")
        < page.index("Theirs")
    )
    assert "step 3" in page
    assert "live.js" in page


def test_no_running_workflows_are_a_quiet_sentence(viewer_client: Client) -> None:
    page = page_text(viewer_client)

    assert "No running workflows." in page
    assert "No events can be received" not in page


def test_missing_subscriptions_are_shown_with_it(viewer_client: Client) -> None:
    make_workflow(1)

    assert "No events can be received" in page_text(viewer_client)


def test_it_costs_the_same_number_of_queries_however_much_moves(operator_client: Client, me: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            operator_client.get("/")
        return len(captured)

    make_workflow(template_id=make_template().pk, performers=[(1, "Bo")])
    few = queries()
    for number in range(30):
        make_workflow(
            template_id=make_template().pk, performers=[(number % 2 + 1, "Bo")], has_gaps=number % 3 == 0
        )

    assert queries() == few <= 33


def test_a_search_finds_workflows(viewer_client: Client) -> None:
    for number in range(10):
        make_workflow(number + 1, name=f"Zebra {number}")

    page = page_text(viewer_client, "/search/?q=zebra")

    assert 'href="/workflows/?q=zebra"' in page
    assert page.count("/workflows/1") >= 1
    assert "Zebra 9" in page
    assert 'href="/workflows/4/"' in page_text(viewer_client, "/search/?q=4")


def test_those_who_may_not_see_workflows_find_none(no_role_client: Client, no_role: User) -> None:
    no_role.user_permissions.add(Permission.objects.get(codename="view_template"))
    make_workflow(1, name="Zebra")

    assert "Zebra" not in page_text(no_role_client, "/search/?q=zebra")
    assert "Zebra" not in page_text(no_role_client)
    assert no_role_client.get("/", headers={"Live-Version": "x"}).status_code == 200
