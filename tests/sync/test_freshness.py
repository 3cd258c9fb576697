"""How fresh the mirror is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from apps.sync.context_processors import freshness as context
from apps.sync.models import SyncRun
from apps.sync.selectors import freshness

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def synced(resource: str, *, minutes_ago: float, state: str = "done", dry_run: bool = False) -> None:
    at = NOW - dt.timedelta(minutes=minutes_ago)
    run = SyncRun.objects.create(
        state="done", trigger="command", started_at=at, heartbeat_at=at, dry_run=dry_run
    )
    run.results.create(resource=resource, state=state, finished_at=at)


def test_never_synced_is_stale() -> None:
    found = freshness()
    assert (found.is_stale, found.never, found.oldest) == (True, True, None)


def test_one_resource_that_was_never_synced_is_enough() -> None:
    assert freshness().nothing_yet
    synced("users", minutes_ago=1)
    found = freshness()
    assert (found.is_stale, found.never, found.nothing_yet) == (True, True, False)


def test_the_banner_distinguishes_nothing_from_not_everything(viewer_client: Client) -> None:
    assert "Nothing has been synced" in viewer_client.get("/templates/").content.decode()
    synced("users", minutes_ago=1)
    assert "Not everything has been synced" in viewer_client.get("/templates/").content.decode()


def test_the_stalest_resource_decides(settings: Settings) -> None:
    settings.SYNC_STALE_AFTER = 60
    synced("users", minutes_ago=1)
    synced("templates", minutes_ago=61)
    found = freshness()
    assert (found.is_stale, found.never) == (True, False)
    assert found.oldest == NOW - dt.timedelta(minutes=61)
    synced("templates", minutes_ago=2)
    assert not freshness().is_stale


@pytest.mark.parametrize(
    "worthless", [{"state": "failed"}, {"state": "refused"}, {"state": "fetching"}, {"dry_run": True}]
)
def test_only_what_was_written_counts(worthless: dict[str, Any]) -> None:
    synced("users", minutes_ago=1, **worthless)
    synced("templates", minutes_ago=1)
    assert freshness().never


def test_a_page_that_does_not_ask_costs_no_query(
    rf: RequestFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        lazy: Any = context(rf.get("/"))["freshness"]
    with django_assert_num_queries(2):
        assert lazy.is_stale
        assert lazy.never
