"""Events become rows of workflows: the same ones in whatever batches they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from apps.pneumatic.canonical.events import event_to_json
from apps.pneumatic.deliveries import read_payload
from apps.webhooks import endpoints, registry
from apps.webhooks.models import Delivery
from apps.webhooks.models import Event as EventRow
from apps.webhooks.processing.worker import process_pending
from apps.workflows import services
from apps.workflows.models import Holder, Workflow
from apps.workflows.projection.history import HistoryEntryKind, history_of
from apps.workflows.projection.projector import COLUMNS, digest_of, project
from apps.workflows.rebuild import differences
from tests.factories import make_user
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver
from tests.fixtures.depth import examples
from tests.workflows.histories import Life, lives, payload_of


def batch(bodies: Sequence[dict[str, Any]]) -> list[EventRow]:
    """Return the stored events of documented bodies, as processing would store them."""
    now = timezone.now()
    rows = []
    for body in bodies:
        payload = read_payload(json.dumps(body).encode())
        assert payload.event is not None
        row, _is_new = EventRow.objects.get_or_create(
            content_hash=payload.content_hash,
            defaults={
                "kind": payload.event.kind.value,
                "workflow_id": payload.event.workflow.id,
                "facts": event_to_json(payload.event),
                "first_received_at": now,
                "last_received_at": now,
            },
        )
        rows.append(row)
    return rows


def handle(bodies: Sequence[dict[str, Any]]) -> None:
    with transaction.atomic():
        services.handle_events(batch(bodies))


def test_it_shows_where_a_workflow_is(deliver: Deliver) -> None:
    for body in payloads.history(7, steps=3)[:2]:
        deliver(body)

    workflow = Workflow.objects.get()
    assert (workflow.pk, workflow.state, workflow.step) == (7, "running", 2)
    assert workflow.task_name == "Prepare the desk"
    assert workflow.performers == [[1, "John Doe"]]
    assert list(Holder.objects.values_list("workflow_id", "person_id", "name")) == [(7, 1, "John Doe")]
    assert [entry.kind for entry in history_of(workflow).entries] == [
        HistoryEntryKind.STARTED,
        HistoryEntryKind.TASK_DONE,
        HistoryEntryKind.TASK_CURRENT,
    ]


@pytest.mark.django_db
@given(
    st.data(),
    st.lists(
        lives(most_actions=8), min_size=1, max_size=2, unique_by=lambda life: life.events[0].workflow.id
    ),
)
@examples(0.4, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_batches_in_any_order_write_the_same_rows(data: st.DataObject, several: list[Life]) -> None:
    """Through the queue of deliveries, with duplicates."""
    with transaction.atomic():
        endpoint = endpoints.active()
        target = f"http://testserver{endpoints.path(endpoint)}"
        bodies = [
            json.dumps(payload_of(event, target=target)).encode() for life in several for event in life.events
        ]
        order = data.draw(st.permutations(bodies + data.draw(st.lists(st.sampled_from(bodies), max_size=3))))
        while order:
            size = data.draw(st.integers(1, len(order)))
            now = timezone.now()
            Delivery.objects.bulk_create(
                Delivery(
                    received_at=now,
                    endpoint=endpoint,
                    body=body,
                    size=len(body),
                    verdict=Delivery.Verdict.ACCEPTED,
                    due_at=now,
                )
                for body in order[:size]
            )
            order = order[size:]
            process_pending()

        expected = {}
        for life in several:
            read = [read_payload(json.dumps(payload_of(event, target="")).encode()) for event in life.events]
            assert [payload.event for payload in read] == list(life.events)
            expected[life.events[0].workflow.id] = project(
                (payload.content_hash, payload.event) for payload in read if payload.event
            ).digest
        rows = Workflow.objects.in_bulk()
        assert {pk: row.digest for pk, row in rows.items()} == expected
        assert {
            pk: digest_of({name: getattr(row, name) for name in COLUMNS}) for pk, row in rows.items()
        } == expected
        assert not list(differences.differences(differences.RebuildProgress()))
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_batch_costs_the_same_number_of_queries_for_any_number_of_workflows() -> None:
    def queries(first: int, last: int) -> int:
        rows = batch([payloads.started(n) for n in range(first, last)])
        with (
            transaction.atomic(),
            CaptureQueriesContext(
                connection,
            ) as captured,
        ):
            services.handle_events(rows)
        return len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    assert queries(1, 3) == queries(100, 130) <= 5


@pytest.mark.django_db
def test_duplicate_events_change_nothing() -> None:
    bodies = payloads.history(1, steps=2)
    handle(bodies)
    before = list(Workflow.objects.values())

    handle(bodies)

    assert list(Workflow.objects.values()) == before


@pytest.mark.django_db
def test_a_duplicate_event_changes_the_time_of_the_last_event_only() -> None:
    handle([payloads.started()])
    before = Workflow.objects.get()
    later = timezone.now()
    EventRow.objects.update(last_received_at=later)

    handle([payloads.started()])

    after = Workflow.objects.get()
    assert (after.last_event_at, after.digest) == (later, before.digest)


@pytest.mark.django_db
def test_holders_follow_the_current_task() -> None:
    ann, bo = payloads.performer(1, "Ann", ""), payloads.performer(2, "Bo", "")
    handle([payloads.started(current_task=payloads.task(1, performers=[ann, bo])), payloads.started(2)])
    handle([payloads.task_completed(current_task=payloads.task(2, minutes=10, performers=[bo]))])
    assert list(Holder.objects.filter(workflow=1).values_list("person_id", "name")) == [(2, "Bo")]

    handle([payloads.completed()])
    assert not Holder.objects.filter(workflow=1).exists()
    assert Holder.objects.filter(workflow=2).exists()


@pytest.mark.django_db
def test_a_person_performs_a_task_once_under_any_names() -> None:
    twice = [payloads.performer(1, "Ann", ""), payloads.performer(1, "Anna", "")]

    handle([payloads.started(current_task=payloads.task(1, performers=twice))])

    assert Workflow.objects.get().performers == [[1, "Ann"], [1, "Anna"]]
    assert Holder.objects.count() == 1


@pytest.mark.django_db
def test_a_failure_names_its_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_events: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(services, "project", fail)

    with pytest.raises(ZeroDivisionError) as raised:
        handle([payloads.started(12)])
    assert raised.value.__notes__ == ["This happened to workflow 12."]


def test_a_workflow_that_fails_does_not_block_the_others(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_one(events: Any) -> Any:
        pairs = list(events)
        if pairs[0][1].workflow.id == 2:
            raise ZeroDivisionError
        return project(pairs)

    monkeypatch.setattr(services, "project", fail_one)
    for workflow_id in (1, 2, 3):
        deliver(payloads.started(workflow_id), process=False)
    process_pending()

    assert set(Workflow.objects.values_list("pk", flat=True)) == {1, 3}


@pytest.mark.django_db
def test_who_launched_a_workflow_survives_its_events() -> None:
    ann = make_user("ann", "Operator")
    services.record_starters({1: ann.pk})  # not known yet: nothing happens
    handle([payloads.started(1), payloads.started(2)])
    assert Workflow.objects.get(pk=1).launched_by is None

    services.record_starters({1: ann.pk, 2: None})
    handle([payloads.task_completed(1)])

    assert Workflow.objects.get(pk=1).launched_by == ann
    assert Workflow.objects.get(pk=2).launched_by is None

    before = Workflow.objects.get(pk=1).changed_at
    services.record_starters({1: ann.pk})
    assert Workflow.objects.get(pk=1).changed_at == before

    services.record_starters({1: None})
    assert Workflow.objects.get(pk=1).launched_by is None


@pytest.mark.django_db
def test_the_events_of_a_running_workflow_are_needed() -> None:
    handle(
        [
            payloads.started(1),
            *payloads.history(2, steps=1),
            payloads.task_completed(3, status=payloads.SNOOZED),
            payloads.task_completed(4, status=9),
            payloads.completed(5, status=payloads.TERMINATED),
        ]
    )

    assert services.needed([1, 2, 3, 4, 5]) == {1, 3, 4}
    assert services.needed([6]) == {6}  # its row is missing: rebuild_workflows will need them
    assert registry.needed([1, 2]) == {1}
