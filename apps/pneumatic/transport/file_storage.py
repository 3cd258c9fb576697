"""Files on their way to the storage that Pneumatic names: another origin, that never sees the API key.

The URL carries a signature and is a secret: it stands in no message and no log.
"""

from __future__ import annotations

import logging
from typing import IO
from urllib.parse import urlsplit

import requests
from django.utils.translation import gettext as _
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

logger = logging.getLogger(__name__)

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
    status = reply.status
    logger.info("PUT to the file storage: HTTP %d", status)
    if 200 <= status < 300:
        return None
    if status == 413:
        return ValidationFailed(_("The file storage finds the file too large."), status=status)
    if status in {401, 403, 404, 410}:
        # The signature in the URL has run out: this says nothing about what the API key may do.
        return Unavailable(
            _("The file storage no longer accepts this upload. Upload the file again."), status=status
        )
    if status == 429:
        return RateLimited(
            _("The file storage gets too many requests. Try again in a little while."), status=status
        )
    if status == 408 or status >= 500:
        return Unavailable(
            _("The file storage has a problem at the moment (HTTP %(status)d). Try again later.")
            % {"status": status},
            status=status,
        )
    if 400 <= status < 500:
        return ValidationFailed(
            _("The file storage refused the file (HTTP %(status)d).") % {"status": status}, status=status
        )
    return UnexpectedResponse(
        _("The file storage answered in an unexpected way (HTTP %(status)d).") % {"status": status},
        status=status,
    )
