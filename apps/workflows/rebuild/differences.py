"""Project every workflow again from the stored deliveries, and compare with the rows that are shown.

Deliveries may be processed at the same time: a difference counts only when neither the workflow's events nor its row
changed during the comparison.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from apps.webhooks.models import Event as EventRow
from apps.webhooks.processing.locks import exclusive
from apps.workflows.models import Holder, Workflow
from apps.workflows.projection.projector import COLUMNS, differing, digest_of, project
from apps.workflows.rebuild.deliveries import StoredEvents, orphans, read_again
from apps.workflows.rebuild.repair import repair_events
from apps.workflows.services import performer_rows, project_workflows

PORTION = 100  # workflows in memory at once
_MAX_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class ProjectionDifference:
    """How the stored workflow differs from the projection of its deliveries.

    ``columns`` are those of its row; ``wrong_events`` are keys of stored events, with their columns; ``lost_events``
    are deliveries whose event is not stored; ``unreadable`` are deliveries, with the reason.
    """

    workflow_id: int
    is_missing: bool = False
    is_superfluous: bool = False
    columns: tuple[str, ...] = ()
    wrong_events: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    lost_events: tuple[int, ...] = ()
    unreadable: Mapping[int, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(
            self.is_missing
            or self.is_superfluous
            or self.columns
            or self.wrong_events
            or self.lost_events
            or self.unreadable
        )


@dataclass(slots=True)
class RebuildProgress:
    """What was compared so far. ``pruned`` are workflows some of whose deliveries are no longer stored."""

    workflows: int = 0
    deliveries: int = 0
    pruned: int = 0
    differing: int = 0


def differences(progress: RebuildProgress, workflow_id: int | None = None) -> Iterator[ProjectionDifference]:
    """Yield how workflows differ, or the one, in the order of their ids; count in ``progress``."""
    orphaned = orphans()
    portions = _portions(orphaned) if workflow_id is None else iter([[workflow_id]])
    for ids in portions:
        for pk, (stored, difference) in _compare(ids, orphaned).items():
            progress.workflows += 1
            progress.deliveries += stored.deliveries
            progress.pruned += stored.is_pruned
            if difference and (confirmed := _confirm(pk, orphaned)):
                progress.differing += 1
                yield confirmed


def apply(difference: ProjectionDifference) -> bool:
    """Replace a workflow's stored events and its row according to its deliveries; return whether they agree then."""
    pk = difference.workflow_id
    orphaned = {pk: difference.lost_events}
    with exclusive():
        stored = read_again([pk], orphaned).get(pk, StoredEvents())
        affected = {pk, *repair_events(stored)}
        known = set(
            EventRow.objects.filter(workflow_id__in=affected).values_list("workflow_id", flat=True).distinct()
        )
        Workflow.objects.filter(pk__in=affected - known).delete()
        project_workflows(known, rewrite=True)
        return not any(difference for _stored, difference in _compare(affected, {}).values())


def _compare(
    ids: Collection[int], orphaned: Mapping[int, Collection[int]]
) -> dict[int, tuple[StoredEvents, ProjectionDifference]]:
    """Return the events of those of these workflows that have any or a row, and how their rows differ."""
    events = read_again(ids, orphaned)
    rows = Workflow.objects.in_bulk(list(ids))
    performers: dict[int, set[tuple[int, str, bool]]] = defaultdict(set)
    stored = Holder.objects.filter(workflow__in=ids)
    for pk, person_id, name, is_group in stored.values_list("workflow_id", "person_id", "name", "is_group"):
        performers[pk].add((person_id, name, is_group))
    return {
        pk: (
            events.get(pk, StoredEvents()),
            _difference(pk, events.get(pk, StoredEvents()), rows.get(pk), performers.get(pk, set())),
        )
        for pk in sorted(events.keys() | rows.keys())
    }


def _difference(
    pk: int, stored: StoredEvents, row: Workflow | None, performers: Collection[tuple[int, str, bool]]
) -> ProjectionDifference:
    columns: list[str] = []
    if row is not None and stored.events:
        shown = {name: getattr(row, name) for name in COLUMNS}
        projection = project(stored.events.items())
        if digest_of(shown) != projection.digest:
            columns += differing(shown, projection.columns())
        if row.digest != projection.digest:
            columns.append("digest")
        wanted = {(one.person_id, one.name, one.is_group) for one in performer_rows([row])}
        if wanted != set(performers) and "performers" not in columns:
            columns.append("performers")
    return ProjectionDifference(
        pk,
        is_missing=row is None and bool(stored.events),
        is_superfluous=row is not None and not stored.events,
        columns=tuple(columns),
        wrong_events={event_id: tuple(values) for event_id, values in stored.wrong.items()},
        lost_events=tuple(pk for _payload, deliveries in stored.lost.values() for pk in deliveries),
        unreadable=stored.unreadable,
    )


def _confirm(pk: int, orphaned: Mapping[int, Collection[int]]) -> ProjectionDifference | None:
    """Return how the workflow differs while it is not written; None when it does not."""

    def compare() -> ProjectionDifference | None:
        _stored, difference = _compare([pk], orphaned).get(pk, (None, None))
        return difference or None

    for _attempt in range(_MAX_ATTEMPTS):
        before = _signature(pk)
        difference = compare()
        if not difference or _signature(pk) == before:
            return difference
    with exclusive():  # it kept changing: block writes during the comparison
        return compare()


def _signature(pk: int) -> tuple[object, ...]:
    """Return a value that changes with the workflow's events and with its row."""
    row = Workflow.objects.filter(pk=pk).values_list("digest", "changed_at").first()
    return row, *EventRow.objects.filter(workflow_id=pk).order_by("pk").values_list("pk", "last_received_at")


def _portions(orphaned: Collection[int]) -> Iterator[list[int]]:
    """Yield the ids of all workflows with a row, an event or a delivery, ascending, in portions."""
    waiting = sorted(orphaned)
    last: int | None = None
    while True:
        shown, events = Workflow.objects.all(), EventRow.objects.all()
        if last is not None:
            shown, events = shown.filter(pk__gt=last), events.filter(workflow_id__gt=last)
            waiting = [pk for pk in waiting if pk > last]
        found = {
            *shown.order_by("pk").values_list("pk", flat=True)[:PORTION],
            *events.order_by("workflow_id").values_list("workflow_id", flat=True).distinct()[:PORTION],
            *waiting[:PORTION],
        }
        if not found:
            return
        portion = sorted(found)[:PORTION]
        yield portion
        last = portion[-1]
