"""Everything through PgBouncer in transaction mode, which gives each transaction another session of the server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.webhooks.models import Delivery
from apps.webhooks.processing.worker import process_pending
from apps.workflows.models import Workflow
from tests.fixtures import payloads, pooler
from tests.fixtures.database import database_url
from tests.fixtures.deliveries import store
from tests.fixtures.pooler import SESSIONS, Pooler
from tests.fixtures.responses import Response

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.ci]


@pytest.fixture
def between(tmp_path: Path, settings: SettingsWrapper) -> Iterator[Pooler]:
    """Lead this process's connection through a pooler with two sessions, used in turn."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite needs no pooler.")
    if pooler.PROGRAM is None:
        pytest.skip(pooler.MISSING)
    values = connection.settings_dict
    direct = dict(values)
    with pooler.pooler_to(database_url(), tmp_path) as between:
        with ThreadPoolExecutor(SESSIONS) as pool:  # open all sessions
            list(pool.map(lambda _n: between.ask("SELECT pg_sleep(0.2)"), range(SESSIONS)))
        connection.close()
        values.update(HOST="127.0.0.1", PORT=str(between.port), DISABLE_SERVER_SIDE_CURSORS=True)
        settings.DATABASE_POOLED = True
        try:
            yield between
        finally:
            connection.close()
            values.update(direct)


def test_exports_and_commands_work(between: Pooler, operator_client: Client) -> None:
    store([payloads.started(number) for number in range(1, 60)])

    process_pending()
    download: Response = operator_client.get("/workflows/export.csv")
    lines = b"".join(download.streaming_content).decode().splitlines()
    call_command("rebuild_workflows", apply=True)
    call_command("prune_deliveries")

    assert Workflow.objects.count() == 59
    assert len(lines) == 60
    assert not Delivery.objects.exclude(state="processed").exists()


def test_no_setting_of_a_session_is_left_for_others(between: Pooler) -> None:
    """Deliveries are acknowledged when they are on the disk, also after the worker used the same session."""
    store([payloads.started(1)])
    process_pending()

    for name, value in {"synchronous_commit": "on", "statement_timeout": "0"}.items():
        assert {between.ask(f"SHOW {name}") for _session in range(2 * SESSIONS)} == {value}
