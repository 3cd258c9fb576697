"""Tolerant reading of what webhooks tell, for every generation of the API.

What we refuse never comes again, so an odd value becomes text, or is left out. Plain look-ups instead of a ``Node`` for
every value: thousands of events a second are read with these.
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
# What the databases hold: ids in 64 bits, numbers that count something in 31.
_LEAST, _MOST, _MOST_COUNTED = -(2**63), 2**63 - 1, 2**31 - 1
# Years that are still years in every time zone.
_FIRST_YEAR, _LAST_YEAR = 2, 9998


def workflow_id(node: Node) -> int:
    """Return which workflow it is about; raise UnexpectedResponse where that is not told."""
    id_ = node.integer("id")
    if id_ < 0:
        Node(None, node, "id").fail()  # it names pages, and no address holds such a number
    return id_


def status(value: Any) -> Status:
    """Return the state of a workflow; unknown for what is no number that we know."""
    return STATUSES.get(value, Status.UNKNOWN) if type(value) is int else Status.UNKNOWN


def text(value: Any) -> str:
    """Return any value as text: '' for null, JSON for what is neither text nor a number."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    return str(value) if type(value) is int else json.dumps(value, ensure_ascii=False)


def integer(value: Any) -> int | None:
    """Return a whole number that a database holds as an id; None for anything else."""
    return value if type(value) is int and _LEAST <= value <= _MOST else None


def counted(value: Any) -> int | None:
    """Return a whole number that counts something; None for anything else."""
    return value if type(value) is int and 0 <= value <= _MOST_COUNTED else None


def time(value: Any) -> dt.datetime | None:
    """Return a moment (ISO 8601; UTC where no zone is given); None for what is none that a database holds."""
    if type(value) is not str:
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def seconds(value: Any) -> dt.datetime | None:
    """Return a moment of seconds since 1970; None for what is none that a database holds."""
    if type(value) not in (int, float):
        return None
    try:
        moment = dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def name_of(data: JSON) -> str:
    """Return the name of somebody who is told with both its parts."""
    first, last = text(data.get("first_name")), text(data.get("last_name"))
    return f"{first} {last}" if first and last else first or last


def field_type(value: Any) -> str:
    """Return the canonical name of a field's type."""
    name = text(value)
    return _ALIASES.get(name, name)


def choice(data: JSON) -> Choice:
    """Return an option that is told as an object."""
    return Choice(text(data.get("id")), text(data.get("value")), data.get("is_selected") is True)


def file(data: JSON) -> FileLink:
    """Return a file that is told as an object."""
    return FileLink(text(data.get("id")), text(data.get("name")), text(data.get("url")))


def each(read: Callable[[JSON], T], rows: Any) -> tuple[T, ...]:
    """Return what ``read`` makes of the objects in a list; what is no object, or no list, is left out."""
    if not rows or type(rows) is not list:
        return ()
    return tuple([read(row) for row in rows if type(row) is dict])
