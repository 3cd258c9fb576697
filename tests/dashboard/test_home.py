"""The home page: /."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.sync.models import SyncResult, SyncRun
from tests.factories import make_launch, make_pneumatic_user, make_template, make_use
from tests.fixtures.people import OPEN_TO_EVERY_ROLE

URL = reverse("dashboard")


@pytest.mark.parametrize(("who", "status"), OPEN_TO_EVERY_ROLE.items())
def test_it_opens_to_every_role(request: pytest.FixtureRequest, db: None, who: str, status: int) -> None:
    assert request.getfixturevalue(who).get(URL).status_code == status


def test_it_only_reads(viewer_client: Client) -> None:
    assert viewer_client.post(URL).status_code == 405


def html_of(client: Client) -> str:
    return client.get(URL).content.decode()


def synced() -> None:
    """Record a good sync of everything, just now."""
    now = timezone.now()
    run = SyncRun.objects.create(
        state=SyncRun.State.DONE, trigger="command", started_at=now, heartbeat_at=now, host="here", pid=1
    )
    for resource in ("templates", "users"):
        SyncResult.objects.create(run=run, resource=resource, state=SyncResult.State.DONE, finished_at=now)


def test_it_begins_with_what_i_launch_most(operator: User, operator_client: Client) -> None:
    for number in range(8):
        make_use(operator, make_template(name=f"Template {number}"), number + 1)
    home = operator_client.get(URL).context["home"]
    assert [template.name for template in home.favourites] == [f"Template {n}" for n in (7, 6, 5, 4, 3, 2)]
    html = html_of(operator_client)
    assert "Most launched" in html
    assert f'href="/templates/{home.favourites[0].pk}/launch/"' in html
    assert "8 launches" in html


def test_it_suggests_what_i_may_launch_until_i_have_favourites(
    operator: User, operator_client: Client
) -> None:
    make_pneumatic_user(7, email=operator.email)
    make_template(name="Mine", run_allowed=[7])
    make_template(name="Theirs", run_allowed=[8])
    make_template(name="Inactive", run_allowed=[7], is_active=False)
    html = html_of(operator_client)
    assert "Ready to launch" in html
    assert "Mine" in html
    assert "Theirs" not in html
    assert "Inactive" not in html


def test_a_viewer_sees_templates_without_launch_buttons(viewer_client: Client) -> None:
    make_template(name="Onboarding")
    html = html_of(viewer_client)
    assert "Onboarding" in html
    assert "Ready to launch" not in html
    assert "/launch/" not in html


def test_a_favourite_that_names_me_no_more_has_no_launch_button(
    operator: User, operator_client: Client
) -> None:
    make_pneumatic_user(7, email=operator.email)
    make_use(operator, make_template(name="Taken away", run_allowed=[8]))
    html = html_of(operator_client)
    assert "Taken away" in html
    assert "/launch/" not in html


def test_it_shows_what_waits_for_me_with_the_reason(
    operator: User, viewer: User, operator_client: Client
) -> None:
    template = make_template()
    now = timezone.now()
    make_launch(
        template,
        operator,
        name="Stuck",
        state=Launch.State.UNKNOWN,
        reason="The answer <b>was lost</b>.",
        created_at=now,
    )
    make_launch(template, operator, name="Fine", created_at=now)
    make_launch(template, viewer, name="Not mine", state=Launch.State.FAILED, created_at=now)
    response = operator_client.get(URL)
    home, html = response.context["home"], response.content.decode()
    assert [launch.name for launch in home.attention] == ["Stuck"]
    assert {launch.name for launch in home.latest} == {"Stuck", "Fine"}
    assert "Needs your attention" in html
    assert "The answer &lt;b&gt;was lost&lt;/b&gt;." in html


def test_it_calls_a_launch_what_pneumatic_called_it(operator: User, operator_client: Client) -> None:
    make_launch(
        make_template(),
        operator,
        name="Return of {{date}}",
        upstream_name="Return of Monday",
        state="launched",
    )
    html = html_of(operator_client)
    assert "Return of Monday" in html
    assert "{{" not in html


def test_it_is_calm_where_nothing_waits(operator_client: Client) -> None:
    html = html_of(operator_client)
    assert "Needs your attention" not in html
    assert "Your launches and their status appear here" in html


def test_it_shows_the_next_step_before_the_first_sync(operator_client: Client) -> None:
    html = html_of(operator_client)
    assert "No templates yet" in html
    assert "manage.py sync" in html
    assert f'href="{reverse("sync")}"' in html
    assert "Last sync" not in html


def test_it_says_so_when_no_template_is_for_me(operator_client: Client) -> None:
    synced()
    make_template(is_active=False)
    html = html_of(operator_client)
    assert "No templates to launch" in html
    assert "No templates yet" not in html


def test_it_shows_the_freshness_of_each_resource(operator_client: Client) -> None:
    synced()
    html = html_of(operator_client)
    assert "Last sync" in html
    assert "just now" in html


@pytest.mark.parametrize("count", [2, 30])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    operator: User, operator_client: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        template = make_template(name=f"Template {number}")
        make_use(operator, template)
        make_launch(template, operator, state=Launch.State.UNKNOWN)
    # The session, the user, their two kinds of permissions and their roles; abandoned launches; who they are in
    # Pneumatic, favourites, what waits, what is latest, drafts; how fresh the two resources are. Of workflows: the last
    # change, who they are, what runs, what lost events.
    with django_assert_num_queries(20):
        operator_client.get(URL)
