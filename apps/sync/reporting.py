"""Who is told how a run goes: nobody, a terminal, a log."""

from __future__ import annotations

from apps.sync.models import SyncResult


class Reporter:
    """Hears of each step of a run and does nothing about it."""

    def started(self, result: SyncResult) -> None:
        """Hear that a resource is being fetched."""

    def progressed(self, result: SyncResult) -> None:
        """Hear that ``result.fetched`` of ``result.expected`` objects are here, or that writing began."""

    def finished(self, result: SyncResult) -> None:
        """Hear how a resource ended."""
