from __future__ import annotations

from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_it_is_alive_without_a_database(client: Client) -> None:
    # No database fixture: a query would fail this test.
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
def test_it_is_ready_when_migrated(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok"}}
    assert "no-cache" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_it_is_not_ready_before_migrations(client: Client) -> None:
    app, newest = MigrationLoader(connection).graph.leaf_nodes("launches")[0]
    MigrationRecorder(connection).record_unapplied(app, newest)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "migrations": "pending"}


@pytest.mark.django_db
def test_it_is_not_ready_without_the_database(client: Client) -> None:
    failure = OperationalError("could not connect to server at 10.1.2.3 as dash")
    with mock.patch("apps.core.database.MigrationExecutor", side_effect=failure):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "unreachable"
    assert b"10.1.2.3" not in response.content


def test_probes_only_read(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
