"""The options of a field, and what a launch sends for each: its text, or its api_name before release 6.0.

Releases that read the text list the options of a template as plain texts. Earlier ones list objects, refuse a text, and
1.0 and 2.0 even read a text of digits as the id of an option. The detail has objects in every release, so the list
decides, and the template's ``raw`` keeps what it showed for the time when the detail is newer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.pneumatic.canonical.schemas import Raw, Selection
from apps.pneumatic.transport.parsing import Node

WITH_SELECTIONS = frozenset({"radio", "checkbox", "dropdown"})
# The part of a template's ``raw`` that is there only where a launch sends api_names.
PART = "selections"
API_NAMES = "api_name"
# Values of data sets by id; None for one that the key may not read.
Datasets = Mapping[str, Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class OptionReader:
    """Reads the options of the fields of one template."""

    datasets: Datasets = field(default_factory=dict)
    sends_api_names: bool = False

    def selections(self, node: Node) -> tuple[Selection, ...] | None:
        """Return the options of a field, then those of its data set; None where these are unknown.

        An option without an api_name where one is needed has no key, so that it cannot be chosen.
        """
        if self.sends_api_names:
            found = [
                Selection(key=item.lenient_text("api_name"), label=item.text("value"))
                for item in node.items_or_none("selections")
            ]
            return tuple({option.key or option: option for option in found}.values())
        values = [
            item.value if type(item.value) is str else item.text("value")
            for item in node.items_or_none("selections")
        ]
        if is_open(node):
            more = self.datasets.get(str(node.integer("dataset")))
            if more is None:
                return None
            values += more
        return tuple(Selection(key=value, label=value) for value in dict.fromkeys(values))


def is_open(node: Node) -> bool:
    """Return whether the field has a data set whose values are not among its options: they would be plain texts."""
    if node.lenient_integer("dataset") is None:
        return False
    return not any(type(item.value) is str for item in node.items_or_none("selections"))


def listed_as_objects(listed: Raw) -> bool | None:
    """Return whether a row of the list has objects as options; None for a row without options."""
    for selections in _selections(listed):
        for option in selections:
            return type(option) is dict
    return None


def detailed_as_objects(detail: Raw) -> bool | None:
    """Return what a detail shows about the list of its release; None where it shows nothing.

    Releases that list texts know data sets, and name one for each field with options. The detail of a draft is stored
    as its author's client sent it, and may lack that.
    """
    rows = list(_choice_fields(detail))
    if any("dataset" in row for row in rows):
        return False
    if any(type(option) is dict and "id" in option for options in _selections(detail) for option in options):
        return True
    return True if rows and detail.get("is_active") is True else None


def remembered(known: Raw, detail: Raw) -> bool | None:
    """Return whether a launch sends api_names, for a ``detail`` that is newer than the list in ``known``.

    The list decides, but what the detail shows takes precedence if it is not what the detail of that time showed: the
    server was upgraded since.
    """
    shown = detailed_as_objects(detail)
    if shown is not None and shown is not detailed_as_objects(known.get("detail") or {}):
        return shown
    listed = listed_as_objects(known.get("list", {}))
    return True if known.get(PART) == API_NAMES else listed if listed is not None else shown


def _selections(template: Raw) -> Iterator[list[Any]]:
    """Yield the options of each field outside fieldsets, which list objects in every release."""
    for row in _choice_fields(template):
        selections = row.get("selections")
        if type(selections) is list:
            yield selections


def _choice_fields(template: Raw) -> Iterator[Mapping[str, Any]]:
    kickoff = template.get("kickoff")
    fields = kickoff.get("fields") if type(kickoff) is dict else None
    for row in fields if type(fields) is list else ():
        if type(row) is dict and type(row.get("type")) is str and row["type"] in WITH_SELECTIONS:
            yield row
