"""Administrators remove the second factor of a user who lost the device, and never their own without it."""

from __future__ import annotations

import logging

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import SecondFactor, User
from tests.accounts.second_factors.conftest import App, make_app
from tests.factories import client_of, make_user

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"


def remove(client: Client, *users: User) -> str:
    values = {"action": "remove_second_factor", "_selected_action": [user.pk for user in users]}
    return client.post(USERS, values, follow=True).content.decode()


def test_an_administrator_removes_it_which_is_logged_and_ends_sessions(
    app: App,
    administrator: User,
    administrator_client: Client,
    operator: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = client_of(app.user)

    page = remove(administrator_client, app.user, operator)

    assert "1 second factor removed." in page
    assert not SecondFactor.objects.exists()
    assert session.get("/").status_code == 302
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (
        administrator,
        str(app.user.pk),
        "Second factor removed.",
    )
    assert "Second factor removed: account viewer, by administrator." in caplog.text


def test_neither_the_own_one_nor_that_of_a_superuser(
    administrator: User, administrator_client: Client
) -> None:
    root = make_user("root", is_superuser=True, is_staff=True)
    make_app(administrator)
    make_app(root)

    page = remove(administrator_client, administrator, root)

    assert "Remove your own one on the page Second factor." in page
    assert "Only superusers change superusers." in page
    assert SecondFactor.objects.count() == 2
    remove(client_of(root), administrator)
    assert SecondFactor.objects.get().user == root


def test_the_list_shows_who_has_one_where_it_is_turned_on(
    app: App, administrator_client: Client, integrator_client: Client, settings: Settings
) -> None:
    page = administrator_client.get(USERS).content.decode()
    assert "column-has_second_factor" in page
    assert "remove_second_factor" in page
    assert integrator_client.post(USERS, {"action": "remove_second_factor"}).status_code == 403

    settings.SECOND_FACTORS = "off"

    page = administrator_client.get(USERS).content.decode()
    assert "second_factor" not in page


def test_the_own_password_takes_the_old_one_in_django_admin_too(
    administrator: User, administrator_client: Client, viewer: User
) -> None:
    response = administrator_client.get(f"{USERS}{administrator.pk}/password/")
    assert response.headers["Location"] == "/account/password/"
    values = {"usable_password": "true", "password1": "correct horse 1", "password2": "correct horse 1"}
    administrator_client.post(f"{USERS}{administrator.pk}/password/", values)
    administrator.refresh_from_db()
    assert not administrator.check_password("correct horse 1")

    administrator_client.post(f"{USERS}{viewer.pk}/password/", values)

    viewer.refresh_from_db()
    assert viewer.check_password("correct horse 1")


def test_a_command_removes_it(
    app: App, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    call_command("remove_second_factor", "viewer")

    assert capsys.readouterr().out == "viewer no longer has a second factor.\n"
    assert "Second factor removed: account viewer, by command." in caplog.text
    for name, sentence in (("viewer", "viewer has no second factor."), ("x", "There is no user 'x'.")):
        with pytest.raises(CommandError, match=sentence):
            call_command("remove_second_factor", name)
