"""Writes of workflows: what their events tell, and who launched them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from apps.core import bulk
from apps.pneumatic.canonical.events import Event, Seen, event_from_json
from apps.webhooks.models import Event as EventRow
from apps.workflows.holders import named_holders
from apps.workflows.models import Holder, Workflow
from apps.workflows.projection.projector import COLUMNS, Projection, project

# States in which a workflow hardly changes any more: what they rest on is not needed.
OVER = (Workflow.State.COMPLETED, Workflow.State.TERMINATED, Workflow.State.DELETED)
_WRITTEN = (*COLUMNS, "digest", "last_heard_at", "changed_at")


class Known(NamedTuple):
    """All events of a workflow by content hash, and when the last of them came."""

    events: dict[str, Event]
    last_heard_at: dt.datetime


class _Row(NamedTuple):
    digest: str
    holders: list[list[object]]
    last_heard_at: dt.datetime


def handle_events(rows: Sequence[EventRow]) -> None:
    """Project the workflows of new events anew. Registered with ``webhooks``, whose transaction this runs in."""
    project_workflows({row.workflow_id for row in rows}, at_hand=rows)


def project_workflows(
    workflow_ids: Collection[int], *, at_hand: Sequence[EventRow] = (), anew: bool = False
) -> None:
    """Write what is known of these workflows; call it in a transaction. Events ``at_hand`` are not read again.

    The rows are locked first and their events read after that, so nobody writes an older state over a newer one.
    ``anew`` also writes what looks as if it had been written already.
    """
    rows = _lock(workflow_ids)
    now = timezone.now()
    changed: list[Workflow] = []
    heard: list[Workflow] = []
    reassigned: list[Workflow] = []
    for workflow_id, known in _known(workflow_ids, at_hand).items():
        try:
            projection = project(known.events.items())
        except Exception as error:
            error.add_note(f"This happened to workflow {workflow_id}.")
            raise
        row = rows.get(workflow_id)
        workflow = row_of(workflow_id, projection, last_heard_at=known.last_heard_at, now=now)
        if row is None or anew or row.digest != projection.digest:
            changed.append(workflow)
            if anew or (row.holders if row else []) != projection.holders:
                reassigned.append(workflow)
        elif row.last_heard_at < known.last_heard_at:
            heard.append(workflow)
    _write(changed, _WRITTEN)
    _write(heard, ("last_heard_at", "changed_at"))
    write_holders(reassigned, rows.keys())


def needed(workflow_ids: Collection[int]) -> set[int]:
    """Return those of these workflows that are not known to be over. Registered with ``webhooks`` as a keeper."""
    over = Workflow.objects.filter(pk__in=workflow_ids, state__in=OVER)
    return set(workflow_ids) - set(over.values_list("pk", flat=True))


def credit(starters: Mapping[int, int | None]) -> None:
    """Write down who launched workflows: id of a workflow -> id of a user, None for nobody of ours.

    Workflows that are not known (yet) are passed over: whoever learns of them later asks again.
    """
    workflows_of: dict[int | None, list[int]] = defaultdict(list)
    for workflow_id, user_id in starters.items():
        workflows_of[user_id].append(workflow_id)
    for user_id, workflow_ids in workflows_of.items():
        others = Workflow.objects.filter(pk__in=workflow_ids).exclude(launched_by=user_id)
        others.update(launched_by=user_id, changed_at=timezone.now())


def row_of(
    workflow_id: int, projection: Projection, *, last_heard_at: dt.datetime, now: dt.datetime
) -> Workflow:
    """Return the row that holds ``projection``, not saved."""
    return Workflow(
        pk=workflow_id,
        **projection.columns(),
        digest=projection.digest,
        last_heard_at=last_heard_at,
        changed_at=now,
    )


def write_holders(workflows: Sequence[Workflow], known: Collection[int]) -> None:
    """Replace the holders of these workflows; only those in ``known`` can have any."""
    before = [workflow.pk for workflow in workflows if workflow.pk in known]
    if before:
        Holder.objects.filter(workflow__in=before).delete()
    bulk.insert(holders_of(workflows))


def holders_of(workflows: Iterable[Workflow]) -> list[Holder]:
    """Return who holds the current tasks, each once a workflow; those whom nothing identifies are left out."""
    return [
        Holder(workflow_id=workflow.pk, person_id=person_id, name=name, is_group=is_group)
        for workflow in workflows
        for (person_id, is_group), name in dict(named_holders(workflow.holders)).items()
        if person_id is not None
    ]


def _lock(workflow_ids: Collection[int]) -> dict[int, _Row]:
    rows = Workflow.objects.filter(pk__in=workflow_ids).order_by("pk").select_for_update()
    return {
        pk: _Row(digest, holders, last_heard_at)
        for pk, digest, holders, last_heard_at in rows.values_list("pk", "digest", "holders", "last_heard_at")
    }


def _known(workflow_ids: Collection[int], at_hand: Sequence[EventRow]) -> dict[int, Known]:
    """Return every event of these workflows, in one query."""
    events: dict[int, dict[str, Event]] = defaultdict(dict)
    heard: dict[int, dt.datetime] = {}
    stored = EventRow.objects.filter(workflow_id__in=workflow_ids).exclude(
        pk__in=[row.pk for row in at_hand if row.pk is not None]
    )
    columns = ("workflow_id", "content_hash", Cast("facts", TextField()), "last_received_at")
    told = [(row.workflow_id, row.content_hash, row.parsed, row.last_received_at) for row in at_hand]
    read = (
        (workflow_id, content_hash, event_from_json(bulk.from_json(facts)), received_at)
        for workflow_id, content_hash, facts, received_at in stored.values_list(*columns)
    )
    for workflow_id, content_hash, event, received_at in (*read, *told):
        events[workflow_id][content_hash] = event
        if event.kind is Seen.WORKFLOW:  # that we asked is no news of it
            received_at = min(received_at, event.occurred_at or received_at)
        if workflow_id not in heard or heard[workflow_id] < received_at:
            heard[workflow_id] = received_at
    return {workflow_id: Known(events[workflow_id], heard[workflow_id]) for workflow_id in sorted(events)}


def _write(workflows: Sequence[Workflow], columns: Sequence[str]) -> None:
    bulk.insert(workflows, unique="id", update=columns)
