"""The engine: fetch everything, compare, then write in one transaction per resource.

No transaction is open during requests to Pneumatic. Objects whose content hash is known are only counted; new and
changed ones are kept in memory until they are written. Objects that Pneumatic no longer lists are marked, never
deleted, and only after a complete listing: an incomplete one raises, and the resource keeps its last good state.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.core.database.errors import first_line, log_failure, trouble_behind
from apps.core.text.visible import first_visible
from apps.pneumatic.canonical.schemas import Received
from apps.pneumatic.client import Client, connect
from apps.pneumatic.client.mirror import Unreadable
from apps.pneumatic.errors import Contradicted, PermissionDenied, PneumaticError, UnexpectedResponse
from apps.sync import registry, runs
from apps.sync.models import SyncResult, SyncRun
from apps.sync.reporting import Reporter

logger = logging.getLogger(__name__)

MAX_NAMES = 100  # stored per kind of change
MAX_UNREADABLE_SHOWN = 10
SAVE_INTERVAL_SECONDS = 1.0


@dataclass(slots=True)
class Changes:
    """Result of a comparison; ``rows`` are to be written, the other lists have (id, name) or ids.

    An object that is ``unreadable`` keeps its row of the mirror as it is.
    """

    rows: list[Any] = field(default_factory=list)
    added: list[tuple[int, str]] = field(default_factory=list)
    changed: list[tuple[int, str]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    unchanged: int = 0
    live: int = 0  # mirrored objects that are not marked removed

    @property
    def removes_too_much(self) -> bool:
        """Return True when more than a fifth of the mirrored objects would be marked removed."""
        return len(self.removed) * 5 > self.live


def run_sync(
    resources: Sequence[str] | None = None,
    *,
    trigger: str,
    started_by: runs.StartedBy = None,
    allow_removals: bool = False,
    dry_run: bool = False,
    report: Reporter | None = None,
    queued: SyncRun | None = None,
) -> SyncRun:
    """Synchronise ``resources`` (None: all that the server supports) and return the run with its results.

    Failures of Pneumatic, refusals and bugs are recorded in the run and not raised. Raise SyncAlreadyRunningError when
    another run is active, KeyError for an unknown resource. A dry run compares and records, and changes no mirror.
    """
    chosen = [registry.get(name) for name in dict.fromkeys(resources or registry.names())]
    run = runs.claim(
        trigger=trigger,
        started_by=started_by,
        dry_run=dry_run,
        allow_removals=allow_removals,
        queued=queued,
    )
    state, error = SyncRun.State.FAILED, _("The sync was interrupted.")
    try:
        with runs.heartbeat(run), connect() as client:
            server = client.capabilities
            supported = [resource for resource in chosen if resource.is_supported(server)]
            if resources:
                _record_unsupported([resource for resource in chosen if resource not in supported], run)
            results = [_synchronise(resource, run, client, report or Reporter()) for resource in supported]
        state, error = _overall_outcome(results)
    except runs.RunLostError as lost:
        error = str(lost)
    except PneumaticError as refusal:
        error = str(refusal)
    finally:
        # Also after Ctrl-C and SystemExit: an ended run must not keep the lock.
        runs.finish(run, state=state, error=error)
    if not dry_run:
        _follow_up()
    return run


def _follow_up() -> None:
    """Run what depends on the mirror; a failure is logged, because the sync itself is over."""
    for follow_up in registry.follow_ups():
        try:
            follow_up()
        except Exception:
            log_failure(logger, "What follows a sync failed: %s", follow_up)


def _overall_outcome(results: Sequence[SyncResult]) -> tuple[SyncRun.State, str]:
    """Return the worst of the results, and all that went wrong; only a refusal can be confirmed."""
    worst_first = [SyncResult.State.FAILED, SyncResult.State.REFUSED, SyncResult.State.INCOMPLETE]
    wrong = [result for result in results if result.state in worst_first]
    if not wrong:
        return SyncRun.State.DONE, ""
    worst = min((SyncResult.State(result.state) for result in wrong), key=worst_first.index)
    return SyncRun.State(worst), "\n".join(dict.fromkeys(result.error for result in wrong))


def _record_unsupported(resources: Sequence[registry.Resource[Any, Any]], run: SyncRun) -> None:
    """Record resources that were requested by name and that the server does not support; that is no failure."""
    for resource in resources:
        SyncResult.objects.create(
            run=run,
            resource=resource.name,
            state=SyncResult.State.ABSENT,
            finished_at=clock.now(),
            error=_("This Pneumatic has no %(resource)s.") % {"resource": resource.label},
        )


def _synchronise(
    resource: registry.Resource[Any, Any], run: SyncRun, client: Client, report: Reporter
) -> SyncResult:
    """Synchronise one resource; record its failure, so that the next resource is synchronised anyway."""
    result = SyncResult.objects.create(run=run, resource=resource.name)
    began, requests_before = time.monotonic(), client.requests_made
    report.started(result)
    try:
        changes = _compare(resource, client, _Progress(result, report))
        result.seconds = time.monotonic() - began
        result.requests = client.requests_made - requests_before
        _write_changes(resource, run, result, changes, report)
    except runs.RunLostError as lost:
        _fail(result, str(lost))
        raise
    except PermissionDenied as refusal:
        _forbid(resource, result, refusal)
    except PneumaticError as refusal:
        _fail(result, str(refusal))
    except Exception as error:
        log_failure(logger, "Sync of %s failed", resource.name)
        _fail(result, _reason(error))
        if not connection.in_atomic_block:  # one that broke is replaced, so that the failure can be recorded
            connection.close_if_unusable_or_obsolete()
    result.seconds = time.monotonic() - began
    result.requests = client.requests_made - requests_before
    result.save()
    if not run.dry_run:
        resource.after_sync(error=result.error, now=clock.now())
    report.finished(result)
    return result


class _Progress:
    """Passes progress to the reporter at once, and to the database once a second, for the sync page."""

    def __init__(self, result: SyncResult, report: Reporter) -> None:
        self.result, self.report = result, report
        self.last = time.monotonic()

    def __call__(self, fetched: int, expected: int | None) -> None:
        self.result.fetched, self.result.expected = fetched, expected
        self.report.progressed(self.result)
        if time.monotonic() - self.last >= SAVE_INTERVAL_SECONDS:
            self.result.save(update_fields=["fetched", "expected"])
            self.last = time.monotonic()


def _compare(resource: registry.Resource[Any, Any], client: Client, progress: registry.Progress) -> Changes:
    """Fetch all of ``resource`` and return the differences from the mirror."""
    known = resource.known_hashes()
    changes = Changes(live=sum(1 for content_hash in known.values() if content_hash is not None))
    seen: set[int] = set()
    for item in resource.fetch(client, progress=progress):
        if item.id in seen:  # a page shift shows an object twice
            continue
        seen.add(item.id)
        before = known.get(item.id)  # None: new, or marked removed and back
        try:
            row = _row_unless_known(resource, item, before)
        except Contradicted:
            raise
        except UnexpectedResponse as error:
            changes.unreadable.append(Unreadable(item.id, _name(resource, item), error.message))
            continue
        if row is None:
            changes.unchanged += 1
            continue
        changes.rows.append(row)
        (changes.added if before is None else changes.changed).append((item.id, resource.title(row)[:200]))
    if all(one.id >= 0 for one in changes.unreadable):  # otherwise any of the missing may be that one
        changes.removed = [
            id_ for id_, content_hash in known.items() if content_hash is not None and id_ not in seen
        ]
    return changes


def _row_unless_known(
    resource: registry.Resource[Any, Any], item: Received[Any], before: str | None
) -> Any | None:
    """Return the row of an object, None for an unchanged one; raise UnexpectedResponse where it cannot be read."""
    try:
        content_hash = resource.content_hash(item)
        return None if before == content_hash else resource.row(item, content_hash=content_hash)
    except PneumaticError:
        raise
    except Exception as error:
        if trouble_behind(error) is not None:
            raise
        logger.exception("An object of %s could not be read: %s", resource.name, item.id)
        raise UnexpectedResponse(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Return what users read of an exception that no one expected."""
    if trouble := trouble_behind(error):
        return _("The database was not available: %s") % first_line(trouble)
    return _("Unexpected error (%s). See the log.") % type(error).__name__


