"""Our receiver's addresses: make them, spell them, and tell whether a token belongs to one."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.redaction import register_secret
from apps.webhooks.models import Endpoint

State = Endpoint.State
_NOT_RETIRED = f"SELECT * FROM {Endpoint._meta.db_table} WHERE state <> %s"  # noqa: S608 - the name is our own


def create(state: Endpoint.State) -> Endpoint:
    """Return a new address with a token of its own, saved."""
    return Endpoint.objects.create(nonce=secrets.token_urlsafe(32), state=state, created_at=timezone.now())


def active() -> Endpoint:
    """Return the address that new subscriptions get; the first call makes it."""
    found = Endpoint.objects.filter(state=State.ACTIVE).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return create(State.ACTIVE)
    except IntegrityError:  # another process was quicker
        return Endpoint.objects.get(state=State.ACTIVE)


def pending() -> Endpoint | None:
    """Return the address that a rotation is bringing; None while there is no rotation."""
    return Endpoint.objects.filter(state=State.PENDING).first()


def token(endpoint: Endpoint) -> str:
    """Return the secret part of the address: 43 URL-safe characters, from SECRET_KEY and the nonce."""
    key = hashlib.sha256(b"webhook receiver\0" + settings.SECRET_KEY.encode()).digest()
    code = hmac.new(key, endpoint.nonce.encode(), hashlib.sha256).digest()
    text = base64.urlsafe_b64encode(code).rstrip(b"=").decode("ascii")
    register_secret(text)
    return text


def path(endpoint: Endpoint) -> str:
    """Return the path of the address."""
    return f"/hooks/{token(endpoint)}/"


def target(endpoint: Endpoint) -> str:
    """Return the whole address, as Pneumatic is told it; "" while PUBLIC_URL is empty."""
    return f"{settings.PUBLIC_URL}{path(endpoint)}" if settings.PUBLIC_URL else ""


def find(given: str, *, now: dt.datetime | None = None) -> Endpoint | None:
    """Return the address that ``given`` is the token of, if it is still accepted.

    Every accepted address is compared, each in constant time: how long it takes tells nothing about any of them.
    """
    now = now or timezone.now()
    found = None
    # Spelled out, because it stands before every delivery: Django would take as long to put this statement together
    # as the database takes to answer it.
    for endpoint in Endpoint.objects.raw(_NOT_RETIRED, [State.RETIRED]):
        is_accepted = endpoint.accepted_until is None or endpoint.accepted_until > now
        if hmac.compare_digest(token(endpoint).encode(), given.encode()) and is_accepted:
            found = endpoint
    return found
