"""Rotate the token of our endpoint without losing an event.

::

    begin       create a pending endpoint and subscribe it to everything. Both are accepted; an event that arrives
                twice counts once
    advance     after its first event, or a user's confirmation: make it active and end the old subscriptions. The old
                endpoint is accepted for GRACE longer, for deliveries in transit
    abort       before that: keep the old endpoint, and retire the pending one instead

Where the API has one URL per event, the pending endpoint replaces the active one, event by event, and ``abort`` puts it
back. No event is unsubscribed then, and the URLs of other integrations stay.

The states of the endpoints and Pneumatic's list are the only record of the progress. ``advance`` continues from there
after any crash, and can be called again at any time. The worker calls it, too.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription
from apps.pneumatic.client import capabilities
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, WantedSubscription
from apps.webhooks.subscriptions import mirror, operations, remote, self_test, targets
from apps.webhooks.subscriptions.operations import Operation, OperationResult, Who
from apps.webhooks.subscriptions.remote import RemoteSubscriptions
from apps.webhooks.subscriptions.targets import OwnEndpoints

logger = logging.getLogger(__name__)

GRACE = dt.timedelta(minutes=15)  # after the last subscription ended: senders retry
POLL_INTERVAL_SECONDS = 60.0

S = Endpoint.State


class Phase(StrEnum):
    """The progress of a rotation."""

    NONE = "none"
    SUBSCRIBING = "subscribing"  # the pending endpoint lacks subscriptions
    WAITING = "waiting"  # for its first event, or a confirmation
    RETIRING = "retiring"  # the old endpoint has subscriptions left
    GRACE = "grace"  # the old endpoint is still accepted


@dataclass(frozen=True, slots=True)
class RotationStatus:
    """The endpoints of a rotation. ``missing`` are the kinds that the pending one is not subscribed to yet.

    ``external`` are expected kinds whose only URL belongs to another integration. ``shared`` are kinds that go to two
    of our endpoints, because another user of the account has the URL of one.
    """

    phase: Phase
    pending: Endpoint | None = None
    retiring: tuple[Endpoint, ...] = ()
    missing: tuple[Kind, ...] = ()
    external: tuple[Kind, ...] = ()
    shared: tuple[Kind, ...] = ()

    @property
    def has_first_event(self) -> bool:
        """Whether the pending endpoint received an event."""
        return self.pending is not None and self.pending.first_event_at is not None


@dataclass(frozen=True, slots=True)
class RotationProgress:
    """The status after a call, the result of each operation, and why it stopped ("" when it did not)."""

    status: RotationStatus
    results: tuple[OperationResult, ...] = ()
    error: str = ""


class NothingToRotateError(Exception):
    """Our endpoint has no URL, or no rotation waits; the message says which."""


def status() -> RotationStatus:
    """Return the status according to the last known subscriptions, without a request."""
    pending, retiring = _changing_endpoints()
    rows, one_url = mirror.rows(), capabilities().one_url_per_event
    external = _external(rows) if one_url else ()
    if pending is not None:
        target = endpoints.target(pending)
        present = {row.kind for row in rows if not row.is_deprecated and targets.is_same(row.target, target)}
        missing = tuple(
            kind for kind in _expected_kinds() if kind.value not in present and kind not in external
        )
        phase = Phase.SUBSCRIBING if missing else Phase.WAITING
        return RotationStatus(phase, pending, retiring, missing, external)
    if not retiring:
        return RotationStatus(Phase.NONE, external=external)
    is_ending = any(endpoint.accepted_until is None for endpoint in retiring)
    return RotationStatus(
        Phase.RETIRING if is_ending else Phase.GRACE,
        retiring=retiring,
        shared=_shared(rows) if one_url else (),
    )


def begin(user: Who) -> RotationProgress:
    """Create a pending endpoint and subscribe it; continue a rotation that has started.

    Raise NothingToRotateError when our endpoint has no URL.
    """
    if not endpoints.target(endpoints.active()):
        raise NothingToRotateError(endpoints.NO_URL)

    def work(account: RemoteSubscriptions) -> list[OperationResult]:
        if endpoints.pending() is None:
            endpoints.create(S.PENDING)
            _log("started", user)
        return _continue(account, user)

    return _in_session(work)


def advance(user: Who = None, *, confirmed: bool = False) -> RotationProgress:
    """Continue as far as possible; ``confirmed``: a user says that the pending endpoint works.

    Without a rotation this does nothing.
    """
    _retire()
    pending, retiring = _changing_endpoints()
    if pending is None and all(endpoint.accepted_until is not None for endpoint in retiring):
        return RotationProgress(status())
    return _in_session(lambda account: _continue(account, user, confirmed=confirmed))


def confirm_by_test(user: Who) -> RotationProgress:
    """Send a test event to the pending endpoint; when it arrives, continue as after a confirmation.

    Raise NothingToRotateError without a pending endpoint.
    """
    pending = endpoints.pending()
    if pending is None:
        raise NothingToRotateError(_("No rotation is waiting, so there is nothing to test."))
    sent = self_test.send(user, Kind.WORKFLOW_STARTED, endpoint=pending)
    return RotationProgress(status(), error=sent.error) if sent.error else advance(user, confirmed=True)


def abort(user: Who) -> RotationProgress:
    """Keep the old endpoint and retire the pending one; raise NothingToRotateError without a pending endpoint."""
    if endpoints.pending() is None:
        raise NothingToRotateError(_("No rotation is waiting, so there is nothing to cancel."))

    def work(account: RemoteSubscriptions) -> list[OperationResult]:
        pending = endpoints.pending()
        if pending is None:  # another process was faster
            return []
        also = {S.PENDING} if account.one_url_per_event else set()
        results = operations.apply_in(account, _subscribe(account, endpoints.active(), also=also), user)
        # After HTTP 500 an event may go to either URL. The pending one is accepted as long as the list shows it.
        if all(result.is_ok or result.is_server_error for result in results):
            Endpoint.objects.filter(pk=pending.pk, state=S.PENDING).update(state=S.RETIRING)
            results += _end_retiring(account, user)
            _log("cancelled", user)
        return results

    return _in_session(work)


def run_if_due() -> None:
    """Continue a rotation that needs no user: the worker's periodic job. One query when there is none."""
    pending, retiring = _changing_endpoints()
    if retiring or (pending is not None and pending.first_event_at is not None):
        progress = advance()
        if progress.error:
            logger.warning("The rotation of the endpoint's token waits: %s", progress.error)


