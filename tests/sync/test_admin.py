"""Sync runs in Django admin: read-only, and as quick with many as with few."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.sync.models import SyncRun
from tests.fixtures.sandbox import Sandbox
from tests.sync.running import sync

pytestmark = pytest.mark.django_db
LIST = "/admin/sync/syncrun/"


def test_a_run_is_shown_with_its_results_and_cannot_be_edited(
    administrator_client: Client, sandbox: Sandbox
) -> None:
    sandbox.put_template({"id": 1, "name": "<script>alert(1)</script>"})
    run = sync()
    page = administrator_client.get(f"{LIST}{run.pk}/change/").content.decode()
    assert "templates" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert 'name="_save"' not in page
    assert administrator_client.post(f"{LIST}{run.pk}/change/", {"state": "failed"}).status_code == 403
    assert administrator_client.get(f"{LIST}add/").status_code == 403
    assert administrator_client.post(f"{LIST}{run.pk}/delete/", {"post": "yes"}).status_code == 403


def test_only_staff_with_the_permission_gets_in(viewer_client: Client) -> None:
    assert viewer_client.get(LIST).status_code == 302


def test_the_list_costs_the_same_with_many_runs(
    administrator_client: Client, operator: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    SyncRun.objects.bulk_create(
        SyncRun(state="done", trigger="page", started_by=operator, started_at=now, heartbeat_at=now)
        for _number in range(200)
    )
    with django_assert_max_num_queries(8):
        page = administrator_client.get(LIST, {"state__exact": "done", "q": "operator"})
    assert page.status_code == 200
    assert "operator" in page.content.decode()