def _name(resource: registry.Resource[Any, Any], item: Received[Any]) -> str:
    """Return what users call an object that cannot be read: its name now, or else in the mirror."""
    name = first_visible(item.name, resource.names([item.id]).get(item.id, "")) or _("without a name")
    return name[:200]


def _write_changes(
    resource: registry.Resource[Any, Any],
    run: SyncRun,
    result: SyncResult,
    changes: Changes,
    report: Reporter,
) -> None:
    """Record what was found and, unless the run only looks or must refuse, write it."""
    result.added, result.changed = len(changes.added), len(changes.changed)
    result.removed, result.unchanged = len(changes.removed), changes.unchanged
    found = result.added + result.changed + result.unchanged
    result.fetched = result.expected = found + len(changes.unreadable)
    result.details = _details(resource, changes)
    result.error = _unreadable_sentences(resource, changes)
    now = clock.now()
    if changes.unreadable and not found:
        _fail(result, result.error)
        return
    state = SyncResult.State.INCOMPLETE if changes.unreadable else SyncResult.State.DONE
    if resource.guards_removals and changes.removes_too_much and not run.allow_removals:
        result.state, result.finished_at = SyncResult.State.REFUSED, now
        result.error = f"{_refusal(resource, changes)}\n{result.error}".strip()
        return
    if run.dry_run:
        result.state, result.finished_at = state, now
        return
    result.state = SyncResult.State.WRITING
    result.save()
    report.progressed(result)
    with transaction.atomic():
        runs.assert_still_running(run)
        if changes.rows or changes.removed:
            resource.write(changes.rows, removed=changes.removed, now=now)
        result.state, result.finished_at = state, now
        result.save()


