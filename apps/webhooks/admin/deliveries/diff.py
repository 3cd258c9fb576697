"""Compare two payloads: JSON in, a list of readable paths and changes out.

Items of a list with unique names (``id`` or ``api_name``) are compared by name, so that an additional item does not
change all others. Other items are compared by position.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

MAX_CHANGES = 200
MAX_VALUE_CHARACTERS = 300
MAX_DEPTH = 40  # levels; a deeper difference is shown as one change
_NAMES = ("api_name", "id")


class What(StrEnum):
    """The kind of a change."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class PayloadChange:
    """A changed value; ``before`` and ``after`` are truncated JSON, "" where it is absent."""

    path: str
    what: What
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class PayloadDiff:
    """All changes from one payload to another, or the first MAX_CHANGES."""

    changes: tuple[PayloadChange, ...]
    is_cut: bool = False


def difference(before: Any, after: Any) -> PayloadDiff:
    """Return the changes from ``before`` to ``after``, without ``hook``, which is not about the workflow."""
    found = list(islice(_changes("", _aligned(before), _aligned(after), 0), MAX_CHANGES + 1))
    return PayloadDiff(tuple(found[:MAX_CHANGES]), is_cut=len(found) > MAX_CHANGES)


def _aligned(payload: Any) -> Any:
    """Return a payload with its workflow at the top level: some kinds of event have it in their task."""
    if not isinstance(payload, dict):
        return payload
    aligned = {key: value for key, value in payload.items() if key != "hook"}
    task = aligned.get("task")
    if isinstance(task, dict) and "workflow" in task and "workflow" not in aligned:
        aligned["workflow"] = task["workflow"]
        aligned["task"] = {key: value for key, value in task.items() if key != "workflow"}
    return aligned


def _changes(path: str, before: Any, after: Any, depth: int) -> Iterator[PayloadChange]:
    if depth < MAX_DEPTH:
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _in_objects(path, before, after, depth)
            return
        if isinstance(before, list) and isinstance(after, list):
            yield from _in_lists(path, before, after, depth)
            return
    if type(before) is not type(after) or before != after:
        yield PayloadChange(path or ".", What.CHANGED, _short(before), _short(after))


def _in_objects(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any], depth: int
) -> Iterator[PayloadChange]:
    for key in dict.fromkeys([*before, *after]):
        yield from _one(f"{path}.{key}" if path else key, key, before, after, depth)


def _in_lists(path: str, before: Sequence[Any], after: Sequence[Any], depth: int) -> Iterator[PayloadChange]:
    name = next((name for name in _NAMES if _is_naming(name, before) and _is_naming(name, after)), None)
    if name is not None:
        old = {str(item[name]): item for item in before}
        new = {str(item[name]): item for item in after}
    else:
        old = {str(place): item for place, item in enumerate(before)}
        new = {str(place): item for place, item in enumerate(after)}
    for key in dict.fromkeys([*old, *new]):
        yield from _one(f"{path}[{key}]", key, old, new, depth)


def _one(
    path: str, key: str, before: Mapping[str, Any], after: Mapping[str, Any], depth: int
) -> Iterator[PayloadChange]:
    if key not in after:
        yield PayloadChange(path, What.REMOVED, before=_short(before[key]))
    elif key not in before:
        yield PayloadChange(path, What.ADDED, after=_short(after[key]))
    else:
        yield from _changes(path, before[key], after[key], depth + 1)


def _is_naming(name: str, items: Sequence[Any]) -> bool:
    names = [item.get(name) for item in items if isinstance(item, dict)]
    unique = {str(value) for value in names if isinstance(value, str | int)}
    return len(unique) == len(items)


def _short(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[:MAX_VALUE_CHARACTERS]}…"
