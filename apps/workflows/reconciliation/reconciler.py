"""Compare workflows with Pneumatic's own, where it can be asked, and read back what is not known here.

Lists are compared by marks (``marks.py``); only what differs is read in full, and becomes events (``seeing.py``). That
a workflow is gone is believed when Pneumatic answers "not found" to the question for that very one, never because a
list alone does not have it (but see ``denied.py``).
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.utils import timezone

from apps.pneumatic.canonical.events import Event, Seen, Status, WorkflowSnapshot, event_from_json
from apps.pneumatic.client import Client
from apps.pneumatic.errors import NotFound, PermissionDenied, UnexpectedResponse
from apps.webhooks.models import Event as EventRow
from apps.workflows.models import Workflow
from apps.workflows.projection.fingerprints import mark_of
from apps.workflows.reconciliation.access import AccessDenial
from apps.workflows.reconciliation.observations import gone, seen, take_note

T = TypeVar("T")

State = Workflow.State

OPEN = (State.RUNNING, State.SNOOZED, State.UNKNOWN)
NEWEST = 100  # workflows that every round of the timer looks at, whatever their state
YOUNGEST = 30  # that a look between two rounds looks at
MOST_READ = 100  # workflows read in full in a round of the timer
# What happened so lately is on its way: events are tried again for some ten seconds.
ON_ITS_WAY = dt.timedelta(seconds=45)
# So many may be gone at a time whatever their share is; of more it is at most one of so many open workflows.
GONE_AT_ONCE, GONE_SHARE = 5, 5
_PORTION = 20  # workflows that are read before they are written
_COMPARED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Healed:
    """A workflow that was brought up to date; ``before`` is '' for one that was not known here."""

    workflow_id: int
    name: str
    before: str
    after: str


@dataclass(slots=True)
class ReconciliationReport:
    """What came of comparing, in workflows.

    ``denied`` may not be read with this key, ``odd`` were answered in a way that could not be read; ``left`` should be
    read and wait for the next round. ``unbelieved`` were not found, but they were too many to be believed.
    """

    reads_back: bool = True
    listed: int = 0
    read: int = 0
    denied: int = 0
    odd: int = 0
    left: int = 0
    unbelieved: int = 0
    healed: list[Healed] = field(default_factory=list)

    @property
    def gone(self) -> int:
        """Return how many were found deleted."""
        return sum(one.after == State.DELETED for one in self.healed)


@dataclass(frozen=True, slots=True)
class _Known:
    state: str
    mark: str
    has_gaps: bool


def reconcile(client: Client, *, full: bool, allow_deletions: bool = False) -> ReconciliationReport:
    """Bring workflows in line with Pneumatic's; what was read so far is written when a PneumaticError is raised.

    ``full`` compares all that Pneumatic has. Else it is those that are open there or here and the NEWEST others, with
    MOST_READ readings at most, and what happened a moment ago is left to its events. That more than a fifth of what is
    open here is gone looks like another account, so it is believed only if ``allow_deletions``.
    """
    if not client.capabilities.reads_back:
        return ReconciliationReport(reads_back=False)
    listed = _list(client, full=full)
    report = ReconciliationReport(listed=len(listed))
    missing = _missing(listed)
    if not full:
        random.shuffle(missing)  # those that the key may not read must not keep the others from their turn
    # Those that nobody lists last: events tell of workflows that the key does not see, and these may be many.
    wanted = [*_differing(listed, spare=None if full else ON_ITS_WAY), *missing]
    budget = len(wanted) if full else MOST_READ
    report.left = max(0, len(wanted) - budget)
    deletions = _read(client, wanted[:budget], report, spare=None if full else ON_ITS_WAY)
    if allow_deletions or _are_believed(len(deletions), asked=min(budget, len(wanted)), missing=len(missing)):
        _write(deletions, report)
    else:
        report.unbelieved = len(deletions)
    return report


def look_at_youngest(client: Client) -> ReconciliationReport:
    """Read back those of the youngest workflows that are not known here as they are; otherwise like ``reconcile``."""
    if not client.capabilities.reads_back:
        return ReconciliationReport(reads_back=False)
    listed = client.list_workflows(limit=YOUNGEST)
    report = ReconciliationReport(listed=len(listed))
    # What was listed a moment ago and is gone now is left to the next round.
    _read(client, _differing(listed, spare=ON_ITS_WAY), report, spare=ON_ITS_WAY)
    return report


def look_for(client: Client, *, template_id: int, since: dt.datetime) -> bool:
    """Read back the workflows of a template that were created since then, in full.

    Return whether all that the key's user started are known here now: nobody is kept from those. Those that are known
    here already, as they are, are not read again. Raise PneumaticError; False where the server cannot be asked.
    """
    if not client.capabilities.reads_back:
        return False
    listed = client.list_workflows(template_id=template_id, limit=NEWEST)
    if len(listed) == NEWEST and all(_is_since(workflow, since) for workflow in listed):
        listed = client.list_workflows(template_id=template_id)
    young = [workflow for workflow in listed if _is_since(workflow, since)]
    _read(client, _differing(young, spare=None), ReconciliationReport(), spare=None)
    ids = [workflow.id for workflow in young]
    return Workflow.objects.filter(pk__in=ids).count() == len(ids)


def _are_believed(gone: int, *, asked: int, missing: int) -> bool:
    """Say whether so many deletions are no wonder: as many may be gone of the ``missing`` that were not asked for."""
    if gone <= GONE_AT_ONCE:
        return True
    expected = gone * max(1.0, missing / asked)
    return expected * GONE_SHARE <= Workflow.objects.filter(state__in=OPEN).count()


def _is_since(workflow: WorkflowSnapshot, since: dt.datetime) -> bool:
    return workflow.date_created is not None and workflow.date_created >= since


# -- What differs


def _list(client: Client, *, full: bool) -> list[WorkflowSnapshot]:
    """Return Pneumatic's workflows without their kickoffs, each once, newest first."""
    if full:
        found = client.list_workflows()
    else:
        found = [
            *client.list_workflows(limit=NEWEST),
            *client.list_workflows(status=Status.RUNNING),
            *client.list_workflows(status=Status.SNOOZED),
        ]
    # What stands in two of the lists may have changed between them.
    return list({workflow.id: workflow for workflow in found}.values())


