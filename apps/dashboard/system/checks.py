"""The one list of checks, and how it is run: by the page, by ``manage.py system_status`` and by the banner."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.dashboard.system import background, connection, installation
from apps.dashboard.system.conditions import Condition, Level, SystemCheck, SystemPart, ok, problem

CACHE_SECONDS = 10.0

logger = logging.getLogger(__name__)

CHECKS = (
    SystemCheck("worker", gettext_lazy("Worker"), background.workers, has_notices=True),
    SystemCheck("tasks", gettext_lazy("Tasks"), background.tasks),
    SystemCheck("deliveries", gettext_lazy("Deliveries"), background.deliveries),
    SystemCheck("launches", gettext_lazy("Launches"), background.launches),
    SystemCheck("key", gettext_lazy("API key"), connection.api_key, has_notices=True),
    SystemCheck("sync", gettext_lazy("Sync"), connection.sync),
    SystemCheck("subscriptions", gettext_lazy("Subscriptions"), connection.subscriptions),
    SystemCheck("database", gettext_lazy("Database"), installation.database),
    SystemCheck("disk", gettext_lazy("Disk"), installation.disks, has_notices=True),
    SystemCheck("versions", gettext_lazy("Versions"), installation.versions),
)

_cached: tuple[float, list[str]] | None = None


def run() -> list[SystemPart]:
    """Run all checks. One that cannot be made is itself a problem, and stops no other."""
    return [_part(check) for check in CHECKS]


def notices() -> list[str]:
    """Return what every user should know, as of the last ``CACHE_SECONDS`` of this process.

    It costs one query while everything works, and a few otherwise: too many for each of the pages of everyone.
    """
    global _cached
    cached = _cached
    if cached is not None and time.monotonic() - cached[0] < CACHE_SECONDS:
        return cached[1]
    found = _notices()
    _cached = time.monotonic(), found
    return found


def _notices() -> list[str]:
    parts = [_part(check) for check in CHECKS if check.has_notices]
    found = [condition.notice for part in parts for condition in part.conditions if condition.notice]
    return list(dict.fromkeys(found))


def worst(parts: Sequence[SystemPart]) -> Level:
    """Return the level of the worst condition."""
    levels = {condition.level for part in parts for condition in part.conditions}
    return next(
        level for level in (Level.PROBLEM, Level.WARNING, Level.OK) if level in levels or level is Level.OK
    )


def _part(check: SystemCheck) -> SystemPart:
    conditions: tuple[Condition, ...]
    try:
        conditions = tuple(check.observe())
    except Error as error:
        reason = type(error).__name__
        text = _("Could not be checked: the database failed (%(reason)s).") % {"reason": reason}
        conditions = (problem(text, _("Check the database.")),)
    except Exception:
        logger.exception("The system check “%s” failed.", check.name)
        conditions = (problem(_("Could not be checked."), _("The log says why.")),)
    return SystemPart(check.name, str(check.label), conditions or (ok(_("Nothing waits.")),))
