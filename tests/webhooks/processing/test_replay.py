"""Deliveries are replayed on request, and the replay is recorded with its user."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.webhooks import registry
from apps.webhooks.models import Delivery, Event, Replay
from apps.webhooks.processing import replay as processing_replay
from apps.webhooks.processing.replay import TooManyError, replay
from apps.webhooks.processing.worker import process_pending
from apps.workflows.models import Workflow
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver


@pytest.fixture
def handled() -> Iterator[list[int]]:
    """Return the workflows whose events handlers get, as they do."""
    before = list(registry._handlers)
    workflow_ids: list[int] = []

    def note(events: Sequence[Event]) -> None:
        workflow_ids.extend(event.workflow_id for event in events)

    registry.register_handler(note, rank=99)
    yield workflow_ids
    registry._handlers[:] = before


def test_a_replay_says_who_requested_what_and_when(deliver: Deliver, integrator: User) -> None:
    deliver(payloads.started(1))
    before = timezone.now()

    record = replay(integrator, Delivery.objects.all(), "delivery 1")

    assert Replay.objects.get() == record
    assert (record.requested_by, record.criteria, record.count, record.is_forced) == (
        integrator,
        "delivery 1",
        1,
        False,
    )
    assert before <= record.requested_at <= timezone.now()
    assert list(record.deliveries.all()) == list(Delivery.objects.all())


def test_a_known_event_is_handled_again_and_counted_once(
    deliver: Deliver, integrator: User, handled: list[int]
) -> None:
    deliver(payloads.started(1))
    replay(integrator, Delivery.objects.all(), "all")
    assert Delivery.objects.get().state == "pending"

    report = process_pending()

    assert (report.processed, report.events) == (1, 0)
    assert handled == [1, 1]
    assert Event.objects.get().deliveries_count == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.is_replayed) == ("processed", False)


def test_a_replay_restores_deleted_rows(deliver: Deliver, integrator: User) -> None:
    deliver(payloads.started(1))
    Workflow.objects.all().delete()
    Event.objects.update(
        facts={"kind": "workflow_started", "workflow": {"id": 1, "name": "", "status": "unknown"}}
    )

    replay(integrator, Delivery.objects.all(), "all")
    process_pending()

    assert Event.objects.get().parsed.workflow.name == "Workflow 1"
    assert Workflow.objects.get().name == "Workflow 1"


def test_a_dead_letter_starts_again(deliver: Deliver, integrator: User) -> None:
    deliver(payloads.started(1), process=False)
    Delivery.objects.update(state="parked", attempts=7)

    replay(integrator, Delivery.objects.all(), "all")

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("pending", 0)
    process_pending()
    assert Delivery.objects.get().state == "processed"


@pytest.mark.parametrize(("force", "state"), [(False, "parked"), (True, "processed")])
def test_a_url_mismatch_is_processed_only_by_force(
    deliver: Deliver, integrator: User, force: bool, state: str
) -> None:
    deliver(payloads.started(1, hook_target="https://elsewhere.example.com/hooks/x/"))
    why = Delivery.objects.get().reason

    replay(integrator, Delivery.objects.all(), "all", force=force)
    process_pending()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.verdict, delivery.is_forced) == (state, "mismatch", force)
    assert Event.objects.count() == int(force)
    if not force:
        assert delivery.reason == why


def test_force_changes_nothing_about_others(deliver: Deliver, integrator: User) -> None:
    deliver(payloads.started(1))

    replay(integrator, Delivery.objects.all(), "all", force=True)

    assert not Delivery.objects.get().is_forced


def test_what_is_malformed_stays_so(deliver: Deliver, integrator: User) -> None:
    assert deliver(b"{").status_code == 400

    replay(integrator, Delivery.objects.all(), "all")
    process_pending()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.verdict) == ("ignored", "malformed")
    assert delivery.reason


def test_what_was_malformed_and_is_understood_now_is_processed(deliver: Deliver, integrator: User) -> None:
    deliver(payloads.started(1), process=False)
    Delivery.objects.update(verdict="malformed", state="ignored")  # as an older version saw it

    replay(integrator, Delivery.objects.all(), "all")
    process_pending()

    assert Delivery.objects.get().state == "processed"
    assert Event.objects.exists()


def test_what_was_malformed_and_sent_to_another_address_is_parked(deliver: Deliver, integrator: User) -> None:
    deliver(b"{")
    body = json.dumps(payloads.started(1, hook_target="https://elsewhere.example.com/x/")).encode()
    Delivery.objects.update(body=body)

    replay(integrator, Delivery.objects.all(), "all")
    process_pending()

    assert Delivery.objects.get().state == "parked"


def test_a_selection_leaves_the_others_alone(deliver: Deliver, integrator: User) -> None:
    for workflow_id in range(1, 8):
        deliver(payloads.started(workflow_id))
    chosen = list(Delivery.objects.order_by("pk").values_list("pk", flat=True)[2:4])

    record = replay(integrator, Delivery.objects.filter(pk__in=chosen), "two of them")

    assert record.count == 2
    assert sorted(Delivery.objects.filter(state="pending").values_list("pk", flat=True)) == chosen


def test_a_large_window_is_replayed_whole_in_portions(
    deliver: Deliver, integrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing_replay, "STRIDE", 3)
    for workflow_id in range(1, 12):
        deliver(payloads.started(workflow_id), process=False)
    process_pending()
    window = Delivery.objects.filter(received_at__lte=timezone.now(), state="processed")

    record = replay(integrator, window, "everything until now")

    assert record.count == record.deliveries.count() == 11
    assert Delivery.objects.filter(state="pending").count() == 11


def test_more_than_a_request_can_replay_is_refused(
    deliver: Deliver, integrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing_replay, "MAX_DELIVERIES", 1)
    deliver(payloads.started(1))
    deliver(payloads.started(2))

    with pytest.raises(TooManyError, match="2 deliveries"):
        replay(integrator, Delivery.objects.all(), "all")
    assert not Replay.objects.exists()
    assert not Delivery.objects.filter(state="pending").exists()


def test_nothing_is_replayed_where_nothing_was_chosen(integrator: User) -> None:
    assert replay(integrator, Delivery.objects.none(), "nothing").count == 0


def test_a_replay_of_one_does_not_recount_when_it_is_requested_twice(
    deliver: Deliver, integrator: User
) -> None:
    deliver(payloads.started(1))
    deliver(payloads.started(1))
    for _time in range(2):
        replay(integrator, Delivery.objects.all(), "all")
        process_pending()

    assert Event.objects.get().deliveries_count == 2
    assert Delivery.objects.earliest("pk").replays.count() == 2
