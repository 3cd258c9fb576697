"""What is no longer needed is deleted by the worker, in batches; everything else stays."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from apps.accounts.models import User
from apps.core import periodic
from apps.core.processes import retention
from apps.sync import services

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def test_expired_sessions_are_deleted_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    now = timezone.now()
    for number in range(3):
        Session.objects.create(session_key=f"old-{number}", session_data="", expire_date=now - HOUR)
    Session.objects.create(session_key="valid", session_data="", expire_date=now + HOUR)

    assert retention.prune()
    assert Session.objects.count() == 2
    assert not retention.prune()
    assert Session.objects.get().session_key == "valid"


def test_tasks_are_deleted_some_time_after_they_ended(operator: User) -> None:
    long_ago = timezone.now() - retention.TASK_RETENTION - HOUR
    for state, ended in (("SUCCESSFUL", long_ago), ("FAILED", timezone.now()), ("READY", None)):
        services.enqueue_sync(started_by=operator)
        DBTaskResult.objects.filter(status="READY").update(
            status=state, finished_at=ended, enqueued_at=long_ago
        )

    retention.prune()

    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"FAILED", "READY"}


def test_the_worker_does_it() -> None:
    assert retention.prune in [known.job for known in periodic.registered()]
