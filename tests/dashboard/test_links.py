"""Every link and every search form of every page leads somewhere, for each role that sees it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django import Settings

from tests.factories import client_of, make_user
from tests.fixtures.crawling import crawl

# Pages that people open without a link: an old bookmark, an address that another role sent them.
TYPED = {"/": 200, "/no-such-page/": 404, "/workflows/404/": 404}
NO_ADMIN = {**TYPED, "/admin/login/?next=/admin/webhooks/delivery/": 403}
VISITS: dict[str, tuple[Mapping[str, int], set[str]]] = {
    "Viewer": (
        NO_ADMIN,
        {"/templates/1/", "/workflows/1/", "/launches/", "/sync/", "/account/second-factor/"},
    ),
    "Operator": (NO_ADMIN, {"/templates/1/launch/", "/workflows/1/", "/launches/", "/sync/"}),
    "Integrator": (TYPED, {"/admin/", "/admin/webhooks/subscription/", "/admin/webhooks/delivery/"}),
    "": ({"/": 403, "/templates/": 403}, {"/account/password/"}),
}


@pytest.fixture(autouse=True)
def every_page_exists(settings: Settings) -> None:
    settings.SECOND_FACTORS = "optional"


@pytest.mark.usefixtures("populated")
@pytest.mark.parametrize("role", VISITS)
@pytest.mark.ci
def test_every_link_leads_somewhere(role: str) -> None:
    starts, pages = VISITS[role]

    found = crawl(client_of(make_user("visitor", role)), starts)

    assert not found.dead, "\n".join(found.dead)
    assert found.paths >= pages


@pytest.mark.usefixtures("populated")
def test_who_cannot_open_django_admin_gets_no_link_to_it() -> None:
    """Permissions of its pages can be given to users without staff status."""
    visitor = make_user("visitor", "Operator")
    receiver = ("view_delivery", "view_event", "view_subscription", "manage_subscriptions")
    visitor.user_permissions.set(Permission.objects.filter(codename__in=receiver))

    found = crawl(client_of(visitor), TYPED)

    assert not found.dead, "\n".join(found.dead)
    assert "/workflows/1/" in found.paths


@pytest.mark.django_db
def test_who_is_signed_out_is_asked_to_sign_in(client: Client) -> None:
    found = crawl(client, {"/": 302, "/templates/1/launch/": 302, "/admin/": 302, "/no-such-page/": 404})

    assert not found.dead, "\n".join(found.dead)
    assert found.paths >= {"/login/"}


@pytest.mark.usefixtures("populated", "below_dash")
def test_every_link_of_an_administrator_stays_below_the_path() -> None:
    visitor = client_of(make_user("visitor", "Administrator"))

    found = crawl(visitor, {**TYPED, "/templates/1/launch/": 200}, prefix="/dash")

    assert not found.dead, "\n".join(found.dead)
    assert found.paths >= {"/dash/templates/1/launch/", "/dash/admin/accounts/user/", "/dash/sync/"}
    assert {cookie["path"] for cookie in visitor.cookies.values()} == {"/dash"}
