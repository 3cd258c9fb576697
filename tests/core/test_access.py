"""Default deny: a new address needs a sign-in unless it is excepted."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from pytest_django import Settings

from apps.accounts.models import User
from pneumatic_dash import __version__
from tests.factories import make_field, make_launch, make_template, make_workflow

OPEN = {"/login/"}
# These ask for a sign-in in their own way, which their own tests hold.
OWN_WAY = {
    "/logout/": "a user who is signed out already sees the login page",
    "/launches/files/": "a script understands 401, not a redirect",
    "/templates/1/launch/": "a session that ended while the form was open must not cost the answers",
    "/templates/1/launch/sign-in/": "brings those answers back after the sign-in",
    "/templates/1/draft/": "tells the script of the open form that the session ended",
    "/login/code/": "leads to the sign-in page unless a password was entered",
    "/account/second-factor/qr.svg": "exists while a second factor is being set up",
}
if configured.OIDC_ISSUER:  # in the process that tests/accounts/test_single_sign_on.py starts
    OWN_WAY |= {
        "/login/single-sign-on/": "leads to the provider",
        "/login/single-sign-on/callback/": "a page that says why the sign-in was not completed",
    }
SAMPLES = {"int": "1", "uuid": "9b2f4c1e-0000-4000-8000-000000000000", "str": "x", "slug": "x", "path": "x"}


def addresses(patterns: Sequence[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    """Yield an address for every pattern below ``patterns``."""
    for pattern in patterns:
        route = str(pattern.pattern)
        if isinstance(pattern.pattern, RoutePattern):
            for name, converter in pattern.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").replace("String", "Str").lower()
                route = route.replace(f"<{kind}:{name}>", SAMPLES[kind]).replace(f"<{name}>", SAMPLES["str"])
        else:
            route = "anything/"
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + route)
        else:
            yield prefix + route


ALL = sorted(set(addresses(get_resolver().url_patterns)))


@pytest.fixture(autouse=True)
def every_page_exists(settings: Settings) -> None:
    settings.SECOND_FACTORS = "optional"


def test_the_walk_finds_the_pages() -> None:
    assert {"/", "/templates/", "/templates/1/", "/launches/", "/sync/", "/admin/"} <= set(ALL)
    assert set(ALL) >= OPEN


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_sent_to_the_login_page(client: Client, method: str) -> None:
    responses = {
        address: getattr(client, method)(address) for address in ALL if address not in OPEN.union(OWN_WAY)
    }

    others = {
        address: (response.status_code, response.headers.get("Location"))
        for address, response in responses.items()
        if response.status_code != 302
        or not response.headers["Location"].startswith(("/login/?next=", "/admin/login/?next="))
    }
    assert others == {}


@pytest.mark.django_db
@pytest.mark.parametrize("address", OWN_WAY)
@pytest.mark.parametrize("method", ["get", "post"])
def test_users_who_are_signed_out_see_no_other_page_either(client: Client, address: str, method: str) -> None:
    assert address in ALL
    assert getattr(client, method)(address).status_code in {302, 400, 401, 404, 405}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["get", "head", "options", "post", "htmx get", "htmx post"])
def test_a_response_without_sign_in_is_the_same_whether_or_not_something_exists(
    client: Client, viewer: User, kind: str
) -> None:
    method = kind.rpartition(" ")[2]
    headers = {"HX-Request": "true"} if kind.startswith("htmx") else {}
    posted = {"name": "N", "version": "1", "username": "x"} if method == "post" else {}

    def responses() -> dict[str, tuple[int, str, str]]:
        found = {}
        for address in ALL:
            response = getattr(client, method)(address, posted, headers=headers)
            page = re.sub(
                r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")\w+', r"\1", response.content.decode()
            )
            location = re.sub(r"(state|code_challenge)=[\w-]+", "", response.headers.get("Location", ""))
            found[address] = (response.status_code, location, page)
        return found

    before = responses()
    template = make_template(1, name="Secret template", fields=[make_field("secret-field")])
    make_workflow(1, name="Secret workflow")
    make_launch(template, viewer, id=uuid.UUID(SAMPLES["uuid"]))

    after = responses()
    assert [address for address in ALL if after[address] != before[address]] == []
    assert not [address for address, (*_, page) in before.items() if __version__ in page]


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(OPEN))
def test_the_open_addresses_answer(client: Client, address: str) -> None:
    assert client.get(address).status_code == 200


@pytest.mark.django_db
def test_there_is_one_page_to_sign_in_on(client: Client, operator_client: Client) -> None:
    assert client.get("/admin/login/?next=/admin/sync/").headers["Location"] == "/login/?next=/admin/sync/"
    assert operator_client.get("/admin/", follow=True).status_code == 403
