"""Find out which generation of the API answers, ask once, and remember.

The question is ``GET /webhooks/events``: today's server has it and says 200, or 403 to somebody who is no admin. The
documented one has ``GET /webhooks`` instead. So the answer takes one request or two, whoever the key belongs to.

The gateway keeps nothing in a database. Where findings are remembered is registered by the layer above.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.pneumatic import dialects
from apps.pneumatic.dialects.current import Current
from apps.pneumatic.dialects.documented import Documented
from apps.pneumatic.errors import NotFound, PermissionDenied, UnexpectedResponse, ValidationFailed
from apps.pneumatic.schemas import KeyHolder
from apps.pneumatic.transport import Transport

# Seconds for which a process trusts what it read from the memory: another one may have looked again.
TRUSTED_FOR = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at an address.

    ``holder`` is the user of the key which ``key_mark`` tells from others and gives nothing away of.
    """

    dialect: str
    found_at: dt.datetime
    key_mark: str = ""
    holder: KeyHolder | None = None


Load = Callable[[str], Finding | None]
Save = Callable[[str, Finding], None]

_load: Load | None = None
_save: Save | None = None
_trusted: dict[str, tuple[float, Finding | None]] = {}


def register_memory(load: Load, save: Save) -> None:
    """Make ``load(api_url)`` and ``save(api_url, finding)`` the memory. Neither may raise for a missing database."""
    global _load, _save
    _load, _save = load, save


def forget() -> None:
    """Forget what this process read from the memory."""
    _trusted.clear()


def known() -> Finding | None:
    """Return what is remembered of the server that the settings name, the holder only of the present key."""
    finding = _remembered(settings.PNEUMATIC_API_URL)
    if finding is None or finding.key_mark == key_mark():
        return finding
    return Finding(dialect=finding.dialect, found_at=finding.found_at)


def last_zone() -> str:
    """Return the time zone of whoever was last known to hold a key of this server; '' for nobody."""
    finding = _remembered(settings.PNEUMATIC_API_URL)
    return finding.holder.zone if finding and finding.holder else ""


def name_in_force() -> str:
    """Return the dialect to speak, '' when nobody knows yet. An explicit setting wins. No request is made."""
    if settings.PNEUMATIC_DIALECT != "auto":
        return str(settings.PNEUMATIC_DIALECT)
    finding = known()
    return finding.dialect if finding and finding.dialect in dialects.DIALECTS else ""


def key_mark() -> str:
    """Return what tells the API key of the settings from others and gives nothing of it away; '' for none."""
    return _mark(settings.PNEUMATIC_API_KEY)


def find(transport: Transport) -> str:
    """Ask which generation answers, remember it, and return its name; raise PneumaticError when none can be told."""
    name = _ask(transport)
    before = _remembered(settings.PNEUMATIC_API_URL)
    # Whose key another one was is kept until it is known whose this is: days begin where that person is.
    mark, holder = (before.key_mark, before.holder) if before else (key_mark(), None)
    remember(Finding(name, timezone.now(), mark, holder))
    return name


def remember_holder(dialect: str, holder: KeyHolder) -> None:
    """Remember whom the key belongs to."""
    finding = known()
    found_at = finding.found_at if finding and finding.dialect == dialect else timezone.now()
    remember(Finding(dialect, found_at, key_mark(), holder))


def remember(finding: Finding) -> None:
    """Remember ``finding`` for the server that the settings name."""
    url = settings.PNEUMATIC_API_URL
    _trusted[url] = (time.monotonic(), finding)
    if _save is not None:
        _save(url, finding)


def in_words() -> str:
    """Return in one line which Pneumatic this is and how that is known."""
    name = name_in_force()
    if not name:
        return _("Which Pneumatic this is has not been found out yet.")
    words = {"kind": dialects.label(name)}
    if settings.PNEUMATIC_DIALECT != "auto":
        return _("%(kind)s, by PNEUMATIC_DIALECT.") % words
    finding = known()
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


def _remembered(url: str) -> Finding | None:
    trusted = _trusted.get(url)
    if trusted is not None and time.monotonic() - trusted[0] < TRUSTED_FOR:
        return trusted[1]
    finding = _load(url) if _load is not None else (trusted[1] if trusted else None)
    _trusted[url] = (time.monotonic(), finding)
    return finding


def _mark(key: str) -> str:
    return salted_hmac("apps.pneumatic.detection", key).hexdigest() if key else ""


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
