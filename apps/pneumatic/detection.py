"""Detect which API the server has: ask once, and remember the result (``server.py``).

The current API has ``GET /webhooks/events`` and answers 200, or 403 to a user who is no administrator. The documented
API has ``GET /webhooks`` instead. So detection takes one request or two, with the key of any user.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.pneumatic import server
from apps.pneumatic.dialects import registry
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.errors import NotFound, PermissionDenied, UnexpectedResponse, ValidationFailed
from apps.pneumatic.server import KnownServer
from apps.pneumatic.transport.api import Transport


def active_dialect() -> str:
    """Return the name of the dialect to use: that of the setting, or the detected one; '' before the first detection.

    No request is made.
    """
    if settings.PNEUMATIC_DIALECT != "auto":
        return str(settings.PNEUMATIC_DIALECT)
    known = server.known()
    return known.dialect if known and known.dialect in registry.DIALECTS else ""


def detect(transport: Transport) -> str:
    """Ask which API the server has, remember it, and return the dialect's name.

    Raise UnexpectedResponse for a server that has neither, and any other PneumaticError of a failed request.
    """
    name = _detect(transport)
    before = server.last()
    # The user of another key is kept until the new one is known: days begin in that user's time zone.
    fingerprint, key_holder = (
        (before.key_fingerprint, before.key_holder) if before else (server.key_fingerprint(), None)
    )
    features = before.features if before and before.dialect == name else None
    server.remember(KnownServer(name, server.now(), fingerprint, key_holder, features))
    return name


def description() -> str:
    """Return one line that names the API in use and how it is known. No request is made."""
    name = active_dialect()
    if not name:
        return _("Pneumatic version not detected yet. Run “manage.py check_connection”.")
    values = {"kind": registry.label(name)}
    if settings.PNEUMATIC_DIALECT != "auto":
        return _("%(kind)s, set by PNEUMATIC_DIALECT.") % values
    known = server.known()
    if known is None:
        return ""
    return _("%(kind)s, detected %(ago)s.") % {**values, "ago": _ago(known.found_at)}


def _detect(transport: Transport) -> str:
    try:
        rows = transport.get("/webhooks/events")
    except PermissionDenied:
        # The current API refuses a user who is no administrator; but a server may also check the key before the path.
        return _detect_documented(transport, otherwise=Current.name)
    except (NotFound, ValidationFailed):  # 405 too: the documented API has DELETE /webhooks/<id>
        return _detect_documented(transport)
    if type(rows) is list and rows and all(type(row) is dict and "event" in row for row in rows):
        return Current.name
    return _detect_documented(transport)


def _detect_documented(transport: Transport, *, otherwise: str = "") -> str:
    try:
        rows = transport.get("/webhooks")
    except PermissionDenied:
        return Documented.name
    except (NotFound, ValidationFailed) as error:
        if otherwise:
            return otherwise
        status = error.status
    else:
        if type(rows) is list or (type(rows) is dict and type(rows.get("results")) is list):
            return Documented.name
        status = None
    raise UnexpectedResponse(
        _(
            "There is no Pneumatic API at this address: it has neither the webhooks of the current API nor those of "
            "the documented one. Check PNEUMATIC_API_URL."
        ),
        status=status,
    )


def _ago(timestamp: dt.datetime) -> str:
    minutes = max(0, round((server.now() - timestamp).total_seconds() / 60))
    if minutes < 1:
        return _("just now")
    if minutes < 120:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    days = minutes // (24 * 60)
    if days < 2:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
