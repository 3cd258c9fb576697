"""Sync processes that are killed, and two at a time: real processes, a real database, real HTTP."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox, either_dialect
from tests.fixtures.waiting import HANG_SECONDS

# A separate database, of the kind that the tests run on.
pytestmark = [pytest.mark.database, either_dialect]

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = 24  # and 2.5 times as many users


class Installation:
    """A separate installation: a database, and commands that run as processes."""

    def __init__(self, database_url: str, query: Callable[[str], list[Any]], sandbox: Sandbox) -> None:
        self.query = query
        self.environment = {
            **os.environ,
            **sandbox.environment,
            "PNEUMATIC_DIALECT": "auto",
            "DATABASE_URL": database_url,
            "ENV_FILE": "",
            "SECRET_KEY": "for-tests-only-" + "x" * 50,
            "DEBUG": "False",
        }

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

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run ``manage.py`` to its end; return exit code, output and errors."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=HANG_SECONDS)
        return process.returncode, out, err

    def wait_until_running(self, process: subprocess.Popen[str]) -> None:
        """Return when the database holds a running run."""
        give_up = time.monotonic() + HANG_SECONDS
        while not self.query("SELECT 1 FROM sync_syncrun WHERE state = 'running'"):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up
            time.sleep(0.01)

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
def installation(sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation on the kind of database that the tests run on; nothing was synchronised yet."""
    sandbox.reset("empty", large=TEMPLATES)
    place = on_postgresql(sandbox) if connection.vendor == "postgresql" else on_sqlite(sandbox, tmp_path)
    with place as installation:
        assert installation.run("migrate", "--verbosity", "0")[0] == 0
        yield installation


@contextmanager
def on_sqlite(sandbox: Sandbox, folder: Path) -> Iterator[Installation]:
    path = folder / "dash.sqlite3"

    def query(sql: str) -> list[Any]:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as database:
            return database.execute(sql).fetchall()

    yield Installation(f"sqlite:///{path}", query, sandbox)


@contextmanager
def on_postgresql(sandbox: Sandbox) -> Iterator[Installation]:
    here, name = connection.settings_dict, f"killed_{os.getpid()}"
    keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    server = {key: here[name] for key, name in keys.items() if here[name]}

    def query(sql: str) -> list[Any]:
        with psycopg.connect(dbname=name, **server) as database:
            answer = database.execute(sql)
            return answer.fetchall() if answer.description else []

    with psycopg.connect(dbname="postgres", autocommit=True, **server) as database:
        database.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        database.execute(f'CREATE DATABASE "{name}"')
        try:
            login = ":".join(filter(None, [here["USER"], here["PASSWORD"]]))
            yield Installation(f"postgres://{login}@{here['HOST']}:{here['PORT']}/{name}", query, sandbox)
        finally:
            database.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.mark.parametrize(
    "points",
    [
        (1, TEMPLATES // 2, TEMPLATES),
        pytest.param((0, 1, 2, 4, TEMPLATES // 2, TEMPLATES, TEMPLATES + 2), marks=pytest.mark.exhaustive),
    ],
    ids=["some", "all"],
)
def test_runs_that_are_killed_leave_a_good_state_and_no_lock(
    installation: Installation, sandbox: Sandbox, points: tuple[int, ...]
) -> None:
    sandbox.fault(kind="delay", seconds=0.02, times=0)
    for after_requests in points:
        sandbox.clear_requests()
        with installation.start("sync") as process:
            installation.wait_until_running(process)
            while len(sandbox.requests()) < after_requests and process.poll() is None:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
        installation.assert_consistent()

    sandbox.clear_faults()
    code, out, err = installation.run("sync")
    assert (code, err) == (0, ""), out
    *killed, last = installation.states()
    assert set(killed) <= {"abandoned", "done"}
    assert "abandoned" in killed
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

    assert installation.run("sync")[0] == 0
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
        code, out, err = installation.run("sync", "--json")
        assert code == 1
        assert json.loads(out)["state"] == "busy"
        assert "Another sync is already running." in err
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
        assert installation.run("sync")[0] == 0
        first.send_signal(signal.SIGCONT)
        _out, err = first.communicate(timeout=HANG_SECONDS)
    assert first.returncode == 1
    assert "was interrupted" in err
    assert installation.states() == ["abandoned", "done"]
    installation.assert_consistent()
