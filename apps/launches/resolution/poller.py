"""Search Pneumatic for the workflows of unknown launches: a periodic job of the worker.

A check reads the workflows of a template back as events, and ``matcher.py`` resolves the launches that match. A launch
is *failed* when two complete checks did not find its workflow. Both use the API key that the launch was sent with,
because a key can read every workflow that it started. The first check begins START_GRACE after the request ended. A
launch does not become *failed* while any workflow is a possible match. Nothing is sent again from here. A workflow that
is found later, or a late response, still takes precedence.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.launches.models import Launch
from apps.launches.resolution import matcher, services
from apps.launches.state import lock_resolution, move
from apps.pneumatic.client import Client, capabilities, connect
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.server import key_fingerprint
from apps.workflows.reconciliation import reconciler

logger = logging.getLogger(__name__)

State = Launch.State

JOB_INTERVAL_SECONDS = 5.0
# The shortest interval. It grows to the time since the request, divided by BACKOFF_DIVISOR.
POLL_INTERVAL = dt.timedelta(seconds=10)
BACKOFF_DIVISOR = 8
# Pneumatic may still be starting the workflow for so long after our request ended.
START_GRACE = dt.timedelta(seconds=20)
# Between the two checks that must not find it.
NOT_FOUND_INTERVAL = dt.timedelta(seconds=30)


def poll() -> None:
    """Check every launch that is due: the worker's periodic job.

    Without any it reads two small indexes and makes no request. Several workers may run it at once.
    """
    services.settle_abandoned()
    if not capabilities().reads_back:
        return
    by_template: dict[int, list[Launch]] = defaultdict(list)
    for launch in _claimed(clock.now()):
        by_template[launch.template_id].append(launch)
    for template_id, launches in by_template.items():
        try:
            with connect() as client:
                _poll_template(client, template_id, launches)
        except PneumaticError as error:
            # The job runs again; the page shows the time of the last successful check.
            logger.warning("Pneumatic could not be searched for lost workflows: %s", type(error).__name__)


def _claimed(now: dt.datetime) -> list[Launch]:
    """Return the launches that are due; no other worker gets them before they are due again."""
    found = Launch.objects.filter(matcher.IS_PENDING, matcher.can_show_more())
    claimed = []
    for launch in found.select_related("version", "template", "launched_by").defer("template__raw"):
        tried, ended = launch.check_attempted_at, launch.finished_at or launch.created_at
        if tried is not None and now - tried < max(POLL_INTERVAL, (tried - ended) / BACKOFF_DIVISOR):
            continue
        if Launch.objects.filter(pk=launch.pk, check_attempted_at=tried).update(check_attempted_at=now):
            claimed.append(launch)
    return claimed


def _poll_template(client: Client, template_id: int, launches: Sequence[Launch]) -> None:
    began = clock.now()
    since = min(matcher.start_window(launch)[0] for launch in launches)
    is_complete = reconciler.find_launched(client, template_id=template_id, since=since)
    for launch in _still_pending(launches):
        doubt = "" if launch.api_key_fingerprint == key_fingerprint() else _other_key_note()
        _finish_poll(launch, began=began, doubt=doubt if is_complete else _incomplete_note())


def _still_pending(launches: Iterable[Launch]) -> list[Launch]:
    """Return those of these launches that the check has not settled, in the same attempt."""
    attempts = {launch.pk: launch.attempts for launch in launches}
    found = Launch.objects.filter(matcher.IS_PENDING, pk__in=attempts).select_related("version")
    return [launch for launch in found if launch.attempts == attempts[launch.pk]]


def _finish_poll(launch: Launch, *, began: dt.datetime, doubt: str) -> None:
    """Record the result of a check that did not settle a launch; ``doubt`` is why it proves nothing."""
    with transaction.atomic():
        lock_resolution()
        launch.refresh_from_db(fields=["state", "not_found_at", "finished_at"])
        has_candidates = matcher.has_candidates(launch)
        if launch.was_not_found:
            values: dict[str, Any] = {"checked_at": began}
        elif has_candidates or doubt:
            values = {
                "checked_at": began,
                "check_note": _ambiguous_note() if has_candidates else doubt,
                "not_found_at": None,
            }
        else:
            values = _record_not_found(launch, began)
        move(launch.pk, come_from=[State.UNKNOWN], or_not_found=True, attempts=launch.attempts, **values)


def _record_not_found(launch: Launch, began: dt.datetime) -> dict[str, Any]:
    """Return the columns to write when a complete check did not find the workflow."""
    values: dict[str, Any] = {"checked_at": began, "check_note": _not_found_note()}
    ended = launch.finished_at or launch.created_at
    if began - ended < START_GRACE:
        return values
    if launch.not_found_at is None:
        return values | {"not_found_at": began}
    if began - launch.not_found_at < NOT_FOUND_INTERVAL:
        return values
    logger.info("Launch %s did not start: Pneumatic's list did not show it twice", launch.pk)
    reason = _(
        "The dashboard checked Pneumatic's list of workflows at %(first)s and at %(last)s, and did not find it: "
        "the workflow was not started. It is safe to retry."
    )
    times = {"first": _clock(launch.not_found_at), "last": _clock(began)}
    return values | {"state": State.FAILED, "reason": reason % times, "finished_at": clock.now()}


def _clock(time: dt.datetime) -> str:
    return formats.date_format(timezone.localtime(time), "H:i:s")


def _not_found_note() -> str:
    return _("It found no such workflow, but the start may only be slow.")


def _ambiguous_note() -> str:
    return _("It found possible matches, but none is certain.")


def _incomplete_note() -> str:
    return _("It found none, but could not read every workflow, so the result is not certain.")


def _other_key_note() -> str:
    return _(
        "It found none, but the launch was sent with another API key. The current key may not see the workflow, so the "
        "result is not certain."
    )
