"""Send test events to our own endpoint through its public URL.

A test event shows that name, proxy, certificate, token, database and worker work as seen from this machine. Only a
delivery from Pneumatic shows that Pneumatic can reach the endpoint.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.deliveries import test_payload
from apps.pneumatic.webhook_sender import post_event
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, RoundTrip, Subscription
from apps.webhooks.models import Kind as KindLabel
from apps.webhooks.subscriptions.operations import Who

KEPT = dt.timedelta(days=30)


def send(user: Who, kind: Kind | str, *, endpoint: Endpoint | None = None) -> RoundTrip:
    """Send a test event of ``kind``; the row that is returned has the response, or the error.

    ``endpoint`` defaults to the active one.
    """
    chosen = Kind(kind)
    endpoint = endpoint or endpoints.active()
    now = clock.now()
    RoundTrip.objects.filter(sent_at__lt=now - KEPT).delete()
    # The row is written first, as the receiver recognises a test event by it.
    sent = RoundTrip.objects.create(
        nonce=secrets.token_urlsafe(32),
        kind=chosen.value,
        endpoint=endpoint,
        sent_by_id=user.pk if user is not None else None,
        sent_at=now,
    )
    target = endpoints.target(endpoint)
    if not target:
        sent.error = str(endpoints.NO_URL)
        sent.save(update_fields=["error"])
        return sent
    payload = test_payload(chosen, hook_id=_hook_id(chosen, target), target=target, nonce=sent.nonce)
    posted = post_event(target, payload)
    sent.refresh_from_db(fields=["delivery"])
    sent.status, sent.seconds, sent.error = posted.status, posted.seconds, posted.error
    if not sent.error and sent.delivery_id is None:
        sent.error = _("A server responded, but not this dashboard: no test event arrived here.")
    sent.save(update_fields=["status", "seconds", "error"])
    return sent


def latest() -> dict[str, RoundTrip]:
    """Return the last test event of each kind that was tested, with its delivery, in one query."""
    newest = RoundTrip.objects.filter(kind=OuterRef("kind")).order_by("-sent_at", "-pk").values("pk")[:1]
    rows = RoundTrip.objects.filter(pk=Subquery(newest)).select_related("sent_by", "endpoint", "delivery")
    return {sent.kind: sent for sent in rows.defer("delivery__body", "delivery__headers")}


def _hook_id(kind: Kind, target: str) -> int:
    """Return the id of the subscription that such an event would have; 0 for none."""
    rows = Subscription.objects.filter(removed_at=None, kind=kind.value, target=target).order_by("id")
    return rows.values_list("id", flat=True).first() or 0


@dataclass(frozen=True, slots=True)
class SelfTests:
    """Each kind of event with its last test, or None."""

    rows: tuple[tuple[KindLabel, RoundTrip | None], ...]

    @property
    def are_in_progress(self) -> bool:
        """Whether a page should check again soon."""
        return any(sent is not None and sent.is_in_progress for _kind, sent in self.rows)

    @property
    def are_stuck(self) -> bool:
        """Whether the worker seems not to run."""
        return any(sent is not None and sent.is_stuck for _kind, sent in self.rows)


def progress() -> SelfTests:
    """Return the last test of each kind, in one query."""
    sent = latest()
    return SelfTests(tuple((kind, sent.get(kind.value)) for kind in KindLabel))
