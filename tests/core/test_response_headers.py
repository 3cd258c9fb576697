"""Every response has the whole set of security headers: of each route, each error, and what is no page."""

from __future__ import annotations

from contextlib import closing

import pytest
from django.db import OperationalError
from django.http.response import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from apps.webhooks import endpoints
from tests.core.test_access import ALL
from tests.factories import client_of, make_user

pytestmark = pytest.mark.django_db

ALWAYS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
STATIC = "/static/js/app.js"


@pytest.fixture(autouse=True)
def every_page_exists(settings: Settings) -> None:
    settings.SECOND_FACTORS = "optional"


def faults(response: HttpResponseBase, *, is_public: bool = False) -> list[str]:
    """Return what is missing or wrong in the headers of a response."""
    headers = response.headers
    wrong = [name for name, value in ALWAYS.items() if headers.get(name) != value]
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy or "unsafe" in policy:
        wrong.append("Content-Security-Policy")
    if not {"camera=()", "geolocation=()", "microphone=()"} <= set(
        headers.get("Permissions-Policy", "").split(", ")
    ):
        wrong.append("Permissions-Policy")
    cache = headers.get("Cache-Control", "")
    if is_public == ("no-store" in cache):
        wrong.append("Cache-Control")
    return wrong


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_route_without_sign_in(client: Client, method: str) -> None:
    wrong = {address: faults(getattr(client, method)(address)) for address in ALL}

    assert not {address: names for address, names in wrong.items() if names}


def test_every_route_of_a_superuser() -> None:
    client = client_of(make_user("root", "Administrator", is_superuser=True, is_staff=True))
    client.raise_request_exception = False
    responses = {address: client.get(address) for address in ALL if address != "/logout/"}

    assert {200, 302, 404} <= {response.status_code for response in responses.values()}
    assert not {address: names for address, response in responses.items() if (names := faults(response))}


def test_errors_and_what_is_no_page(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, viewer_client: Client
) -> None:
    hook = endpoints.path(endpoints.active())
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)

    responses = {
        "unknown address": (client.get("/x"), 404),
        "unknown hook": (client.post("/hooks/x/"), 404),
        "other host": (client.get("/login/", headers={"host": "evil.example"}), 400),
        "stale form": (strict.post("/login/"), 403),
        "no permission": (client_of(make_user("nobody")).get("/templates/"), 403),
        "other method": (viewer_client.get("/logout/"), 405),
        "delivery": (client.post(hook, "{}", content_type="application/json"), 400),
        "delivery by GET": (client.get(hook), 405),
        "probe": (client.get("/healthz"), 200),
        "readiness": (client.get("/readyz"), 200),
        "static file that is missing": (client.get("/static/x.js"), 404),
        "favicon": (client.get("/favicon.ico"), 404),
    }
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1
    responses["too much text"] = (client.post("/login/", {"username": "x" * 99}), 413)
    responses["options"] = (viewer_client.options("/logout/"), 200)
    responses["unknown method"] = (viewer_client.generic("X-STRANGE", "/templates/"), 405)

    def away(view: object) -> None:
        raise OperationalError

    viewer_client.raise_request_exception = False
    monkeypatch.setattr("apps.accounts.views.ChangePassword.get_form_kwargs", away)
    responses["database away"] = (viewer_client.get("/account/password/"), 503)
    monkeypatch.setattr("apps.accounts.views.ChangePassword.get_form_kwargs", lambda view: 1 / 0)
    responses["fault of ours"] = (viewer_client.get("/account/password/"), 500)
    settings.SECURE_SSL_REDIRECT = True
    responses["redirect to https"] = (Client().get("/login/"), 301)
    responses["other host, before the redirect"] = (
        Client().get("/login/", headers={"host": "evil.example"}),
        400,
    )

    assert {name: response.status_code for name, (response, _) in responses.items()} == {
        name: status for name, (_, status) in responses.items()
    }
    assert not {name: wrong for name, (response, _) in responses.items() if (wrong := faults(response))}


def test_static_files_may_be_cached_and_https_stays(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 3600
    client = Client()

    with closing(client.get(STATIC, secure=True)) as static:
        since = {"if-modified-since": static.headers["Last-Modified"]}
    unchanged = client.get(STATIC, headers=since, secure=True)
    assert (unchanged.status_code, faults(unchanged, is_public=True)) == (304, [])

    for address in (STATIC, "/login/", "/healthz", "/hooks/x/"):
        with closing(client.get(address, secure=True)) as response:
            assert faults(response, is_public=address == STATIC) == []
            assert "max-age=3600" in response.headers["Strict-Transport-Security"]
