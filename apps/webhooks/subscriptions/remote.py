"""One session with Pneumatic about subscriptions: list them, create what is missing, end what is not needed.

The list is read first, and again after a response that was lost. Nothing is created that it already shows. The mirror
follows each change at once. A subscription that cannot be read stays in the mirror as it was. It is not changed, and
none is created that it may be.

Where the API has one URL per event, subscribing replaces a URL. Only the URL that the caller names is replaced, and the
list is read right before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription
from apps.pneumatic.client import Client, connect
from apps.pneumatic.client.mirror import Unreadable, read_each, unreadable_text
from apps.pneumatic.errors import (
    NotFound,
    PermissionDenied,
    PneumaticError,
    Unavailable,
    UnexpectedResponse,
)
from apps.webhooks.subscriptions import leases, mirror, targets

# What a session raises; the messages are for people.
FAILURES = (PneumaticError, leases.LeaseError)
# The response was lost or is unreadable: the change may have been made.
UNCERTAIN = (Unavailable, UnexpectedResponse)


class UrlConflictError(Exception):
    """The event has another URL than the one that may be replaced."""

    def __init__(self) -> None:
        super().__init__(_("Pneumatic now sends this event to another URL. Nothing was replaced. Check it."))


@contextmanager
def explained() -> Iterator[None]:
    """Say in PermissionDenied which role the user of the API key lacks."""
    try:
        yield
    except PermissionDenied as error:
        denied = PermissionDenied(
            _(
                "Only admins and the owner of the account may manage webhooks, and the user of the API key is "
                "neither. Set PNEUMATIC_API_KEY to the key of one. Existing subscriptions still deliver events."
            ),
            status=error.status,
        )
    else:
        return
    raise denied


class RemoteSubscriptions:
    """Pneumatic's subscriptions, and changes of them. Every method raises PneumaticError and LeaseLostError."""

    def __init__(self, client: Client, lease: leases.Lease) -> None:
        self._client, self._lease = client, lease
        self._is_fresh = False  # no change was requested since the list was read
        self._unreadable: list[Unreadable] = []
        self._kept: set[int] = set()  # of ``rows``, those that are as the mirror had them
        self.rows: dict[int, Subscription] = {}

    @property
    def one_url_per_event(self) -> bool:
        """Whether subscribing to an event replaces its URL."""
        return self._client.capabilities.one_url_per_event

    def refresh(self, *, repeat: bool = True) -> None:
        """List the subscriptions and update the mirror, which also records a failure."""
        self._write(self._list(repeat=repeat))

    def _list(self, *, repeat: bool = True) -> list[Subscription]:
        self._lease.renew()
        try:
            with explained():
                received = self._client.receive_subscriptions(repeat=repeat)
            rows, self._unreadable = read_each(received)
        except PneumaticError as error:
            mirror.record(error=str(error))
            raise
        self._lease.renew()
        self._is_fresh = True
        return rows

    def _write(self, rows: list[Subscription], *concealed: Subscription) -> None:
        """Write a listing over the mirror, with ``concealed`` in place of what it had under these ids."""
        ids = {one.id for one in self._unreadable}
        everything = {row.id: row for row in [*rows, *mirror.concealed_by(rows, unreadable=ids), *concealed]}
        # Any of the missing may be the one whose id cannot be read.
        kept = mirror.kept(everything, only=None if any(id_ < 0 for id_ in ids) else ids)
        mirror.replace(everything.values(), kept=kept, error=unreadable_text(self._unreadable))
        self._kept = set(kept)
        self.rows = {**kept, **everything}

    def find(self, kind: Kind, target: str) -> Subscription | None:
        """Return the oldest subscription to ``kind``, under its present name, for ``target``."""
        matching = [
            row
            for row in self.rows.values()
            if row.kind == kind and not row.is_deprecated and targets.is_same(row.target, target)
        ]
        return min(matching, key=lambda row: row.id, default=None)

    def subscribe(self, kind: Kind, target: str, *, replacing: str = "") -> tuple[Subscription, bool]:
        """Return the subscription to ``kind`` for ``target``, and whether it is new.

        Where the API has one URL per event, raise UrlConflictError for any other URL than ``replacing`` ("": none).
        """
        self._refuse_unreadable(kind)
        found = self.find(kind, target)
        if found is not None and not mirror.is_concealed(found):
            return found, False
        replaced = None
        if self.one_url_per_event:
            if not self._is_fresh:
                self.refresh()
                self._refuse_unreadable(kind)
            replaced = mirror.current(self.rows.values(), kind)
        if replaced is not None:
            if not mirror.is_concealed(replaced) and targets.is_same(replaced.target, target):
                return replaced, False
            if replaced.target not in {replacing, target}:
                raise UrlConflictError
        # A concealed subscription cannot be looked up. To request it again does no harm.
        try:
            with self._changing():
                made = self._client.subscribe(kind=kind, target=target)
        except UNCERTAIN as lost:
            self._refresh_after(lost)
            found = self.find(kind, target)
            if found is None:
                raise
            return found, True
        if replaced is not None:
            return self._after_replacing(made, target), True
        self.rows[made.id] = made
        mirror.apply(added=[made])
        return made, True

    def _after_replacing(self, made: Subscription, target: str) -> Subscription:
        """List again: where another user had set the URL, it stays, and the list goes on to show it."""
        rows = self._list()
        shown = next((row for row in rows if row.id == made.id), None)
        if shown is None or targets.is_same(shown.target, target):
            self._write(rows)
            return made
        behind = mirror.concealed(shown, target=target)
        self._write(rows, behind)
        return behind

    def unsubscribe(self, subscription_id: int) -> bool:
        """End a subscription; return False when it had ended. Raise UrlConflictError when its URL has changed."""
        subscription = self.rows.get(subscription_id)
        if subscription_id in self._kept:
            raise UnexpectedResponse(unreadable_text(self._unreadable))
        if subscription is None:
            return False
        existed = True
        try:
            with self._changing():
                self._client.unsubscribe(subscription)
        except NotFound:
            existed = False
            if self.one_url_per_event:
                self.refresh()
                if subscription_id in self.rows:
                    raise UrlConflictError from None
        except UNCERTAIN as lost:
            self._refresh_after(lost)
            if subscription_id in self.rows:
                raise
        self._forget(subscription_id)
        return existed

    def unsubscribe_target(self, target: str) -> set[int]:
        """End every subscription of exactly ``target``; return the ids of those that existed until now."""
        ids = {row.id for row in self.rows.values() if row.target == target and not mirror.is_concealed(row)}
        if not ids:
            return ids
        try:
            with self._changing():
                self._client.unsubscribe_target(target)
        except (NotFound, *UNCERTAIN) as lost:
            self._refresh_after(lost)
            if any(id_ in self.rows and self.rows[id_].target == target for id_ in ids):
                raise
            return set() if isinstance(lost, NotFound) else ids
        self._forget(*ids)
        return ids

    def _refuse_unreadable(self, kind: Kind) -> None:
        """Raise UnexpectedResponse where a subscription to ``kind`` may exist that cannot be read."""
        known = [self.rows.get(one.id) for one in self._unreadable]
        if any(row is None or row.kind in {kind, None} for row in known):
            raise UnexpectedResponse(unreadable_text(self._unreadable))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._lease.renew()
        self._is_fresh = False
        with explained():
            yield

    def _refresh_after(self, lost: PneumaticError) -> None:
        """List again; when that fails too, raise ``lost``, which says more."""
        try:
            self.refresh()
        except PneumaticError:
            raise lost from None

    def _forget(self, *ids: int) -> None:
        """Remove ended subscriptions, and those that they conceal: these ended, too."""
        ended = [*ids, *(-id_ for id_ in ids)]
        for id_ in ended:
            self.rows.pop(id_, None)
        mirror.apply(removed=ended)


@contextmanager
def session(*, timeout_seconds: float | None = None) -> Iterator[RemoteSubscriptions]:
    """Take the lease and list the subscriptions. Raise one of FAILURES.

    ``timeout_seconds`` is for a user who waits for a page: it limits each wait, and no request is retried.
    """
    with leases.held(timeout_seconds=timeout_seconds) as lease:
        try:
            client = connect(read_timeout=timeout_seconds)
        except PneumaticError as error:
            mirror.record(error=str(error))
            raise
        with client:
            account = RemoteSubscriptions(client, lease)
            account.refresh(repeat=timeout_seconds is None)
            yield account
