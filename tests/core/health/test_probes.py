"""The probes: what they say, and that nothing but what they are about can change it."""

from __future__ import annotations

import threading
from unittest import mock

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, override_settings

from apps.core.health import storage
from apps.core.models import WorkerProcess
from apps.core.processes import heartbeat
from tests.fixtures.full_database import database_error, full_database


def test_it_is_alive_without_a_database(client: Client) -> None:
    # No database fixture: a query would fail this test.
    client.cookies["sessionid"] = "of-someone"
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
@override_settings(ALLOWED_HOSTS=["dash.example.com"], SECURE_SSL_REDIRECT=True)
@pytest.mark.parametrize("host", ["10.42.8.201:8000", "[fd00::1]:8000", "a_b", "-", "x:y:z", ""])
def test_probes_answer_to_any_host_name_and_over_plain_http(client: Client, host: str) -> None:
    for path in ("/healthz", "/readyz"):
        response = client.get(path, headers={"host": host})
        assert response.status_code == 200, response.content
    assert client.get("/login/", headers={"host": host}).status_code in {301, 400}


@pytest.mark.django_db
def test_probes_answer_below_a_sub_path(client: Client) -> None:
    with override_settings(FORCE_SCRIPT_NAME="/dash"):
        assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_a_ready_process_says_so_and_leaves_nothing_behind(client: Client) -> None:
    response = client.get("/readyz", headers={"cookie": "sessionid=of-someone"})

    assert response.status_code == 200
    checks = {"database": "ok", "migrations": "ok", "disk": "ok"}
    assert response.json() == {"status": "ok", "checks": checks, "reasons": []}
    assert response.headers["Cache-Control"] == "no-store"
    assert not WorkerProcess.objects.exists()


@pytest.mark.django_db
def test_it_is_not_ready_before_migrations(client: Client) -> None:
    app, newest = MigrationLoader(connection).graph.leaf_nodes("launches")[0]
    MigrationRecorder(connection).record_unapplied(app, newest)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "migrations": "pending", "disk": "ok"}
    assert "manage.py migrate" in response.json()["reasons"][0]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_it_is_not_ready_without_the_database(client: Client, kind: type[Exception]) -> None:
    failure = kind("could not connect to server at 10.1.2.3 as dash")
    with mock.patch("apps.core.database.state.MigrationExecutor", side_effect=failure):
        response = client.get("/readyz?worker")

    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "unreachable",
        "migrations": "unknown",
        "disk": "ok",
        "worker": "unknown",
    }
    assert b"10.1.2.3" not in response.content


@pytest.mark.django_db(transaction=True)
def test_it_is_not_ready_while_the_database_is_full(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with full_database():
        response = client.get("/readyz")
        client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "full"
    assert response.json()["reasons"] == ["The database is full: its disk has no room."]
    assert client.get("/readyz").status_code == 200
    assert [record.getMessage() for record in caplog.records] == [
        "Not ready: The database is full: its disk has no room.",
        "Ready again.",
    ]


@pytest.mark.django_db
def test_there_is_a_reason_for_whatever_stops_a_write(client: Client) -> None:
    found = {}
    for failed in (
        database_error("attempt to write a readonly database"),
        database_error("cannot execute INSERT in a read-only transaction", "25006"),
        database_error("database is locked"),
        database_error("canceling statement due to statement timeout", "57014"),
        database_error("disk I/O error"),
    ):
        with mock.patch.object(WorkerProcess.objects, "create", side_effect=failed):
            response = client.get("/readyz")
        assert response.status_code == 503
        found[str(failed)] = response.json()["checks"]["database"]

    assert list(found.values()) == ["read-only", "read-only", "busy", "busy", "failed"]


@pytest.mark.django_db
def test_it_is_not_ready_while_a_disk_is_full(client: Client) -> None:
    with override_settings(DISK_MIN_FREE_BYTES=2**62):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "migrations": "ok", "disk": "unusable"}
    assert "The disk is full." in response.json()["reasons"][0]


@pytest.mark.django_db
def test_the_worker_is_a_separate_question(client: Client) -> None:
    assert client.get("/readyz").status_code == 200
    assert client.get("/readyz?worker").json()["checks"]["worker"] == "stopped"

    with heartbeat.process():
        heartbeat.beat()
        assert client.get("/readyz?worker").json()["checks"]["worker"] == "ok"
        WorkerProcess.objects.update(rounds={"deliveries": {"seconds": 900.0, "failures": 0}})
        response = client.get("/readyz?worker")
    assert response.status_code == 503
    assert response.json()["checks"]["worker"] == "stuck"
    assert response.json()["reasons"] == ["The worker hangs in: deliveries. Restart it."]


def test_probes_only_read(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.head("/healthz").status_code == 200


def test_a_disk_that_does_not_answer_is_reported_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    asked: list[str] = []

    def hang(folder: str) -> None:
        asked.append(folder)
        answers.wait()

    monkeypatch.setattr(storage, "TIMEOUT_SECONDS", 0.01)
    monkeypatch.setattr(storage, "_try_to_write", hang)
    monkeypatch.setattr(storage, "_folders", lambda: [("database", "/tmp")])  # noqa: S108 - nothing is written
    try:
        verdicts = [storage.rooms()[0].trouble for _again in range(3)]
    finally:
        answers.set()

    assert verdicts == ["The disk does not respond."] * 3
    assert asked == ["/tmp"]  # noqa: S108 - one thread waits, not three
