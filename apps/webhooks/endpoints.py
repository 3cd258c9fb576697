"""Our endpoints: create them, build their URLs, and check tokens."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.redaction import register_secret
from apps.webhooks.models import Endpoint

State = Endpoint.State
NO_URL = _("PUBLIC_URL is empty, so our endpoint has no URL. Set PUBLIC_URL.")
_NOT_RETIRED = f"SELECT * FROM {Endpoint._meta.db_table} WHERE state <> %s"  # noqa: S608 - the name is our own


def create(state: Endpoint.State) -> Endpoint:
    """Create an endpoint with a new token."""
    return Endpoint.objects.create(nonce=secrets.token_urlsafe(32), state=state, created_at=timezone.now())


def active() -> Endpoint:
    """Return the endpoint of new subscriptions; the first call creates it."""
    found = Endpoint.objects.filter(state=State.ACTIVE).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return create(State.ACTIVE)
    except IntegrityError:  # another process was faster
        return Endpoint.objects.get(state=State.ACTIVE)


def pending() -> Endpoint | None:
    """Return the new endpoint of a rotation; None without a rotation."""
    return Endpoint.objects.filter(state=State.PENDING).first()


def token(endpoint: Endpoint) -> str:
    """Return the secret part of the URL: 43 URL-safe characters, derived from SECRET_KEY and the nonce."""
    key = hashlib.sha256(b"webhook receiver\0" + settings.SECRET_KEY.encode()).digest()
    code = hmac.new(key, endpoint.nonce.encode(), hashlib.sha256).digest()
    text = base64.urlsafe_b64encode(code).rstrip(b"=").decode("ascii")
    register_secret(text)
    return text


def path(endpoint: Endpoint) -> str:
    return f"/hooks/{token(endpoint)}/"


def target(endpoint: Endpoint) -> str:
    """Return the public URL; "" while PUBLIC_URL is empty."""
    return f"{settings.PUBLIC_URL}{path(endpoint)}" if settings.PUBLIC_URL else ""


def find(given: str, *, now: dt.datetime | None = None) -> Endpoint | None:
    """Return the endpoint whose token is ``given``, if it is accepted.

    All endpoints in use are compared, each in constant time: the duration reveals nothing about a token.
    """
    now = now or timezone.now()
    found = None
    # As SQL, because each delivery needs it: Django would take as long to build the statement as the database takes
    # to answer it.
    for endpoint in Endpoint.objects.raw(_NOT_RETIRED, [State.RETIRED]):
        is_accepted = endpoint.accepted_until is None or endpoint.accepted_until > now
        if hmac.compare_digest(token(endpoint).encode(), given.encode()) and is_accepted:
            found = endpoint
    return found
