"""The mirror of the subscriptions as a whole: what it holds, how old it is, and how it is written.

Where Pneumatic keeps one URL for each event, it keeps it for each user, and its list shows one of them. What it took
from us and does not show is *concealed*: a row of the mirror with the negative id of the one that is shown. It is
believed as long as the list shows the same URL as then; the events that come are its only proof.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription as Wire
from apps.pneumatic.canonical.serialization import content_hash
from apps.sync import mirror
from apps.webhooks.models import Subscription, SubscriptionListing

ONLY = SubscriptionListing.ONLY


class _HasKind(Protocol):
    """A subscription, of the gateway or of the mirror."""

    @property
    def id(self) -> int: ...

    @property
    def kind(self) -> str | None: ...

    @property
    def target(self) -> str: ...


Row = TypeVar("Row", bound=_HasKind)


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


def held(rows: Iterable[Row], kind: Kind) -> Row | None:
    """Return the subscription that another one to ``kind`` replaces, where there is one URL for each event.

    That is our own, if it is there and concealed: then what the list shows is another user's and stays.
    """
    return min((row for row in rows if row.kind == kind), key=lambda row: row.id, default=None)


def is_concealed(row: Wire | Subscription) -> bool:
    """Return whether Pneumatic took this subscription from us and its list shows another one in its place."""
    return row.id < 0


def concealed(shown: Wire, *, target: str) -> Wire:
    """Return our subscription for ``target`` that stands behind ``shown``."""
    raw = {"event": shown.event, "url": target, "behind": shown.target}
    return Wire(id=-shown.id, event=shown.event, target=target, kind=shown.kind, raw=raw)


def with_concealed(items: Sequence[Wire]) -> list[Wire]:
    """Return ``items``, a complete listing, and what of ours stands behind them still."""
    shown = {(item.id, item.target): item for item in items}
    known = Subscription.objects.filter(id__lt=0, removed_at=None).order_by("-id")
    behind = [(shown.get((-row.id, row.raw.get("behind"))), row.target) for row in known]
    return [*items, *(concealed(item, target=target) for item, target in behind if item is not None)]


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
    """Add or restore one subscription that was made just now, or write down what its id means now."""
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
    values: dict[str, object] = {"attempted_at": now, "error": error}
    if not error:
        values["fetched_at"] = now
    SubscriptionListing.objects.filter(pk=ONLY).update(**values)
