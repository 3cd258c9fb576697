"""Compare workflows with Pneumatic, where it can list them, and store what was missed.

Listed workflows are compared by ``projection.fingerprints.comparison_key``, and by answers (``kickoffs.py``). Only
those that differ are read in full, and become events (``observations.py``). A workflow counts as deleted when Pneumatic
responds "not found" to a request for that workflow, never because a list lacks it (one exception: ``access.py``). Then
it is read who did what (``doers.py``).
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from apps.core.database import clock
from apps.pneumatic.canonical.events import Event, Seen, Status, WorkflowSnapshot, event_from_json
from apps.pneumatic.canonical.schemas import Received
from apps.pneumatic.client import Client
from apps.pneumatic.client.mirror import read_each
from apps.pneumatic.errors import NotFound, PermissionDenied, UnexpectedResponse
from apps.webhooks.models import Event as EventRow
from apps.workflows.models import Workflow
from apps.workflows.projection.fingerprints import adds_nothing, comparison_key
from apps.workflows.reconciliation.access import AccessDenial
from apps.workflows.reconciliation.doers import (
    MAX_ASKED_BETWEEN_ROUNDS,
    MAX_ASKED_PER_ROUND,
    read_doers,
)
from apps.workflows.reconciliation.kickoffs import is_edited, names_to_compare
from apps.workflows.reconciliation.observations import deleted_event, record_observations, workflow_event

T = TypeVar("T")

State = Workflow.State

OPEN = (State.RUNNING, State.SNOOZED, State.UNKNOWN)
NEWEST_PER_ROUND = 100  # workflows checked in every round, in any state
NEWEST_BETWEEN_ROUNDS = 30  # workflows checked between two rounds
MAX_READ_PER_ROUND = 100  # workflows read in full in a round
# Changes younger than this are left to their events, which Pneumatic sends again for some ten seconds.
EVENT_GRACE_PERIOD = dt.timedelta(seconds=45)
# This many deletions at once are always plausible; more only up to one in DELETION_DIVISOR of the open workflows.
MAX_UNCHECKED_DELETIONS, DELETION_DIVISOR = 5, 5
_BATCH_SIZE = 20  # workflows read before they are written
_COMPARED_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class UpdatedWorkflow:
    """A workflow that was updated; ``before`` is '' for one that was not stored here."""

    workflow_id: int
    name: str
    before: str
    after: str


@dataclass(slots=True)
class ReconciliationReport:
    """The result of a comparison, as numbers of workflows.

    ``denied`` are those that the API key cannot read, ``unreadable`` those with an invalid response, ``remaining`` are
    left for the next round. ``unconfirmed`` were not found, but too many at once for a plausible deletion. Of those
    ``asked`` about it was read who did what.
    """

    reads_back: bool = True
    listed: int = 0
    read: int = 0
    denied: int = 0
    unreadable: int = 0
    remaining: int = 0
    unconfirmed: int = 0
    asked: int = 0
    updated: list[UpdatedWorkflow] = field(default_factory=list)

    @property
    def deleted(self) -> int:
        """Return how many were deleted in Pneumatic."""
        return sum(one.after == State.DELETED for one in self.updated)


@dataclass(frozen=True, slots=True)
class _Known:
    state: str
    comparison_key: str
    has_gaps: bool
    lacks_task: bool  # it is open, and nothing shows at which task


def reconcile(client: Client, *, full: bool, allow_deletions: bool = False) -> ReconciliationReport:
    """Update workflows from Pneumatic, and return what changed.

    ``full`` compares every workflow that Pneumatic lists. Otherwise: those open there or here and the newest
    NEWEST_PER_ROUND, at most MAX_READ_PER_ROUND of them read in full; changes within EVENT_GRACE_PERIOD are left to
    their events. If more than a fifth of the open workflows are not found, the key may belong to another account: they
    count as deleted only if ``allow_deletions``. Raise PneumaticError; what was read until then is stored.
    """
    if not client.capabilities.reads_back:
        return ReconciliationReport(reads_back=False)
    report = ReconciliationReport()
    listed = _list(client, report, full=full)
    missing = _missing(listed)
    if not full:
        random.shuffle(missing)  # those that the key cannot read must not use up the budget of every round
    # Unlisted ones last: the key may not see many of the workflows that events are about.
    wanted = [*_differing(listed, spare=None if full else EVENT_GRACE_PERIOD), *missing]
    budget = len(wanted) if full else MAX_READ_PER_ROUND
    report.remaining = max(0, len(wanted) - budget)
    deletions = _read(client, wanted[:budget], report, spare=None if full else EVENT_GRACE_PERIOD)
    if allow_deletions or _deletions_plausible(
        len(deletions), checked=min(budget, len(wanted)), missing=len(missing)
    ):
        _write(deletions, report)
    else:
        report.unconfirmed = len(deletions)
    limit, spare = (None, None) if full else (MAX_ASKED_PER_ROUND, EVENT_GRACE_PERIOD)
    report.asked = read_doers(client, limit=limit, spare=spare)
    return report


def check_newest(client: Client) -> ReconciliationReport:
    """Read the newest workflows that differ from what is stored; otherwise like ``reconcile``."""
    if not client.capabilities.reads_back:
        return ReconciliationReport(reads_back=False)
    report = ReconciliationReport()
    rows = client.receive_workflows(limit=NEWEST_BETWEEN_ROUNDS, answers_to=names_to_compare())
    listed = _readable(rows, report)
    # A workflow deleted since it was listed is left to the next round.
    _read(client, _differing(listed, spare=EVENT_GRACE_PERIOD), report, spare=EVENT_GRACE_PERIOD)
    report.asked = read_doers(client, limit=MAX_ASKED_BETWEEN_ROUNDS, spare=EVENT_GRACE_PERIOD)
    return report


def find_launched(client: Client, *, template_id: int, since: dt.datetime) -> bool:
    """Read in full the workflows of a template that were created after ``since`` and differ from what is stored.

    Return whether every workflow that the key's user started since then is stored: the key can read all of those.
    Return False where Pneumatic cannot list workflows. Raise PneumaticError.
    """
    if not client.capabilities.reads_back:
        return False
    listed = client.list_workflows(template_id=template_id, limit=NEWEST_PER_ROUND)
    if len(listed) == NEWEST_PER_ROUND and all(_is_created_since(workflow, since) for workflow in listed):
        listed = client.list_workflows(template_id=template_id)
    young = [workflow for workflow in listed if _is_created_since(workflow, since)]
    _read(client, _differing(young, spare=None), ReconciliationReport(), spare=None)
    ids = [workflow.id for workflow in young]
    return Workflow.objects.filter(pk__in=ids).count() == len(ids)


def _deletions_plausible(deleted: int, *, checked: int, missing: int) -> bool:
    """Return whether so many deletions are plausible, if of all ``missing`` as many are as of those ``checked``."""
    if deleted <= MAX_UNCHECKED_DELETIONS:
        return True
    expected = deleted * max(1.0, missing / checked)
    return expected * DELETION_DIVISOR <= Workflow.objects.filter(state__in=OPEN).count()


def _is_created_since(workflow: WorkflowSnapshot, since: dt.datetime) -> bool:
    return workflow.date_created is not None and workflow.date_created >= since


# Comparing


def _list(client: Client, report: ReconciliationReport, *, full: bool) -> list[WorkflowSnapshot]:
    """Return Pneumatic's workflows with some of their kickoffs' answers, each once, newest first."""
    names = names_to_compare()
    if full:
        found = client.receive_workflows(answers_to=names)
    else:
        found = [
            *client.receive_workflows(limit=NEWEST_PER_ROUND, answers_to=names),
            *client.receive_workflows(status=Status.RUNNING, answers_to=names),
            *client.receive_workflows(status=Status.SNOOZED, answers_to=names),
        ]
    # A workflow in two of the lists may have changed between them.
    return _readable(list({row.id: row for row in found}.values()), report)


def _readable(
    rows: Sequence[Received[WorkflowSnapshot]], report: ReconciliationReport
) -> list[WorkflowSnapshot]:
    """Return the listed workflows that can be read; count them and the others."""
    listed, unreadable = read_each(rows)
    report.listed, report.unreadable = len(listed), len(unreadable)
    return listed


def _missing(listed: Iterable[WorkflowSnapshot]) -> list[int]:
    """Return workflows that are open here and not listed."""
    listed_ids = {workflow.id for workflow in listed}
    ours = Workflow.objects.filter(state__in=OPEN).order_by("-pk").values_list("pk", flat=True)
    return [pk for pk in ours if pk not in listed_ids]


def _differing(listed: Sequence[WorkflowSnapshot], *, spare: dt.timedelta | None) -> list[int]:
    """Return the ids of workflows not stored here, then of those that differ; without changes within ``spare``."""
    differing: list[int] = []
    unknown: list[int] = []
    for batch in _batches(listed, _COMPARED_PER_QUERY):
        known = _known([workflow.id for workflow in batch])
        suspects = []
        kickoffs = _kickoffs([workflow.id for workflow in batch if workflow.kickoff])
        for workflow in batch:
            ours = known.get(workflow.id)
            if _is_left_to_events(workflow, ours, spare):
                continue
            if ours is None:
                unknown.append(workflow.id)
            elif is_edited(workflow, kickoffs.get(workflow.id)):
                differing.append(workflow.id)
            elif (
                ours.comparison_key != comparison_key(workflow)
                or ours.has_gaps
                or ours.state == State.DELETED
            ):
                suspects.append(workflow)
        read_before = _read_before([workflow.id for workflow in suspects])
        for workflow in suspects:
            is_deleted = known[workflow.id].state == State.DELETED
            reading = read_before.get(workflow.id)
            if is_deleted or reading is None or not adds_nothing(workflow, reading):
                differing.append(workflow.id)
    return [*unknown, *differing]


def _is_left_to_events(workflow: WorkflowSnapshot, ours: _Known | None, spare: dt.timedelta | None) -> bool:
    """Return whether the last change was within ``spare``, so that its event may still come.

    On releases 1.0 and 2.0 no event of a completed task has the next one: then only a reading shows it.
    """
    if spare is None or (ours is not None and ours.lacks_task):
        return False
    changed_at = Event(Seen.WORKFLOW, workflow).occurred_at
    return changed_at is not None and changed_at > clock.now() - spare


def _known(ids: Collection[int]) -> dict[int, _Known]:
    names = ("pk", "state", "history__mark", "has_gaps", "step", "task_name")
    rows = Workflow.objects.filter(pk__in=ids).values_list(*names)
    return {
        pk: _Known(state, key or "", has_gaps, state in OPEN and step is None and not task_name)
        for pk, state, key, has_gaps, step, task_name in rows
    }


def _kickoffs(ids: Collection[int]) -> dict[int, Any]:
    return dict(Workflow.objects.filter(pk__in=ids).values_list("pk", "history__kickoff"))


def _read_before(ids: Collection[int]) -> dict[int, WorkflowSnapshot]:
    """Return the newest readings of these workflows: a row that adds nothing to one is not read again."""
    if not ids:
        return {}
    rows = EventRow.objects.filter(workflow_id__in=ids, kind=Seen.WORKFLOW.value).order_by("last_received_at")
    found = dict(rows.values_list("workflow_id", "facts"))
    return {workflow_id: event_from_json(facts).workflow for workflow_id, facts in found.items()}


# Reading


def _read(
    client: Client, ids: Sequence[int], report: ReconciliationReport, *, spare: dt.timedelta | None
) -> list[Event]:
    """Read workflows in full and store what is new, in batches; return deletions without storing them."""
    denied = AccessDenial(client)
    deletions: list[Event] = []
    for batch in _batches(ids, _BATCH_SIZE):
        readings: list[Event] = []
        known = _known(batch) if spare else {}
        try:
            for workflow_id in batch:
                reading = _read_one(client, workflow_id, report, denied)
                if reading is not None and reading.kind is Seen.GONE:
                    deletions.append(reading)
                elif reading is not None and not _is_left_to_events(
                    reading.workflow, known.get(workflow_id), spare
                ):
                    readings.append(reading)
        finally:
            _write(readings, report)
    return deletions


def _read_one(
    client: Client, workflow_id: int, report: ReconciliationReport, denied: AccessDenial
) -> Event | None:
    report.read += 1
    try:
        return workflow_event(client.get_workflow(workflow_id))
    except NotFound:
        return deleted_event(workflow_id)
    except PermissionDenied:
        if denied.is_deleted(workflow_id):
            return deleted_event(workflow_id)
        report.denied += 1
    except UnexpectedResponse:
        report.unreadable += 1
    return None


def _write(readings: Sequence[Event], report: ReconciliationReport) -> None:
    ids = [reading.workflow.id for reading in readings]
    before = Workflow.objects.defer("history").in_bulk(ids)
    # A workflow that was never stored here and is deleted needs no event.
    relevant = [one for one in readings if one.kind is not Seen.GONE or one.workflow.id in before]
    new = record_observations(relevant) if relevant else set()
    after = Workflow.objects.defer("history").in_bulk(list(new))
    for pk in (pk for pk in ids if pk in after):
        row = before.get(pk)
        if row is None or row.digest != after[pk].digest:
            report.updated.append(
                UpdatedWorkflow(pk, after[pk].name, row.state if row else "", after[pk].state)
            )


def _batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
