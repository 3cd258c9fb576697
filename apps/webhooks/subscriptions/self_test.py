"""Send test events to our own receiver through its public address: is the way free that Pneumatic's deliveries take?

It shows that the name, the proxy, the certificate, the token and the database work as seen from here. Whether Pneumatic
itself gets through (its network, its firewall) only its first delivery proves.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.deliveries import test_payload
from apps.pneumatic.webhook_sender import post_event
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint, RoundTrip, Subscription
from apps.webhooks.models import Kind as KindLabel
from apps.webhooks.subscriptions.operations import Who

# What is older tells nothing about the way as it is now.
KEPT = dt.timedelta(days=30)


def send(user: Who, kind: Kind | str, *, endpoint: Endpoint | None = None) -> RoundTrip:
    """Send a test event of ``kind`` to our receiver and return how far it came; raise nothing for a failure.

    ``endpoint`` is the address to try, the active one when left out: during a rotation the new one can be tried too.
    """
    chosen = Kind(kind)
    address = endpoint or endpoints.active()
    now = timezone.now()
    RoundTrip.objects.filter(sent_at__lt=now - KEPT).delete()
    # The row is there before the event leaves: the receiver knows a test event by it.
    trip = RoundTrip.objects.create(
        nonce=secrets.token_urlsafe(32),
        kind=chosen.value,
        endpoint=address,
        sent_by_id=user.pk if user is not None else None,
        sent_at=now,
    )
    target = endpoints.target(address)
    if not target:
        trip.error = _("PUBLIC_URL is empty, so our receiver has no address. Write it into the settings.")
        trip.save(update_fields=["error"])
        return trip
    payload = test_payload(chosen, hook_id=_hook_id(chosen, target), target=target, nonce=trip.nonce)
    posted = post_event(target, payload)
    trip.refresh_from_db(fields=["delivery"])
    error = posted.error
    if not error and trip.delivery_id is None:
        error = _("Something answered, but it was not this dashboard: no test event arrived here.")
    trip.status, trip.seconds, trip.error = posted.status, posted.seconds, error
    trip.save(update_fields=["status", "seconds", "error"])
    return trip


def latest() -> dict[Kind, RoundTrip]:
    """Return the last test event of each kind that was tried, in one query."""
    newest = RoundTrip.objects.filter(kind=OuterRef("kind")).order_by("-sent_at", "-pk").values("pk")[:1]
    trips = RoundTrip.objects.filter(pk=Subquery(newest)).select_related("sent_by", "endpoint")
    return {Kind(trip.kind): trip for trip in trips}


def _hook_id(kind: Kind, target: str) -> int:
    """Return the id of the subscription that such an event would come for; 0 for none."""
    rows = Subscription.objects.filter(removed_at=None, kind=kind.value, target=target).order_by("id")
    return rows.values_list("id", flat=True).first() or 0


# The worker looks twice a second. After so long it does not run, or is very busy.
WORKER_STALE_AFTER = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One kind of event, with the last test of it; ``sent`` is None when there was none."""

    kind: str
    label: str
    sent: RoundTrip | None
    stored: Delivery | None

    @property
    def milliseconds(self) -> int | None:
        """Return how long the answer took."""
        if self.sent is None or self.sent.seconds is None:
            return None
        return round(self.sent.seconds * 1000)

    @property
    def was_accepted(self) -> bool:
        """Return whether it was answered with 2xx, by us."""
        return self.sent is not None and not self.sent.error and self.sent.status in range(200, 300)

    @property
    def is_processed(self) -> bool:
        """Return whether the worker is done with it."""
        return self.stored is not None and self.stored.state != Delivery.State.PENDING

    @property
    def is_under_way(self) -> bool:
        """Return whether it may still come further."""
        if self.sent is None or self.sent.error or self.is_processed:
            return False
        if self.sent.status is not None and not self.was_accepted:
            return False
        return timezone.now() - self.sent.sent_at < WORKER_STALE_AFTER

    @property
    def is_stuck(self) -> bool:
        """Return whether it was stored and the worker did not come."""
        return self.stored is not None and not self.is_processed and not self.is_under_way


@dataclass(frozen=True, slots=True)
class SelfTests:
    """The last test of each kind."""

    all: tuple[SelfTest, ...]

    @property
    def are_under_way(self) -> bool:
        """Return whether looking again soon may show more."""
        return any(trip.is_under_way for trip in self.all)

    @property
    def are_stuck(self) -> bool:
        """Return whether the worker seems not to run."""
        return any(trip.is_stuck for trip in self.all)


def progress() -> SelfTests:
    """Return the last test of each kind, in two queries."""
    sent = latest()
    ids = [trip.delivery_id for trip in sent.values() if trip.delivery_id is not None]
    stored = Delivery.objects.only("received_at", "state", "processed_at", "reason").in_bulk(ids)
    found = []
    for kind in KindLabel:
        trip = sent.get(kind)  # type: ignore[call-overload] # equal to the gateway's kinds, as both are texts
        found.append(
            SelfTest(
                kind.value,
                capfirst(str(kind.label)),
                trip,
                stored.get(trip.delivery_id) if trip is not None and trip.delivery_id else None,
            )
        )
    return SelfTests(tuple(found))
