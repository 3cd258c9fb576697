"""When a session ends: without activity, and at its maximum age. Polls are no activity."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.sign_in import sessions
from apps.core.database import clock
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.factories import PASSWORD
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import either_dialect

pytestmark = pytest.mark.django_db

POLLS = (
    ("/workflows/", {"Live-Version": "1"}),
    ("/launches/", {"HX-Request": "true", "Background-Request": "poll"}),
    ("/sync/live/", {"HX-Request": "true", "Background-Request": "poll"}),
)


class Wait:
    """Puts the database's clock forward, and the machine's not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = dt.timedelta()
        monkeypatch.setattr(clock, "now", lambda: timezone.now() + self.passed)

    def __call__(self, **time: float) -> None:
        self.passed += dt.timedelta(**time)


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    return Wait(monkeypatch)


def is_signed_in(client: Client) -> bool:
    """Return whether a poll, which changes nothing, is answered."""
    return client.get("/workflows/", headers={"Live-Version": "1"}).status_code in {200, 204}


def test_a_session_ends_without_activity_and_at_its_maximum_age(viewer_client: Client, wait: Wait) -> None:
    for _day in range(27):
        wait(hours=11.9)
        assert viewer_client.get("/").status_code == 200
    wait(hours=11.9)
    wait(hours=3)
    assert not is_signed_in(viewer_client), "the session is older than 14 days"

    viewer_client.login(username="viewer", password=PASSWORD)
    wait(hours=11.9)
    assert is_signed_in(viewer_client), "the limits start again with a sign-in"
    wait(hours=0.2)
    assert not is_signed_in(viewer_client)
    assert not Session.objects.exists()


@pytest.mark.parametrize(("path", "headers"), POLLS)
def test_polls_are_no_activity(
    path: str, headers: dict[str, str], operator_client: Client, wait: Wait
) -> None:
    for _time in range(3):
        wait(hours=4.5)
        response = operator_client.get(path, headers=headers)

    assert response.headers.get("HX-Redirect", response.headers.get("Location", "")).startswith("/login/")


def test_typing_reports_activity(operator_client: Client, wait: Wait) -> None:
    for _time in range(3):
        wait(hours=11)
        assert operator_client.get("/account/activity/").status_code == 204
    wait(hours=11)
    sent = operator_client.post("/sync/start/", headers={"Background-Request": "poll"})

    assert sent.status_code == 302
    assert "/login/" not in sent.headers["Location"]
    wait(hours=11)
    assert is_signed_in(operator_client), "what changes something is no poll, regardless of its headers"


def test_activity_is_written_once_a_minute(
    viewer_client: Client, wait: Wait, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    viewer_client.get("/account/activity/")
    with django_assert_num_queries(2):  # session and user
        viewer_client.get("/account/activity/")
    wait(seconds=61)
    # And the session in a transaction, with savepoints in the test; PostgreSQL gets the limit of the wait for a lock.
    with django_assert_num_queries(2 + 5 + (connection.vendor == "postgresql")):
        viewer_client.get("/account/activity/")


def test_a_page_is_shown_where_activity_cannot_be_written(
    viewer_client: Client, wait: Wait, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_seconds: float) -> None:
        raise DatabaseError("read-only")

    monkeypatch.setattr(sessions, "bounded_transaction", fails)
    wait(hours=1)

    assert viewer_client.get("/account/activity/").status_code == 204
    assert "was not stored" in caplog.text


def test_a_session_of_an_older_version_starts_its_limits(viewer_client: Client, wait: Wait) -> None:
    session = viewer_client.session
    del session[sessions.STARTED_AT], session[sessions.ACTIVE_AT]
    session.save()

    assert is_signed_in(viewer_client)
    wait(hours=13)
    assert not is_signed_in(viewer_client)


def test_the_sign_in_page_says_how_long_it_lasts(client: Client) -> None:
    assert "until 12 hours without activity, at most 14 days" in client.get("/login/").content.decode()


def test_minutes_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SESSION_IDLE_MINUTES", 15)
    assert "until 15 minutes without activity" in sessions.limits_sentence()


@either_dialect
def test_what_was_typed_survives_the_limit(
    fill: Fill, every_field: Template, operator_client: Client, wait: Wait
) -> None:
    form = fill(every_field, name="Kept", string_1="one", text_2="two\nlines", checkbox_4=[])
    wait(hours=13)
    sign_in = form.send()
    assert sign_in.status_code == 401

    form = FilledForm.read(operator_client, sign_in)
    again = FilledForm.read(
        operator_client, form.fill(username="operator", password=PASSWORD).send("sign-in")
    )

    assert again.controls["name"] == ["Kept"]
    assert again.controls["kickoff-text-2"] == ["two\nlines"]
    assert not Launch.objects.exists()
    assert again.send().status_code == 302
    assert Launch.objects.count() == 1


def test_scripts_get_a_sentence(operator_client: Client, wait: Wait) -> None:
    wait(hours=13)
    response = operator_client.post("/launches/files/", {"file": SimpleUploadedFile("a.txt", b"a")})

    assert response.status_code == 401
    assert "session has ended" in response.json()["error"]


def test_every_element_that_polls_says_so() -> None:
    polling = [
        line
        for page in (settings.BASE_DIR / "templates").rglob("*.html")
        for line in page.read_text().splitlines()
        if 'hx-trigger="every' in line
    ]

    assert len(polling) >= 3
    assert all("Background-Request" in line for line in polling)