def _details(resource: registry.Resource[Any, Any], changes: Changes) -> dict[str, list[tuple[int, str]]]:
    removed = changes.removed[:MAX_NAMES]
    names = resource.names(removed) if removed else {}
    lists = {
        "added": changes.added[:MAX_NAMES],
        "changed": changes.changed[:MAX_NAMES],
        "removed": [(id_, names.get(id_, "")[:200]) for id_ in removed],
    }
    return {kind: entries for kind, entries in lists.items() if entries}


def _unreadable_sentences(resource: registry.Resource[Any, Any], changes: Changes) -> str:
    """Return which objects could not be read and why, a line each; '' for none."""
    lines = [
        _("“%(name)s” (%(id)s) could not be read and was left as it was. %(reason)s")
        % {"name": one.name, "id": one.id if one.id >= 0 else _("no id"), "reason": one.reason}
        for one in changes.unreadable[:MAX_UNREADABLE_SHOWN]
    ]
    more = len(changes.unreadable) - len(lines)
    if more:
        lines.append(
            _("%(count)d more %(resource)s could not be read.") % {"count": more, "resource": resource.label}
        )
    return "\n".join(lines)


def _refusal(resource: registry.Resource[Any, Any], changes: Changes) -> str:
    counts = {"removed": len(changes.removed), "live": changes.live, "resource": resource.label}
    if len(changes.removed) == changes.live and not changes.rows and not changes.unchanged:
        return _("Pneumatic listed no %(resource)s; %(live)d are mirrored. Nothing was changed.") % counts
    return (
        _(
            "%(removed)d of %(live)d %(resource)s would be removed, more than a fifth. Nothing was changed for them."
        )
        % counts
    )


def _forbid(resource: registry.Resource[Any, Any], result: SyncResult, refusal: PermissionDenied) -> None:
    """Record that the key may not see ``resource``; that is a failure unless the resource ``may_be_forbidden``."""
    error = _("The user of the API key may not see %(resource)s in Pneumatic: %(reason)s") % {
        "resource": resource.label,
        "reason": refusal,
    }
    _fail(result, error)
    if resource.may_be_forbidden:
        result.state = SyncResult.State.FORBIDDEN


def _fail(result: SyncResult, error: str) -> None:
    """Record a failure; nothing was written, so all counts are 0."""
    result.state, result.finished_at = SyncResult.State.FAILED, clock.now()
    result.error = error
    result.added = result.changed = result.removed = result.unchanged = 0
    result.details = {}
