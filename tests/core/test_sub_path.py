"""PUBLIC_URL with a path, and several dashboards on one host: what the settings and the server make of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from pneumatic_dash.sub_path import BelowPath
from tests.core.test_checks import ROOT, manage
from tests.factories import PASSWORD

SHOW = (
    "import json; from django.conf import settings as s; from django.urls import reverse; print(json.dumps(["
    "s.STATIC_URL, s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_PATH, "
    "s.CSRF_TRUSTED_ORIGINS, reverse('login')]))"
)


def shown(**environment: str) -> list[Any]:
    """Return what the settings make of an environment, and an address as a command writes it."""
    done = manage("shell", "--no-imports", "-c", SHOW, **environment)
    assert done.returncode == 0, done.stderr
    values: list[Any] = json.loads(done.stdout)
    return values


def test_a_path_is_in_front_of_everything() -> None:
    assert shown(PUBLIC_URL="https://example.com/my.dash/", COOKIE_PREFIX="b_") == [
        *("/my.dash/static/", "__Secure-b_sessionid", "__Secure-b_csrftoken", "/my.dash", "/my.dash"),
        *(["https://example.com"], "/my.dash/login/"),
    ]


def test_without_one_browsers_take_cookies_of_this_host_alone() -> None:
    assert shown() == [
        *("/static/", "__Host-sessionid", "__Host-csrftoken", "/", "/"),
        *(["https://dash.example.com"], "/login/"),
    ]
    plain = shown(PUBLIC_URL="http://dash.example.com", COOKIE_PREFIX="b_")
    assert plain[1:3] == ["b_sessionid", "b_csrftoken"]


def test_a_proxy_may_pass_the_path_on_or_remove_it() -> None:
    def serve(path: str) -> str:
        given = {"PATH_INFO": path}
        BelowPath(lambda environ, _: [environ["PATH_INFO"].encode()], "/dash")(given, lambda *_: None)
        return given["PATH_INFO"]

    table = {
        "/dash/hooks/token/": "/hooks/token/",
        "/dash/": "/",
        "/dash": "/",
        "/hooks/token/": "/hooks/token/",
        "/dashboard/": "/dashboard/",
        "/": "/",
    }

    assert {path: serve(path) for path in table} == table


@pytest.mark.django_db
def test_the_navigation_marks_one_page_below_a_path(operator_client: Client, below_dash: None) -> None:
    page = operator_client.get("/launches/").content.decode()

    assert page.count('aria-current="page"') == 1
    assert page.count('aria-current="true"') == 0


@pytest.mark.django_db
def test_two_dashboards_on_one_host_leave_each_other_signed_in(
    operator_client: Client, settings: SettingsWrapper
) -> None:
    """Browsers send the cookies of all ports of a host name."""
    theirs = operator_client.cookies["sessionid"].value
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "b_sessionid", "b_csrftoken"

    operator_client.get("/login/")
    operator_client.post("/login/", {"username": "operator", "password": PASSWORD})

    assert operator_client.cookies["sessionid"].value == theirs
    assert {name for name, cookie in operator_client.cookies.items() if cookie.value} == {
        *("sessionid", "b_sessionid", "b_sessionid_device", "b_csrftoken"),
    }


def test_no_template_names_an_address_from_the_root() -> None:
    """Pages of errors are no part of a crawl."""
    rooted = re.compile(r"""(?:href|src|action|formaction|hx-\w+)=["']/""")

    assert not [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        if rooted.search(path.read_text(encoding="utf-8"))
    ]
