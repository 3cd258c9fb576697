"""The sync page: freshness of the mirror, the active run, earlier runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.core.database import clock
from apps.sync import runs, selectors, services
from apps.sync.models import SyncRun

# A running worker takes a queued sync within this time; after that the page says how to start a worker.
WORKER_START_TIMEOUT = dt.timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Live:
    """Content of the live panel; ``phase`` changes when a screen reader should announce it."""

    run: SyncRun | None
    no_worker: bool = False

    @property
    def phase(self) -> str:
        """Return a short text that identifies the current step."""
        if self.run is None:
            return "idle"
        busy = [result for result in self.run.results.all() if result.finished_at is None]
        step = f"-{busy[-1].resource}-{busy[-1].state}" if busy else ""
        return f"{self.run.pk}-{self.run.state}{step}{'-alone' if self.no_worker else ''}"


@require_GET
@never_cache
@permission_required("sync.view_syncrun", raise_exception=True)
def page(request: HttpRequest) -> HttpResponse:
    """Show the whole page."""
    return render(request, "sync/page.html", _context(_live()))


@require_GET
@never_cache
@permission_required("sync.view_syncrun", raise_exception=True)
def live(request: HttpRequest) -> HttpResponse:
    """Show the live panel for a page that polls; once no run is active, update the rest of the page, too."""
    current = _live()
    is_announced = request.GET.get("phase") != current.phase
    return render(
        request, "sync/live.html", {**_context(current), "is_update": True, "is_announced": is_announced}
    )


@require_POST
@permission_required("sync.run_sync", raise_exception=True)
def start(request: HttpRequest) -> HttpResponseRedirect:
    """Have the worker run a sync; ``confirm`` is the refused run whose removals the user confirms."""
    confirmed = request.POST.get("confirm", "")
    if confirmed and not services.can_be_confirmed(confirmed):
        messages.error(
            request, _("Nothing was started: another sync has ended since. Check its result first.")
        )
        return redirect("sync")
    services.enqueue_sync(started_by=request.user, allow_removals=bool(confirmed))
    return redirect("sync")


def _live() -> Live:
    runs.mark_interrupted()  # the page must not show a run whose process has ended as running
    run = selectors.active_run()
    if run is None or run.state != SyncRun.State.QUEUED:
        return Live(run=run)
    return Live(run=run, no_worker=clock.now() - run.started_at > WORKER_START_TIMEOUT)


def _context(current: Live) -> dict[str, object]:
    latest = selectors.latest_runs()
    return {
        "live": current,
        "runs": latest,
        "refused": latest[0] if latest and latest[0].state == SyncRun.State.REFUSED else None,
    }