def _missing(listed: Iterable[WorkflowSnapshot]) -> list[int]:
    """Return workflows that are open here and in none of the lists."""
    there = {workflow.id for workflow in listed}
    ours = Workflow.objects.filter(state__in=OPEN).order_by("-pk").values_list("pk", flat=True)
    return [pk for pk in ours if pk not in there]


def _differing(listed: Sequence[WorkflowSnapshot], *, spare: dt.timedelta | None) -> list[int]:
    """Return those that are not here, then those that are in another way; without what happened within ``spare``."""
    differing: list[int] = []
    unknown: list[int] = []
    for portion in _portions(listed, _COMPARED_AT_ONCE):
        known = _known([workflow.id for workflow in portion])
        suspects = []
        for workflow in portion:
            if _is_on_its_way(workflow, spare):
                continue
            ours = known.get(workflow.id)
            if ours is None:
                unknown.append(workflow.id)
            elif ours.mark != mark_of(workflow) or ours.has_gaps or ours.state == State.DELETED:
                suspects.append(workflow)
        read_before = _read_before([workflow.id for workflow in suspects])
        for workflow in suspects:
            is_deleted = known[workflow.id].state == State.DELETED
            if is_deleted or mark_of(workflow) not in read_before.get(workflow.id, ()):
                differing.append(workflow.id)
    return [*unknown, *differing]


def _is_on_its_way(workflow: WorkflowSnapshot, spare: dt.timedelta | None) -> bool:
    moment = Event(Seen.WORKFLOW, workflow).occurred_at
    return spare is not None and moment is not None and moment > timezone.now() - spare


def _known(ids: Collection[int]) -> dict[int, _Known]:
    rows = Workflow.objects.filter(pk__in=ids).values_list("pk", "state", "history__mark", "has_gaps")
    return {pk: _Known(state, mark or "", has_gaps) for pk, state, mark, has_gaps in rows}


def _read_before(ids: Collection[int]) -> dict[int, set[str]]:
    """Return the marks of what was read of these workflows before: reading that again would tell nothing."""
    marks: dict[int, set[str]] = {}
    if ids:
        rows = EventRow.objects.filter(workflow_id__in=ids, kind=Seen.WORKFLOW.value)
        for workflow_id, facts in rows.values_list("workflow_id", "facts"):
            marks.setdefault(workflow_id, set()).add(mark_of(event_from_json(facts).workflow))
    return marks


# -- Reading


def _read(
    client: Client, ids: Sequence[int], report: ReconciliationReport, *, spare: dt.timedelta | None
) -> list[Event]:
    """Read workflows in full and write what is new, a portion at a time; return those that are gone, not written."""
    denied = AccessDenial(client)
    deletions: list[Event] = []
    for portion in _portions(ids, _PORTION):
        readings: list[Event] = []
        try:
            for workflow_id in portion:
                reading = _ask(client, workflow_id, report, denied)
                if reading is not None and reading.kind is Seen.GONE:
                    deletions.append(reading)
                elif reading is not None and not _is_on_its_way(reading.workflow, spare):
                    readings.append(reading)
        finally:
            _write(readings, report)
    return deletions


def _ask(
    client: Client, workflow_id: int, report: ReconciliationReport, denied: AccessDenial
) -> Event | None:
    report.read += 1
    try:
        return seen(client.get_workflow(workflow_id))
    except NotFound:
        return gone(workflow_id)
    except PermissionDenied:
        if denied.is_gone(workflow_id):
            return gone(workflow_id)
        report.denied += 1
    except UnexpectedResponse:
        report.odd += 1
    return None


def _write(readings: Sequence[Event], report: ReconciliationReport) -> None:
    ids = [reading.workflow.id for reading in readings]
    before = Workflow.objects.defer("history").in_bulk(ids)
    # One that is not known here and was deleted between the list and the question tells nothing to anybody.
    told = [one for one in readings if one.kind is not Seen.GONE or one.workflow.id in before]
    new = take_note(told) if told else set()
    after = Workflow.objects.defer("history").in_bulk(list(new))
    for pk in (pk for pk in ids if pk in after):
        row = before.get(pk)
        if row is None or row.digest != after[pk].digest:
            report.healed.append(Healed(pk, after[pk].name, row.state if row else "", after[pk].state))


def _portions(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
