"""A run on a terminal, in a log, and as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from apps.sync import registry
from apps.sync.models import SyncResult, SyncRun
from apps.sync.reporting import Reporter

LINE_INTERVAL_SECONDS = 10.0
NAMES_SHOWN = 10
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


class Bars(Reporter):
    """A progress bar per resource on a terminal, removed when the run has ended."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.bars: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def started(self, result: SyncResult) -> None:
        """Add a bar; its length is not known yet."""
        self.bars[result.resource] = self.progress.add_task(result.resource, total=None)

    def progressed(self, result: SyncResult) -> None:
        writing = result.state == SyncResult.State.WRITING
        self.progress.update(
            self.bars[result.resource],
            description=f"{result.resource}: writing" if writing else result.resource,
            completed=result.fetched,
            total=result.expected,
        )

    def finished(self, result: SyncResult) -> None:
        """Stop the bar where it is."""
        self.progress.stop_task(self.bars[result.resource])


class Lines(Reporter):
    """A line every ``LINE_INTERVAL_SECONDS``, for logs: without cursor movements and colours."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write
        self.last = time.monotonic()

    def progressed(self, result: SyncResult) -> None:
        if time.monotonic() - self.last >= LINE_INTERVAL_SECONDS:
            self.last = time.monotonic()
            of = f" of {result.expected}" if result.expected else ""
            self.write(f"{result.resource}: {result.fetched}{of} fetched")


def line(result: SyncResult, *, dry_run: bool) -> str:
    """Return the result of one resource as one line."""
    counts = f"{result.added} added, {result.changed} updated, {result.removed} removed, {result.unchanged} unchanged"
    cost = f"({result.requests} {'request' if result.requests == 1 else 'requests'}, {result.seconds:.1f} s)"
    if result.state in SyncResult.COMPARED:
        return f"{result.resource}: {'would be: ' if dry_run else ''}{counts} {cost}"
    if result.state == SyncResult.State.REFUSED:
        return f"{result.resource}: refused, would be: {counts} {cost}"
    return f"{result.resource}: {result.get_state_display()}. {printable(result.error)}"


def unreadable_lines(result: SyncResult) -> list[str]:
    """Return a line per object that could not be read, where the others were synced."""
    if result.state != SyncResult.State.INCOMPLETE:
        return []
    return [f"  ! {printable(text)}" for text in result.error.splitlines()]


def name_lines(result: SyncResult) -> list[str]:
    """Return a line per object that changed; control characters in names from Pneumatic are replaced."""
    lines = []
    for kind, sign in _SIGNS.items():
        named = result.details.get(kind, [])
        lines += [f"  {sign} {printable(name)} ({id_})" for id_, name in named[:NAMES_SHOWN]]
        more = getattr(result, kind) - len(named[:NAMES_SHOWN])
        if more > 0:
            lines.append(f"  {sign} and {more} more")
    return lines


def notes(result: SyncResult, *, dry_run: bool) -> list[str]:
    """Return the notes of a resource about its mirror; none unless this run synced it."""
    if dry_run or result.state not in SyncResult.COMPARED:
        return []
    resource = registry.get(result.resource)
    return [printable(text) for text in (resource.scope(), *resource.notes()) if text]


def printable(text: str) -> str:
    """Return ``text`` as one line without characters that control a terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def as_json(run: SyncRun) -> dict[str, Any]:
    """Return a run as JSON data for ``manage.py sync --json``; its keys are stable."""
    return {
        "run": run.pk,
        "state": run.state,
        "dry_run": run.dry_run,
        "error": run.error,
        "resources": [
            {
                "resource": result.resource,
                "state": result.state,
                "added": result.added,
                "changed": result.changed,
                "removed": result.removed,
                "unchanged": result.unchanged,
                "requests": result.requests,
                "seconds": round(result.seconds, 3),
                "error": result.error,
                "details": result.details,
                "remarks": notes(result, dry_run=run.dry_run),
            }
            for result in run.results.all()
        ],
    }
