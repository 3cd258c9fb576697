from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.accounts.models import User
from pneumatic_dash.urls import handler403
from pneumatic_dash.urls import urlpatterns as real_urlpatterns

__all__ = ["handler403"]


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("secret details")


def refuse(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def suspect(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("secret details")


urlpatterns = [
    path("fail/", fail),
    path("refuse/", refuse),
    path("suspect/", suspect),
    *real_urlpatterns,
]


@pytest.fixture(autouse=True)
def with_failing_pages(settings: SettingsWrapper) -> None:
    settings.ROOT_URLCONF = __name__


def test_users_without_a_role_see_administrators_to_contact(
    no_role_client: Client, administrator: User
) -> None:
    response = no_role_client.get("/refuse/")

    assert response.status_code == 403
    text = response.content.decode()
    assert "you have no role yet" in text
    assert "mailto:administrator%40example.com" in text or "mailto:administrator@example.com" in text
    assert "Sign out" in text


def test_people_with_a_role_learn_that_it_does_not_suffice(viewer_client: Client) -> None:
    text = viewer_client.get("/refuse/").content.decode()

    assert "Your role does not allow this" in text
    assert "you have no role yet" not in text


def test_only_administrators_with_an_address_are_named(no_role_client: Client, administrator: User) -> None:
    administrator.is_active = False
    administrator.save()

    assert "administrator@example.com" not in no_role_client.get("/refuse/").content.decode()


def test_an_unknown_address_is_explained_within_the_frame(viewer_client: Client) -> None:
    response = viewer_client.get("/no/such/page/")

    assert response.status_code == 404
    assert "Page not found" in response.content.decode()
    assert "Skip to the content" in response.content.decode()


@pytest.mark.django_db
def test_strangers_get_the_same_explanation(client: Client) -> None:
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "Sign out" not in response.content.decode()


def test_a_failure_is_explained_without_its_details(viewer_client: Client) -> None:
    viewer_client.raise_request_exception = False

    response = viewer_client.get("/fail/")

    assert response.status_code == 500
    assert "Server error" in response.content.decode()
    assert "secret details" not in response.content.decode()


def test_the_failure_page_needs_no_database() -> None:
    # No database fixture: a query would fail this test.
    from django.views.defaults import server_error

    response = server_error(HttpRequest())

    assert "Server error" in response.content.decode()


def test_a_request_that_cannot_be_read_is_explained(viewer_client: Client) -> None:
    response = viewer_client.get("/suspect/")

    assert response.status_code == 400
    assert "could not be processed" in response.content.decode()
    assert "secret details" not in response.content.decode()


def test_a_page_that_is_too_old_is_explained(viewer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(viewer)

    response = client.post("/logout/")

    assert response.status_code == 403
    assert "open for too long" in response.content.decode()


def test_no_page_allows_inline_code(viewer_client: Client) -> None:
    policy = viewer_client.get("/no/such/page/").headers["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
