"""Give our receiver a new token without losing an event.

::

    begin       the new address arrives: everything wanted is subscribed for it too. Both addresses are accepted,
                and what comes twice is one event
    advance     once the new one was heard of, or a person said so: it becomes the active one, and the subscriptions
                of the old one are ended. The old address stays accepted a while, for deliveries on their way
    abort       before that: the new one goes the way of the old

Where Pneumatic has one URL for each event, the new address takes the place of the old one at once, event by event, and
the old one takes it back when that is aborted. Nothing is ended then. What another integration has is left to it.

Where it stands is told by the states of the addresses and by Pneumatic's list, and by nothing else: whatever step a
crash interrupts, ``advance`` goes on from there, and calling it again does no harm. The worker calls it too.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription
from apps.pneumatic.client import capabilities
from apps.pneumatic.errors import PneumaticError
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, WantedSubscription
from apps.webhooks.subscriptions import mirror, operations, remote, self_test, targets
from apps.webhooks.subscriptions.leases import LeaseHeldError, LeaseLostError
from apps.webhooks.subscriptions.operations import Operation, OperationResult, Who
from apps.webhooks.subscriptions.remote import RemoteSubscriptions

logger = logging.getLogger(__name__)

# How long the old address is accepted after its last subscription was ended: a sender that got no answer tries again.
GRACE = dt.timedelta(minutes=15)
SECONDS_BETWEEN_LOOKS = 60.0

S = Endpoint.State


class Phase(StrEnum):
    """How far a rotation is."""

    NONE = "none"
    SUBSCRIBING = "subscribing"  # the new address is not subscribed for everything yet
    WAITING = "waiting"  # for its first event, or for a person's word
    RETIRING = "retiring"  # the old one's subscriptions are being ended
    GRACE = "grace"  # the old one is accepted a little longer


@dataclass(frozen=True, slots=True)
class RotationStatus:
    """Where a rotation stands.

    ``missing`` are the kinds that the new address is not subscribed for yet, ``taken`` those that are wanted and left
    to another integration, which has their only place.
    """

    phase: Phase
    active: Endpoint | None
    pending: Endpoint | None = None
    retiring: tuple[Endpoint, ...] = ()
    missing: tuple[Kind, ...] = ()
    taken: tuple[Kind, ...] = ()

    @property
    def has_first_event(self) -> bool:
        """Return True when something came to the new address."""
        return self.pending is not None and self.pending.first_event_at is not None

    @property
    def can_be_aborted(self) -> bool:
        """Return True while the old address is the active one."""
        return self.pending is not None


@dataclass(frozen=True, slots=True)
class RotationProgress:
    """What a call did: where the rotation stands now, each step, and a sentence when it got stuck."""

    status: RotationStatus
    outcomes: tuple[OperationResult, ...] = ()
    error: str = ""


class NothingToRotateError(Exception):
    """There is no address to tell, or nothing to abort; the text says which."""


def status() -> RotationStatus:
    """Return where the rotation stands, after the last known state. No request is made."""
    active, pending, retiring = _addresses()
    taken = _taken(mirror.rows()) if capabilities().one_url_per_event else ()
    if pending is not None:
        missing = tuple(kind for kind in _missing(pending) if kind not in taken)
        phase = Phase.SUBSCRIBING if missing else Phase.WAITING
        return RotationStatus(phase, active, pending, retiring, missing, taken)
    if not retiring:
        return RotationStatus(Phase.NONE, active, taken=taken)
    ending = any(endpoint.accepted_until is None for endpoint in retiring)
    return RotationStatus(Phase.RETIRING if ending else Phase.GRACE, active, None, retiring)


def begin(user: Who) -> RotationProgress:
    """Make a new address and subscribe it for everything that is wanted; go on with a rotation that began already.

    Raise NothingToRotateError, with a sentence, when our receiver has no address to tell.
    """
    active = endpoints.active()
    if not endpoints.target(active):
        raise NothingToRotateError(
            _("PUBLIC_URL is empty, so our receiver has no address. Write it into the settings.")
        )
    try:
        with remote.conversation() as account:
            pending = endpoints.pending() or endpoints.create(S.PENDING)
            outcomes = operations.carry_out_in(account, _subscribe_new(account, pending), user)
    except (PneumaticError, LeaseHeldError, LeaseLostError) as refusal:
        return RotationProgress(status(), error=str(refusal))
    _log("begun", user)
    return _progress(outcomes)


def advance(user: Who = None, *, confirmed: bool = False) -> RotationProgress:
    """Go on as far as it goes now; ``confirmed`` is a person's word that the new address works.

    Does nothing when there is nothing to do.
    """
    _retire()
    _active, pending, retiring = _addresses()
    if pending is None and all(endpoint.accepted_until is not None for endpoint in retiring):
        return RotationProgress(status())
    try:
        with remote.conversation() as account:
            outcomes = _advance(account, user, confirmed=confirmed)
    except (PneumaticError, LeaseHeldError, LeaseLostError) as refusal:
        return RotationProgress(status(), error=str(refusal))
    return _progress(outcomes)


def confirm_by_test(user: Who) -> RotationProgress:
    """Send a test event by the new address; when it comes back, go on as after a person's word.

    Raise NothingToRotateError when there is no new address.
    """
    pending = endpoints.pending()
    if pending is None:
        raise NothingToRotateError(_("No rotation is waiting; there is nothing to try."))
    trip = self_test.send(user, Kind.WORKFLOW_STARTED, endpoint=pending)
    return RotationProgress(status(), error=trip.error) if trip.error else advance(user, confirmed=True)


def abort(user: Who) -> RotationProgress:
    """Keep the old address and let the new one go; raise NothingToRotateError when it is too late for that."""
    if endpoints.pending() is None:
        raise NothingToRotateError(_("No rotation is waiting; there is nothing to abort."))
    try:
        with remote.conversation() as account:
            pending = endpoints.pending()
            if pending is None:  # somebody else was quicker
                return RotationProgress(status())
            kept = operations.carry_out_in(account, _keep(account, endpoints.active()), user)
            if not all(outcome.is_ok for outcome in kept):
                return _progress(kept)
            Endpoint.objects.filter(pk=pending.pk, state=S.PENDING).update(state=S.RETIRING)
            outcomes = [*kept, *_end_leaving(account, user)]
    except (PneumaticError, LeaseHeldError, LeaseLostError) as refusal:
        return RotationProgress(status(), error=str(refusal))
    _log("aborted", user)
    return _progress(outcomes)


def look() -> None:
    """Go on with a rotation that can go on by itself: the worker's periodic job. Costs a query when there is none."""
    _active, pending, retiring = _addresses()
    heard = pending is not None and pending.first_event_at is not None
    if heard or retiring:
        progress = advance()
        if progress.error:
            logger.warning("The rotation of the receiver's token waits: %s", progress.error)


