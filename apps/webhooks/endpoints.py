"""Our endpoints: create them, build their URLs, and check tokens."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from apps.core.database import clock
from apps.webhooks import tokens
from apps.webhooks.models import Endpoint

State = Endpoint.State
NO_URL = _("PUBLIC_URL is empty, so our endpoint has no URL. Set PUBLIC_URL.")
Rows = tuple[tuple[Any, ...], ...]

_FIELDS = Endpoint._meta.concrete_fields
_COLUMNS = ", ".join(field.column for field in _FIELDS)
_TABLE = Endpoint._meta.db_table
_NOT_RETIRED = f"SELECT {_COLUMNS} FROM {_TABLE} WHERE state <> '{State.RETIRED.value}'"  # noqa: S608 - our own names


def create(state: Endpoint.State) -> Endpoint:
    """Create an endpoint with a new token."""
    return Endpoint.objects.create(nonce=secrets.token_urlsafe(32), state=state, created_at=clock.now())


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
    """Return the secret part of the URL."""
    return tokens.derive(endpoint.nonce)


def placeholder(endpoint: Endpoint) -> str:
    """Return what bodies of deliveries have in place of the token."""
    return tokens.placeholder(endpoint.nonce)


def path(endpoint: Endpoint) -> str:
    return f"/hooks/{token(endpoint)}/"


def target(endpoint: Endpoint) -> str:
    """Return the public URL; "" while PUBLIC_URL is empty."""
    return f"{settings.PUBLIC_URL}{path(endpoint)}" if settings.PUBLIC_URL else ""


def in_use(cursor: Any = None) -> Rows:
    """Return the rows of all endpoints that are not retired, for ``find``."""
    if cursor is None:
        with connection.cursor() as cursor:
            return in_use(cursor)
    # Each delivery needs it. Django would take several times as long to build the statement and the objects as the
    # database takes to answer. So the statement is ready, and rows that did not change keep their objects.
    cursor.execute(_NOT_RETIRED)
    return tuple(cursor.fetchall())


def find(given: str, rows: Rows | None = None, *, now: dt.datetime | None = None) -> Endpoint | None:
    """Return the endpoint whose token is ``given``, if it is accepted. Do not change it: other threads share it.

    All of ``rows`` are compared (those in use, if they are not given), each in constant time: the duration reveals
    nothing about a token.
    """
    found = None
    for row in in_use() if rows is None else rows:
        endpoint = _endpoint(*row)
        if hmac.compare_digest(token(endpoint).encode(), given.encode()) and _is_accepted(endpoint, now):
            found = endpoint
    return found


def masked(body: bytes, rows: Rows) -> bytes:
    """Return ``body`` with placeholders for the tokens of ``rows``: the table allows no one to deliver events."""
    for row in rows:
        endpoint = _endpoint(*row)
        body = body.replace(token(endpoint).encode(), placeholder(endpoint).encode())
    return body


def _is_accepted(endpoint: Endpoint, now: dt.datetime | None) -> bool:
    return endpoint.accepted_until is None or endpoint.accepted_until > (now or clock.now())


@lru_cache(maxsize=64)
def _endpoint(*row: Any) -> Endpoint:
    """Return the endpoint of a row as the database's driver gives it."""
    values = [
        reduce(lambda read, convert: convert(read, None, connection), _converters(field), value)
        for field, value in zip(_FIELDS, row, strict=True)
    ]
    return Endpoint.from_db(connection.alias, [field.attname for field in _FIELDS], values)


def _converters(field: Any) -> Sequence[Callable[..., Any]]:
    column = field.get_col(Endpoint._meta.db_table)
    return [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
