"""``manage.py prune_deliveries`` deletes what is old and done, and nothing that is needed."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.models import User
from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing import retention
from apps.webhooks.processing.replay import replay
from apps.webhooks.processing.worker import process_pending
from apps.workflows.models import Workflow
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver


@pytest.fixture
def old(deliver: Deliver) -> Deliver:
    """A finished workflow (1) and a running one (2), all received a hundred days ago; one came today (3)."""
    for payload in (*payloads.history(1, steps=2), payloads.started(2)):
        deliver(payload, process=False)
    process_pending()
    age(100)
    deliver(payloads.completed(3))
    return deliver


def age(days: int) -> None:
    Delivery.objects.update(received_at=timezone.now() - dt.timedelta(days=days))


def prune(*arguments: str) -> str:
    output = io.StringIO()
    call_command("prune_deliveries", *arguments, stdout=output)
    return output.getvalue()


def left() -> set[int]:
    return {delivery.event.workflow_id for delivery in Delivery.objects.all() if delivery.event}


def test_it_deletes_old_deliveries_of_finished_workflows(old: Deliver) -> None:
    output = prune()

    assert left() == {2, 3}
    assert "Deleted 4 deliveries older than 90 days." in output
    assert "Kept 1 of running workflows." in output


def test_events_and_workflows_stay(old: Deliver) -> None:
    events, workflows = Event.objects.count(), list(Workflow.objects.order_by("pk").values())

    prune()

    assert Event.objects.count() == events
    assert list(Workflow.objects.order_by("pk").values()) == workflows


def test_a_dry_run_deletes_nothing_and_counts_the_same(old: Deliver) -> None:
    assert "Would delete 4 deliveries" in prune("--dry-run")
    assert Delivery.objects.count() == 6


def test_days_say_how_old(old: Deliver) -> None:
    assert "Deleted 0 deliveries older than 200 days." in prune("--days", "200")
    with pytest.raises(CommandError, match="not a number of days"):
        prune("--days", "0")


def test_what_waits_for_the_worker_or_a_person_stays(deliver: Deliver) -> None:
    deliver(payloads.completed(1), process=False)
    deliver(payloads.completed(2, hook_target="https://elsewhere.example.com/x/"), process=False)
    age(100)

    assert "Kept 2 that are pending or dead letters." in prune()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"pending", "parked"}


def test_a_delivery_without_an_event_is_deleted(deliver: Deliver) -> None:
    deliver(b"{")
    deliver(payloads.started(1, event="workflow_paused"))
    age(100)

    prune()

    assert not Delivery.objects.exists()


def test_what_was_replayed_goes_and_the_record_stays(deliver: Deliver, integrator: User) -> None:
    deliver(payloads.completed(1))
    record = replay(integrator, Delivery.objects.all(), "all")
    process_pending()
    age(100)

    prune()

    record.refresh_from_db()
    assert (record.count, record.deliveries.count()) == (1, 0)


def test_it_goes_through_all_of_them_in_portions(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "READ", 4)
    monkeypatch.setattr(retention, "PORTION", 3)
    for workflow_id in range(1, 12):
        deliver(payloads.completed(workflow_id), process=False)
    process_pending()
    age(100)

    assert "Deleted 11" in prune()
    assert not Delivery.objects.exists()


def test_a_duplicate_that_comes_after_its_event_was_pruned_is_still_a_duplicate(deliver: Deliver) -> None:
    deliver(payloads.completed(1))
    age(100)
    prune()

    deliver(payloads.completed(1))

    assert Event.objects.get().deliveries_count == 2
