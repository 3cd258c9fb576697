"""Who may launch what."""

from __future__ import annotations

import html

from django.test import Client

from apps.accounts.models import User
from apps.launches import permissions
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from apps.workflow_templates.panels import launch_refusal
from tests.factories import NOW, client_of, make_launch, make_pneumatic_user, make_template, make_user
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox


def test_a_viewer_sees_but_does_not_launch(
    viewer_client: Client, every_field: Template, operator: User
) -> None:
    launch = make_launch(every_field, operator, state="failed")

    assert viewer_client.get("/launches/").status_code == 200
    page = viewer_client.get(f"/launches/{launch.pk}/")
    assert page.status_code == 200
    assert "/retry/" not in page.content.decode()
    assert viewer_client.get(f"/templates/{every_field.pk}/launch/").status_code == 403
    assert viewer_client.post(f"/templates/{every_field.pk}/launch/", {"name": "N"}).status_code == 403
    assert viewer_client.post(f"/launches/{launch.pk}/retry/", {"attempts": "0"}).status_code == 403
    assert viewer_client.post(f"/launches/{launch.pk}/resolve/", {}).status_code == 403
    assert viewer_client.post("/launches/files/").status_code == 403


def test_a_user_without_a_role_sees_nothing(
    no_role_client: Client, every_field: Template, operator: User
) -> None:
    launch = make_launch(every_field, operator)

    for url in (
        "/launches/",
        "/launches/export.csv",
        f"/launches/{launch.pk}/",
        f"/templates/{every_field.pk}/launch/",
    ):
        assert no_role_client.get(url).status_code == 403


def test_nothing_is_shown_without_a_session(client: Client, every_field: Template, operator: User) -> None:
    launch = make_launch(every_field, operator)

    for url in ("/launches/", "/launches/export.csv", f"/launches/{launch.pk}/"):
        assert client.get(url).headers["Location"].startswith("/login/")


def test_users_unknown_to_pneumatic_are_limited_by_their_role(operator: User) -> None:
    assert permissions.launch_denied_reason(operator, make_template(run_allowed=[1])) is None


def test_a_user_deactivated_in_pneumatic_launches_nothing_and_sees_why(operator: User) -> None:
    make_pneumatic_user(7, email=operator.email, status="inactive", is_account_owner=True)

    refusal = permissions.launch_denied_reason(operator, make_template(run_allowed=[7]))

    assert refusal is not None
    assert refusal.startswith("Your account in Pneumatic is deactivated")


def test_run_allowed_admits_the_users_that_it_lists(operator: User) -> None:
    make_pneumatic_user(7, email=operator.email.upper())

    assert permissions.launch_denied_reason(operator, make_template(run_allowed=[7])) is None


def test_run_allowed_stops_users_that_it_does_not_list(operator: User) -> None:
    make_pneumatic_user(7, email=operator.email)

    assert "not among the people" in (
        permissions.launch_denied_reason(operator, make_template(run_allowed=[8])) or ""
    )
    assert permissions.launch_denied_reason(operator, make_template()) is not None


def test_an_administrator_launches_whatever_run_allowed_says(administrator: User) -> None:
    make_pneumatic_user(7, email=administrator.email)

    assert permissions.launch_denied_reason(administrator, make_template(run_allowed=[8])) is None


def test_run_allowed_is_called_again_when_the_form_is_sent(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    form = fill(every_field, string_1="Kept")
    every_field.run_allowed.all().delete()
    make_pneumatic_user(77, email="operator@example.com")

    response = form.send()

    assert response.status_code == 403
    assert 'value="Kept"' in response.content.decode()
    assert sandbox.workflows() == []
    assert not Launch.objects.exists()


def test_the_catalogue_shows_who_cannot_launch(operator: User, viewer: User) -> None:
    template = make_template()

    assert launch_refusal(operator, template) is None
    assert launch_refusal(viewer, template) is not None


def test_an_inactive_template_says_why(operator_client: Client, mirrored: dict[str, Template]) -> None:
    response = operator_client.get(f"/templates/{mirrored['Inactive'].pk}/launch/")

    page = html.unescape(response.content.decode())
    assert response.status_code == 403
    assert "not active in Pneumatic" in page
    assert 'name="launch"' not in page


def test_a_removed_template_says_why(operator_client: Client, db: None) -> None:
    template = make_template(removed_at=NOW)

    response = operator_client.get(f"/templates/{template.pk}/launch/")

    assert "no longer in Pneumatic" in response.content.decode()


def test_a_failed_launch_of_an_inactive_template_is_not_retried(
    operator_client: Client, operator: User, mirrored: dict[str, Template], sandbox: Sandbox
) -> None:
    launch = make_launch(mirrored["Inactive"], operator, state="failed", attempts=1)

    operator_client.post(f"/launches/{launch.pk}/retry/", {"attempts": "1"})

    launch.refresh_from_db()
    assert launch.state == "failed"
    assert sandbox.requests() == []


def test_operators_help_each_other(operator: User, every_field: Template, sandbox: Sandbox) -> None:
    launch = make_launch(
        every_field, operator, state="failed", attempts=1, payload={"name": "N", "kickoff": {"string-1": "x"}}
    )

    client_of(make_user("other", "Operator")).post(f"/launches/{launch.pk}/retry/", {"attempts": "1"})

    launch.refresh_from_db()
    assert (launch.state, launch.launched_by) == ("launched", operator)
