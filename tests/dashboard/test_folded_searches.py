"""Every search finds names as people type them: without accents, with other quotation marks, in other cases."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.db.migrations import Migration, RunPython
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import PneumaticGroup, PneumaticUser, User
from apps.launches.models import Launch, UploadedFile
from apps.sync.models import SyncRun
from apps.webhooks.processing.worker import process_pending
from apps.workflow_templates.models import Template
from apps.workflows.models import Workflow
from apps.workflows.rebuild.differences import RebuildProgress, differences
from tests.factories import (
    NOW,
    client_of,
    make_field,
    make_launch,
    make_options,
    make_pneumatic_group,
    make_pneumatic_user,
    make_template,
    make_user,
    make_workflow,
)
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver

pytestmark = pytest.mark.django_db
NAME = "D\N{RIGHT SINGLE QUOTATION MARK}Ølström\N{EN DASH}İst\N{SOFT HYPHEN}anbul"
QUERY = "d'olstrom-istanbul"
ADMIN_LISTS = {
    "accounts/user": 1,
    "accounts/pneumaticuser": 1,
    "accounts/pneumaticgroup": 1,
    "accounts/signin": 1,
    "auth/group": 1,
    "launches/launch": 1,
    "launches/uploadedfile": 1,
    "sync/syncrun": 1,
    "workflow_templates/template": 1,
    "workflow_templates/templateversion": 1,
    "workflows/workflow": 1,
}


@pytest.fixture
def browser(db: None) -> Client:
    """Return the browser of a superuser with that name, where everything else that has a name has that one too."""
    user = make_user("root", first_name=NAME, is_staff=True, is_superuser=True)
    field = make_field("pick", "dropdown", selections=make_options(NAME))
    template = make_template(7, name=NAME, fields=[field])
    make_launch(template, user, name=NAME)
    make_workflow(name=NAME, template_id=7, performers=[(1, "")])
    make_pneumatic_user(1, first=NAME)
    make_pneumatic_group(1, name=NAME)
    Group.objects.create(name=NAME)
    UploadedFile.objects.create(owner=user, name=NAME, size=1, created_at=NOW, search=QUERY)
    SyncRun.objects.create(started_by=user, started_at=NOW, heartbeat_at=NOW)
    return client_of(user)


@pytest.mark.parametrize("query", [QUERY, NAME, QUERY.upper()])
def test_pages_and_lookups_find_it(browser: Client, query: str) -> None:
    for path, parameter in [
        ("/templates/", "q"),
        ("/launches/", "q"),
        ("/launches/", "template"),
        ("/workflows/", "q"),
        ("/workflows/", "template"),
        ("/workflows/", "held"),
        ("/search/", "q"),
    ]:
        rows = {
            text: browser.get(path, {parameter: text}).content.decode().count(f"<bdi>{NAME}</bdi>")
            for text in (query, f"{query}x")
        }
        assert (rows[query] > 0, rows[f"{query}x"]) == (True, 0), path
    for path in ("/templates/7/options/", "/people/"):
        (hit, *_others) = browser.get(path, {"field": "pick", "q": query}).json()["hits"]
        assert hit["label"].startswith(NAME)


@pytest.mark.parametrize("path", ADMIN_LISTS)
def test_lists_of_the_admin_find_it(browser: Client, path: str) -> None:
    found, other = (
        browser.get(f"/admin/{path}/", {"q": query}).context["cl"].queryset.count()
        for query in (QUERY, f"{QUERY}x")
    )
    assert (found, other) == (1, 0)


def test_the_name_of_an_account_follows_what_is_saved() -> None:
    user = make_user("ada", first_name="Ada")
    user.first_name = "Zoë"
    user.save(update_fields=["first_name"])
    user.last_login = NOW
    user.save(update_fields=["last_login"])
    assert User.objects.get().search == "ada zoe  ada@example.com"


@pytest.mark.parametrize(
    "query", ["\N{ZERO WIDTH SPACE}", "\N{HANGUL FILLER}\N{SOFT HYPHEN}", "\N{COMBINING ACUTE ACCENT}"]
)
def test_a_query_of_which_nothing_is_left_finds_nothing(browser: Client, query: str) -> None:
    assert not browser.get("/search/", {"q": query}).context["found"]
    for path in ADMIN_LISTS:
        assert browser.get(f"/admin/{path}/", {"q": query}).status_code == 200


def run(app: str, name: str) -> None:
    """Run what a migration does to the rows."""
    migration: type[Migration] = import_module(f"apps.{app}.migrations.{name}").Migration
    for operation in migration.operations:
        if isinstance(operation, RunPython):
            operation.code(cast("Any", apps), connection.schema_editor())


def test_rows_from_before_are_folded_once(
    browser: Client, deliver: Deliver, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    deliver(payloads.started(workflow_id=5, name=NAME))
    process_pending()
    models: list[Any] = [User, PneumaticUser, PneumaticGroup, Launch, UploadedFile, Template, Workflow]
    folded = {model: list(model.objects.order_by("pk").values_list("pk", "search")) for model in models}
    for model in models:
        model.objects.update(search=NAME.casefold())
    Template.objects.update(order_key=f"0{NAME.casefold()}")
    digest = Workflow.objects.get(pk=5).digest
    Workflow.objects.update(digest="outdated")
    migrations = [
        ("accounts", "0010_fold_search"),
        ("launches", "0006_fold_search"),
        ("workflow_templates", "0004_fold_search"),
        ("workflows", "0005_fold_search"),
    ]

    for migration in migrations:
        run(*migration)

    assert {
        model: list(model.objects.order_by("pk").values_list("pk", "search")) for model in models
    } == folded
    assert Template.objects.get().order_key == f"0{QUERY}"
    assert Workflow.objects.get(pk=5).digest == digest
    assert not list(differences(RebuildProgress(), workflow_id=5))
    with CaptureQueriesContext(connection) as again:
        for migration in migrations:
            run(*migration)
    assert [query["sql"] for query in again if query["sql"].startswith("UPDATE")] == []
