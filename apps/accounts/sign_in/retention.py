"""How long the log of sign-ins is kept: it has names and addresses of people."""

from __future__ import annotations

import datetime as dt

from axes.models import AccessFailureLog, AccessLog
from django.conf import settings
from django.utils import timezone

INTERVAL_SECONDS = 3600.0


def prune_log() -> None:
    """Delete sign-ins and failures that are older than ``SIGN_IN_LOG_DAYS``; a job of the worker."""
    oldest = timezone.now() - dt.timedelta(days=settings.SIGN_IN_LOG_DAYS)
    for model in (AccessLog, AccessFailureLog):
        model.objects.filter(attempt_time__lt=oldest).delete()
