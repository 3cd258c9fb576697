"""Upload files to Pneumatic's file service, which belongs to the current API and has another address.

It accepts the API key, so the key is sent to the URL in PNEUMATIC_FILES_URL, and to no other.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from urllib3.fields import RequestField
from urllib3.filepost import choose_boundary

from apps.pneumatic.canonical.schemas import PublicFile, Upload
from apps.pneumatic.errors import (
    AuthenticationFailed,
    ConfigurationError,
    PneumaticError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from apps.pneumatic.transport import connection, retry
from apps.pneumatic.transport.api import Transport
from apps.pneumatic.transport.file_storage import MIN_BYTES_PER_SECOND, Exactly
from apps.pneumatic.transport.parsing import Node, decode_json
from apps.pneumatic.transport.statuses import StatusKind, kind_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

_NOT_THERE = (
    UnexpectedResponse,
    gettext_lazy("PNEUMATIC_FILES_URL is not the URL of a file service: another server responds there."),
)
_ERRORS: Mapping[StatusKind, tuple[type[PneumaticError], Promise]] = {
    StatusKind.SUCCESS: _NOT_THERE,  # of a form without a file, or without the JSON that names the file
    StatusKind.MISSING: _NOT_THERE,
    StatusKind.WRONG_METHOD: _NOT_THERE,
    StatusKind.STRANGE: _NOT_THERE,
    StatusKind.UNAUTHENTICATED: (
        AuthenticationFailed,
        gettext_lazy("Pneumatic's file service does not accept the API key. Check PNEUMATIC_FILES_URL."),
    ),
    StatusKind.TOO_LARGE: (ValidationFailed, gettext_lazy("The file is too large for the file service.")),
    StatusKind.LIMITED: (RateLimited, gettext_lazy("Pneumatic's file service receives too many uploads.")),
    StatusKind.TROUBLE: (
        Unavailable,
        gettext_lazy("The file service reports a server error (HTTP %(status)d). Try again later."),
    ),
}
_REFUSED = (ValidationFailed, gettext_lazy("The file service refused the file (HTTP %(status)d)."))
# The response to a form without a file, once the key is accepted.
_NO_FILE_IN_FORM = HTTPStatus.UNPROCESSABLE_ENTITY


class _Form:
    """A multipart form with one file; the stream is read as it is sent."""

    def __init__(self, upload: Upload, boundary: str) -> None:
        # Quoted as in RFC 2183; urllib3 quotes everything else.
        field = RequestField("file", data=b"", filename=upload.filename.replace("\\", r"\\"))
        field.make_multipart(content_disposition="form-data", content_type=upload.content_type)
        upload.stream.seek(0)
        self.file = Exactly(upload.stream, upload.size)
        self._head = f"--{boundary}\r\n{field.render_headers()}".encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")
        self.size = len(self._head) + upload.size + len(self._tail)

    def read(self, amount: int = -1) -> bytes:
        """Return the next bytes; raise ValueError if the file ends too early."""
        chunk, self._head = _cut(self._head, amount)
        if chunk:
            return chunk
        if chunk := self.file.read(amount):
            return chunk
        chunk, self._tail = _cut(self._tail, amount)
        return chunk


def upload(transport: Transport, upload: Upload, *, files_url: str) -> PublicFile:
    """Upload a file to the service at ``files_url``; raise PneumaticError.

    The service finds keys in the server's cache and refuses a key that has left it. A request to the API puts the key
    back, so after a refusal the upload is tried once more.
    """
    if not files_url:
        raise ConfigurationError(not_configured())
    return _with_cached_key(transport, lambda: _upload(transport, upload, files_url))


def check(transport: Transport, *, files_url: str) -> None:
    """Send the service at ``files_url`` a form without a file; raise PneumaticError unless it would accept one."""
    if not files_url:
        raise ConfigurationError(not_configured())
    _with_cached_key(transport, lambda: _check(transport, files_url))


def not_configured() -> str:
    """Return the sentence for an empty PNEUMATIC_FILES_URL."""
    return _(
        "Files cannot be uploaded: PNEUMATIC_FILES_URL is empty. An administrator can set it to the URL of Pneumatic's "
        "file service, usually the URL of Pneumatic's web app with /files at the end."
    )


def _with_cached_key(transport: Transport, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except AuthenticationFailed:
        # Raises when the key is refused there as well.
        transport.get("/templates", {"limit": 1}, repeat=False)
    return ask()


def _check(transport: Transport, files_url: str) -> None:
    """Send a form without a file. The response is 401 for an unknown key, and otherwise 422."""
    body = b"x=1"
    reply = _send(
        transport,
        files_url,
        io.BytesIO(body),
        size=len(body),
        content_type="application/x-www-form-urlencoded",
        seconds=sum(transport.timeout),
    )
    if isinstance(reply, connection.NoReply):
        raise _silence(reply, is_short=False)
    if reply.status != _NO_FILE_IN_FORM:
        raise _error(reply)


def _upload(transport: Transport, upload: Upload, files_url: str) -> PublicFile:
    boundary = choose_boundary()
    form = _Form(upload, boundary)
    reply = _send(
        transport,
        files_url,
        form,
        size=form.size,
        content_type=f"multipart/form-data; boundary={boundary}",
        seconds=sum(transport.timeout) + upload.size / MIN_BYTES_PER_SECOND,
    )
    if isinstance(reply, connection.NoReply):
        logger.info("POST to the file service: %s", reply.reason.value)
        raise _silence(reply, is_short=form.file.is_short)
    logger.info("POST to the file service: HTTP %d", reply.status)
    if kind_of(reply.status) is not StatusKind.SUCCESS:
        raise _error(reply)
    return _public_file(reply, upload)


def _send(
    transport: Transport,
    files_url: str,
    body: connection.Body,
    *,
    size: int,
    content_type: str,
    seconds: float,
) -> connection.Reply | connection.NoReply:
    try:
        return transport.send_file(
            f"{files_url}/upload", body, size=size, content_type=content_type, seconds=seconds
        )
    except ValueError:  # how requests refuses a URL
        mistake = ConfigurationError(
            _("PNEUMATIC_FILES_URL is not a valid URL. Example: https://pneumatic.example.com/files.")
        )
    raise mistake


def _public_file(reply: connection.Reply, upload: Upload) -> PublicFile:
    try:
        node = Node(decode_json(reply.body), key="file")
    except ValueError:  # it contains the response, and must not be the context of our error
        node = None
    if node is None:
        raise _error(reply)
    return PublicFile(
        id=node.text("file_id"), name=upload.filename, url=node.text("public_url"), size=upload.size
    )


def _silence(reply: connection.NoReply, *, is_short: bool) -> PneumaticError:
    if is_short:
        return ValidationFailed(_("The file ended before its announced size."))
    if reply.sent:
        return Unavailable(
            _("The connection to the file service broke before the file was stored. Try again.")
        )
    return Unavailable(
        _("The file service cannot be reached. Check PNEUMATIC_FILES_URL, or try again later.")
    )


def _error(reply: connection.Reply) -> PneumaticError:
    """Return the error for any response other than the expected one."""
    error, lazy = _ERRORS.get(kind_of(reply.status), _REFUSED)
    sentence = str(lazy) % {"status": reply.status}
    if error is RateLimited:
        return RateLimited(sentence, retry_after=_retry_after(reply), status=reply.status)
    return error(sentence, status=reply.status)


def _retry_after(reply: connection.Reply) -> float | None:
    """Return the seconds to wait, from the header or the body."""
    seconds = retry.retry_after_seconds(reply.headers, now=dt.datetime.now(dt.UTC))
    if seconds is not None:
        return seconds
    try:
        body: Any = decode_json(reply.body)
    except ValueError:
        return None
    value: Any = body.get("retry_after") if isinstance(body, dict) else None
    return float(value) if type(value) in (int, float) and math.isfinite(value) and value >= 0 else None


def _cut(data: bytes, amount: int) -> tuple[bytes, bytes]:
    return (data, b"") if amount < 0 else (data[:amount], data[amount:])
