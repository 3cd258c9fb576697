"""Files on their way to the storage that Pneumatic names: another origin, that never sees the API key.

The URL carries a signature and is a secret: it stands in no message and no log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import IO
from urllib.parse import urlsplit

import requests
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from apps.pneumatic.errors import (
    PneumaticError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from apps.pneumatic.transport import connection
from apps.pneumatic.transport.api import USER_AGENT
from apps.pneumatic.transport.statuses import StatusKind, kind_of

logger = logging.getLogger(__name__)

# The signature in the URL has expired: this says nothing about what the API key may do.
_EXPIRED = (
    Unavailable,
    gettext_lazy("The file storage no longer accepts this upload. Upload the file again."),
)
_ERRORS: Mapping[StatusKind, tuple[type[PneumaticError], Promise]] = {
    StatusKind.UNAUTHENTICATED: _EXPIRED,
    StatusKind.FORBIDDEN: _EXPIRED,
    StatusKind.MISSING: _EXPIRED,
    StatusKind.GONE: _EXPIRED,
    StatusKind.TOO_LARGE: (ValidationFailed, gettext_lazy("The file is too large for the file storage.")),
    StatusKind.LIMITED: (
        RateLimited,
        gettext_lazy("The file storage receives too many requests. Try again in a few minutes."),
    ),
    StatusKind.TROUBLE: (
        Unavailable,
        gettext_lazy("The file storage reports a server error (HTTP %(status)d). Try again later."),
    ),
    StatusKind.STRANGE: (
        UnexpectedResponse,
        gettext_lazy("The file storage sent an unexpected response (HTTP %(status)d)."),
    ),
}
_REFUSED = (ValidationFailed, gettext_lazy("The file storage refused the file (HTTP %(status)d)."))

# A line slower than this is taken for one that hangs: 100 MiB may take half an hour.
SLOWEST = 64 * 1024  # bytes a second
LARGEST_ANSWER = 1024 * 1024


class Exactly:
    """A stream of exactly the announced size; sent as it is read, never held as a whole."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size
        self.is_short = False

    def read(self, amount: int = -1) -> bytes:
        """Return the next bytes; raise ValueError when the file ends too early."""
        wanted = self._left if amount < 0 else min(amount, self._left)
        chunk = self._stream.read(wanted) if wanted else b""
        self._left -= len(chunk)
        if wanted and not chunk:
            self.is_short = True
            raise ValueError("the file ended before its announced size")
        return chunk


@sensitive_variables("url", "request")
def put(url: str, stream: IO[bytes], *, content_type: str, size: int, timeout: tuple[float, float]) -> None:
    """PUT ``size`` bytes of ``stream`` to ``url``. Raise PneumaticError; a PUT may always be made again."""
    request = _prepared(url, content_type)
    if request is None:
        raise UnexpectedResponse(
            _("Pneumatic named an address for the file that cannot be used."), path="file_upload_url"
        )
    body = Exactly(stream, size)
    request.headers["Content-Length"] = str(size)
    request.body = body if size else None  # type: ignore[assignment]  # urllib3 takes whatever has read()
    patience = timeout[1]
    with connection.new_session(pool_size=1) as session:
        reply = connection.roundtrip(
            session,
            request,
            bound=connection.Exchange(seconds=sum(timeout) + size / SLOWEST),
            # The first of the two also bounds the sending of each piece: a store may be slower to take than to answer.
            timeout=(patience, patience),
            surroundings=connection.environment(url),
            largest=LARGEST_ANSWER,
        )
    error = _error(reply, body)
    if error is not None:
        raise error


@sensitive_variables("url", "parts")
def _prepared(url: str, content_type: str) -> requests.PreparedRequest | None:
    """Return the request without its body, or None for anything but a plain http(s) URL."""
    headers = {"Content-Type": content_type, "User-Agent": USER_AGENT, "Connection": "close"}
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or parts.username is not None or parts.password is not None:
            return None
        return requests.Request("PUT", url, headers=headers).prepare()
    except ValueError:  # those of requests included; their texts hold the URL
        return None


def _error(reply: connection.Reply | connection.NoReply, body: Exactly) -> PneumaticError | None:
    if isinstance(reply, connection.NoReply):
        if body.is_short:
            reason = _("The file ended before its announced size.")
            return ValidationFailed(reason)
        logger.info("PUT to the file storage: %s", reply.why.value)
        if reply.sent:
            return Unavailable(
                _("The connection to the file storage broke before the file was stored. Try again.")
            )
        return Unavailable(_("The file storage cannot be reached. Try again later."))
    kind = kind_of(reply.status)
    logger.info("PUT to the file storage: HTTP %d", reply.status)
    if kind is StatusKind.SUCCESS:
        return None
    error, sentence = _ERRORS.get(kind, _REFUSED)
    return error(str(sentence) % {"status": reply.status}, status=reply.status)
