"""Values that no form offers, in every query parameter, identifier and header of htmx: never status 500."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.accounts.models import User
from tests.core.test_access import ALL
from tests.factories import client_of, make_launch, make_template, make_user, make_workflow
from tests.fixtures.depth import exhaustive

pytestmark = pytest.mark.django_db

STRANGE = ["\0", "9" * 20, "-1", "😀", "x" * 10_000]
every_value = pytest.mark.parametrize(
    "value",
    exhaustive(STRANGE, but=STRANGE[:2]),
    ids=["NUL", "20 digits", "negative", "emoji", "10 kB"],
)
LISTS = list(admin.site._registry.items())
# Parameters that Django admin reads itself, and those that our pages read in addition to their forms.
DJANGOS = ("q", "p", "o", "all", "_to_field", "_popup", "_changelist_filters")
OURS = (
    "q",
    "after",
    "before",
    "next",
    "field",
    "phase",
    "show",
    "since",
    "until",
    "previous",
    "submission_id",
)
CONTROL = re.compile(r'<(?:input|select|textarea)\b[^>]*?\bname="([^"]+)"')


@pytest.fixture
def superuser(db: None) -> User:
    """Return a user who may see every list, those of libraries too."""
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(superuser: User) -> Client:
    """Return a browser that reports a failed page by its status."""
    client = client_of(superuser)
    client.raise_request_exception = False
    return client


def failures(client: Client, requests: Iterator[tuple[str, dict[str, str]]]) -> dict[str, int]:
    """Return the status of each request that failed; the requests must be some."""
    statuses = {f"{path} {str(query)[:80]}": client.get(path, query).status_code for path, query in requests}
    assert statuses
    return {request: status for request, status in statuses.items() if status >= 500}


def list_of(model_admin: admin.ModelAdmin[Any]) -> str:
    opts = model_admin.opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")


def filter_parameters(model_admin: admin.ModelAdmin[Any], user: User) -> set[str]:
    """Return the parameters of a list's filters; a page in place of a list has none."""
    if not model_admin.model._meta.managed:
        return set()
    request = RequestFactory().get("/")
    request.user = user
    changes = model_admin.get_changelist_instance(request)
    assert isinstance(changes, ChangeList)
    hierarchy = [f"{model_admin.date_hierarchy}__{part}" for part in ("year", "month", "day")]
    return {
        *(hierarchy if model_admin.date_hierarchy else ()),
        *(str(name) for one in changes.filter_specs for name in one.expected_parameters()),
    }


@every_value
@pytest.mark.ci
def test_every_filter_of_every_admin_list(superuser: User, browser: Client, value: str) -> None:
    def requests() -> Iterator[tuple[str, dict[str, str]]]:
        for _model, model_admin in LISTS:
            for name in sorted({*DJANGOS, *filter_parameters(model_admin, superuser)}):
                yield list_of(model_admin), {name: value}

    assert failures(browser, requests()) == {}


@pytest.mark.parametrize(
    "lookup",
    exhaustive(["", "__in", "__range", "__gt", "__isnull", "__regex", "__year"], but=["", "__range"]),
)
@pytest.mark.ci
def test_every_column_of_every_admin_list(browser: Client, lookup: str) -> None:
    """Django reads any column of the model from the address, with any lookup, not only those of the filters."""
    requests = (
        (list_of(model_admin), {f"{field.name}{lookup}": value})
        for model, model_admin in LISTS
        for field in model._meta.get_fields()
        for value in STRANGE[:2]
    )

    assert failures(browser, requests) == {}


@every_value
def test_every_identifier_in_django_admin(browser: Client, value: str) -> None:
    def requests() -> Iterator[tuple[str, dict[str, str]]]:
        for _model, model_admin in LISTS:
            for page in ("change/", "history/", "delete/", ""):
                yield f"{list_of(model_admin)}{quote(value)}/{page}", {}
        for kind in ContentType.objects.all()[:3]:
            yield f"/admin/r/{kind.pk}/{value}/", {}
            yield f"/admin/r/{kind.pk}/1/", {}
        yield f"/admin/r/{value}/1/", {}

    assert failures(browser, requests()) == {}


def test_selected_rows_of_every_admin_list(superuser: User, browser: Client) -> None:
    request = RequestFactory().get("/")
    request.user = superuser
    sent = {
        (list_of(model_admin), action, value): browser.post(
            list_of(model_admin), {"action": action, ACTION_CHECKBOX_NAME: value}
        ).status_code
        for _model, model_admin in LISTS
        for action in model_admin.get_actions(request)
        for value in STRANGE
    }

    assert sent
    assert {one: status for one, status in sent.items() if status >= 500} == {}


@pytest.mark.parametrize("at_once", exhaustive([True, False], but=[True]))
@pytest.mark.ci
def test_every_parameter_and_identifier_of_other_pages(
    superuser: User, browser: Client, at_once: bool
) -> None:
    make_launch(make_template(1), superuser)
    make_workflow(1)

    def requests() -> Iterator[tuple[str, dict[str, str]]]:
        for path in ALL:
            if path.startswith("/admin/") or path == "/logout/":
                continue
            page = browser.get(path)
            names = {*OURS, *(() if page.streaming else CONTROL.findall(page.content.decode()))}
            for value in STRANGE:
                yield from ((path, query) for query in queries(names, value, at_once=at_once))
                yield path.replace("/1/", f"/{value}/"), {}

    assert failures(browser, requests()) == {}


def queries(names: set[str], value: str, *, at_once: bool) -> list[dict[str, str]]:
    """Return queries with ``value`` for each name: one for all of them, short enough for a server, or one each."""
    return [dict.fromkeys(names, value[:400])] if at_once else [{name: value} for name in names]


@pytest.mark.ci
def test_every_header_of_htmx(client: Client, operator_client: Client) -> None:
    """htmx sends URLs in headers, and other programs send anything."""
    names = (
        "Current-URL",
        "Target",
        "Trigger",
        "Trigger-Name",
        "Prompt",
        "Boosted",
        "History-Restore-Request",
    )
    values = [
        "http://[x",
        "http://testserver:port/",
        "//",
        "http://testserver/%00%0d%0aX: y",
        "\x80",
        "x" * 10_000,
    ]
    sent = {
        (path, name, value, is_encoded): browser.get(
            path,
            headers={"HX-Request": "true", f"HX-{name}": value, f"HX-{name}-URI-AutoEncoded": is_encoded},
        ).status_code
        for browser in (client, operator_client)
        for path in ("/templates/", "/launches/")
        for name in names
        for value in values
        for is_encoded in ("true", "false")
    }

    assert {one: status for one, status in sent.items() if status >= 400} == {}
