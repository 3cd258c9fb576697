"""The worker looks in Pneumatic itself for the workflows of launches whose answers were lost, where it can.

A look reads the workflows of a template back as events, so that ``matching.py`` settles what they show. What complete
looks do not show, though it should be there, did not start: that takes two of them, the first a while after the request
had ended, with the key that it was sent with (nobody is kept from what they started), and nothing that might be the
workflow all the same. Nothing is ever sent again from here; and a workflow that shows up later, or an answer that comes
late, still wins.
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

from apps.launches.dispatch import services
from apps.launches.models import Launch
from apps.launches.resolution import matcher
from apps.launches.state import decide_alone, move
from apps.pneumatic.client import Client, capabilities, connect
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.server import key_mark
from apps.workflows.reconciliation import reconciler

logger = logging.getLogger(__name__)

State = Launch.State

SECONDS_BETWEEN_JOBS = 5.0
BETWEEN_LOOKS = dt.timedelta(
    seconds=10
)  # at first; then an eighth of the time that has passed since the request
PATIENCE = 8
# A request that has ended here may still be at work there for so long, before a look counts that does not show it;
SETTLED_AFTER = dt.timedelta(seconds=20)
# and so long after that, another one has to agree.
BETWEEN_MISSES = dt.timedelta(seconds=30)


def look() -> None:
    """Look for every launch whose turn it is: the worker's periodic job.

    Without any it costs two looks into small indexes, and no request. Several workers may do it at once.
    """
    services.settle_abandoned()
    if not capabilities().reads_back:
        return
    by_template: dict[int, list[Launch]] = defaultdict(list)
    for launch in _claimed(timezone.now()):
        by_template[launch.template_id].append(launch)
    for template_id, launches in by_template.items():
        try:
            with connect() as client:
                _look_for(client, template_id, launches)
        except PneumaticError as error:
            # The next turn comes by itself; the page says when the last look was that succeeded.
            logger.warning("Pneumatic could not be asked for lost workflows: %s", type(error).__name__)


def _claimed(now: dt.datetime) -> list[Launch]:
    """Return the launches whose turn it is; no other worker gets them before the next turn."""
    found = Launch.objects.filter(matcher.LOOKED_FOR, matcher.may_show_more())
    claimed = []
    for launch in found.select_related("version", "template", "launched_by").defer("template__raw"):
        tried, ended = launch.tried_at, launch.finished_at or launch.created_at
        if tried is not None and now - tried < max(BETWEEN_LOOKS, (tried - ended) / PATIENCE):
            continue
        if Launch.objects.filter(pk=launch.pk, tried_at=tried).update(tried_at=now):
            claimed.append(launch)
    return claimed


def _look_for(client: Client, template_id: int, launches: Sequence[Launch]) -> None:
    began = timezone.now()
    since = min(matcher.window(launch)[0] for launch in launches)
    is_complete = reconciler.find_launched(client, template_id=template_id, since=since)
    for launch in _still_looked_for(launches):
        doubt = "" if launch.sent_with == key_mark() else _another_key()
        _conclude(launch, began=began, doubt=doubt if is_complete else _not_all_read())


def _still_looked_for(launches: Iterable[Launch]) -> list[Launch]:
    """Return those of these launches that the look has not settled, in the same attempt."""
    attempts = {launch.pk: launch.attempts for launch in launches}
    found = Launch.objects.filter(matcher.LOOKED_FOR, pk__in=attempts).select_related("version")
    return [launch for launch in found if launch.attempts == attempts[launch.pk]]


def _conclude(launch: Launch, *, began: dt.datetime, doubt: str) -> None:
    """Write down what a look told of a launch that it did not settle; ``doubt`` is why it proves nothing."""
    with transaction.atomic():
        decide_alone()
        launch.refresh_from_db(fields=["state", "missed_at", "finished_at"])
        may_be_known = matcher.may_be_known(launch)
        if launch.was_missed:
            values: dict[str, Any] = {"looked_at": began}
        elif may_be_known or doubt:
            values = {
                "looked_at": began,
                "look_note": _not_clear() if may_be_known else doubt,
                "missed_at": None,
            }
        else:
            values = _missed(launch, began)
        move(launch.pk, come_from=[State.UNKNOWN], or_missed=True, attempts=launch.attempts, **values)


def _missed(launch: Launch, began: dt.datetime) -> dict[str, Any]:
    """Return what it means that the workflow should be there and is not."""
    values: dict[str, Any] = {"looked_at": began, "look_note": _not_there()}
    ended = launch.finished_at or launch.created_at
    if began - ended < SETTLED_AFTER:
        return values
    if launch.missed_at is None:
        return values | {"missed_at": began}
    if began - launch.missed_at < BETWEEN_MISSES:
        return values
    logger.info("Launch %s did not start: Pneumatic's list did not show it twice", launch.pk)
    reason = _(
        "The dashboard looked into Pneumatic's list of workflows at %(first)s and at %(last)s, and it was not there: "
        "it did not start. It is safe to try again."
    )
    times = {"first": _clock(launch.missed_at), "last": _clock(began)}
    return values | {"state": State.FAILED, "reason": reason % times, "finished_at": timezone.now()}


def _clock(moment: dt.datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "H:i:s")


def _not_there() -> str:
    return _("There was no such workflow, but it may only be slow to start.")


def _not_clear() -> str:
    return _("It found workflows that may be it, but which one is not clear.")


def _not_all_read() -> str:
    return _("It found none, but could not read every workflow, so that proves nothing.")


def _another_key() -> str:
    return _(
        "It found none, but the workflow was asked for with another API key and may not be shown to this one, so that "
        "proves nothing."
    )
