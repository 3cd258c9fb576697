"""Signing in and out."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_the_login_page_keeps_the_requested_page(client: Client, viewer: User) -> None:
    page = client.get("/login/", {"next": "/templates/7/?tab=a&b=c"})
    assert 'value="/templates/7/?tab=a&amp;b=c"' in page.content.decode()
    answer = client.post(
        "/login/", {"username": "viewer", "password": PASSWORD, "next": "/templates/7/?tab=a&b=c"}
    )
    assert answer.headers["Location"] == "/templates/7/?tab=a&b=c"


def test_a_wrong_password_keeps_it_too(client: Client, viewer: User) -> None:
    page = client.post("/login/", {"username": "viewer", "password": "wrong", "next": "/sync/"})
    assert page.status_code == 200
    assert 'name="next" value="/sync/"' in page.content.decode()
    assert 'role="alert"' in page.content.decode()


def test_login_redirects_to_no_other_site(client: Client, viewer: User) -> None:
    answer = client.post(
        "/login/", {"username": "viewer", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert answer.status_code == 302
    assert "evil" not in answer.headers["Location"]


def test_signing_out_ends_the_session(viewer_client: Client) -> None:
    answer = viewer_client.post("/logout/")
    assert answer.headers["Location"] == "/login/"
    assert "_auth_user_id" not in viewer_client.session


def test_signing_out_twice_shows_the_login_page(client: Client) -> None:
    assert client.post("/logout/").headers["Location"] == "/login/"


def test_signing_out_takes_a_post(viewer_client: Client) -> None:
    assert viewer_client.get("/logout/").status_code == 405
