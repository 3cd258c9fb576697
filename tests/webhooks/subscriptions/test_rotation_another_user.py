"""The API key passes to another user of the account, then the token is rotated: both users have a URL of ours.

Pneumatic takes each URL of an event once in an account, ends an event for all users only, and lists one of the URLs.
"""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint
from apps.webhooks.subscriptions import drift, rotation, services
from apps.webhooks.subscriptions.rotation import Phase
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.subscribing import (
    OTHER_ADMIN,
    PUBLIC_URL,
    let_grace_pass,
    ours,
    receivers,
    states,
    take,
)

pytestmark = [pytest.mark.django_db, only_current]

S = Endpoint.State
RETURNED = "task_returned"


@pytest.fixture(autouse=True)
def key_of_another_user(
    sandbox: Sandbox, integrator: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Subscribe as one user, then get the key of another one."""
    settings.PUBLIC_URL = PUBLIC_URL
    monkeypatch.setattr("apps.pneumatic.transport.retry.FIRST_PAUSE_SECONDS", 0.01)
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)


def later() -> None:
    let_grace_pass()
    rotation.run_if_due()


def both_are_accepted() -> bool:
    return all(endpoints.find(endpoints.token(each)) == each for each in Endpoint.objects.all())


def subscribe_again(user: User) -> None:
    """Do what the page says: end the event for all users, and subscribe again."""
    (listed,) = [row for row in services.snapshot().rows if row.pk > 0]
    services.unsubscribe(user, listed.pk)
    services.subscribe(user, [Kind.TASK_RETURNED])


def test_an_old_url_of_another_user_stays_accepted_and_is_reported(
    sandbox: Sandbox, integrator: User, integrator_client: Client
) -> None:
    old = ours()
    rotation.begin(integrator)

    rotation.advance(integrator, confirmed=True)
    later()

    assert receivers(sandbox, RETURNED) == [old, ours()]
    assert both_are_accepted()
    status = rotation.status()
    assert (status.phase, status.shared) == (Phase.RETIRING, (Kind.TASK_RETURNED,))
    page = integrator_client.get("/admin/webhooks/subscription/").content.decode()
    assert "Some events go to two endpoints" in page

    subscribe_again(integrator)
    later()
    later()

    assert receivers(sandbox, RETURNED) == [ours()]
    assert states() == [S.RETIRED, S.ACTIVE]
    assert drift.find_drift().findings == ()


def test_it_is_cancelled_where_pneumatic_fails_for_the_url_of_another_user(
    sandbox: Sandbox, integrator: User
) -> None:
    old = ours()
    rotation.begin(integrator)
    # Which of the two Pneumatic lists is not defined: now it lists ours.
    (row,) = [row for row in sandbox.subscriptions() if row["target"] == old]
    sandbox.delete_subscription(row["id"])
    take(sandbox, RETURNED, url=old)

    progress = rotation.abort(integrator)

    assert "another user of the account" in progress.error
    assert (ours(), states()) == (old, [S.ACTIVE, S.RETIRING])
    later()
    assert both_are_accepted()
    assert old in receivers(sandbox, RETURNED)

    subscribe_again(integrator)
    later()
    later()

    assert receivers(sandbox, RETURNED) == [old]
    assert states() == [S.ACTIVE, S.RETIRED]
