"""How long sessions and the log of sign-ins are kept: the log has names and addresses of people."""

from __future__ import annotations

import datetime as dt

from axes.models import AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

INTERVAL_SECONDS = 3600.0


def prune_log() -> None:
    """Delete sign-ins and failures that are older than ``SIGN_IN_LOG_DAYS``; a job of the worker."""
    oldest = timezone.now() - dt.timedelta(days=settings.SIGN_IN_LOG_DAYS)
    for model in (AccessLog, AccessFailureLog):
        model.objects.filter(attempt_time__lt=oldest).delete()


def prune_sessions() -> None:
    """Delete sessions that have ended, which Django leaves in the database; a job of the worker."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
