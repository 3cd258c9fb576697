"""SQLite's files, their folder and files with secrets: for their owner alone, regardless of the umask."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.db import connection
from pytest_django import Settings

from pneumatic_dash.private_files import PrivateConnection, make_private_folder

SYSTEMD = Path(__file__).resolve().parents[2] / "deploy" / "systemd"


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0o000)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write_to(path: Path) -> dict[str, int]:
    """Write to the database as Django does; return the modes of its files while it is open."""
    with closing(sqlite3.connect(database=str(path), factory=PrivateConnection)) as opened:
        opened.execute("PRAGMA journal_mode=WAL")
        opened.execute("CREATE TABLE IF NOT EXISTS t (x)")
        opened.commit()
        return {file.name: mode(file) for file in path.parent.iterdir()}


def test_new_files_and_old_ones_become_private(tmp_path: Path) -> None:
    path = tmp_path / "dash.sqlite3"
    private = {"dash.sqlite3": 0o600, "dash.sqlite3-wal": 0o600, "dash.sqlite3-shm": 0o600}
    assert write_to(path) == private

    with closing(sqlite3.connect(path)):
        path.chmod(0o644)
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").touch(mode=0o666)
        assert write_to(path) == private


def test_the_folder_becomes_private(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    make_private_folder(folder)
    assert mode(folder) == 0o700
    folder.chmod(0o755)
    make_private_folder(folder)
    assert mode(folder) == 0o700


@pytest.mark.django_db
def test_the_connection_of_django_is_such_a_one() -> None:
    connection.ensure_connection()
    assert connection.vendor != "sqlite" or isinstance(connection.connection, PrivateConnection)


def test_files_that_everyone_can_read_are_reported(tmp_path: Path, settings: Settings) -> None:
    key = tmp_path / "key"
    key.touch(mode=0o644)
    settings.SECRET_FILES = [key, tmp_path / "none"]

    found = [
        message.msg
        for message in run_checks(include_deployment_checks=True)
        if message.id == "pneumatic.W005" and str(key) in message.msg
    ]
    assert found == [f"{key} can be read by every user of this machine."]
    key.chmod(0o640)
    assert not any(str(key) in message.msg for message in run_checks(include_deployment_checks=True))


def test_the_units_set_a_umask() -> None:
    hardening = SYSTEMD / "pneumatic-dash-.service.d" / "hardening.conf"
    assert "UMask=0077" in hardening.read_text(encoding="utf-8")
    assert all(unit.name.startswith("pneumatic-dash-") for unit in SYSTEMD.glob("*.service"))
