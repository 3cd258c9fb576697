"""How much came in for each subscription: numbers by day, in the time zone of the settings, at any size."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.webhooks import endpoints
from apps.webhooks.admin.subscriptions import statistics
from apps.webhooks.models import Delivery, RoundTrip, Subscription
from tests.webhooks.receiving import receive

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 5, 6, 9, 0, tzinfo=dt.UTC)  # a Wednesday
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def subscribe(*ids: int) -> None:
    Subscription.objects.bulk_create(
        Subscription(
            id=id_,
            event="workflow_started",
            kind="workflow_started",
            target="https://dash.example.com/hooks/x/",
            content_hash="",
            first_seen_at=NOW,
            changed_at=NOW,
        )
        for id_ in ids
    )


def test_events_are_counted_by_day_and_the_last_one_is_known() -> None:
    subscribe(1, 2)
    receive(1, NOW, NOW - HOUR, NOW - 2 * DAY, NOW - 6 * DAY, NOW - 7 * DAY)
    found = statistics.of_subscriptions([1, 2], now=NOW)

    assert [day.events for day in found[1].days] == [1, 0, 0, 0, 1, 0, 2]
    assert [day.date.isoformat() for day in found[1].days][0::6] == ["2026-04-30", "2026-05-06"]
    assert found[1].today == 2
    assert found[1].events == 4
    assert found[1].last_at == NOW
    assert found[2].last_at is None
    assert found[2].events == found[2].failures == 0


def test_the_last_event_of_a_silent_subscription_is_known() -> None:
    subscribe(1)
    receive(1, NOW - 90 * DAY)
    found = statistics.of_subscriptions([1], now=NOW)[1]

    assert found.last_at == NOW - 90 * DAY
    assert found.events == 0


def test_parked_deliveries_are_failures() -> None:
    subscribe(1)
    receive(1, NOW)
    receive(1, NOW - HOUR, NOW - DAY, NOW - 30 * DAY, state="parked")
    receive(2, NOW, state="parked")
    receive(None, NOW, state="parked")
    found = statistics.of_subscriptions([1], now=NOW)[1]

    assert [day.failures for day in found.days] == [0, 0, 0, 0, 0, 1, 1]
    assert found.failures == 2
    assert found.today == 2  # the failed one came in, too


def test_test_events_are_not_counted() -> None:
    subscribe(1)
    receive(1, NOW - DAY, NOW - DAY + HOUR, NOW)
    for delivery in Delivery.objects.exclude(received_at=NOW - DAY):
        RoundTrip.objects.create(
            nonce=str(delivery.pk),
            kind="workflow_started",
            endpoint=endpoints.active(),
            sent_at=NOW,
            delivery=delivery,
        )
    found = statistics.of_subscriptions([1], now=NOW)[1]

    assert [day.events for day in found.days[-2:]] == [1, 0]
    assert found.last_at == NOW - DAY


def test_days_begin_at_midnight_of_the_time_zone() -> None:
    subscribe(1)
    midnight = dt.datetime(2026, 5, 6, 0, 0, tzinfo=ZoneInfo("Pacific/Auckland"))
    receive(1, midnight - dt.timedelta(seconds=1), midnight)
    with timezone.override("Pacific/Auckland"):
        found = statistics.of_subscriptions([1], now=midnight + HOUR)[1]

    assert found.days[-1] == statistics.Day(dt.date(2026, 5, 6), events=1)
    assert found.days[-2] == statistics.Day(dt.date(2026, 5, 5), events=1)


def test_a_day_of_25_hours_is_one_day() -> None:
    subscribe(1)
    berlin = ZoneInfo("Europe/Berlin")
    start = dt.datetime(2026, 10, 25, 0, 0, tzinfo=berlin)
    receive(1, *(start.astimezone(dt.UTC) + hour * HOUR for hour in range(-1, 26)))
    with timezone.override(berlin):
        found = statistics.of_subscriptions([1], now=dt.datetime(2026, 10, 26, 12, 0, tzinfo=berlin))[1]

    assert [day.events for day in found.days[-3:]] == [1, 25, 1]


def test_it_costs_the_same_with_many_subscriptions_and_reads_no_row(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    subscribe(*range(1, 61))
    for hook_id in range(1, 61):
        receive(hook_id, *(NOW - number * HOUR for number in range(20)))
    with django_assert_num_queries(3):
        assert len(statistics.of_subscriptions(range(1, 61), now=NOW)) == 60
    if connection.vendor != "sqlite":
        return
    with CaptureQueriesContext(connection) as queries:
        statistics.of_subscriptions([1], now=NOW)
    steps = []
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            steps += [row[3] for row in cursor.fetchall()]
    # Only the few test events are walked through; deliveries are sought, along their indexes or by key.
    assert [step for step in steps if step.startswith("SCAN")] == ["SCAN U0"]
    assert any("webhook_delivery_hook" in step for step in steps)


def test_nothing_is_queried_for_no_subscription(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    assert statistics.of_subscriptions([9], now=NOW) == {}
    with django_assert_num_queries(0):
        assert statistics.of_subscriptions([], now=NOW) == {}


def test_by_event_a_delivery_belongs_to_the_subscription_of_the_same_name() -> None:
    subscribe(1)
    receive(4711, NOW, NOW - HOUR, event="workflow_started")
    receive(4712, NOW, state="parked", event="workflow_started")
    receive(1, NOW, event="task_returned")

    found = statistics.of_subscriptions([1], by_event=True, now=NOW)[1]

    assert (found.today, found.failures, found.last_at) == (3, 1, NOW)
    assert statistics.of_subscriptions([1], now=NOW)[1].today == 1
