"""Sync processes that are killed, and two at a time: real processes, a real database, real HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.sync.runs import SyncAlreadyRunningError
from tests.fixtures.database import database_url
from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox, either_dialect
from tests.fixtures.waiting import HANG_SECONDS, wait_for
from tests.sync.running import sync

pytestmark = [pytest.mark.django_db(transaction=True), either_dialect]

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = 24  # and 2.5 times as many users


class Installation:
    """Commands that run as processes on the tests' database."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.environment = {
            **os.environ,
            **sandbox.environment,
            "PNEUMATIC_DIALECT": "auto",
            "DATABASE_URL": database_url(),
        }

    def query(self, sql: str) -> list[Any]:
        """Run a statement and return its rows."""
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``manage.py`` and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def states(self) -> list[str]:
        """Return the states of all runs, oldest first."""
        return [row[0] for row in self.query("SELECT state FROM sync_syncrun ORDER BY id")]

    def size(self, table: str) -> int:
        """Return how many rows ``table`` has."""
        return int(self.query(f"SELECT COUNT(*) FROM {table}")[0][0])  # noqa: S608 - our own words

    def assert_consistent(self) -> None:
        """Check that each resource is there as a whole or not at all."""
        assert self.size("accounts_pneumaticuser") in {0, int(TEMPLATES * 2.5)}
        assert self.size("workflow_templates_template") in {0, TEMPLATES}
        assert self.size("workflow_templates_templateversion") == self.size("workflow_templates_template")
        assert not self.query("SELECT 1 FROM workflow_templates_template WHERE current_version_id IS NULL")


@pytest.fixture
def installation(sandbox: Sandbox) -> Installation:
    """Return an installation in which nothing was synchronised yet."""
    sandbox.reset("empty", large=TEMPLATES)
    return Installation(sandbox)


@pytest.mark.parametrize(
    "points",
    [
        (TEMPLATES // 2, TEMPLATES),
        pytest.param((0, 1, 2, 4, TEMPLATES // 2, TEMPLATES), marks=pytest.mark.exhaustive),
    ],
    ids=["some", "all"],
)
def test_runs_that_are_killed_leave_a_good_state_and_no_lock(
    installation: Installation, sandbox: Sandbox, points: tuple[int, ...]
) -> None:
    for number in points:
        sandbox.fault(
            kind="delay", seconds=HANG_SECONDS, times=1, skip=number
        )  # it has no response to this request
        with installation.start("sync") as process:
            wait_for(lambda: sandbox.faults()[0]["used"] or process.poll() is not None)
            process.send_signal(signal.SIGKILL)
        sandbox.clear_faults()
        installation.assert_consistent()

    assert sync().state == "done"
    *killed, last = installation.states()
    assert set(killed) == {"abandoned"}
    assert last == "done"
    assert installation.size("workflow_templates_template") == TEMPLATES
    installation.assert_consistent()


DIE_IN_A_STATEMENT = """
import os, signal, sys
from django.core.management import execute_from_command_line
from django.db.backends.signals import connection_created

def die(execute, sql, params, many, context):
    answer = execute(sql, params, many, context)
    if sql.startswith(f'INSERT INTO "{sys.argv[1]}"'):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

def watch(connection, **_):
    connection.execute_wrappers.append(die)

connection_created.connect(watch)
execute_from_command_line(["manage.py", "sync"])
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "table",
    exhaustive(
        ["accounts_pneumaticuser", "workflow_templates_runallowed"], but=["workflow_templates_runallowed"]
    ),
)
def test_a_run_that_is_killed_while_it_writes_has_written_all_or_nothing(
    installation: Installation, table: str
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", DIE_IN_A_STATEMENT, table],
        cwd=ROOT,
        env={**installation.environment, "DJANGO_SETTINGS_MODULE": "pneumatic_dash.settings"},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert installation.states() == ["running"]
    installation.assert_consistent()
    assert installation.size("workflow_templates_template") == 0

    assert sync().state == "done"
    assert installation.states() == ["abandoned", "done"]
    installation.assert_consistent()
    assert installation.size("workflow_templates_template") == TEMPLATES


@contextmanager
def frozen_while_it_fetches(installation: Installation, sandbox: Sandbox) -> Iterator[subprocess.Popen[str]]:
    """Hold a sync in the middle of fetching, where it has nothing open in the database."""
    sandbox.fault(kind="delay", seconds=2, path_prefix="/templates", times=0)
    with installation.start("sync") as process:
        while not sandbox.faults()[0]["used"]:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        sandbox.clear_faults()
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)


def test_two_at_a_time_one_runs_and_one_says_so(installation: Installation, sandbox: Sandbox) -> None:
    with frozen_while_it_fetches(installation, sandbox) as first:
        with pytest.raises(SyncAlreadyRunningError):
            sync()
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=HANG_SECONDS)
    assert first.returncode == 0
    assert installation.states() == ["done"]
    installation.assert_consistent()


@pytest.mark.exhaustive
def test_many_that_start_together_make_one_mirror(installation: Installation, sandbox: Sandbox) -> None:
    sandbox.fault(kind="delay", seconds=0.1, times=0)
    processes = [installation.start("sync") for _number in range(3)]
    codes = []
    for process in processes:
        with process:
            _out, err = process.communicate(timeout=HANG_SECONDS)
            codes.append(process.returncode)
            assert process.returncode == 0 or "Another sync is already running." in err, err
    assert 0 in codes
    assert set(installation.states()) == {"done"}
    installation.assert_consistent()


def test_a_run_that_was_frozen_and_given_up_writes_nothing_when_it_wakes(
    installation: Installation, sandbox: Sandbox
) -> None:
    with frozen_while_it_fetches(installation, sandbox) as first:
        installation.query("UPDATE sync_syncrun SET heartbeat_at = '2020-01-01 00:00:00+00:00'")
        assert sync().state == "done"
        first.send_signal(signal.SIGCONT)
        _out, err = first.communicate(timeout=HANG_SECONDS)
    assert first.returncode == 1
    assert "was interrupted" in err
    assert installation.states() == ["abandoned", "done"]
    installation.assert_consistent()
