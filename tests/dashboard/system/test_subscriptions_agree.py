"""Every page that reports subscriptions reports the same events as missing, by whichever way they ended."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.dashboard.system import checks
from apps.dashboard.system.conditions import Level
from apps.webhooks import endpoints
from apps.webhooks.freshness import event_freshness
from apps.webhooks.models import Endpoint, Kind, Subscription, WantedSubscription
from apps.webhooks.subscriptions import drift, services
from tests.fixtures.sandbox import Sandbox

pytestmark = pytest.mark.django_db
PAGE = "/admin/webhooks/subscription/"
GREEN = "All expected subscriptions exist"


@pytest.fixture(autouse=True)
def subscribed(settings: Settings, sandbox: Sandbox, integrator: User) -> None:
    settings.PUBLIC_URL = "https://dash.example.com"
    services.subscribe(integrator, [kind.value for kind in Kind])


def by_hand(sandbox: Sandbox, integrator: User) -> None:
    """End it on the page, so that it is no longer expected."""
    services.unsubscribe(integrator, Subscription.objects.get(kind=Kind.TASK_COMPLETED).pk)


def in_pneumatic(sandbox: Sandbox, integrator: User) -> None:
    sandbox.delete_subscription(Subscription.objects.get(kind=Kind.TASK_COMPLETED).pk)
    services.refresh()


def with_an_old_token(sandbox: Sandbox, integrator: User) -> None:
    Endpoint.objects.update(state=Endpoint.State.RETIRED)
    endpoints.active()
    kept = Subscription.objects.exclude(kind=Kind.TASK_COMPLETED)
    kept.update(target=services.proposed_target())


def levels() -> set[Level]:
    return {
        condition.level
        for part in checks.run()
        if part.name == "subscriptions"
        for condition in part.conditions
    }


def texts() -> list[str]:
    return [
        condition.text
        for part in checks.run()
        if part.name == "subscriptions"
        for condition in part.conditions
    ]


def test_all_is_well_everywhere(integrator_client: Client) -> None:
    assert GREEN in integrator_client.get(PAGE).content.decode()
    assert levels() == {Level.OK}
    assert not event_freshness().missing


@pytest.mark.parametrize("end", [by_hand, in_pneumatic])
def test_a_missing_subscription_is_missing_everywhere(
    integrator_client: Client, integrator: User, sandbox: Sandbox, end: Callable[[Sandbox, User], None]
) -> None:
    end(sandbox, integrator)

    page = integrator_client.get(PAGE).content.decode()
    assert GREEN not in page
    assert "task completed" in page.lower()
    assert levels() <= {Level.WARNING, Level.PROBLEM}
    assert "task completed" in " ".join(texts())
    assert event_freshness().missing == ["task completed"]
    assert "does not send these events: task completed" in " ".join(
        integrator_client.get("/workflows/").content.decode().split()
    )


def test_a_subscription_with_an_old_token_is_missing_everywhere(integrator: User, sandbox: Sandbox) -> None:
    with_an_old_token(sandbox, integrator)

    assert {str(finding.kind) for finding in drift.find_drift().unmet} == {"task_completed"}
    assert event_freshness().missing == ["task completed"]


def test_without_any_the_page_of_subscriptions_says_so_too(
    integrator_client: Client, integrator: User
) -> None:
    services.unsubscribe_target(integrator, services.proposed_target())
    assert not WantedSubscription.objects.exists()

    assert "No events can be received" in integrator_client.get(PAGE).content.decode()
    assert event_freshness().has_no_subscription
    assert levels() <= {Level.WARNING, Level.PROBLEM}
