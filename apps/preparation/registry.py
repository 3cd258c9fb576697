"""The kinds of prepared launches: models that are checked after each sync, and whose owners see what is wrong."""

from __future__ import annotations

from apps.preparation.models import PreparedLaunch

_kinds: list[type[PreparedLaunch]] = []


def register(kind: type[PreparedLaunch]) -> None:
    """Check the rows of ``kind`` after each sync; called in ``AppConfig.ready()``."""
    if kind not in _kinds:
        _kinds.append(kind)


def kinds() -> tuple[type[PreparedLaunch], ...]:
    """Return all kinds, in order of registration."""
    return tuple(_kinds)
