"""The worker's heartbeat: who reports, what is reported, and what it means."""

from __future__ import annotations

import datetime as dt
import logging
from unittest import mock

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from apps.core import periodic
from apps.core.models import WorkerProcess
from apps.core.processes import heartbeat

pytestmark = pytest.mark.django_db


def another(*, age: dt.timedelta = dt.timedelta(), stopped: bool = False, **rounds: float) -> WorkerProcess:
    """Store the row of another worker, which reported ``age`` ago."""
    number = WorkerProcess.objects.count()
    return WorkerProcess.objects.create(
        pk=f"other-{number}",
        host="elsewhere",
        pid=number,
        version="1",
        started_at=Now() - age,
        heartbeat_at=Now() - age,
        stopped_at=Now() - age if stopped else None,
        rounds={name: {"seconds": seconds, "failures": 0} for name, seconds in rounds.items()},
    )


def test_only_a_worker_reports() -> None:
    heartbeat.beat()

    assert heartbeat.workers() == []


def test_a_worker_reports_until_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "_rounds", {})
    with heartbeat.process():
        heartbeat.beat()
        with periodic.working("deliveries"):
            heartbeat.beat()
            row = WorkerProcess.objects.get()
        (worker,) = heartbeat.workers()
        assert worker.is_alive
    (stopped,) = heartbeat.workers()

    assert row.rounds["deliveries"]["seconds"] >= 0
    assert not stopped.is_alive
    assert stopped.is_stopped


def test_the_end_of_a_worker_needs_no_database(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), heartbeat.process():
        patched = mock.patch.object(WorkerProcess.objects, "filter", side_effect=OperationalError("gone"))
        patched.start()
    patched.stop()

    assert "The end of the worker was not recorded" in caplog.text


def test_a_worker_that_was_killed_or_frozen_is_not_alive() -> None:
    another(age=dt.timedelta(minutes=2))
    another(age=dt.timedelta(seconds=30))

    assert [worker.is_alive for worker in heartbeat.workers()] == [True, False]


def test_a_job_that_does_not_end_is_named_and_a_long_task_is_not() -> None:
    another(deliveries=700.0, tasks=700.0, reconciling=2.0)

    assert heartbeat.workers()[0].stuck == ["deliveries"]


def test_a_job_that_fails_again_and_again_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "_rounds", {})
    for _time in range(heartbeat.MAX_FAILURES):
        with pytest.raises(RuntimeError), periodic.working("deliveries"):
            raise RuntimeError
    with heartbeat.process():
        heartbeat.beat()
        assert heartbeat.workers()[0].failing == ["deliveries"]
        with periodic.working("deliveries"):
            pass
        heartbeat.beat()
        assert heartbeat.workers()[0].failing == []


def test_rows_of_former_workers_are_deleted_after_a_day() -> None:
    another(age=dt.timedelta(days=2))
    with heartbeat.process():
        heartbeat.beat()

    assert [worker.host == "elsewhere" for worker in heartbeat.workers()] == [False]
