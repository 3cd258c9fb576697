"""The mirror of Pneumatic's webhook subscriptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from apps.pneumatic.canonical.schemas import Subscription as Wire
from apps.pneumatic.canonical.serialization import content_hash
from apps.sync import mirror
from apps.sync.registry import Progress, Resource
from apps.webhooks.models import Subscription
from apps.webhooks.subscriptions import mirror as subscriptions_mirror
from apps.webhooks.subscriptions import remote
from apps.webhooks.subscriptions.drift import find_drift, in_words

if TYPE_CHECKING:
    from apps.pneumatic.client import Client


class Subscriptions(Resource[Wire, Subscription]):
    """Every webhook subscription of the account, whoever made it."""

    name = "subscriptions"
    label = _("subscriptions")
    # A handful, that people make and end: one of three is no sign of a key that sees less.
    guards_removals = False
    # What pages show of templates and people is no older for it.
    counts_for_freshness = False
    # The key of somebody who is no administrator there; templates and people are complete without.
    may_be_forbidden = True

    def __init__(self) -> None:
        self._version: int | None = None

    def known_hashes(self) -> dict[int, str | None]:
        """Return the content hash of every mirrored subscription; None for one that is gone."""
        self._version = subscriptions_mirror.version()
        return mirror.known_hashes(Subscription.objects)

    def fetch(self, client: Client, *, progress: Progress) -> Iterator[Wire]:
        """Give every subscription, those of ours included that the list conceals."""
        with remote.explained():
            rows = subscriptions_mirror.with_concealed(client.list_subscriptions())
        progress(len(rows), len(rows))
        yield from rows

    def identify(self, item: Wire) -> int:
        """Return the id."""
        return item.id

    def content_hash(self, item: Wire) -> str:
        """Return the hash of the wire object: nothing else goes into the row."""
        return content_hash(item.raw)

    def row(self, item: Wire, *, content_hash: str) -> Subscription:
        """Return the mirrored subscription, without times."""
        return subscriptions_mirror.row(item, content_hash=content_hash)

    def title(self, row: Subscription) -> str:
        """Return the event's name: the target may hold a secret."""
        return row.event

    def write(self, rows: Sequence[Subscription], *, removed: Collection[int], now: dt.datetime) -> None:
        """Insert or update ``rows`` and mark those that are gone, unless somebody changed them meanwhile."""
        if subscriptions_mirror.is_still(self._version):
            subscriptions_mirror.write(rows, removed=removed, now=now)

    def after_sync(self, *, error: str, now: dt.datetime) -> None:
        """Record when the listing was made and what came of it."""
        subscriptions_mirror.record(error=error, now=now)

    def notes(self) -> list[str]:
        """Return in which ways the account has other subscriptions than this dashboard wants."""
        return in_words(find_drift())

    def names(self, ids: Collection[int]) -> dict[int, str]:
        """Return the names of events by id."""
        return dict(Subscription.objects.filter(id__in=ids).values_list("id", "event"))
