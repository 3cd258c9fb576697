"""The interface for progress of a run; ``console`` implements it for terminals and logs."""

from __future__ import annotations

from apps.sync.models import SyncResult


class Reporter:
    """Receives each step of a run and ignores it."""

    def started(self, result: SyncResult) -> None:
        """Fetching of a resource has started."""

    def progressed(self, result: SyncResult) -> None:
        """``result.fetched`` of ``result.expected`` objects were fetched, or writing has started."""

    def finished(self, result: SyncResult) -> None:
        """The resource is done, or failed."""
