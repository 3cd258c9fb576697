"""While the database is away: a page that says so, status 503, with everything that was typed."""

from __future__ import annotations

import html
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError
from django.test import Client
from psycopg import errors as driver

from apps.accounts.models import User
from apps.core.database.errors import is_passing, trouble_behind
from apps.workflow_templates.models import Template
from tests.fixtures.outage import database_away
from tests.fixtures.responses import Response
from tests.fixtures.waiting import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[3]

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/launches/"}


@pytest.fixture
def browser(operator: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(operator)
    return client


def kept(response: Response) -> dict[str, str]:
    """Return the hidden controls of the page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.content.decode())
    return {name: html.unescape(value) for name, value in found}


@pytest.mark.parametrize("path", ["/", "/launches/", "/templates/", "/admin/", "/sync/", "/no/such/page/"])
def test_every_page_says_that_the_database_is_away(browser: Client, path: str) -> None:
    with database_away():
        response = browser.get(path)

    assert response.status_code == 503
    assert "The database is not available" in response.content.decode()
    assert f'href="{path}"' in response.content.decode()
    assert response.headers["Retry-After"] == "10"
    assert "no-store" in response.headers["Cache-Control"]
    assert "sessionid" not in response.cookies  # the user stays signed in


def test_scripts_get_what_they_can_use(browser: Client) -> None:
    with database_away():
        fragment = browser.get("/launches/", headers=HTMX)
        answer = browser.get("/launches/", headers={"Accept": "application/json"})

    assert (fragment.status_code, answer.status_code) == (503, 503)
    assert "<html" not in fragment.content.decode()
    assert 'role="alert"' in fragment.content.decode()
    assert answer.json() == {"error": "The database is not available. Try again in a moment."}


@pytest.mark.parametrize("after", range(0, 12, 3))
def test_what_was_typed_is_sent_again_from_the_page(
    browser: Client, every_field: Template, after: int
) -> None:
    """Wherever it fails: at the session, at the user, in the view, at the end."""
    typed = {"name": "Ünïcode & <b>", "kickoff-string-1": 'a "quoted"\nvalue', "submission_id": "1-2"}
    path = f"/templates/{every_field.pk}/launch/?from=x"
    with database_away(after=after):
        response = browser.post(path, {**typed, "launch": "1"})

    assert response.status_code == 503
    assert f'method="post" action="{path}"' in response.content.decode()
    values = kept(response)
    assert values.pop("csrfmiddlewaretoken")
    assert values == {**typed, "launch": "1"}


def test_a_session_that_cannot_be_saved_is_no_bad_request(browser: Client, every_field: Template) -> None:
    with database_away(only='UPDATE "django_session"'):
        response = browser.get(f"/templates/{every_field.pk}/launch/")

    assert response.status_code == 503


def test_answers_are_kept_when_the_user_of_a_file_cannot_be_looked_up(
    browser: Client, every_field: Template
) -> None:
    """Django reads the body before any view, and looks up at that time whether the user may send files."""
    file = SimpleUploadedFile("a.txt", b"hello")
    with database_away():
        response = browser.post(
            f"/templates/{every_field.pk}/launch/", {"kickoff-file-1": file, "name": "After the file"}
        )

    assert response.status_code == 503
    assert kept(response)["name"] == "After the file"
    assert "Files that were not uploaded yet are not kept" in response.content.decode()


def test_a_file_is_never_left_out_in_silence(browser: Client) -> None:
    """The database may be back for the view, after the file was skipped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(User, "has_perm", fail_once(User.has_perm))
        response = browser.post("/launches/files/", {"file": SimpleUploadedFile("a.txt", b"hello")})

    assert response.status_code == 503


def fail_once(function: Callable[..., bool]) -> Callable[..., bool]:
    """Return ``function``, which fails the first time as it does while the database is away."""
    calls: list[None] = []

    def call(*args: Any) -> bool:
        calls.append(None)
        if len(calls) == 1:
            raise OperationalError
        return function(*args)

    return call


@pytest.mark.django_db
def test_no_password_is_written_into_a_page() -> None:
    client = Client(raise_request_exception=False)
    with database_away():
        response = client.post("/login/", {"username": "ada", "password": "correct horse"})

    assert response.status_code == 503
    assert "correct horse" not in response.content.decode()
    assert kept(response)["username"] == "ada"


def test_the_log_has_a_line_and_no_traceback(browser: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "django.request"), database_away():
        browser.get("/launches/")

    (record,) = (record for record in caplog.records if record.name == "django.request")
    assert record.getMessage() == (
        "Service Unavailable: /launches/: server closed the connection unexpectedly"
    )
    assert record.exc_info is None


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InterfaceError("connection already closed"), 503),
        (caused_by(OperationalError(), driver.AdminShutdown()), 503),
        (caused_by(OperationalError(), driver.TooManyConnections()), 503),
        (caused_by(OperationalError(), driver.DiskFull()), 503),
        (caused_by(OperationalError(), driver.QueryCanceled()), 503),
        (caused_by(InternalError(), driver.ReadOnlySqlTransaction()), 503),
        (caused_by(InternalError(), driver.IdleInTransactionSessionTimeout()), 503),
        (caused_by(ProgrammingError(), driver.UndefinedTable()), 500),
        (RuntimeError("a defect"), 500),
    ],
)
def test_only_trouble_of_the_database_is_reported_as_such(
    browser: Client, error: Exception, status: int
) -> None:
    with database_away(error):
        response = browser.get("/launches/")

    assert response.status_code == status
    assert "secret" not in response.content.decode()


def test_a_statement_that_took_too_long_is_not_tried_again_as_it_is() -> None:
    error = caused_by(OperationalError(), driver.QueryCanceled())

    assert not is_passing(error)
    assert trouble_behind(RuntimeError()) is None
    assert trouble_behind(caused_by(RuntimeError(), error)) is error


@pytest.mark.parametrize("command", [["prune_deliveries"], ["worker", "--batch"]])
def test_a_command_says_it_in_one_line(tmp_path: Path, command: list[str]) -> None:
    """The file is a folder, which SQLite cannot open."""
    (tmp_path / "dash.sqlite3").mkdir()
    finished = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/dash.sqlite3"},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )

    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1].startswith("The database is not available: unable to open")
    assert "Traceback" not in finished.stderr