def _advance(account: RemoteSubscriptions, user: Who, *, confirmed: bool) -> list[OperationResult]:
    """Do what can be done; each part looks at the state anew, as somebody else may have done it meanwhile."""
    outcomes: list[OperationResult] = []
    pending = endpoints.pending()
    if pending is not None:
        outcomes += operations.carry_out_in(account, _subscribe_new(account, pending), user)
        if all(outcome.is_ok for outcome in outcomes) and (pending.first_event_at or confirmed):
            _switch(pending)
            _log("switched", user)
    return outcomes + _end_leaving(account, user)


def _switch(pending: Endpoint) -> None:
    """Make the new address the active one; the old one is accepted until its subscriptions are ended, and longer."""
    with transaction.atomic():
        Endpoint.objects.filter(state=S.ACTIVE).update(state=S.RETIRING, accepted_until=None)
        Endpoint.objects.filter(pk=pending.pk).update(state=S.ACTIVE)


def _end_leaving(account: RemoteSubscriptions, user: Who) -> list[OperationResult]:
    """End what is still subscribed for old addresses; those that are free of it get their time of grace."""
    outcomes = operations.carry_out_in(account, _unsubscribe_old(account), user)
    still = {endpoint.pk for _row, endpoint in _ours(account)}
    Endpoint.objects.filter(state=S.RETIRING, accepted_until=None).exclude(pk__in=still).update(
        accepted_until=timezone.now() + GRACE
    )
    return outcomes


def _retire() -> None:
    """Accept addresses no more whose time of grace is over."""
    over = Endpoint.objects.filter(state=S.RETIRING, accepted_until__lte=timezone.now())
    over.update(state=S.RETIRED)


