"""What is known of the server, in the database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from apps.core import periodic
from apps.core.database import clock
from apps.pneumatic import detection, server
from apps.pneumatic.canonical.features import (
    DateEncoding,
    Features,
    FileEncoding,
    OptionEncoding,
    PersonEncoding,
)
from apps.pneumatic.canonical.schemas import KeyHolder
from apps.pneumatic.client import capabilities
from apps.pneumatic.server import KnownServer
from apps.sync import known_server
from apps.sync.models import ServerFinding
from tests.factories import NOW
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current
from tests.sync.running import sync

URL = "https://api.example.com"
HOLDER = KeyHolder(
    7, "ada@example.com", "Ada Owner", is_admin=True, is_account_owner=True, zone="Europe/Riga"
)
FEATURES = Features(
    since="4.3",
    until="4",
    options=OptionEncoding.API_NAME,
    people=(PersonEncoding.EMAIL, PersonEncoding.ID),
    dates=(DateEncoding.SECONDS,),
    files=FileEncoding.ID,
    evidence=("GET /auth/google/token exists",),
    found_at=NOW,
)
FOUND = KnownServer("current", NOW, key_fingerprint="abc", key_holder=HOLDER)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Let no test know what another one found."""
    server.forget()
    yield
    server.forget()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "finding",
    [
        FOUND,
        KnownServer("documented", NOW),
        dataclasses.replace(FOUND, key_holder=None),
        dataclasses.replace(FOUND, features=FEATURES),
        dataclasses.replace(FOUND, rejected_fingerprint="def", rejected_at=NOW),
    ],
)
def test_a_finding_comes_back_as_it_was(finding: KnownServer) -> None:
    known_server.save(URL, finding)
    assert known_server.load(URL) == finding
    assert known_server.load("https://elsewhere.example.com") is None


@pytest.mark.django_db
def test_the_last_finding_replaces_the_one_before() -> None:
    known_server.save(URL, FOUND)
    later = KnownServer("documented", NOW + dt.timedelta(days=1))
    known_server.save(URL, later)
    assert known_server.load(URL) == later
    assert ServerFinding.objects.count() == 1


@pytest.mark.django_db
def test_what_is_known_already_is_not_written_again() -> None:
    known_server.save(URL, FOUND)
    with CaptureQueriesContext(connection) as queries:
        known_server.save(URL, FOUND)
    verbs = {query["sql"].split()[0] for query in queries.captured_queries}
    assert verbs & {"SELECT", "INSERT", "UPDATE"} == {"SELECT"}


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_it_is_saved_in_a_separate_one() -> None:
    known_server.save(URL, FOUND)
    assert known_server.load(URL) == FOUND


class Broken:
    """A database that refuses statements about the known server, as one that is busy or not migrated does."""

    def __init__(self, *, statements: tuple[str, ...]) -> None:
        self.statements = statements

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "sync_serverfinding" in sql and sql.startswith(self.statements):
            sql = sql.replace("sync_serverfinding", "sync_no_such_table")
        return execute(sql, params, many, context)


@pytest.mark.django_db
def test_a_table_that_is_missing_is_no_memory_and_spoils_nothing() -> None:
    with connection.execute_wrapper(Broken(statements=("SELECT", "INSERT", "UPDATE"))):
        assert known_server.load(URL) is None
        known_server.save(URL, FOUND)
    # The surrounding transaction continues, on PostgreSQL too.
    assert not ServerFinding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_cannot_be_written_to_is_no_memory() -> None:
    with connection.execute_wrapper(Broken(statements=("INSERT",))):
        known_server.save(URL, FOUND)
    assert known_server.load(URL) is None


