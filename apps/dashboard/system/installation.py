"""Checks of what the dashboard is installed on: database, disks, versions."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import django
from django.conf import settings
from django.db import connection
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from apps.core.health import readiness, storage
from apps.dashboard.system.conditions import Condition, ok, problem, warning
from pneumatic_dash import __version__

LOW_FACTOR = 10  # times the space that must be free
# Pages need no new measurement each time; the probe makes its own.
NOTICE_MAX_AGE_SECONDS = 10.0


def database() -> Iterator[Condition]:
    """Report whether the database can be written to, and whether it is migrated."""
    advice = {
        "database": _("Check the database server, its disk and its log."),
        "migrations": _("Run manage.py migrate."),
    }
    for verdict in readiness.database_verdicts():
        if verdict.reason:
            yield problem(verdict.reason, advice[verdict.name])
        elif verdict.name == "database":
            yield ok(_("The database accepts writes."))
        else:
            yield ok(_("All migrations are applied."))


def disks() -> Iterator[Condition]:
    """Report the room on each disk."""
    for room in storage.rooms(max_age_seconds=NOTICE_MAX_AGE_SECONDS):
        free = "" if room.free is None else filesizeformat(room.free)
        if room.trouble:
            text = _("Disk of the %(what)s: %(trouble)s") % {"what": room.label, "trouble": room.trouble}
            notice = _("The server cannot store more: launches and uploads will fail.")
            advice = _("Free space in %(folder)s.") % {"folder": room.folder}
            yield problem(text, advice, notice=notice)
        elif room.free is not None and room.free < LOW_FACTOR * settings.DISK_MIN_FREE_BYTES:
            text = _("Disk of the %(what)s: only %(free)s free.") % {"what": room.label, "free": free}
            yield warning(text, _("Free space in %(folder)s.") % {"folder": room.folder})
        else:
            yield ok(_("Disk of the %(what)s: %(free)s free.") % {"what": room.label, "free": free})


def versions() -> Iterator[Condition]:
    """Report the versions in use."""
    server = ".".join(map(str, connection.get_database_version()))
    yield ok(
        f"Pneumatic Dash {__version__}, Python {platform.python_version()}, Django {django.get_version()}, "
        f"{connection.display_name} {server}"
    )
