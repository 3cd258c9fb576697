"""Make up answers to fields, as a person might give them; the same dice give the same answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

from .shapes import Record

# Of a field's name in lower case: the first word that is found in it decides.
_TEXTS = (
    ("e-mail", ("kim.larsen@example.com", "sam.osei@example.com")),
    ("order number", ("PO-4711", "PO-4806", "PO-5120")),
    ("number", ("20-1180", "31-0042", "17-9935")),
    ("amount", ("480", "1,250", "3,900")),
    ("budget", ("4010-2", "4122-1")),
    ("compan", ("Brightwater Ltd", "Novák & Sons", "Ōsaka Denki")),
    ("supplier", ("Brightwater Ltd", "Novák & Sons")),
    ("name", ("Kim Larsen", "Sam Osei", "Ester Lindqvist")),
    ("position", ("Account manager", "Field engineer")),
    ("destination", ("Lisbon", "Nairobi", "Kraków")),
    ("course", ("First aid at work", "Negotiating well")),
)
_STRINGS = ("As agreed", "Standard model", "The usual one")
_NUMBERS = ("1", "12.5", "480")
_LONG = (
    "Talked about it this morning; no objections.",
    "Please look at the second page first.",
    "All there.\n\n- checked twice\n- copies are in the folder",
)
_LATEST = 45  # days from today


def make_up(field: Record, *, people: list[int], dice: Random, new_file: Callable[[str], int]) -> Any:
    """Return a value for ``field`` as a launch would send it; None when there is nothing to choose from.

    ``people`` are the ids of the users to choose from; ``new_file(name)`` returns the id of an attachment.
    """
    kind = field["type"]
    if kind in {"radio", "radiobutton", "dropdown", "checkbox"}:
        ids = [option["id"] for option in field["selections"]]
        if not ids:
            return None
        return sorted(dice.sample(ids, dice.randint(1, len(ids)))) if kind == "checkbox" else dice.choice(ids)
    if kind == "user":
        return dice.choice(people) if people else None
    if kind == "file":
        return [new_file(f"{field['name'].lower().replace('/', '-') or 'file'}.txt")]
    if kind == "date":
        return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=dice.randint(1, _LATEST))).isoformat()
    if kind == "number":
        return dice.choice(_NUMBERS)
    if kind == "url":
        return f"https://example.com/items/{dice.randint(100, 999)}"
    return dice.choice(_LONG) if kind == "text" else dice.choice(_strings_for(field["name"].lower()))


def _strings_for(name: str) -> tuple[str, ...]:
    return next((texts for word, texts in _TEXTS if word in name), _STRINGS)