def test_a_database_without_tables_can_be_migrated_and_queried(tmp_path: Path) -> None:
    """Every command asks what the server is before it knows whether there are tables."""
    script = (
        "import django; django.setup()\n"
        "from apps.pneumatic.client import capabilities\n"
        "from apps.sync import known_server\n"
        "print(capabilities().groups, known_server.load('https://api.example.com'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).resolve().parents[2],
        env={
            "ENV_FILE": "",
            "SECRET_KEY": "x" * 50,
            "DATABASE_URL": f"sqlite:///{tmp_path / 'fresh.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "pneumatic_dash.settings",
            "PNEUMATIC_DIALECT": "auto",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("False None\n", 0), done.stderr


# -- With a server


@both_dialects
@pytest.mark.django_db
def test_one_process_finds_out_and_every_other_knows(
    sandbox: Sandbox, settings: Settings, dialect: str
) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    assert not capabilities().groups
    sync()
    server.forget()  # as another process that has sent no request yet
    sandbox.clear_requests()
    found = server.known()
    assert found is not None
    assert found.dialect == dialect
    assert capabilities().groups is (dialect == "current")
    assert sandbox.requests() == []


@only_current
@pytest.mark.django_db
def test_the_user_of_the_key_is_stored_and_the_key_is_not(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    call_command("sync", verbosity=0)
    row = ServerFinding.objects.get()
    assert row.holder == [1, "ada@example.com", "Ada Owner", True, True, "UTC"]
    assert row.api_url == sandbox.url
    assert sandbox.key not in str(ServerFinding.objects.values().get())


@only_current
@pytest.mark.django_db
def test_the_holder_of_another_key_is_forgotten(sandbox: Sandbox, settings: Settings) -> None:
    sync()
    settings.PNEUMATIC_API_KEY = sandbox.add_key("the-key-of-bo-operator", 2)
    found = server.known()
    assert found is not None
    assert found.key_holder is None
    sync("templates")
    found = server.known()
    assert found is not None
    assert found.key_holder is not None
    assert found.key_holder.user_id == 2


# -- The worker


@both_dialects
@pytest.mark.django_db
def test_the_worker_detects_once(sandbox: Sandbox, settings: Settings, dialect: str) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    assert not capabilities().is_known

    periodic.run_once()

    assert detection.active_dialect() == dialect
    assert capabilities().is_known
    assert capabilities().reads_back is (dialect == "current")
    sandbox.clear_requests()
    known_server.detect_server()
    assert sandbox.requests() == []


@only_current
@pytest.mark.django_db
def test_the_worker_detects_the_user_of_a_new_key(sandbox: Sandbox, settings: Settings) -> None:
    known_server.detect_server()
    settings.PNEUMATIC_API_KEY = sandbox.add_key("the-key-of-bo-operator", 2)

    known_server.detect_server()

    found = server.known()
    assert found is not None
    assert found.key_holder is not None
    assert found.key_holder.user_id == 2


@only_current
@pytest.mark.django_db
def test_the_worker_notices_that_the_user_moved_to_another_zone(sandbox: Sandbox) -> None:
    known_server.detect_server()
    sandbox.put_user({"id": 1, "timezone": "Asia/Tokyo"})
    known_server.detect_server()
    assert str(server.account_zone()) == "UTC"
    ServerFinding.objects.update(holder_asked_at=timezone.now() - known_server.MAX_ZONE_AGE)
    server.forget()
    sandbox.clear_requests()

    known_server.detect_server()

    assert [entry["path"] for entry in sandbox.requests()] == ["/auth/context"]
    server.forget()  # as another process
    assert str(server.account_zone()) == "Asia/Tokyo"


@only_current
@pytest.mark.django_db
@pytest.mark.parametrize("ahead", [dt.timedelta(hours=-1), dt.timedelta(hours=1)])
def test_the_zone_is_as_old_on_a_machine_with_a_wrong_clock(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta
) -> None:
    """Its process says so by the database's clock, as all others do."""
    real, before = timezone.now, clock.now()
    with monkeypatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: real() + ahead)
        patch.setattr(clock, "_ahead", -ahead)
        known_server.detect_server()
        assert server.has_recent_holder(known_server.MAX_ZONE_AGE)
        in_six_minutes = ahead + dt.timedelta(minutes=6)
        patch.setattr("django.utils.timezone.now", lambda: real() + in_six_minutes)
        assert not server.has_recent_holder(known_server.MAX_ZONE_AGE)
    server.forget()  # as another process, with the right clock

    assert server.has_recent_holder(known_server.MAX_ZONE_AGE)
    row = ServerFinding.objects.get()
    assert row.holder_asked_at is not None
    assert before <= min(row.found_at, row.holder_asked_at)
    assert max(row.found_at, row.holder_asked_at) <= clock.now()


@pytest.mark.django_db
def test_a_server_that_is_away_is_tried_again_and_the_job_does_not_fail(
    sandbox: Sandbox, settings: Settings
) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    sandbox.fault(kind="status", status=503, times=0)

    known_server.detect_server()
    assert not capabilities().is_known
    sandbox.clear_faults()
    known_server.detect_server()

    assert capabilities().is_known


@both_dialects
@pytest.mark.django_db
def test_a_revoked_key_is_noticed_and_remembered_until_it_is_accepted_again(
    sandbox: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_server.detect_server()
    assert server.key_rejected_at() is None
    sandbox.fault(kind="status", status=401, times=0)
    known_server.detect_server()
    assert server.key_rejected_at() is None  # what is known costs no request for a few minutes

    monkeypatch.setattr(known_server, "KEY_CHECK_INTERVAL_SECONDS", 0)
    for _time in range(2):
        known_server.detect_server()
    server.forget()  # as in another process
    rejected_at = server.key_rejected_at()
    assert rejected_at is not None

    settings.PNEUMATIC_API_KEY, key = "another-key", settings.PNEUMATIC_API_KEY
    assert server.key_rejected_at() is None
    settings.PNEUMATIC_API_KEY = key
    sandbox.clear_faults()
    known_server.detect_server()
    server.forget()
    assert server.key_rejected_at() is None


@pytest.mark.django_db
def test_without_an_address_or_a_key_there_is_nothing_to_find_out(settings: Settings) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    settings.PNEUMATIC_API_KEY = ""
    known_server.detect_server()
    assert not capabilities().is_known
