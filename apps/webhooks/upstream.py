"""One conversation with Pneumatic about subscriptions: list them, make what is missing, end what is too much.

The listing is the truth. It is read first, nothing is made that it shows already, and after an answer that was lost
it is read again. The mirror follows every step at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from apps.pneumatic.client import Client, connect
from apps.pneumatic.errors import NotFound, PneumaticError, Unavailable, UnexpectedResponse
from apps.pneumatic.events import Kind
from apps.pneumatic.schemas import Subscription
from apps.webhooks import leases, listing, targets

# The answer was lost or cannot be read: it may have been carried out.
OPEN = (Unavailable, UnexpectedResponse)


class Upstream:
    """What Pneumatic has, and ways to change it. Every method raises PneumaticError, and LeaseLostError."""

    def __init__(self, client: Client, lease: leases.Lease) -> None:
        self._client, self._lease = client, lease
        self.rows: dict[int, Subscription] = {}

    def refresh(self, *, repeat: bool = True) -> None:
        """List the subscriptions and bring the mirror up to date; a failure is recorded there too."""
        self._lease.renew()
        try:
            rows = self._client.list_subscriptions(repeat=repeat)
        except PneumaticError as error:
            listing.record(error=str(error), now=timezone.now())
            raise
        self._lease.renew()
        listing.replace(rows)
        self.rows = {row.id: row for row in rows}

    def find(self, kind: Kind, target: str) -> Subscription | None:
        """Return the subscription to ``kind``, under its present name, for ``target``: the oldest of several."""
        fitting = [
            row
            for row in self.rows.values()
            if row.kind == kind and not row.is_deprecated and targets.is_same(row.target, target)
        ]
        return min(fitting, key=lambda row: row.id, default=None)

    def subscribe(self, kind: Kind, target: str) -> tuple[Subscription, bool]:
        """Return the subscription to ``kind`` for ``target``, and whether it was made just now."""
        found = self.find(kind, target)
        if found is not None:
            return found, False
        self._lease.renew()
        try:
            made = self._client.subscribe(kind=kind, target=target)
        except OPEN as lost:
            found = self._after(lost, kind, target)
            return found, True
        self.rows[made.id] = made
        listing.add(made)
        return made, True

    def unsubscribe(self, subscription_id: int) -> bool:
        """End a subscription; return False when it was gone already."""
        if subscription_id not in self.rows:
            return False
        self._lease.renew()
        was_there = True
        try:
            self._client.unsubscribe(subscription_id)
        except NotFound:
            was_there = False
        except OPEN as lost:
            self._look_again(lost)
            if subscription_id in self.rows:
                raise
        self._forget(subscription_id)
        return was_there

    def unsubscribe_target(self, target: str) -> int:
        """End every subscription of exactly ``target``; return how many there were."""
        ids = [row.id for row in self.rows.values() if row.target == target]
        if not ids:
            return 0
        self._lease.renew()
        try:
            self._client.unsubscribe_target(target)
        except (NotFound, *OPEN) as lost:
            self._look_again(lost)
            if any(row.target == target for row in self.rows.values()):
                raise
        self._forget(*ids)
        return len(ids)

    def _after(self, lost: PneumaticError, kind: Kind, target: str) -> Subscription:
        self._look_again(lost)
        found = self.find(kind, target)
        if found is None:
            raise lost
        return found

    def _look_again(self, lost: PneumaticError) -> None:
        """List again; when that fails too, what was lost is the better answer."""
        try:
            self.refresh()
        except PneumaticError:
            raise lost from None

    def _forget(self, *ids: int) -> None:
        for id_ in ids:
            self.rows.pop(id_, None)
        listing.remove(ids)


@contextmanager
def conversation(*, patience: float | None = None) -> Iterator[Upstream]:
    """Hold the lease and give what Pneumatic has. Raise PneumaticError, BusyError, LeaseLostError.

    ``patience`` (seconds) is for somebody who waits for a page: no wait is longer, and nothing is asked twice.
    """
    with leases.held(patience=patience) as lease:
        try:
            client = connect(read_timeout=patience)
        except PneumaticError as error:
            listing.record(error=str(error), now=timezone.now())
            raise
        with client:
            upstream = Upstream(client, lease)
            upstream.refresh(repeat=patience is None)
            yield upstream
