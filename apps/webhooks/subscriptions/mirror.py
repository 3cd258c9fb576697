"""The mirrored subscriptions as a whole: what they are, when they were listed, and how they are written.

The current API has one URL per event and user, and its list shows one user's URL. A subscription of ours that it
accepted and does not show is *concealed*: the mirror has it under the negative id of the one that is shown. It counts
as long as the list shows the same URL; only events that arrive prove it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from django.db import transaction
from django.db.models import F

from apps.core.database import clock
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription as Wire
from apps.pneumatic.canonical.serialization import content_hash
from apps.sync import mirror
from apps.webhooks.models import Subscription, SubscriptionListing
from apps.webhooks.tokens import is_restorable

ONLY = SubscriptionListing.ONLY


Row = TypeVar("Row", Wire, Subscription)


def state() -> SubscriptionListing:
    """Return when the subscriptions were listed, as an unsaved row before the first time."""
    return SubscriptionListing.objects.filter(pk=ONLY).first() or SubscriptionListing(pk=ONLY)


def only() -> SubscriptionListing:
    """Return the same row, created if necessary."""
    found, _is_new = SubscriptionListing.objects.get_or_create(pk=ONLY)
    return found


def is_unchanged_since(version: int | None) -> bool:
    """Return whether nothing was written since ``state().version`` was ``version``.

    Locks the row, so the result holds until the transaction ends.
    """
    found = SubscriptionListing.objects.select_for_update().filter(pk=ONLY).first()
    return (found.version if found else 0) == version


def rows() -> list[Subscription]:
    """Return the subscriptions of the last listing, by event and target."""
    return list(Subscription.objects.filter(removed_at=None).order_by("event", "target", "id"))


def current(rows: Iterable[Row], kind: Kind) -> Row | None:
    """Return the subscription that a new one to ``kind`` replaces, where the API has one URL per event.

    A concealed one of ours comes first: the one that the list shows then is another user's, and stays.
    """
    return min((row for row in rows if row.kind == kind), key=lambda row: row.id, default=None)


def ended_as(kind: Kind) -> str:
    """Return the name under which Pneumatic last had this event, where the last subscription to it ended; else ""."""
    ended = Subscription.objects.filter(kind=kind.value, id__gt=0).exclude(removed_at=None)
    return ended.order_by("-removed_at").values_list("event", flat=True).first() or ""


def is_concealed(row: Wire | Subscription) -> bool:
    """Return whether Pneumatic accepted this subscription but lists another user's in its place."""
    return row.id < 0


def concealed(shown: Wire, *, target: str) -> Wire:
    """Return our subscription for ``target`` that ``shown`` conceals."""
    raw = {"event": shown.event, "url": target, "behind": shown.target}
    return Wire(id=-shown.id, event=shown.event, target=target, kind=shown.kind, raw=raw)


def concealed_by(items: Sequence[Wire], *, unreadable: Collection[int] = ()) -> list[Wire]:
    """Return our subscriptions that ``items``, a listing, still conceals, or that those ``unreadable`` may conceal."""
    shown = {(item.id, item.target): item for item in items}
    found = []
    for ours in Subscription.objects.filter(id__lt=0, removed_at=None).order_by("-id"):
        item = shown.get((-ours.id, ours.raw.get("behind")))
        if item is not None:
            found.append(concealed(item, target=ours.target))
        elif -ours.id in unreadable:
            found.append(Wire(id=ours.id, event=ours.event, target=ours.target, raw=ours.raw))
    return found


def known_hashes() -> dict[int, str | None]:
    """Return the content hashes as ``apps.sync.mirror`` does; "" for a row that must be written again.

    Its URL cannot be restored after a change of SECRET_KEY.
    """
    known = mirror.known_hashes(Subscription.objects)
    outdated = (
        pk for pk, target in Subscription.objects.values_list("pk", "target") if not is_restorable(target)
    )
    return known | {pk: "" for pk in outdated if known[pk] is not None}


def row(item: Wire, *, content_hash: str) -> Subscription:
    """Return the mirrored subscription, without times."""
    return Subscription(
        id=item.id,
        event=item.event[:100],
        kind=item.kind.value if item.kind else "",
        is_deprecated=item.is_deprecated,
        target=item.target,
        created_upstream_at=item.created,
        updated_upstream_at=item.updated,
        raw=dict(item.raw),
        content_hash=content_hash,
    )


def write(changed: Sequence[Subscription], *, removed: Collection[int], now: dt.datetime) -> None:
    """Insert or update ``changed`` and mark ``removed``, in a transaction of the caller."""
    if changed:
        mirror.upsert(Subscription.objects, changed, now=now)
    mirror.mark_removed(Subscription.objects, removed, now=now)


def kept(listed: Collection[int], *, only: Collection[int] | None) -> dict[int, Wire]:
    """Return what the mirror has in addition to those ``listed``, by id: ``only`` these, or all."""
    if only is not None and not only:
        return {}
    found = Subscription.objects.filter(removed_at=None).exclude(pk__in=list(listed))
    if only is not None:
        found = found.filter(pk__in=list(only))
    return {row.pk: _wire(row) for row in found}


def _wire(row: Subscription) -> Wire:
    return Wire(
        id=row.pk,
        event=row.event,
        target=row.target,
        kind=Kind(row.kind) if row.kind else None,
        is_deprecated=row.is_deprecated,
        created=row.created_upstream_at,
        updated=row.updated_upstream_at,
        raw=row.raw,
    )


def replace(items: Iterable[Wire], *, kept: Collection[int] = (), error: str = "") -> None:
    """Write ``items``, a complete listing except for those ``kept`` as they are, over the mirror.

    ``error`` says what of the listing could not be read.
    """
    now = clock.now()
    listed = {item.id: item for item in items}
    hashes = {id_: content_hash(item.raw) for id_, item in listed.items()}
    with transaction.atomic():
        _count_write()
        known = known_hashes()
        changed = [
            row(item, content_hash=hashes[id_])
            for id_, item in listed.items()
            if known.get(id_) != hashes[id_]
        ]
        present = {*hashes, *kept}
        removed = [id_ for id_, before in known.items() if before is not None and id_ not in present]
        write(changed, removed=removed, now=now)
        record(error=error, is_listed=True, now=now)


def apply(*, added: Sequence[Wire] = (), removed: Collection[int] = ()) -> None:
    """Write a change that Pneumatic accepted: subscriptions that are new or have a new meaning, or that ended."""
    with transaction.atomic():
        _count_write()
        changed = [row(item, content_hash=content_hash(item.raw)) for item in added]
        write(changed, removed=removed, now=clock.now())


def _count_write() -> None:
    """Count a write of ours. It is the first of its transaction, so that a sync that writes now waits."""
    only()
    SubscriptionListing.objects.filter(pk=ONLY).update(version=F("version") + 1)


def record(*, error: str, is_listed: bool | None = None, now: dt.datetime | None = None) -> None:
    """Record an attempt to list; ``error`` is "" when it succeeded.

    A list of which only a part could be read ``is_listed``, and has an ``error``.
    """
    only()
    now = now or clock.now()
    values: dict[str, object] = {"attempted_at": now, "error": error}
    if not error if is_listed is None else is_listed:
        values["fetched_at"] = now
    SubscriptionListing.objects.filter(pk=ONLY).update(**values)
