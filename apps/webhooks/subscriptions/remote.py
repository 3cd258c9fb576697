"""One conversation with Pneumatic about subscriptions: list them, make what is missing, end what is too much.

The listing is the truth. It is read first, nothing is made that it shows already, and after an answer that was lost
it is read again. The mirror follows every step at once.

Where Pneumatic has one URL for each event, subscribing may take the event away from somebody. Then only that URL is
replaced that the caller names, and the listing is read right before, so that what is there now is what is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription
from apps.pneumatic.client import Client, connect
from apps.pneumatic.errors import (
    NotFound,
    PermissionDenied,
    PneumaticError,
    Unavailable,
    UnexpectedResponse,
)
from apps.webhooks.subscriptions import leases, mirror, targets

# The answer was lost or cannot be read: it may have been carried out.
OPEN = (Unavailable, UnexpectedResponse)


class TakenError(Exception):
    """Another URL has the event than the one that may be replaced."""

    def __init__(self) -> None:
        super().__init__(
            _("Pneumatic sends this event to another address by now. Nothing was replaced; look at it first.")
        )


@contextmanager
def explained() -> Iterator[None]:
    """Say in plain words what a key lacks that may not manage webhooks."""
    try:
        yield
    except PermissionDenied as error:
        denied = PermissionDenied(
            _(
                "Webhooks are for admins and the owner of the account, and the user of the API key is neither. Put the "
                "key of one into PNEUMATIC_API_KEY. Events that are subscribed already still come."
            ),
            status=error.status,
        )
    else:
        return
    raise denied


class RemoteSubscriptions:
    """What Pneumatic has, and ways to change it. Every method raises PneumaticError, and LeaseLostError."""

    def __init__(self, client: Client, lease: leases.Lease) -> None:
        self._client, self._lease = client, lease
        self._is_fresh = False  # nothing was asked since the list was read
        self.rows: dict[int, Subscription] = {}

    @property
    def one_url_per_event(self) -> bool:
        """Return whether subscribing to an event replaces what was there."""
        return self._client.capabilities.one_url_per_event

    def refresh(self, *, repeat: bool = True) -> None:
        """List the subscriptions and bring the mirror up to date; a failure is recorded there too."""
        self._write(self._list(repeat=repeat))

    def _list(self, *, repeat: bool = True) -> list[Subscription]:
        self._lease.renew()
        try:
            with explained():
                rows = self._client.list_subscriptions(repeat=repeat)
        except PneumaticError as error:
            mirror.record(error=str(error), now=timezone.now())
            raise
        self._lease.renew()
        self._is_fresh = True
        return rows

    def _write(self, rows: list[Subscription], *more: Subscription) -> None:
        """Make the mirror what was listed, and ``more`` that the list does not show."""
        ids = {row.id for row in more}
        everything = [row for row in mirror.with_concealed(rows) if row.id not in ids]
        everything += more
        mirror.replace(everything)
        self.rows = {row.id: row for row in everything}

    def find(self, kind: Kind, target: str) -> Subscription | None:
        """Return the subscription to ``kind``, under its present name, for ``target``: the oldest of several."""
        fitting = [
            row
            for row in self.rows.values()
            if row.kind == kind and not row.is_deprecated and targets.is_same(row.target, target)
        ]
        return min(fitting, key=lambda row: row.id, default=None)

    def subscribe(self, kind: Kind, target: str, *, replacing: str = "") -> tuple[Subscription, bool]:
        """Return the subscription to ``kind`` for ``target``, and whether it was made just now.

        With one URL for each event, ``replacing`` is the one that it may take the event from ("": none); raise
        TakenError when another one has it.
        """
        found = self.find(kind, target)
        if found is not None and not mirror.is_concealed(found):
            return found, False
        if self.one_url_per_event:
            return self._replace(kind, target, replacing)
        try:
            made = self._subscribe(kind, target)
        except OPEN as lost:
            return self._after(lost, kind, target), True
        self.rows[made.id] = made
        mirror.add(made)
        return made, True

    def _subscribe(self, kind: Kind, target: str) -> Subscription:
        self._lease.renew()
        self._is_fresh = False
        with explained():
            return self._client.subscribe(kind=kind, target=target)

    def _replace(self, kind: Kind, target: str, replacing: str) -> tuple[Subscription, bool]:
        if not self._is_fresh:
            self.refresh()
        there = mirror.held(self.rows.values(), kind)
        if there is not None and not mirror.is_concealed(there) and targets.is_same(there.target, target):
            return there, False
        if there is not None and there.target not in {replacing, target}:
            raise TakenError
        try:
            # What is concealed cannot be looked up: it is asked for again, which does no harm.
            made = self._subscribe(kind, target)
        except OPEN as lost:
            return self._after(lost, kind, target), True
        if there is None:
            self.rows[made.id] = made
            mirror.add(made)
            return made, True
        rows = self._list()
        shown = next((row for row in rows if row.id == made.id), None)
        if shown is None or targets.is_same(shown.target, target):
            self._write(rows)
            return made, True
        # What stood there is another user's: it stays, and the list goes on showing it.
        behind = mirror.concealed(shown, target=target)
        self._write(rows, behind)
        return behind, True

    def unsubscribe(self, subscription_id: int) -> bool:
        """End a subscription; return False when it was gone already. Raise TakenError when it is another by now."""
        subscription = self.rows.get(subscription_id)
        if subscription is None:
            return False
        self._lease.renew()
        self._is_fresh = False
        was_there = True
        try:
            with explained():
                self._client.unsubscribe(subscription)
        except NotFound:
            was_there = False
            if self.one_url_per_event:
                self.refresh()
                if subscription_id in self.rows:
                    raise TakenError from None
        except OPEN as lost:
            self._look_again(lost)
            if subscription_id in self.rows:
                raise
        self._forget(subscription_id)
        return was_there

    def unsubscribe_target(self, target: str) -> set[int]:
        """End every subscription of exactly ``target``; return the ids of those that were there until now."""
        ids = [row.id for row in self.rows.values() if row.target == target and not mirror.is_concealed(row)]
        if not ids:
            return set()
        self._lease.renew()
        self._is_fresh = False
        try:
            with explained():
                self._client.unsubscribe_target(target)
        except (NotFound, *OPEN) as lost:
            self._look_again(lost)
            if any(id_ in self.rows and self.rows[id_].target == target for id_ in ids):
                raise
            return set() if isinstance(lost, NotFound) else set(ids)
        self._forget(*ids)
        return set(ids)

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
        """Take what has ended out of the mirror, and what stood behind it: it ended for everyone."""
        gone = [*ids, *(-id_ for id_ in ids)]
        for id_ in gone:
            self.rows.pop(id_, None)
        mirror.remove(gone)


@contextmanager
def conversation(*, patience: float | None = None) -> Iterator[RemoteSubscriptions]:
    """Hold the lease and give what Pneumatic has. Raise PneumaticError, BusyError, LeaseLostError.

    ``patience`` (seconds) is for somebody who waits for a page: no wait is longer, and nothing is asked twice.
    """
    with leases.held(patience=patience) as lease:
        try:
            client = connect(read_timeout=patience)
        except PneumaticError as error:
            mirror.record(error=str(error), now=timezone.now())
            raise
        with client:
            upstream = RemoteSubscriptions(client, lease)
            upstream.refresh(repeat=patience is None)
            yield upstream
