"""Whole numbers that come as text, out of an address, a form or a search box."""

from __future__ import annotations

LARGEST_NUMBER = 2**63 - 1  # what a column of the databases holds


def read_number(text: str) -> int | None:
    """Return the whole number from 0 up that is written in ``text``; None where there is none to look up."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_NUMBER:
        return int(text)
    return None
