"""The parts of a kickoff form as users see it: fieldsets, and the fields before, between and after them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TypeVar

from apps.pneumatic.canonical.schemas import FieldDefinition

Row = TypeVar("Row")


def in_parts(
    rows: Iterable[tuple[FieldDefinition, Row]], known: Container[str]
) -> list[tuple[str, list[Row]]]:
    """Return the rows of fields in display order as parts: the api_name of a ``known`` fieldset, or '', and its rows.

    A fieldset is one part, at the place of its first field. Between fieldsets can be several parts without one.
    """
    parts: list[tuple[str, list[Row]]] = []
    begun: dict[str, list[Row]] = {}
    for definition, row in rows:
        key = definition.fieldset if definition.fieldset in known else ""
        if key in begun and (key or not parts[-1][0]):
            begun[key].append(row)
        else:
            begun[key] = [row]
            parts.append((key, begun[key]))
    return parts
