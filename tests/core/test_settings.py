"""A wrong value stops the start with a sentence that says what to write."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.test_checks import PRODUCTION, ROOT, manage


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "maybe", "DEBUG is 'maybe'. Write True or False."),
        ("SECRET_KEY", "", "SECRET_KEY is not set. Write a long random text"),
        ("SECRET_KEY_FILE", "/does/not/exist", "SECRET_KEY_FILE names a file that cannot be read"),
        ("PUBLIC_URL", "dash.example.com", "PUBLIC_URL is not a base URL. Write something like"),
        ("PNEUMATIC_API_URL", "https://me:pass@api.example.com", "PNEUMATIC_API_URL is not a base URL."),
        ("PNEUMATIC_API_URL", "ftp://api.example.com", "PNEUMATIC_API_URL is not a base URL."),
        ("PNEUMATIC_DIALECT", "old", "Write one of: auto, documented, current."),
        ("PNEUMATIC_READ_TIMEOUT", "soon", "Write a number of seconds from 0.1 to 300."),
        ("PNEUMATIC_READ_TIMEOUT", "0", "Write a number of seconds from 0.1 to 300."),
        ("PNEUMATIC_CONNECT_TIMEOUT", "nan", "Write a number of seconds"),
        ("TRUSTED_PROXIES", "0", "Write a number of proxies from 1 to 10."),
        ("SYNC_STALE_AFTER", "-1", "Write a number of minutes"),
        ("TIME_ZONE", "Mars/Base", "Write a time zone such as Europe/Berlin, or UTC."),
        ("DATABASE_URL", "dash:pass@db", "DATABASE_URL names no database. Write postgres://"),
        ("DATABASE_URL", "mysql://me:pass@db/dash", "DATABASE_URL names no database."),
        (
            "DATABASE_URL",
            "sqlite:////does/not/exist.sqlite3",
            "which is no folder. Create it, or write another path.",
        ),
        ("DISK_MIN_FREE_MB", "0", "Write a number of megabytes from 1 to 1e+06."),
        ("DATABASE_TIMEOUT", "0", "Write a number of seconds from 1 to 600."),
        ("DATABASE_COMMAND_TIMEOUT", "long", "Write a number of seconds from 1 to 86400."),
        ("DATABASE_LOCK_TIMEOUT", "-1", "Write a number of seconds from 1 to 3600."),
        ("DATABASE_POOLED", "maybe", "DATABASE_POOLED is 'maybe'. Write True or False."),
        ("LOG_LEVEL", "loud", "Write one of: debug, info, warning, error."),
    ],
)
def test_a_wrong_value_stops_the_start(name: str, value: str, sentence: str) -> None:
    done = manage("check", **{name: value})

    assert done.returncode == 1
    assert sentence in done.stderr
    assert "pass@" not in done.stderr
    assert done.stderr.count("\n") == 1, "more than the sentence"


@pytest.mark.parametrize("command", ["migrate", "sandbox"])
def test_a_command_without_a_key_says_so_and_nothing_else(command: str) -> None:
    done = manage(command, SECRET_KEY="")

    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"SECRET_KEY is not set\. .*`make env` does.*\n", done.stderr)


def test_the_web_server_says_so_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "pneumatic_dash.wsgi", "--bind", "127.0.0.1:0", "--workers", "1"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **PRODUCTION, "SECRET_KEY": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 3
    assert "SECRET_KEY is not set." in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_may_be_in_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 60 + "\n", encoding="utf-8")

    done = manage("check", "--deploy", SECRET_KEY="", SECRET_KEY_FILE=str(tmp_path / "key"))

    assert done.returncode == 0, done.stderr