def _in_session(work: Callable[[RemoteSubscriptions], list[OperationResult]]) -> RotationProgress:
    try:
        with remote.session() as account:
            results = tuple(work(account))
    except remote.FAILURES as failure:
        return RotationProgress(status(), error=str(failure))
    return RotationProgress(
        status(), results, next((result.error for result in results if not result.is_ok), "")
    )


def _continue(account: RemoteSubscriptions, user: Who, *, confirmed: bool = False) -> list[OperationResult]:
    """Do what is possible now. The endpoints are read again, as another process may have changed them."""
    results: list[OperationResult] = []
    pending = endpoints.pending()
    if pending is not None:
        results += operations.apply_in(account, _subscribe(account, pending, also={S.ACTIVE}), user)
        if all(result.is_ok for result in results) and (pending.first_event_at or confirmed):
            _switch(pending)
            _log("switched", user)
    return results + _end_retiring(account, user)


def _switch(pending: Endpoint) -> None:
    """Make the pending endpoint active; the old one is accepted until its subscriptions have ended, and longer."""
    with transaction.atomic():
        Endpoint.objects.filter(state=S.ACTIVE).update(state=S.RETIRING, accepted_until=None)
        Endpoint.objects.filter(pk=pending.pk).update(state=S.ACTIVE)


