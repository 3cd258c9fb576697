"""Send one body by HTTP: to exactly this address, through no proxy; redirects are followed on request only."""

from __future__ import annotations

import http.client
import threading
from urllib.parse import urljoin, urlsplit

_PIECES = 20  # a body that is sent slowly comes in so many
_MAX_REDIRECTS = 30
_TO_GET = {301, 302, 303}
_SAME_METHOD = {307, 308}
# How the current server names itself.
_MODERN_HEADERS = {
    "User-Agent": "python-requests/2.22.0",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
}
_HEADERS = {"User-Agent": "Pneumatic sandbox"}


def post(
    target: str,
    body: bytes,
    *,
    timeout: float,
    seconds: float,
    over: threading.Event,
    is_modern: bool = False,
) -> tuple[int | None, str]:
    """Return the status of the answer, or None and what went wrong.

    With ``seconds`` the body is sent in pieces over that time, and given up when ``over`` is set. The current server
    (``is_modern``) follows redirects: those of 301, 302 and 303 by a GET without the body.
    """
    headers = _MODERN_HEADERS if is_modern else _HEADERS
    content: bytes | None = body
    for _ in range(_MAX_REDIRECTS):
        status, text = _send(target, content, headers, timeout=timeout, seconds=seconds, over=over)
        if not is_modern or not text or status not in _TO_GET | _SAME_METHOD:
            return status, "" if status else text
        target = urljoin(target, text)
        content = content if status in _SAME_METHOD else None
    return None, "There are too many redirects."


def _send(
    target: str,
    body: bytes | None,
    headers: dict[str, str],
    *,
    timeout: float,
    seconds: float,
    over: threading.Event,
) -> tuple[int | None, str]:
    """Return the status and the Location of an answer, or None and what went wrong; without a body send a GET."""
    try:
        parts = urlsplit(target)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=timeout or 0.001)
    except (ValueError, http.client.HTTPException) as error:
        return None, f"The target is no address: {error}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.putrequest("GET" if body is None else "POST", path, skip_accept_encoding=True)
        if body is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Connection", "close")
        connection.endheaders()
        if body is not None and not _send_body(connection, body, seconds, over):
            return None, "It was given up."
        answer = connection.getresponse()
        answer.read(65536)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return None, f"{type(error).__name__}: {error}"
    else:
        return answer.status, answer.headers.get("Location", "")
    finally:
        connection.close()


def _send_body(
    connection: http.client.HTTPConnection, body: bytes, seconds: float, over: threading.Event
) -> bool:
    """Send the body; return whether all of it went out."""
    if not seconds:
        connection.send(body)
        return True
    size = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), size):
        if over.wait(seconds / _PIECES):
            return False
        connection.send(body[start : start + size])
    return True
