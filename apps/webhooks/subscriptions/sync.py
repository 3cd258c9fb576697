"""Sync the mirror of Pneumatic's webhook subscriptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from apps.pneumatic.canonical.schemas import Received
from apps.pneumatic.canonical.schemas import Subscription as Wire
from apps.pneumatic.client.mirror import read_or_none
from apps.sync import mirror
from apps.sync.registry import Progress, Resource
from apps.webhooks.models import Subscription
from apps.webhooks.subscriptions import mirror as subscriptions_mirror
from apps.webhooks.subscriptions import remote
from apps.webhooks.subscriptions.drift import find_drift, report_lines

if TYPE_CHECKING:
    from apps.pneumatic.client import Client


class Subscriptions(Resource[Wire, Subscription]):
    """Every webhook subscription of the account, of all users and integrations."""

    name = "subscriptions"
    label = _("subscriptions")
    # There are few, so one that was removed of three does not suggest a key with fewer rights.
    guards_removals = False
    # Templates and users are not stale because of old subscriptions.
    counts_for_freshness = False
    # The API key's user may be no admin; templates and users are complete without subscriptions.
    may_be_forbidden = True

    def __init__(self) -> None:
        self._version: int | None = None
        self._is_listed = False  # even where some could not be read

    def known_hashes(self) -> dict[int, str | None]:
        self._is_listed = False
        self._version = subscriptions_mirror.state().version
        return subscriptions_mirror.known_hashes()

    def fetch(self, client: Client, *, progress: Progress) -> Iterator[Received[Wire]]:
        """Yield every subscription, including those of ours that the list conceals."""
        with remote.explained():
            rows = client.receive_subscriptions()
        progress(len(rows), len(rows))
        yield from rows
        read = {row.id: read_or_none(row) for row in rows}
        for ours in subscriptions_mirror.concealed_by(
            [item for item in read.values() if item],
            unreadable=[id_ for id_, item in read.items() if item is None],
        ):
            yield Received(id=ours.id, raw=ours.raw, read=partial(replace, ours))
        self._is_listed = not read or any(read.values())

    def row(self, item: Received[Wire], *, content_hash: str) -> Subscription:
        return mirror.fitting(subscriptions_mirror.row(item.read(), content_hash=content_hash))

    def title(self, row: Subscription) -> str:
        """Return the event's name, as the target may contain a secret."""
        return row.event

    def write(self, rows: Sequence[Subscription], *, removed: Collection[int], now: dt.datetime) -> None:
        """Write the listing, unless a change here was written after it."""
        if subscriptions_mirror.is_unchanged_since(self._version):
            subscriptions_mirror.write(rows, removed=removed, now=now)

    def after_sync(self, *, error: str, now: dt.datetime) -> None:
        subscriptions_mirror.record(error=error, is_listed=self._is_listed, now=now)

    def notes(self) -> list[str]:
        """Return the drift as lines."""
        return report_lines(find_drift())

    def names(self, ids: Collection[int]) -> dict[int, str]:
        return dict(Subscription.objects.filter(id__in=ids).values_list("id", "event"))
