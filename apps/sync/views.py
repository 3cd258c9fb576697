"""The sync page: how fresh the mirror is, what runs, what ran."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.sync import runs, selectors, services
from apps.sync.models import SyncRun

# How long a healthy worker may take to begin; after that the page says what to start.
WORKER_START_TIMEOUT = dt.timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Live:
    """What the live panel shows; ``phase`` changes when a screen reader should hear of it."""

    run: SyncRun | None
    no_worker: bool = False

    @property
    def phase(self) -> str:
        """Return in a few letters what goes on."""
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
    """Show what goes on, for a page that polls; when nothing does any more, the rest of the page comes along."""
    current = _live()
    spoken = request.GET.get("phase") != current.phase
    return render(request, "sync/live.html", {**_context(current), "is_update": True, "is_spoken": spoken})


@require_POST
@permission_required("sync.run_sync", raise_exception=True)
def start(request: HttpRequest) -> HttpResponseRedirect:
    """Ask the worker for a sync; ``confirm`` names the refused run whose removals are right."""
    confirmed = request.POST.get("confirm", "")
    if confirmed and not services.can_be_confirmed(confirmed):
        messages.error(
            request, _("That refusal is out of date: another sync has ended since. Please look again.")
        )
        return redirect("sync")
    services.enqueue_sync(started_by=request.user, allow_removals=bool(confirmed))
    return redirect("sync")


def _live() -> Live:
    runs.mark_interrupted()  # or the page would show a run that nobody does
    run = selectors.active_run()
    if run is None or run.state != SyncRun.State.QUEUED:
        return Live(run=run)
    return Live(run=run, no_worker=timezone.now() - run.started_at > WORKER_START_TIMEOUT)


def _context(current: Live) -> dict[str, object]:
    latest = selectors.latest_runs()
    return {
        "live": current,
        "runs": latest,
        "refused": latest[0] if latest and latest[0].state == SyncRun.State.REFUSED else None,
    }
