"""The list says up to when events have come, and what keeps others away, with what to do about it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Kind, Subscription, SubscriptionListing
from tests.factories import NOW


def page_text(client: Client, url: str = "/workflows/") -> str:
    return " ".join(client.get(url).content.decode().split())


@pytest.fixture(autouse=True)
def public_url(settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://dash.example.com"


def subscribe(*kinds: Kind) -> None:
    now = timezone.now()
    SubscriptionListing.objects.update_or_create(pk=1, defaults={"fetched_at": now})
    target = endpoints.target(endpoints.active())
    Subscription.objects.bulk_create(
        Subscription(
            id=number,
            event=kind,
            kind=kind,
            target=target,
            content_hash="",
            first_seen_at=now,
            changed_at=now,
        )
        for number, kind in enumerate(kinds, start=1)
    )


def test_it_says_that_nothing_can_arrive_and_what_to_do(
    viewer_client: Client, integrator_client: Client
) -> None:
    assert "Ask an integrator or an administrator" in page_text(viewer_client)
    assert "/admin/webhooks/subscription/" in page_text(integrator_client)

    SubscriptionListing.objects.create(pk=1, fetched_at=timezone.now())
    assert "Pneumatic has no subscription that sends events to this dashboard" in page_text(viewer_client)


def test_it_names_the_events_without_a_subscription(viewer_client: Client) -> None:
    subscribe(Kind.WORKFLOW_STARTED, Kind.TASK_COMPLETED, Kind.WORKFLOW_COMPLETED)

    page = page_text(viewer_client)

    assert "Pneumatic does not send these events: task returned." in page
    assert "No events can be received" not in page


def test_it_says_nothing_where_all_is_well(viewer_client: Client) -> None:
    subscribe(*Kind)

    page = page_text(viewer_client)

    assert "notice__title" not in page.split("<main")[1].split("</main>")[0]
    assert "No events received yet." in page


@pytest.mark.parametrize(("seconds", "is_shown"), [(5, False), (300, True)])
def test_it_says_that_the_worker_is_behind(viewer_client: Client, seconds: int, is_shown: bool) -> None:
    subscribe(*Kind)
    since = timezone.now() - dt.timedelta(seconds=seconds)
    Delivery.objects.create(
        received_at=since, due_at=since, endpoint=endpoints.active(), body=b"{}", size=2, verdict="accepted"
    )

    page = page_text(viewer_client)

    assert ("Events are waiting to be processed" in page) is is_shown
    assert ("manage.py worker" in page) is is_shown
    assert "Last event received" in page


def test_it_says_that_deliveries_are_held_back(viewer_client: Client, integrator_client: Client) -> None:
    subscribe(*Kind)
    Delivery.objects.create(
        received_at=NOW,
        due_at=NOW,
        endpoint=endpoints.active(),
        body=b"{}",
        size=2,
        verdict="accepted",
        state=Delivery.State.DEAD_LETTER,
    )

    assert "1 delivery is in the dead-letter queue" in page_text(viewer_client)
    assert "state=parked" not in page_text(viewer_client)
