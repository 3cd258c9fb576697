"""Find out which generation of the API answers: ask once, and remember (``recall.py``).

The question is ``GET /webhooks/events``: today's server has it and says 200, or 403 to somebody who is no admin. The
documented one has ``GET /webhooks`` instead. So the answer takes one request or two, whoever the key belongs to.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.pneumatic import dialects, server
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.errors import NotFound, PermissionDenied, UnexpectedResponse, ValidationFailed
from apps.pneumatic.server import KnownServer
from apps.pneumatic.transport.api import Transport


def name_in_force() -> str:
    """Return the dialect to speak, '' when nobody knows yet. An explicit setting wins. No request is made."""
    if settings.PNEUMATIC_DIALECT != "auto":
        return str(settings.PNEUMATIC_DIALECT)
    finding = server.known()
    return finding.dialect if finding and finding.dialect in dialects.DIALECTS else ""


def find(transport: Transport) -> str:
    """Ask which generation answers, remember it, and return its name; raise PneumaticError when none can be told."""
    name = _ask(transport)
    before = server.last()
    # Whose key another one was is kept until it is known whose this is: days begin where that person is.
    mark, holder = (before.key_mark, before.holder) if before else (server.key_mark(), None)
    server.remember(KnownServer(name, timezone.now(), mark, holder))
    return name


def in_words() -> str:
    """Return in one line which Pneumatic this is and how that is known."""
    name = name_in_force()
    if not name:
        return _("Which Pneumatic this is has not been found out yet.")
    words = {"kind": dialects.label(name)}
    if settings.PNEUMATIC_DIALECT != "auto":
        return _("%(kind)s, by PNEUMATIC_DIALECT.") % words
    finding = server.known()
    if finding is None:
        return ""
    return _("%(kind)s, found %(ago)s by asking.") % {**words, "ago": _ago(finding.found_at)}


def _ask(transport: Transport) -> str:
    try:
        answer = transport.get("/webhooks/events")
    except PermissionDenied:
        # Closed to those who are no admins; but a server may look at the key before it looks at the path.
        return _ask_as_documented(transport, otherwise=Current.name)
    except (NotFound, ValidationFailed):  # 405 too: a documented server knows DELETE of /webhooks/<id>
        return _ask_as_documented(transport)
    if type(answer) is list and answer and all(type(row) is dict and "event" in row for row in answer):
        return Current.name
    return _ask_as_documented(transport)


def _ask_as_documented(transport: Transport, *, otherwise: str = "") -> str:
    try:
        answer = transport.get("/webhooks")
    except PermissionDenied:
        return Documented.name
    except (NotFound, ValidationFailed) as error:
        if otherwise:
            return otherwise
        status = error.status
    else:
        if type(answer) is list or (type(answer) is dict and type(answer.get("results")) is list):
            return Documented.name
        status = None
    raise UnexpectedResponse(
        _(
            "There is no Pneumatic API at this address: it knows neither the webhooks of the documentation nor "
            "those of today. Check PNEUMATIC_API_URL."
        ),
        status=status,
    )


def _ago(moment: dt.datetime) -> str:
    minutes = max(0, round((timezone.now() - moment).total_seconds() / 60))
    if minutes < 1:
        return _("just now")
    if minutes < 120:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    days = minutes // (24 * 60)
    if days < 2:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
