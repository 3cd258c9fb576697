"""The kinds of prepared launches: what is checked after each sync, and shown to its owner where something is wrong."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet

from apps.preparation.models import PreparedLaunch

# The rows of one kind that are still to be launched.
Rows = Callable[[], "QuerySet[PreparedLaunch]"]
_kinds: list[Rows] = []


def register(rows: Rows) -> None:
    """Check ``rows()`` after each sync; called in ``AppConfig.ready()``."""
    if rows not in _kinds:
        _kinds.append(rows)


def kinds() -> tuple[Rows, ...]:
    """Return all kinds, in order of registration."""
    return tuple(_kinds)
