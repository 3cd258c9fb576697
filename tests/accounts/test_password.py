"""Users change their password, with or without a role."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

PAGE = "/account/password/"
NEW = "a longer horse, and a correct one"


def change(client: Client, *, old: str = PASSWORD, new: str = NEW, again: str = NEW) -> str:
    """Send the form and return the page that follows."""
    data = {"old_password": old, "new_password1": new, "new_password2": again}
    return client.post(PAGE, data, follow=True).content.decode()


def test_the_new_password_is_valid_and_the_session_continues(viewer: User, viewer_client: Client) -> None:
    page = change(viewer_client)

    viewer.refresh_from_db()
    assert viewer.check_password(NEW)
    assert "Your password was changed." in page
    assert viewer_client.get("/").status_code == 200


def test_other_sessions_of_the_same_person_end(viewer: User, viewer_client: Client) -> None:
    other_session = Client()
    other_session.force_login(viewer)

    change(viewer_client)

    assert other_session.get("/").headers["Location"] == "/login/?next=/"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"old": "wrong"}, "Your old password was entered incorrectly"),
        ({"again": "another"}, "The two password fields"),
        ({"new": "1234", "again": "1234"}, "too short"),
    ],
)
def test_a_mistake_is_shown_at_its_field_and_changes_nothing(
    viewer: User, viewer_client: Client, values: dict[str, str], sentence: str
) -> None:
    page = change(viewer_client, **values)

    viewer.refresh_from_db()
    assert viewer.check_password(PASSWORD)
    assert sentence in page
    assert "field__error" in page


def test_a_user_without_a_role_can_do_it_too(no_role: User, client: Client) -> None:
    client.force_login(no_role)

    assert "Your password was changed." in change(client)


def test_every_page_leads_to_it(viewer_client: Client) -> None:
    assert f'href="{PAGE}"' in viewer_client.get("/").content.decode()
