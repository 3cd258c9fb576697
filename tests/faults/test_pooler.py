"""Everything through PgBouncer in transaction mode, which gives each transaction another session of the server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.webhooks.models import Delivery
from apps.webhooks.processing.worker import process_pending
from apps.workflows.models import Workflow
from tests.fixtures import payloads
from tests.fixtures.deliveries import store
from tests.fixtures.proxy import free_port
from tests.fixtures.responses import Response
from tests.fixtures.waiting import HANG_SECONDS, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.ci]

SESSIONS = 2


@pytest.fixture
def pooler(tmp_path: Path, settings: SettingsWrapper) -> Iterator[str]:
    """Lead this process's connection through a pooler with two sessions, used in turn; yield its address."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if connection.vendor != "postgresql":
        pytest.skip("SQLite needs no pooler.")
    if program is None:
        pytest.skip("PgBouncer is not installed (on Debian: the package pgbouncer).")
    values = connection.settings_dict
    direct, port = dict(values), free_port()
    password = f"password={values['PASSWORD']}" if values["PASSWORD"] else ""
    configuration = tmp_path / "pgbouncer.ini"
    configuration.write_text(
        f"""
        [databases]
        * = host={values["HOST"]} port={values["PORT"] or 5432} user={values["USER"]} {password}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        default_pool_size = {SESSIONS}
        server_round_robin = 1
        """
    )
    user = ["--user", "nobody"] if os.geteuid() == 0 else []  # it refuses to run as root
    process = subprocess.Popen([program, "--quiet", *user, str(configuration)], stderr=subprocess.DEVNULL)
    address = f"host=127.0.0.1 port={port} dbname={values['NAME']} user={values['USER']}"
    try:
        wait_for(lambda: is_up(address) or process.poll() is not None)
        assert process.poll() is None
        with ThreadPoolExecutor(SESSIONS) as pool:  # open all sessions
            list(pool.map(lambda _n: ask(address, "SELECT pg_sleep(0.2)"), range(SESSIONS)))
        connection.close()
        values.update(HOST="127.0.0.1", PORT=str(port), DISABLE_SERVER_SIDE_CURSORS=True)
        settings.DATABASE_POOLED = True
        yield address
    finally:
        connection.close()
        values.update(direct)
        process.terminate()
        process.wait(HANG_SECONDS)


def ask(address: str, statement: str) -> object:
    with psycopg.connect(address, autocommit=True, prepare_threshold=None) as session:
        row = session.execute(statement).fetchone()
        assert row is not None
        return row[0]


def is_up(address: str) -> bool:
    try:
        return bool(ask(address, "SELECT 1"))
    except psycopg.OperationalError:
        return False


def test_exports_and_commands_work(pooler: str, operator_client: Client) -> None:
    store([payloads.started(number) for number in range(1, 60)])

    process_pending()
    download: Response = operator_client.get("/workflows/export.csv")
    lines = b"".join(download.streaming_content).decode().splitlines()
    call_command("rebuild_workflows", apply=True)
    call_command("prune_deliveries")

    assert Workflow.objects.count() == 59
    assert len(lines) == 60
    assert not Delivery.objects.exclude(state="processed").exists()


def test_no_setting_of_a_session_is_left_for_others(pooler: str) -> None:
    """Deliveries are acknowledged when they are on the disk, also after the worker used the same session."""
    store([payloads.started(1)])
    process_pending()

    for name, value in {"synchronous_commit": "on", "statement_timeout": "0"}.items():
        assert {ask(pooler, f"SHOW {name}") for _session in range(2 * SESSIONS)} == {value}
