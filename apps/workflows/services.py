"""Writes of workflows: their projections, and who launched them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast

from apps.core import bulk
from apps.core.database import clock
from apps.pneumatic.canonical.events import Event, Seen, event_from_json
from apps.webhooks.models import Event as EventRow
from apps.workflows.holders import named_performers
from apps.workflows.models import Holder, Workflow
from apps.workflows.projection.projector import COLUMNS, Projection, project

# A workflow in these states hardly ever changes, so the deliveries behind it can be pruned.
FINISHED_STATES = (Workflow.State.COMPLETED, Workflow.State.TERMINATED, Workflow.State.DELETED)
_WRITTEN = (*COLUMNS, "digest", "lacks_doers", "last_event_at", "changed_at")


class _KnownEvents(NamedTuple):
    """All events of a workflow by content hash, and when the last of them was received."""

    events: dict[str, Event]
    last_event_at: dt.datetime


class _Row(NamedTuple):
    digest: str
    performers: list[list[object]]
    last_event_at: dt.datetime


def handle_events(rows: Sequence[EventRow]) -> None:
    """Project the workflows of new events again. Registered with ``webhooks``; runs in its transaction."""
    project_workflows({row.workflow_id for row in rows}, at_hand=rows)


def project_workflows(
    workflow_ids: Collection[int], *, at_hand: Sequence[EventRow] = (), rewrite: bool = False
) -> None:
    """Write the projections of these workflows. Call it in a transaction.

    Events ``at_hand`` are not read from the database. The rows are locked before their events are read, so that an
    older state never replaces a newer one. ``rewrite`` writes rows whose digest has not changed as well.
    """
    rows = _lock(workflow_ids)
    now = clock.now()
    changed: list[Workflow] = []
    touched: list[Workflow] = []
    reassigned: list[Workflow] = []
    for workflow_id, known in _known(workflow_ids, at_hand).items():
        try:
            projection = project(known.events.items())
        except Exception as error:
            error.add_note(f"This happened to workflow {workflow_id}.")
            raise
        row = rows.get(workflow_id)
        workflow = row_of(workflow_id, projection, last_event_at=known.last_event_at, now=now)
        if row is None or rewrite or row.digest != projection.digest:
            changed.append(workflow)
            if rewrite or (row.performers if row else []) != projection.performers:
                reassigned.append(workflow)
        elif row.last_event_at < known.last_event_at:
            touched.append(workflow)
    _write(changed, _WRITTEN)
    _write(touched, ("last_event_at", "changed_at"))
    write_performers(reassigned, rows.keys())


def needed(workflow_ids: Collection[int]) -> set[int]:
    """Return those of these workflows that have not finished. Registered with ``webhooks`` as a keeper."""
    over = Workflow.objects.filter(pk__in=workflow_ids, state__in=FINISHED_STATES)
    return set(workflow_ids) - set(over.values_list("pk", flat=True))


def record_starters(starters: Mapping[int, int | None]) -> None:
    """Store who launched workflows: id of a workflow -> id of a user, None for no user of this dashboard.

    Workflows that are not stored yet are skipped; the caller repeats the call when their first event arrives.
    """
    workflows_of: dict[int | None, list[int]] = defaultdict(list)
    for workflow_id, user_id in starters.items():
        workflows_of[user_id].append(workflow_id)
    for user_id, workflow_ids in workflows_of.items():
        others = Workflow.objects.filter(pk__in=workflow_ids).exclude(launched_by=user_id)
        others.update(launched_by=user_id, changed_at=clock.now())


def row_of(
    workflow_id: int, projection: Projection, *, last_event_at: dt.datetime, now: dt.datetime
) -> Workflow:
    """Return an unsaved row with ``projection``."""
    return Workflow(
        pk=workflow_id,
        **projection.columns(),
        digest=projection.digest,
        lacks_doers=projection.lacks_doers,
        last_event_at=last_event_at,
        changed_at=now,
    )


def write_performers(workflows: Sequence[Workflow], known: Collection[int]) -> None:
    """Replace the performers of these workflows; only those in ``known`` can have rows already."""
    before = [workflow.pk for workflow in workflows if workflow.pk in known]
    if before:
        Holder.objects.filter(workflow__in=before).delete()
    bulk.insert(performer_rows(workflows))


def performer_rows(workflows: Iterable[Workflow]) -> list[Holder]:
    """Return rows for the performers of the current tasks, each once per workflow; those without an id are left out."""
    return [
        Holder(workflow_id=workflow.pk, person_id=person_id, name=name, is_group=is_group)
        for workflow in workflows
        for (person_id, is_group), name in dict(named_performers(workflow.performers)).items()
        if person_id is not None
    ]


def _lock(workflow_ids: Collection[int]) -> dict[int, _Row]:
    rows = Workflow.objects.filter(pk__in=workflow_ids).order_by("pk").select_for_update()
    return {
        pk: _Row(digest, performers, last_event_at)
        for pk, digest, performers, last_event_at in rows.values_list(
            "pk", "digest", "performers", "last_event_at"
        )
    }


def _known(workflow_ids: Collection[int], at_hand: Sequence[EventRow]) -> dict[int, _KnownEvents]:
    """Return every event of these workflows, in one query."""
    events: dict[int, dict[str, Event]] = defaultdict(dict)
    last_event_at: dict[int, dt.datetime] = {}
    read_at: dict[int, dt.datetime] = {}  # who did what: no event
    stored = EventRow.objects.filter(workflow_id__in=workflow_ids).exclude(
        pk__in=[row.pk for row in at_hand if row.pk is not None]
    )
    columns = ("workflow_id", "content_hash", Cast("facts", TextField()), "last_received_at")
    in_memory = [(row.workflow_id, row.content_hash, row.parsed, row.last_received_at) for row in at_hand]
    read = (
        (workflow_id, content_hash, event_from_json(bulk.from_json(facts)), received_at)
        for workflow_id, content_hash, facts, received_at in stored.values_list(*columns)
    )
    for workflow_id, content_hash, event, received_at in (*read, *in_memory):
        events[workflow_id][content_hash] = event
        if event.kind is Seen.ACTIVITY:
            read_at[workflow_id] = received_at
            continue
        if event.kind is Seen.WORKFLOW:  # reading it is no event
            received_at = min(received_at, event.occurred_at or received_at)
        if workflow_id not in last_event_at or last_event_at[workflow_id] < received_at:
            last_event_at[workflow_id] = received_at
    return {
        workflow_id: _KnownEvents(events[workflow_id], last_event_at.get(workflow_id) or read_at[workflow_id])
        for workflow_id in sorted(events)
    }


def _write(workflows: Sequence[Workflow], columns: Sequence[str]) -> None:
    bulk.insert(workflows, unique="id", update=columns)
