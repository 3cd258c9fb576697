"""Whole numbers and UUIDs that come as text: from an address, a form or a search box."""

from __future__ import annotations

import uuid

LARGEST_NUMBER = 2**63 - 1  # what a column of the databases holds


def read_number(text: str) -> int | None:
    """Return the whole number from 0 up that is written in ``text``; None where there is none to look up."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_NUMBER:
        return int(text)
    return None


def read_uuid(text: str) -> uuid.UUID | None:
    """Return the UUID written in ``text``; None when it is not one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
