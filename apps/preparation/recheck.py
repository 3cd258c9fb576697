"""The check of all prepared launches after each sync, so that owners know on that day what is no longer valid."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from apps.accounts.models import PneumaticGroup, PneumaticUser
from apps.core.database import clock
from apps.launches.submission.submission import kickoff_of
from apps.preparation import registry
from apps.preparation.lookups import SharedLookups
from apps.preparation.models import PreparedLaunch
from apps.preparation.validation import Validators

BATCH_ROWS = 200
# A sync commits its changes later than the time that it gives them.
OVERLAP = dt.timedelta(minutes=10)

_NOT_READ = ("template__raw", "template__tasks", "template__description")
_CONTENT = ("workflow_name", "answers", "typed", "is_urgent", "due")


def check_all() -> int:
    """Check every prepared launch that a change in Pneumatic may concern; return how many were checked.

    It takes a constant number of queries for each ``BATCH_ROWS`` of them.
    """
    people_changed_at = _people_changed_at()
    return sum(_check_kind(rows, people_changed_at) for rows in registry.kinds())


def checked_until() -> dt.datetime:
    """Return the value of ``checked_at`` for what is checked now."""
    return clock.now() - OVERLAP


def _check_kind(kind: registry.Rows, people_changed_at: dt.datetime | None) -> int:
    count, last = 0, uuid.UUID(int=0)
    while rows := list(_due(kind(), people_changed_at).filter(pk__gt=last)[:BATCH_ROWS]):
        _check(rows)
        count, last = count + len(rows), rows[-1].pk
    return count


def _due(rows: QuerySet[PreparedLaunch], people_changed_at: dt.datetime | None) -> QuerySet[PreparedLaunch]:
    """Select what was saved without a check, or whose template changed since; or users, where its form has any."""
    due = (
        Q(checked_at=None)
        | Q(checked_at__lt=F("template__changed_at"))
        | Q(checked_at__lt=F("template__removed_at"))
    )
    if people_changed_at is not None:
        due |= Q(checked_at__lt=people_changed_at, template__field_types__contains=" user ")
    related = rows.select_related("template__current_version", "version", "owner")
    return related.defer(*_NOT_READ).filter(due).order_by("pk")


def _people_changed_at() -> dt.datetime | None:
    """Return when a user or group of Pneumatic changed last; None where there are none."""
    changed = Max(Greatest("changed_at", Coalesce("removed_at", "changed_at")))
    times = [mirror.aggregate(at=changed)["at"] for mirror in (PneumaticUser.objects, PneumaticGroup.objects)]
    return max((time for time in times if time is not None), default=None)


def _check(rows: Sequence[PreparedLaunch]) -> None:
    """Check ``rows`` and store what was found, except for rows that were saved or deleted in the meantime."""
    now, stored = checked_until(), type(rows[0])._default_manager
    shared = SharedLookups()
    fields = {row.version_id: kickoff_of(row.version).fields for row in rows}
    shared.load((fields[row.version_id], row.content.controls(fields[row.version_id])) for row in rows)
    validators = Validators(shared)
    for row in rows:
        checked = validators.of(row.template, row.owner).check(row.content, made_for=row.version)
        found = checked.problems if row.must_be_complete else checked.changes
        row.problems, row.checked_at = [problem.to_json() for problem in found], now
        if row.version_id == row.template.current_version_id:
            row.content = checked.content
    with transaction.atomic():
        locked = stored.select_for_update().filter(pk__in=[row.pk for row in rows])
        current = dict(locked.values_list("pk", "revision"))
        same = [row for row in rows if current.get(row.pk) == row.revision]
        stored.bulk_update(same, ["problems", "checked_at", *_CONTENT])
