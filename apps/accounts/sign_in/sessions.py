"""When a session ends: after a time without activity, and after a time in any case.

A session stores when it began and when its user was last active, by the database's clock. Polls of open pages are no
activity. The time is written at most once a minute, and a database that is busy or read-only only delays that.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from apps.core import live
from apps.core.database import clock
from apps.core.database.transactions import bounded_transaction

logger = logging.getLogger(__name__)

STARTED_AT, ACTIVE_AT = "session_started_at", "session_active_at"  # seconds since 1970
NOTE_EVERY_SECONDS = 60
NOTE_WAIT_SECONDS = 1.0  # for the write lock: reading a page must not wait longer than it did
_HOUR = 60


class SessionLimitMiddleware:
    """End a session that is over, and note activity. It belongs after ``AuthenticationMiddleware``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and SESSION_KEY in request.session:
            _check(request)
        return self.get_response(request)


def begin(*, request: HttpRequest, **_signal: Any) -> None:
    """Start the limits of a session; connected to ``user_logged_in``."""
    now = clock.now().timestamp()
    request.session[STARTED_AT] = request.session[ACTIVE_AT] = now


@require_GET
def activity(request: HttpRequest) -> HttpResponse:
    """Respond to ``static/js/activity.js``, which reports that the user types: the middleware has noted it."""
    return HttpResponse(status=204)


def limits_sentence() -> str:
    """Return how long a session lasts, for the sign-in page."""
    minutes, days = round(settings.SESSION_IDLE_MINUTES), round(settings.SESSION_MAX_DAYS)
    if minutes % _HOUR:
        idle = ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    else:
        hours = minutes // _HOUR
        idle = ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    longest = ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    return _("You stay signed in until %(idle)s without activity, at most %(longest)s.") % {
        "idle": idle,
        "longest": longest,
    }


def _check(request: HttpRequest) -> None:
    now = clock.now().timestamp()
    started_at, active_at = request.session.get(STARTED_AT), request.session.get(ACTIVE_AT)
    if started_at is None or active_at is None:  # of a version without limits
        request.session[STARTED_AT] = request.session[ACTIVE_AT] = now
        return
    limit = _limit_reached(now - started_at, now - active_at)
    if limit:
        logger.info("Session ended: %s.", limit)
        logout(request)
    elif now - active_at >= NOTE_EVERY_SECONDS and not live.is_background(request):
        _note(request, now)


def _limit_reached(age_seconds: float, idle_seconds: float) -> str:
    if idle_seconds > dt.timedelta(minutes=settings.SESSION_IDLE_MINUTES).total_seconds():
        return "no activity"
    if age_seconds > dt.timedelta(days=settings.SESSION_MAX_DAYS).total_seconds():
        return "maximum age"
    return ""


def _note(request: HttpRequest, now: float) -> None:
    """Store the time of activity before the view runs, so that its failure cannot turn a page into an error."""
    request.session[ACTIVE_AT] = now
    try:
        with bounded_transaction(NOTE_WAIT_SECONDS):
            request.session.save()
    except (DatabaseError, UpdateError) as error:
        logger.warning("The activity of a session was not stored: %s", type(error).__name__)
    request.session.modified = False
