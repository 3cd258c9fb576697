"""The receiver while the database is away, silent or full: 503, a line in the log, and nothing is lost."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.core.database import limits
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint, RoundTrip
from apps.webhooks.receiver import store
from tests.factories import NOW
from tests.fixtures.full_database import full_database
from tests.webhooks.receiver.test_views import body_for, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint() -> Endpoint:
    return endpoints.active()


@pytest.fixture
def path(endpoint: Endpoint) -> str:
    return endpoints.path(endpoint)


def test_when_the_row_cannot_be_written_nothing_is_acknowledged(
    client: Client, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the disk is gone")

    monkeypatch.setattr(store, "store", fail)
    response = post(client, path, body_for(path))

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "the disk is gone" not in response.content.decode()
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "A delivery was not stored: the disk is gone",
    )
    assert record.exc_info is None
    assert not Delivery.objects.exists()


def test_a_defect_keeps_its_traceback_in_the_log(
    client: Client, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ProgrammingError("no such column")

    monkeypatch.setattr(store, "store", fail)

    assert post(client, path, body_for(path)).status_code == 503
    (record,) = caplog.records
    assert record.exc_info is not None


def test_postgresql_has_the_receivers_limit_for_every_statement(
    client: Client, path: str, endpoint: Endpoint, settings: SettingsWrapper
) -> None:
    """A server that goes silent keeps no sender waiting, with any statement."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no network.")
    settings.WEBHOOK_WRITE_TIMEOUT = 7
    RoundTrip.objects.create(nonce="n" * 43, kind="workflow_started", endpoint=endpoint, sent_at=NOW)
    is_test = body_for(path)
    is_test["hook"]["test"] = "n" * 43
    asked: list[tuple[float, str]] = []

    def record(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((limits.seconds_left(1000), sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        for body in (body_for(path), body_for(path), is_test, b"{"):
            post(client, path, body)
        client.get(path)

    assert len(asked) > 10
    assert [sql for seconds, sql in asked if seconds > 7] == []


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_loses_nothing_that_was_acknowledged(client: Client, path: str) -> None:
    def send(count: int) -> list[int]:
        padding = "x" * 50_000  # more than the pages that are left over
        return [post(client, path, body_for(path) | {"padding": padding}).status_code for _ in range(count)]

    if connection.vendor == "sqlite":
        connection.cursor().execute("VACUUM")  # leaves no free pages of rows that other tests deleted
    with full_database():
        refused = send(2)
    accepted = send(2)
    if connection.vendor == "sqlite":  # from now on rows go to the driver
        with full_database():
            refused += send(2)
        accepted += send(1)

    assert set(refused) == {503}
    assert set(accepted) == {200}
    assert Delivery.objects.count() == len(accepted)


def test_when_the_database_is_away_the_sender_is_asked_to_retry(
    client: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("connection refused")

    post(client, path, body_for(path))
    monkeypatch.setattr(endpoints, "in_use", fail)

    assert post(client, path, body_for(path)).status_code == 503
    assert post(client, "/hooks/unknown/", b"{}").status_code == 503
