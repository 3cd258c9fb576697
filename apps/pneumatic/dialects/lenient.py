"""Tolerant parsing of webhook payloads, for both APIs.

Pneumatic does not send a refused delivery again, so an unexpected value becomes text or is left out. Plain look-ups
instead of a ``Node`` for every value, because thousands of events a second are parsed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from apps.pneumatic.canonical.events import Choice, FileLink, Status
from apps.pneumatic.transport.parsing import Node

JSON = Mapping[str, Any]
T = TypeVar("T")

STATUSES = {0: Status.RUNNING, 1: Status.COMPLETED, 2: Status.TERMINATED, 3: Status.SNOOZED}
_ALIASES = {"radiobutton": "radio"}
# What the databases can store: ids in 64 bits, numbers that count something in 31.
_MIN_ID, _MAX_ID, _MAX_COUNT = -(2**63), 2**63 - 1, 2**31 - 1
# Years that are still years in every time zone.
_MIN_YEAR, _MAX_YEAR = 2, 9998


def workflow_id(node: Node) -> int:
    """Return the id of the workflow; raise UnexpectedResponse where it is missing or negative."""
    id_ = node.integer("id")
    if id_ < 0:
        Node(None, node, "id").fail()  # ids are parts of URLs, which have no negative numbers
    return id_


def status(value: Any) -> Status:
    """Return the status of a workflow; unknown for an undocumented value."""
    return STATUSES.get(value, Status.UNKNOWN) if type(value) is int else Status.UNKNOWN


def text(value: Any) -> str:
    """Return any value as text: '' for null, JSON for what is neither text nor a number."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    return str(value) if type(value) is int else json.dumps(value, ensure_ascii=False)


def integer(value: Any) -> int | None:
    """Return a whole number that a database can store as an id; None for anything else."""
    return value if type(value) is int and _MIN_ID <= value <= _MAX_ID else None


def counted(value: Any) -> int | None:
    """Return a whole number that counts something; None for anything else."""
    return value if type(value) is int and 0 <= value <= _MAX_COUNT else None


def time(value: Any) -> dt.datetime | None:
    """Return the time in ISO 8601 text (UTC without a zone); None for anything that a database cannot store."""
    if type(value) is not str:
        return None
    try:
        timestamp = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    if not _MIN_YEAR <= timestamp.year <= _MAX_YEAR:
        return None
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=dt.UTC)


def seconds(value: Any) -> dt.datetime | None:
    """Return the time of seconds since 1970; None for anything that a database cannot store."""
    if type(value) not in (int, float):
        return None
    try:
        timestamp = dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return timestamp if _MIN_YEAR <= timestamp.year <= _MAX_YEAR else None


def name_of(data: JSON) -> str:
    """Return the full name of an object with ``first_name`` and ``last_name``."""
    first, last = text(data.get("first_name")), text(data.get("last_name"))
    return f"{first} {last}" if first and last else first or last


def field_type(value: Any) -> str:
    """Return the canonical name of a field's type."""
    name = text(value)
    return _ALIASES.get(name, name)


def choice(data: JSON) -> Choice:
    """Return an option that is sent as an object."""
    return Choice(text(data.get("id")), text(data.get("value")), data.get("is_selected") is True)


def file(data: JSON) -> FileLink:
    """Return a file that is sent as an object."""
    return FileLink(text(data.get("id")), text(data.get("name")), text(data.get("url")))


def each(read: Callable[[JSON], T], rows: Any) -> tuple[T, ...]:
    """Return ``read`` of each object in a list; () for anything other than a list, and other members are left out."""
    if not rows or type(rows) is not list:
        return ()
    return tuple([read(row) for row in rows if type(row) is dict])