def _unsubscribe_old(account: RemoteSubscriptions) -> list[Operation]:
    """Return the steps after which nothing is sent to old addresses any more."""
    rows = [row for row, endpoint in _ours(account) if endpoint.state == S.RETIRING]
    if account.one_url_per_event:
        # Ending it would end it for everyone in the account.
        target = endpoints.target(endpoints.active())
        return [operations.subscribe(row.kind, target, replaces=row.target) for row in rows if row.kind]
    return [operations.unsubscribe(row.id, target=row.target, kind=row.kind, event=row.event) for row in rows]


def _subscribe_new(account: RemoteSubscriptions, pending: Endpoint) -> list[Operation]:
    """Return the steps that subscribe the new address for what is wanted and for what the old one really gets."""
    return _subscribe(account, pending, also={S.ACTIVE})


def _keep(account: RemoteSubscriptions, active: Endpoint) -> list[Operation]:
    """Return the steps that make the old address complete again; it takes back what the new one has in its place."""
    return _subscribe(account, active, also={S.PENDING} if account.one_url_per_event else set())


def _subscribe(account: RemoteSubscriptions, endpoint: Endpoint, *, also: Collection[S]) -> list[Operation]:
    """Return the steps that subscribe ``endpoint`` for what is wanted and what addresses in the states ``also`` get."""
    target, rows = endpoints.target(endpoint), list(account.rows.values())
    kinds = {*_wanted_kinds(), *(row.kind for row, other in _ours(account) if other.state in also)}
    replaced: dict[Kind, str] = {}
    if account.one_url_per_event:
        kinds -= set(_taken(rows))
        replaced = {kind: row.target for kind in Kind if (row := mirror.held(rows, kind)) is not None}
    return [
        operations.subscribe(kind, target, replaces=replaced.get(kind, "")) for kind in Kind if kind in kinds
    ]


def _ours(account: RemoteSubscriptions) -> list[tuple[Subscription, Endpoint]]:
    """Return what is sent to an address of ours and can be changed, each with that address."""
    known = targets.endpoints_by_token()
    rows = sorted(account.rows.values(), key=lambda row: row.id)
    if account.one_url_per_event:
        rows = [row for kind in Kind if (row := mirror.held(rows, kind)) is not None]
    return [(row, endpoint) for row in rows if (endpoint := targets.endpoint_of(row.target, known))]


def _taken(rows: Sequence[mirror.Row]) -> tuple[Kind, ...]:
    """Return the kinds that are wanted and whose only place another integration has."""
    known = targets.endpoints_by_token()
    held = [(kind, mirror.held(rows, kind)) for kind in _wanted_kinds()]
    return tuple(
        kind
        for kind, row in held
        if row is not None
        and not targets.is_ours(row.target)
        and targets.endpoint_of(row.target, known) is None
    )


def _wanted_kinds() -> list[Kind]:
    return [Kind(row.kind) for row in WantedSubscription.objects.filter(target="")]


def _missing(pending: Endpoint) -> tuple[Kind, ...]:
    target = endpoints.target(pending)
    there = {
        row.kind for row in mirror.rows() if not row.is_deprecated and targets.is_same(row.target, target)
    }
    return tuple(kind for kind in _wanted_kinds() if kind.value not in there)


def _addresses() -> tuple[Endpoint | None, Endpoint | None, tuple[Endpoint, ...]]:
    """Return the active, the pending and the retiring addresses, in one query."""
    found = list(Endpoint.objects.exclude(state=S.RETIRED).order_by("pk"))
    one = {endpoint.state: endpoint for endpoint in found}
    retiring = tuple(endpoint for endpoint in found if endpoint.state == S.RETIRING)
    return one.get(S.ACTIVE), one.get(S.PENDING), retiring


def _progress(outcomes: Iterable[OperationResult]) -> RotationProgress:
    told = tuple(outcomes)
    error = next((outcome.error for outcome in told if not outcome.is_ok), "")
    return RotationProgress(status(), told, error)


def _log(what: str, user: Who) -> None:
    logger.info(
        "Rotation of the receiver's token %s by %s", what, user.get_username() if user else "the system"
    )
