"""Times that several processes compare are by the database's clock, and not by that of a machine."""

from __future__ import annotations

import ast
import datetime as dt

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from apps.core.database import clock
from apps.core.templatetags import dash
from apps.webhooks.models import Delivery
from apps.webhooks.processing.worker import process_pending
from apps.workflows.templatetags import workflows
from tests.architecture.modules import APPS
from tests.fixtures import payloads
from tests.fixtures.deliveries import store

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


def set_clock(patch: pytest.MonkeyPatch, ahead: dt.timedelta) -> None:
    """Set the clock of this process, and connect as a process does that was started with it."""
    real = timezone.now
    connection.close()
    patch.setattr("django.utils.timezone.now", lambda: real() + ahead)
    connection.ensure_connection()


@pytest.mark.parametrize("ahead", [-2 * HOUR, 2 * HOUR])
def test_the_time_is_that_of_the_database(monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has the clock of its machine.")
    real = timezone.now
    with monkeypatch.context() as patch:
        set_clock(patch, ahead)
        assert abs(clock.now() - real()) < HOUR
    connection.close()
    connection.ensure_connection()
    assert abs(clock.now() - real()) < HOUR


def test_clocks_that_differ_by_less_than_a_second_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_ahead", None)
    now = timezone.now()

    clock.compare(now + dt.timedelta(seconds=0.5), asked_at=now)
    assert clock._ahead == dt.timedelta()

    clock.compare(now + HOUR, asked_at=now)
    assert clock._ahead is not None
    assert abs(clock._ahead - HOUR) < dt.timedelta(minutes=10)


@pytest.mark.parametrize("ahead", [-2 * HOUR, 2 * HOUR])
def test_ages_on_pages_are_right_on_a_machine_with_a_wrong_clock(
    monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta
) -> None:
    real = timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + ahead)
    monkeypatch.setattr(clock, "_ahead", -ahead)

    assert "10\xa0minutes ago" in dash.ago(real() - 10 * MINUTE)
    assert "10\xa0minutes" in workflows.for_time(real() - 10 * MINUTE)


def test_without_a_database_a_page_shows_ages_by_its_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError

    monkeypatch.setattr(clock, "now", refuse)

    assert abs(clock.estimate() - timezone.now()) < MINUTE


@pytest.mark.parametrize("ahead", [-2 * HOUR, 2 * HOUR])
def test_a_worker_with_a_wrong_clock_processes_what_arrives(
    monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta
) -> None:
    store([payloads.started(1)])
    with monkeypatch.context() as patch:
        set_clock(patch, ahead)
        process_pending()
    connection.close()

    assert Delivery.objects.get().state == "processed"


def test_no_time_that_is_compared_comes_from_the_machine() -> None:
    """Due dates are checked by the clock of the machine; nothing else is."""
    allowed = {"apps/launches/submission/urgency.py", "apps/workflows/models.py"}
    wrong = [
        module.path
        for module in APPS
        if module.path.split("/")[1]
        in {"dashboard", "launches", "sync", "webhooks", "workflow_templates", "workflows"}
        and module.path not in allowed
        and not {"migrations", "templatetags"} & set(module.path.split("/"))
        and any(
            isinstance(node, ast.Attribute) and ast.unparse(node) in {"timezone.now", "dt.datetime.now"}
            for node in ast.walk(module.tree)
        )
    ]

    assert not wrong
