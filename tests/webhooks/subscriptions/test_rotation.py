"""A new token, step by step; what happens when it is interrupted is in test_rotation_interrupted.py."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint
from apps.webhooks.subscriptions import drift, rotation, services
from apps.webhooks.subscriptions.rotation import Phase
from tests.fixtures.sandbox import Sandbox
from tests.webhooks.subscribing import (
    NAMES,
    PUBLIC_URL,
    address,
    everything_at,
    let_grace_pass,
    ours,
    receive_event,
    results_of,
    states,
    upstream,
)

pytestmark = pytest.mark.django_db

S = Endpoint.State


@pytest.fixture(autouse=True)
def public_url(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    monkeypatch.setattr("apps.pneumatic.transport.retry.FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
def subscribed(sandbox: Sandbox, integrator: User) -> Sandbox:
    """Return the sandbox when all four events come to our receiver."""
    services.subscribe(integrator, Kind)
    return sandbox


def test_it_begins_with_a_second_address_for_everything(subscribed: Sandbox, integrator: User) -> None:
    old = ours()

    progress = rotation.begin(integrator)

    assert (progress.error, progress.status.phase) == ("", Phase.WAITING)
    assert progress.status.pending is not None
    new = address(progress.status.pending)
    assert sorted(upstream(subscribed)) == sorted(everything_at(old) + everything_at(new))
    assert all(endpoints.find(target.rstrip("/").rpartition("/")[2]) for target in (old, new))
    assert ours() == old
    assert drift.find_drift().findings == ()


def test_it_waits_for_the_first_event(subscribed: Sandbox, integrator: User) -> None:
    rotation.begin(integrator)
    before = upstream(subscribed)

    progress = rotation.advance(integrator)

    assert (progress.error, progress.status.phase) == ("", Phase.WAITING)
    assert not progress.status.has_first_event
    assert upstream(subscribed) == before


@pytest.mark.parametrize("confirmed", [False, True])
def test_it_continues_after_the_first_event_or_a_confirmation(
    subscribed: Sandbox, integrator: User, confirmed: bool
) -> None:
    old = endpoints.active()
    pending = rotation.begin(integrator).status.pending
    assert pending is not None
    if not confirmed:
        receive_event(pending)

    progress = rotation.advance(integrator, confirmed=confirmed)

    assert (progress.error, progress.status.phase) == ("", Phase.GRACE)
    assert ours() == address(pending)
    assert sorted(upstream(subscribed)) == everything_at(ours())
    old.refresh_from_db()
    assert old.state == S.RETIRING
    assert old.accepted_until is not None
    assert rotation.GRACE - dt.timedelta(minutes=1) < old.accepted_until - timezone.now() <= rotation.GRACE
    assert endpoints.find(endpoints.token(old)) == old
    assert drift.find_drift().findings == ()


def test_the_old_address_is_retired_after_its_grace(subscribed: Sandbox, integrator: User) -> None:
    old = endpoints.active()
    rotation.begin(integrator)
    rotation.advance(integrator, confirmed=True)
    let_grace_pass()
    assert endpoints.find(endpoints.token(old)) is None

    progress = rotation.advance()

    assert progress.status.phase == Phase.NONE
    assert states() == [S.RETIRED, S.ACTIVE]


def test_one_rotation_after_another(subscribed: Sandbox, integrator: User) -> None:
    for _ in range(3):
        rotation.begin(integrator)
        rotation.advance(integrator, confirmed=True)

    assert states() == [S.RETIRING, S.RETIRING, S.RETIRING, S.ACTIVE]
    assert sorted(upstream(subscribed)) == everything_at(ours())


def test_beginning_twice_makes_one_new_address(subscribed: Sandbox, integrator: User) -> None:
    rotation.begin(integrator)
    progress = rotation.begin(integrator)

    assert results_of(progress.results) == [("subscribe", "already")] * 4
    assert states() == [S.ACTIVE, S.PENDING]
    assert len(upstream(subscribed)) == 8


def test_what_is_wanted_since_the_start_is_subscribed_for_the_new_address_too(
    sandbox: Sandbox, integrator: User
) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    rotation.begin(integrator)
    services.subscribe(integrator, [Kind.WORKFLOW_STARTED])
    assert rotation.status().phase == Phase.SUBSCRIBING
    assert rotation.status().missing == (Kind.WORKFLOW_STARTED,)

    rotation.advance(integrator, confirmed=True)

    assert sorted(upstream(sandbox)) == sorted(
        (NAMES[kind], ours()) for kind in (Kind.TASK_RETURNED, Kind.WORKFLOW_STARTED)
    )


def test_events_that_are_not_expected_keep_arriving(sandbox: Sandbox, integrator: User) -> None:
    sandbox.add_subscription(event="task_returned", target=ours())

    rotation.begin(integrator)
    rotation.advance(integrator, confirmed=True)

    assert upstream(sandbox) == [("task_returned", ours())]


def test_other_targets_are_left_alone(subscribed: Sandbox, integrator: User) -> None:
    foreign = subscribed.add_subscription(event="task_returned", target="https://elsewhere.example.com/")

    rotation.begin(integrator)
    rotation.advance(integrator, confirmed=True)

    assert foreign in subscribed.subscriptions()


def test_it_stays_with_the_old_address_while_the_new_one_is_not_complete(
    subscribed: Sandbox, integrator: User
) -> None:
    old = ours()
    subscribed.fault(kind="status", status=500, method="POST", path_prefix="/webhooks", skip=2, times=2)

    progress = rotation.begin(integrator)
    assert progress.status.phase == Phase.SUBSCRIBING
    assert "500" in progress.error
    progress = rotation.advance(integrator, confirmed=True)
    assert "500" in progress.error
    assert ours() == old
    assert set(everything_at(old)) <= set(upstream(subscribed))

    assert rotation.advance(integrator, confirmed=True).status.phase == Phase.GRACE
    assert sorted(upstream(subscribed)) == everything_at(ours())


def test_a_failure_to_end_the_old_ones_keeps_them_accepted(subscribed: Sandbox, integrator: User) -> None:
    old = endpoints.active()
    rotation.begin(integrator)
    subscribed.fault(kind="status", status=500, method="DELETE", path_prefix="/webhooks", skip=1, times=1)

    progress = rotation.advance(integrator, confirmed=True)

    assert progress.status.phase == Phase.RETIRING
    assert "500" in progress.error
    old.refresh_from_db()
    assert old.accepted_until is None
    assert endpoints.find(endpoints.token(old)) == old

    assert rotation.advance(integrator).status.phase == Phase.GRACE
    assert sorted(upstream(subscribed)) == everything_at(ours())


def test_an_unreachable_server_is_reported(subscribed: Sandbox, integrator: User) -> None:
    subscribed.fault(kind="status", status=403, path_prefix="/webhooks", times=0)

    progress = rotation.begin(integrator)

    assert progress.error
    assert progress.status.phase == Phase.NONE


def test_it_can_be_aborted(subscribed: Sandbox, integrator: User) -> None:
    old = ours()
    new = rotation.begin(integrator).status.pending
    assert new is not None

    progress = rotation.abort(integrator)

    assert (progress.error, progress.status.phase) == ("", Phase.GRACE)
    assert ours() == old
    assert sorted(upstream(subscribed)) == everything_at(old)
    assert endpoints.find(endpoints.token(new)) == new  # deliveries in transit still arrive
    let_grace_pass()
    rotation.run_if_due()
    assert states() == [S.ACTIVE, S.RETIRED]


def test_aborting_makes_the_old_address_complete_first(subscribed: Sandbox, integrator: User) -> None:
    rotation.begin(integrator)
    subscribed.delete_subscription(subscribed.subscriptions()[0]["id"])

    rotation.abort(integrator)

    assert sorted(upstream(subscribed)) == everything_at(ours())


def test_it_cannot_be_aborted_after_the_switch(subscribed: Sandbox, integrator: User) -> None:
    rotation.begin(integrator)
    rotation.advance(integrator, confirmed=True)

    with pytest.raises(rotation.NothingToRotateError):
        rotation.abort(integrator)


def test_it_cannot_begin_without_a_public_address(
    sandbox: Sandbox, integrator: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = ""

    with pytest.raises(rotation.NothingToRotateError, match="PUBLIC_URL"):
        rotation.begin(integrator)

    assert sandbox.requests() == []


def test_the_worker_continues_after_the_first_event(subscribed: Sandbox, integrator: User) -> None:
    pending = rotation.begin(integrator).status.pending
    rotation.run_if_due()
    assert rotation.status().phase == Phase.WAITING

    receive_event(pending)
    rotation.run_if_due()
    assert rotation.status().phase == Phase.GRACE
    let_grace_pass()
    rotation.run_if_due()
    assert rotation.status().phase == Phase.NONE


def test_the_worker_costs_a_query_when_there_is_nothing_to_do(
    subscribed: Sandbox, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    subscribed.clear_requests()

    with django_assert_num_queries(1):
        rotation.run_if_due()

    assert subscribed.requests() == []


def test_the_worker_sends_no_request_during_the_grace(subscribed: Sandbox, integrator: User) -> None:
    rotation.begin(integrator)
    rotation.advance(integrator, confirmed=True)
    subscribed.clear_requests()

    rotation.run_if_due()

    assert subscribed.requests() == []


def test_the_worker_writes_a_line_when_it_cannot_continue(
    subscribed: Sandbox, integrator: User, caplog: pytest.LogCaptureFixture
) -> None:
    receive_event(rotation.begin(integrator).status.pending)
    subscribed.fault(kind="status", status=403, path_prefix="/webhooks", times=0)

    rotation.run_if_due()

    assert "rotation of the endpoint's token waits" in caplog.text
