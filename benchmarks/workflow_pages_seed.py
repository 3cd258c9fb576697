"""Fill a database with workflows, their events and deliveries, by statements that make the rows inside it."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Sequence
from copy import copy

from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.core.text.folding import fold
from apps.pneumatic.canonical.events import Choice, Output, Performer
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery
from apps.workflows.models import Holder, Workflow
from apps.workflows.projection.history import (
    History,
    HistoryEntry,
    HistoryEntryKind,
    TaskRound,
    history_to_json,
)
from benchmarks.seed import BATCH, WORDS

TEMPLATES = 10
HELD = 100  # workflows for each person who holds tasks: more work has more people
EVENTS = 10  # a workflow
DELIVERED = 100  # events for each delivery: the rest was pruned
MINUTES = 2  # between one workflow's last event and the next one's

_STATES = [Workflow.State.RUNNING] * 6 + [Workflow.State.COMPLETED] * 12
_STATES += [Workflow.State.TERMINATED, Workflow.State.SNOOZED]


def workflows(count: int, *, starters: Sequence[User]) -> None:
    """Make ``count`` workflows over the last months; half of them were not launched here."""
    batch: list[Workflow] = []
    for workflow in _workflows(count, starters):
        batch.append(workflow)
        if len(batch) == BATCH:
            _write(batch)
            batch = []
    _write(batch)
    _events(count * EVENTS, workflows=count)


def _workflows(count: int, starters: Sequence[User]) -> Iterator[Workflow]:
    now, pick = timezone.now(), random.Random(4)
    history = history_to_json(_history())
    for number in range(1, count + 1):
        last_event = now - dt.timedelta(minutes=MINUTES * (count - number))
        name = f"{pick.choice(WORDS)} {pick.choice(WORDS).lower()} {number}"
        state = pick.choice(_STATES)
        performer = number % max(1, count // HELD) + 1
        yield Workflow(
            id=number,
            name=name,
            search=fold(name),
            template_id=number % TEMPLATES + 1,
            template_name="A template",
            state=state,
            has_gaps=pick.random() < 0.07,
            step=number % 5 + 1,
            task_name=f"Check {pick.choice(WORDS).lower()}",
            task_since=last_event,
            performers=[[performer, f"Person {performer}"]],
            started_at=last_event - dt.timedelta(hours=5),
            ended_at=None if state in {"running", "snoozed"} else last_event,
            digest=f"{number:064x}",
            events_count=EVENTS,
            last_event_at=last_event,
            launched_by=starters[number // 2 % len(starters)] if number % 2 else None,
            changed_at=last_event,
            history=history,
        )


def _write(batch: list[Workflow]) -> None:
    Workflow.objects.bulk_create(batch)
    Holder.objects.bulk_create(
        Holder(workflow=workflow, person_id=id_, name=name)
        for workflow in batch
        if workflow.state in {"running", "snoozed"}
        for id_, name in workflow.performers
    )


def _events(count: int, *, workflows: int) -> None:
    """Make events by the million in one statement, and the deliveries that were not pruned yet."""
    endpoint = endpoints.active()
    facts = json.dumps(
        {"kind": "task_completed", "workflow": {"id": 1, "name": "x" * 200, "status": "running"}}
    )
    is_sqlite = connection.vendor == "sqlite"
    hashed = "printf('%%064x', n)" if is_sqlite else "lpad(to_hex(n), 64, '0')"
    as_json = "%s" if is_sqlite else "%s::jsonb"
    numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
    now = timezone.now().replace(tzinfo=None) if is_sqlite else timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO webhooks_event (content_hash, kind, workflow_id, template_id, task_id, occurred_at, facts,"
            f" first_received_at, last_received_at, deliveries_count) {numbers}"
            f" SELECT {hashed}, 'task_completed', n %% %s + 1, n %% {TEMPLATES} + 1, n, %s, {as_json}, %s, %s, 1"
            " FROM numbers",
            [count, workflows, now, facts, now, now],
        )
    delivery = Delivery(
        received_at=timezone.now(),
        due_at=timezone.now(),
        endpoint=endpoint,
        body=b"{}",
        size=2,
        verdict=Delivery.Verdict.ACCEPTED,
        state=Delivery.State.PROCESSED,
    )
    for _batch in range(count // DELIVERED // BATCH + 1):
        Delivery.objects.bulk_create([copy(delivery) for _number in range(BATCH)])


def _history() -> History:
    """Return the history of five tasks with a few answers each, as a workflow has it."""
    outputs = (
        Output("field-1", "Reason", "text", "Because the old one is worn out. " * 5),
        Output("field-2", "Kind", "radio", "", (Choice("1", "Small"), Choice("2", "Large", True))),
        Output("field-3", "Buddy", "user", "17"),
    )
    now = timezone.now()
    tasks = [
        TaskRound(
            number, number, f"Step {number}", "", now, now, (Performer(number, f"Person {number}"),), outputs
        )
        for number in range(1, 6)
    ]
    done = tuple(
        HistoryEntry(HistoryEntryKind.TASK_DONE, now, f"{task.number:064x}", task=task) for task in tasks
    )
    return History(
        kickoff=outputs, entries=(HistoryEntry(HistoryEntryKind.STARTED, now), *done), events_until=now
    )
