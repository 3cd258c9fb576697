"""One process at a time changes subscriptions."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks.models import SubscriptionListing
from apps.webhooks.subscriptions import leases, mirror, services
from apps.webhooks.subscriptions.operations import OperationState
from tests.fixtures.sandbox import Sandbox
from tests.webhooks.subscribing import PUBLIC_URL, everything_at, ours, upstream

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_no_duplicates(sandbox: Sandbox, integrator: User) -> None:
    results: list[Any] = []
    gate = threading.Barrier(4)

    def click() -> None:
        try:
            gate.wait()
            results.append(services.subscribe(integrator, Kind))
        except BaseException as error:  # the test tells below
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    states = [outcome.state for outcomes in results for outcome in outcomes]
    assert sorted(states) == [OperationState.ALREADY] * 12 + [OperationState.DONE] * 4
    assert sorted(upstream(sandbox)) == everything_at(ours())


def hold(*, seconds: float, **values: object) -> None:
    mirror.only()
    SubscriptionListing.objects.update(
        holder="somebody", held_until=timezone.now() + dt.timedelta(seconds=seconds), **values
    )


def test_a_wait_that_is_too_long_is_reported(
    sandbox: Sandbox, integrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "WAIT_SECONDS", 0)
    hold(seconds=60, host="another machine")

    (outcome,) = services.subscribe(integrator, [Kind.TASK_RETURNED])

    assert outcome.state == OperationState.FAILED
    assert "Another user" in outcome.error
    assert "Another user" in services.refresh().error
    assert sandbox.requests() == []


def test_a_lease_that_ran_out_is_taken_over(sandbox: Sandbox, integrator: User) -> None:
    hold(seconds=-1, host="another machine")

    assert services.refresh().error == ""


def test_the_lease_of_a_dead_process_is_taken_over_at_once(sandbox: Sandbox, integrator: User) -> None:
    with leases.held() as lease:
        SubscriptionListing.objects.update(process=ended_process(), pid=2**22 + 7)
        assert lease.owner

        assert services.refresh(timeout_seconds=2).error == ""


def ended_process() -> str:
    """Return the identity of a process of this machine that has ended."""
    place, _bar, _started = SubscriptionListing.objects.get().process.partition("|")
    return f"{place}|1"


def test_a_process_that_lost_the_lease_stops(
    sandbox: Sandbox, integrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = mirror.replace

    def slow(rows: Any, **options: Any) -> None:
        replace(rows, **options)
        hold(seconds=60, host="another machine")

    monkeypatch.setattr(mirror, "replace", slow)

    (outcome,) = services.subscribe(integrator, [Kind.TASK_RETURNED])

    assert outcome.state == OperationState.FAILED
    assert upstream(sandbox) == []
    assert SubscriptionListing.objects.get().holder == "somebody"
