"""The mirror of the subscriptions as a whole: what it holds, how old it is, and how it is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.pneumatic.canonical import content_hash
from apps.pneumatic.schemas import Subscription as Wire
from apps.sync import mirror
from apps.webhooks.models import Subscription, SubscriptionListing

ONLY = SubscriptionListing.ONLY


def state() -> SubscriptionListing:
    """Return the row that tells when the subscriptions were listed; an unsaved one before the first time."""
    return SubscriptionListing.objects.filter(pk=ONLY).first() or SubscriptionListing(pk=ONLY)


def only() -> SubscriptionListing:
    """Return the same row, made when it is not there."""
    found, _made = SubscriptionListing.objects.get_or_create(pk=ONLY)
    return found


def version() -> int:
    """Return how often changes of our own were written."""
    return state().version


def is_still(known: int | None) -> bool:
    """Return whether we wrote nothing since ``version`` said ``known``; keep it so until the transaction ends."""
    found = SubscriptionListing.objects.select_for_update().filter(pk=ONLY).first()
    return (found.version if found else 0) == known


def rows() -> list[Subscription]:
    """Return the subscriptions that Pneumatic had at the last listing, by event and target."""
    return list(Subscription.objects.filter(removed_at=None).order_by("event", "target", "id"))


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
    """Insert or update ``changed`` and mark ``removed``; in a transaction of the caller's."""
    if changed:
        mirror.upsert(Subscription.objects, changed, now=now)
    mirror.mark_removed(Subscription.objects, removed, now=now)


def replace(items: Sequence[Wire]) -> None:
    """Make the mirror what ``items``, a complete listing, says."""
    now = timezone.now()
    hashes = {item.id: content_hash(item.raw) for item in items}
    with transaction.atomic():
        only()
        # The first write of the transaction: it also keeps a sync that writes at the same time waiting.
        SubscriptionListing.objects.filter(pk=ONLY).update(version=F("version") + 1)
        known = mirror.known_hashes(Subscription.objects)
        changed = [
            row(item, content_hash=hashes[item.id])
            for item in {item.id: item for item in items}.values()
            if known.get(item.id) != hashes[item.id]
        ]
        gone = [id_ for id_, before in known.items() if before is not None and id_ not in hashes]
        write(changed, removed=gone, now=now)
        record(error="", now=now)


def add(item: Wire) -> None:
    """Add or restore one subscription that was made just now."""
    with transaction.atomic():
        SubscriptionListing.objects.filter(pk=ONLY).update(version=F("version") + 1)
        write([row(item, content_hash=content_hash(item.raw))], removed=(), now=timezone.now())


def remove(ids: Collection[int]) -> None:
    """Mark subscriptions that were ended just now."""
    with transaction.atomic():
        SubscriptionListing.objects.filter(pk=ONLY).update(version=F("version") + 1)
        write([], removed=ids, now=timezone.now())


def record(*, error: str, now: dt.datetime) -> None:
    """Record an attempt at listing; ``error`` is "" when it succeeded."""
    only()
    values: dict[str, object] = {"tried_at": now, "error": error}
    if not error:
        values["fetched_at"] = now
    SubscriptionListing.objects.filter(pk=ONLY).update(**values)
