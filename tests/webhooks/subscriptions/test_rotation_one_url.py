"""A new token where there is one URL for each event: the new address takes the place of the old one.

What happens when it is interrupted is in test_rotation_interrupted.py.
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint
from apps.webhooks.subscriptions import drift, rotation, services
from apps.webhooks.subscriptions.rotation import Phase
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.subscribing import (
    ELSEWHERE,
    EVENTS,
    OTHER_ADMIN,
    PUBLIC_URL,
    address,
    call,
    let_grace_pass,
    ours,
    receive_event,
    receivers,
    shown,
    states,
    take,
)

pytestmark = [pytest.mark.django_db, only_current]

S = Endpoint.State
STARTED, RETURNED = Kind.WORKFLOW_STARTED, Kind.TASK_RETURNED


@pytest.fixture(autouse=True)
def public_url(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    monkeypatch.setattr("apps.pneumatic.transport.retry.FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
def subscribed(sandbox: Sandbox, integrator: User) -> Sandbox:
    """Return the sandbox when all four events come to our receiver."""
    services.subscribe(integrator, Kind)
    return sandbox


def begin(user: User) -> Endpoint:
    progress = rotation.begin(user)
    assert progress.error == ""
    assert progress.status.pending is not None
    return progress.status.pending


def test_the_new_address_takes_the_place_of_the_old_one(subscribed: Sandbox, integrator: User) -> None:
    old = ours()

    new = address(begin(integrator))

    assert rotation.status().phase == Phase.WAITING
    assert shown(subscribed) == dict.fromkeys(EVENTS, new)
    assert all(endpoints.find(target.rstrip("/").rpartition("/")[2]) for target in (old, new))
    assert drift.find_drift().findings == ()


@pytest.mark.parametrize("confirmed", [False, True])
def test_it_continues_after_the_first_event_or_a_confirmation(
    subscribed: Sandbox, integrator: User, confirmed: bool
) -> None:
    old = endpoints.active()
    pending = begin(integrator)
    assert rotation.advance(integrator).status.phase == Phase.WAITING
    if not confirmed:
        receive_event(pending)
    subscribed.clear_requests()

    progress = rotation.advance(integrator, confirmed=confirmed)

    assert (progress.error, progress.status.phase) == ("", Phase.GRACE)
    assert ours() == address(pending)
    assert shown(subscribed) == dict.fromkeys(EVENTS, ours())
    assert subscribed.requests(method="POST") == [], "nothing is ended for the account"
    old.refresh_from_db()
    assert old.accepted_until is not None
    assert rotation.GRACE - dt.timedelta(minutes=1) < old.accepted_until - timezone.now() <= rotation.GRACE
    let_grace_pass()
    rotation.run_if_due()
    assert states() == [S.RETIRED, S.ACTIVE]
    assert drift.find_drift().findings == ()


def test_it_can_be_aborted(subscribed: Sandbox, integrator: User) -> None:
    old = ours()
    new = begin(integrator)

    progress = rotation.abort(integrator)

    assert (progress.error, progress.status.phase) == ("", Phase.GRACE)
    assert ours() == old
    assert shown(subscribed) == dict.fromkeys(EVENTS, old)
    assert endpoints.find(endpoints.token(new)) == new  # deliveries in transit still arrive
    let_grace_pass()
    rotation.run_if_due()
    assert states() == [S.ACTIVE, S.RETIRED]


def test_events_that_are_not_expected_keep_arriving(sandbox: Sandbox, integrator: User) -> None:
    take(sandbox, "task_returned", url=ours())
    old = ours()

    begin(integrator)
    assert shown(sandbox)["task_returned"] != old
    rotation.abort(integrator)
    assert shown(sandbox) == {"task_returned": old}

    begin(integrator)
    rotation.advance(integrator, confirmed=True)
    assert shown(sandbox) == {"task_returned": ours()}


def test_what_another_integration_has_is_left_to_it(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [STARTED, RETURNED])
    take(sandbox, "task_returned", url=ELSEWHERE)

    pending = begin(integrator)

    status = rotation.status()
    assert (status.phase, status.missing, status.external) == (Phase.WAITING, (), (RETURNED,))
    assert rotation.advance(integrator, confirmed=True).status.phase == Phase.GRACE
    assert shown(sandbox) == {"workflow_started": address(pending), "task_returned": ELSEWHERE}


def test_what_another_integration_takes_since_the_start_is_left_to_it(
    subscribed: Sandbox, integrator: User
) -> None:
    old = ours()
    begin(integrator)
    take(subscribed, "task_returned", url=ELSEWHERE)

    rotation.abort(integrator)

    assert shown(subscribed) == {**dict.fromkeys(EVENTS, old), "task_returned": ELSEWHERE}
    assert rotation.status().phase == Phase.GRACE


def test_ours_behind_another_users_is_replaced_too(sandbox: Sandbox, integrator: User) -> None:
    key = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)
    take(sandbox, "task_returned", url=ELSEWHERE, key=key)
    services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})
    old = ours()

    new = address(begin(integrator))
    assert receivers(sandbox, "task_returned") == [ELSEWHERE, new]
    rotation.abort(integrator)
    assert receivers(sandbox, "task_returned") == [ELSEWHERE, old]
    begin(integrator)
    rotation.advance(integrator, confirmed=True)

    assert receivers(sandbox, "task_returned") == [ELSEWHERE, ours()]
    assert rotation.status().phase == Phase.GRACE
    assert drift.find_drift().findings == ()


def test_what_is_wanted_since_the_start_is_moved_to_the_new_address(
    sandbox: Sandbox, integrator: User
) -> None:
    services.subscribe(integrator, [RETURNED])
    begin(integrator)
    services.subscribe(integrator, [STARTED])
    assert rotation.status().missing == (STARTED,)

    rotation.advance(integrator, confirmed=True)

    assert shown(sandbox) == {"task_returned": ours(), "workflow_started": ours()}


def test_the_form_proposes_nothing_that_is_sent_to_the_new_address(
    subscribed: Sandbox, integrator: User
) -> None:
    begin(integrator)

    assert services.not_sent_to_us(services.snapshot().rows) == []


def test_it_stays_with_the_old_address_while_the_new_one_is_not_complete(
    subscribed: Sandbox, integrator: User
) -> None:
    old = ours()
    subscribed.fault(kind="status", status=500, method="POST", path_prefix="/webhooks", skip=2, times=1)

    progress = rotation.begin(integrator)

    assert progress.status.phase == Phase.SUBSCRIBING
    assert "500" in progress.error
    assert ours() == old
    assert set(shown(subscribed)) == set(EVENTS)
    assert drift.find_drift().findings == ()
    assert rotation.advance(integrator, confirmed=True).status.phase == Phase.GRACE
    assert shown(subscribed) == dict.fromkeys(EVENTS, ours())


def test_an_event_that_comes_to_the_old_address_again_is_moved(subscribed: Sandbox, integrator: User) -> None:
    old = ours()
    begin(integrator)
    subscribed.fault(kind="status", status=500, method="POST", path_prefix="/webhooks", times=0)
    rotation.advance(integrator, confirmed=True)
    subscribed.clear_faults()
    Endpoint.objects.filter(state=S.RETIRING).update(accepted_until=None)
    take(subscribed, "task_returned", url=old)

    progress = rotation.advance(integrator)

    assert (progress.error, progress.status.phase) == ("", Phase.GRACE)
    assert shown(subscribed) == dict.fromkeys(EVENTS, ours())


def test_a_key_without_the_role_is_reported(subscribed: Sandbox, integrator: User) -> None:
    subscribed.fault(kind="status", status=403, path_prefix="/webhooks", times=0)

    progress = rotation.begin(integrator)

    assert "admins" in progress.error
    assert progress.status.phase == Phase.NONE


class TestATestEvent:
    @pytest.mark.django_db(transaction=True)
    def test_that_returns_to_the_new_address_confirms_it(
        self,
        sandbox: Sandbox,
        django_db_setup: None,
        live_server: LiveServer,
        settings: Settings,
        integrator: User,
    ) -> None:
        settings.PUBLIC_URL = live_server.url
        services.subscribe(integrator, [RETURNED])
        pending = begin(integrator)

        progress = rotation.confirm_by_test(integrator)

        assert (progress.error, progress.status.phase) == ("", Phase.GRACE)
        assert endpoints.active() == pending

    def test_that_does_not_come_back_changes_nothing(
        self, sandbox: Sandbox, integrator: User, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = sandbox.url  # something answers there, but it is not this dashboard
        services.subscribe(integrator, [RETURNED])
        begin(integrator)

        progress = rotation.confirm_by_test(integrator)

        assert progress.error
        assert progress.status.phase == Phase.WAITING

    def test_is_not_sent_where_no_new_address_waits(self, sandbox: Sandbox, integrator: User) -> None:
        with pytest.raises(rotation.NothingToRotateError):
            rotation.confirm_by_test(integrator)


def test_nothing_ever_ends_an_event_for_the_account(subscribed: Sandbox, integrator: User) -> None:
    for _ in range(2):
        begin(integrator)
        rotation.abort(integrator)
        begin(integrator)
        rotation.advance(integrator, confirmed=True)

    assert not [entry for entry in subscribed.requests() if "unsubscribe" in entry["path"]]
    assert "/webhooks/subscribe" not in {entry["path"] for entry in subscribed.requests()}
    assert shown(subscribed) == dict.fromkeys(EVENTS, ours())
    assert call(subscribed, "GET", "/webhooks/events/task_returned") == {"url": ours()}
