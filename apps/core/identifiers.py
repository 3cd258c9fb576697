"""Identifiers that arrive as text: in an address, a form or a search box."""

from __future__ import annotations

import uuid

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
