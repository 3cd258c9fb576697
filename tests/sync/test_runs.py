"""One run at a time: claiming, recognising the dead, fencing."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.sync import runs
from apps.sync.models import SyncResult, SyncRun
from apps.sync.processes import Process
from tests.fixtures.waiting import HANG_SECONDS

pytestmark = pytest.mark.django_db


def claim() -> SyncRun:
    return runs.claim(trigger="command", started_by=None, dry_run=False, allow_removals=False)


def dead_process() -> Process:
    """Return a process of this machine that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = Process.current()
        ended = Process.stored(host=process.host, pid=child.pid, identity=process.identity)
    assert child.returncode is not None
    return ended


def test_the_database_lets_one_run_be_running() -> None:
    claim()
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        SyncRun.objects.create(state="running", trigger="page", started_at=now, heartbeat_at=now)


def test_a_second_run_is_turned_away() -> None:
    claim()
    with pytest.raises(runs.SyncAlreadyRunningError):
        claim()
    assert SyncRun.objects.count() == 1


def test_a_run_with_an_ended_process_is_interrupted_at_once() -> None:
    run = claim()
    run.results.create(resource="users", state=SyncResult.State.FETCHING)
    gone = dead_process()
    SyncRun.objects.filter(pk=run.pk).update(pid=gone.pid, process=gone.identity)
    second = claim()
    run.refresh_from_db()
    assert run.state == SyncRun.State.ABANDONED
    assert run.finished_at is not None
    assert run.error
    assert run.results.get().state == SyncResult.State.FAILED
    assert second.state == SyncRun.State.RUNNING


def test_a_pid_that_was_reused_by_another_process_is_recognised() -> None:
    run = claim()
    here = Process.current()
    SyncRun.objects.filter(pk=run.pk).update(process=f"{here.place}|1")  # same pid, began at another time
    claim()
    run.refresh_from_db()
    assert run.state == SyncRun.State.ABANDONED


@pytest.mark.parametrize("place", [{"host": "another-host"}, {"process": "another-boot pid:[1]|77"}])
def test_a_run_on_another_host_counts_as_alive_while_it_has_a_heartbeat(place: dict[str, str]) -> None:
    run = claim()
    SyncRun.objects.filter(pk=run.pk).update(pid=1, **place)
    with pytest.raises(runs.SyncAlreadyRunningError):
        claim()


@pytest.mark.parametrize("where", [{}, {"host": "another-host"}])
def test_a_run_that_is_silent_for_long_is_given_up(where: dict[str, str]) -> None:
    run = claim()
    silent = timezone.now() - runs.HEARTBEAT_TIMEOUT - dt.timedelta(seconds=1)
    SyncRun.objects.filter(pk=run.pk).update(heartbeat_at=silent, **where)
    claim()
    run.refresh_from_db()
    assert run.state == SyncRun.State.ABANDONED


def test_a_heartbeat_is_recorded() -> None:
    run = claim()
    old = timezone.now() - dt.timedelta(minutes=1)
    SyncRun.objects.filter(pk=run.pk).update(heartbeat_at=old)
    runs.record_heartbeat(run)
    run.refresh_from_db()
    assert run.heartbeat_at > old


@pytest.mark.django_db(transaction=True)
def test_heartbeats_are_recorded_automatically(monkeypatch: pytest.MonkeyPatch) -> None:
    beaten = threading.Event()
    record_heartbeat = runs.record_heartbeat

    def spy(run: SyncRun) -> None:
        record_heartbeat(run)
        beaten.set()

    monkeypatch.setattr(runs, "HEARTBEAT_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(runs, "record_heartbeat", spy)
    run = claim()
    old = run.heartbeat_at
    with runs.heartbeat(run):
        assert beaten.wait(timeout=HANG_SECONDS)
    run.refresh_from_db()
    assert run.heartbeat_at > old
    assert "sync-heartbeat" not in {thread.name for thread in threading.enumerate()}


def test_the_fence_stops_a_run_that_was_given_up() -> None:
    run = claim()
    runs.assert_still_running(run)
    SyncRun.objects.filter(pk=run.pk).update(state=SyncRun.State.ABANDONED)
    with pytest.raises(runs.RunLostError):
        runs.assert_still_running(run)


def test_a_run_that_was_given_up_stays_so_when_it_ends() -> None:
    run = claim()
    SyncRun.objects.filter(pk=run.pk).update(state=SyncRun.State.ABANDONED)
    runs.finish(run, state=SyncRun.State.DONE)
    assert run.state == SyncRun.State.ABANDONED


def test_asking_twice_makes_one_waiting_run(operator: User, viewer: User) -> None:
    first = runs.enqueue(started_by=operator)
    second = runs.enqueue(started_by=viewer, allow_removals=True)
    assert first == second
    assert SyncRun.objects.get().allow_removals


def test_a_waiting_run_is_claimed_once(operator: User) -> None:
    queued = runs.enqueue(started_by=operator)
    options: dict[str, Any] = {
        "trigger": "page",
        "started_by": operator,
        "dry_run": False,
        "allow_removals": False,
    }
    run = runs.claim(queued=queued, **options)
    assert run.pk == queued.pk
    assert run.pid == os.getpid()
    runs.finish(run, state=SyncRun.State.DONE)
    with pytest.raises(runs.SyncAlreadyRunningError):
        runs.claim(queued=queued, **options)


def test_this_process_is_running() -> None:
    assert not Process.current().is_known_gone()


def test_a_process_that_ended_is_not_running() -> None:
    assert dead_process().is_known_gone()


def test_without_proc_a_process_is_identified_by_its_pid_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = dead_process()
    monkeypatch.setattr("apps.sync.processes._place", lambda: "")
    assert not Process.current().is_known_gone()
    assert Process.stored(host=gone.host, pid=gone.pid, identity="|").is_known_gone()
    assert not Process.stored(host=gone.host, pid=1, identity="|").is_known_gone()
