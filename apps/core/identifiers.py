"""Identifiers that arrive as text: in an address, a form or a search box; and the address of who sends them."""

from __future__ import annotations

import uuid
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

MAX_NUMBER = 2**63 - 1  # the largest integer that the databases' columns can store


def read_number(text: str) -> int | None:
    """Return the whole number from 0 to ``MAX_NUMBER`` that is written in ``text``; None when it is not one."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_NUMBER:
        return int(text)
    return None


def read_uuid(text: str) -> uuid.UUID | None:
    """Return the UUID that is written in ``text``, in any of the forms that Python reads; None when it is not one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def client_address(request: HttpRequest) -> str | None:
    """Return the client's IP address in its usual spelling; None when there is none, as on a Unix socket.

    Each proxy adds its sender to ``X-Forwarded-For``. The last ``TRUSTED_PROXIES`` entries are those of our proxies,
    the first of them is the client. Entries before it were sent by the client, and may be forged.
    """
    sender = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[-settings.TRUSTED_PROXIES :]
        return read_address(entries[0].strip() or sender)
    return read_address(sender)


def read_address(text: str) -> str | None:
    """Return the IP address that is written in ``text``, perhaps with a zone or a port; None when it is not one."""
    text = text.strip().partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
