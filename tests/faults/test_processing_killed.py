"""Workers that are killed in the middle of their work: nothing is lost, nothing is counted twice."""

from __future__ import annotations

from functools import partial

import pytest

from apps.webhooks.models import Delivery, Event
from apps.workflows.models import Workflow
from tests.core.test_worker import is_done, worker
from tests.fixtures import payloads
from tests.fixtures.deliveries import Reword, store
from tests.fixtures.sandbox import either_dialect
from tests.fixtures.waiting import wait_for

DELIVERIES = 600

pytestmark = [pytest.mark.django_db(transaction=True), either_dialect]


@pytest.fixture
def received(transactional_db: None, reword: Reword) -> None:
    """Store deliveries as the receiver does."""
    store(reword(payloads.started(id_)) for id_ in range(1, DELIVERIES + 1))


def processed() -> int:
    return Delivery.objects.filter(state="processed").count()


def is_beyond(count: int) -> bool:
    return processed() > count or is_done()


@pytest.mark.ci
def test_killed_workers_leave_nothing_half_done_and_the_next_one_continues(received: None) -> None:
    killed_midway = 0
    for _trial in range(2):
        before = processed()
        with worker() as process:
            wait_for(partial(is_beyond, before))
            process.kill()
        killed_midway += not is_done()
        # All that is marked as done is written completely, and nothing else is.
        assert processed() == Event.objects.count() == Workflow.objects.count()
        assert not Delivery.objects.filter(state="pending", event__isnull=False).exists()

    assert killed_midway
    with worker():
        wait_for(is_done)

    assert processed() == Event.objects.count() == Workflow.objects.count() == DELIVERIES
    assert set(Event.objects.values_list("deliveries_count", flat=True)) == {1}
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.exhaustive
def test_two_workers_of_which_one_is_killed_process_everything_once(received: None) -> None:
    with worker() as first, worker():
        wait_for(lambda: processed() > 0)
        first.kill()
        wait_for(is_done)

    assert Event.objects.count() == DELIVERIES
    assert set(Event.objects.values_list("deliveries_count", flat=True)) == {1}