def _end_retiring(account: RemoteSubscriptions, user: Who) -> list[OperationResult]:
    """End the subscriptions of retiring endpoints; the grace period of those without any starts now.

    Where another user of the account has the URL of one, as with an earlier API key, it cannot be ended alone.
    """
    rows = [row for row, endpoint in _ours(account) if endpoint.state == S.RETIRING]
    if account.one_url_per_event:  # to unsubscribe would end the event for all users of the account
        target = endpoints.target(endpoints.active())
        planned = [Operation(row.kind, target, replaces=row.target) for row in rows if row.kind]
    else:
        planned = [operations.unsubscribe(row) for row in rows]
    results = operations.apply_in(account, planned, user)
    own = OwnEndpoints()
    found = (own.endpoint(row.target) for row in account.rows.values())
    still = {endpoint.pk for endpoint in found if endpoint is not None}
    free = Endpoint.objects.filter(state=S.RETIRING, accepted_until=None).exclude(pk__in=still)
    free.update(accepted_until=clock.now() + GRACE)
    return results


def _retire() -> None:
    """Refuse endpoints whose grace period is over."""
    over = Endpoint.objects.filter(state=S.RETIRING, accepted_until__lte=clock.now())
    over.update(state=S.RETIRED)


def _subscribe(account: RemoteSubscriptions, endpoint: Endpoint, *, also: Collection[S]) -> list[Operation]:
    """Return what subscribes ``endpoint`` to everything expected and to what endpoints in the states ``also`` get."""
    target, rows = endpoints.target(endpoint), list(account.rows.values())
    kinds = {*_expected_kinds(), *(row.kind for row, other in _ours(account) if other.state in also)}
    replaced: dict[Kind, str] = {}
    if account.one_url_per_event:
        kinds -= set(_external(rows))
        replaced = {kind: row.target for kind in Kind if (row := mirror.current(rows, kind)) is not None}
    return [Operation(kind, target, replaces=replaced.get(kind, "")) for kind in Kind if kind in kinds]


def _ours(account: RemoteSubscriptions) -> list[tuple[Subscription, Endpoint]]:
    """Return the subscriptions of our endpoints that can be changed, each with its endpoint."""
    own = OwnEndpoints()
    rows = sorted(account.rows.values(), key=lambda row: row.id)
    if account.one_url_per_event:
        rows = [row for kind in Kind if (row := mirror.current(rows, kind)) is not None]
    return [(row, endpoint) for row in rows if (endpoint := own.endpoint(row.target))]


def _external(rows: Sequence[mirror.Row]) -> tuple[Kind, ...]:
    """Return the expected kinds whose only URL belongs to another integration."""
    own = OwnEndpoints()
    current = [(kind, mirror.current(rows, kind)) for kind in _expected_kinds()]
    return tuple(kind for kind, row in current if row is not None and row.target not in own)


def _shared(rows: Sequence[mirror.Row]) -> tuple[Kind, ...]:
    """Return the kinds whose listed URL is ours and conceals another one of ours."""
    own = OwnEndpoints()
    concealing = {-row.id for row in rows if mirror.is_concealed(row) and row.target in own}
    return tuple(Kind(row.kind) for row in rows if row.id in concealing and row.kind and row.target in own)


def _expected_kinds() -> list[Kind]:
    return [Kind(row.kind) for row in WantedSubscription.objects.filter(target="")]


def _changing_endpoints() -> tuple[Endpoint | None, tuple[Endpoint, ...]]:
    """Return the pending endpoint and the retiring ones, in one query."""
    found = list(Endpoint.objects.filter(state__in=[S.PENDING, S.RETIRING]).order_by("pk"))
    pending = next((endpoint for endpoint in found if endpoint.state == S.PENDING), None)
    return pending, tuple(endpoint for endpoint in found if endpoint.state == S.RETIRING)


def _log(what: str, user: Who) -> None:
    name = user.get_username() if user else "the system"
    logger.info("Rotation of the endpoint's token %s by %s", what, name)
