"""Send one body by HTTP: to exactly this address, through no proxy, following no redirect."""

from __future__ import annotations

import http.client
import threading
from urllib.parse import urlsplit

_PIECES = 20  # a body that is sent slowly comes in so many


def post(
    target: str, body: bytes, *, timeout: float, seconds: float, over: threading.Event
) -> tuple[int | None, str]:
    """Return the status of the answer, or None and what went wrong.

    With ``seconds`` the body is sent in pieces over that time, and given up when ``over`` is set.
    """
    try:
        parts = urlsplit(target)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=timeout or 0.001)
    except (ValueError, http.client.HTTPException) as error:
        return None, f"The target is no address: {error}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.putrequest("POST", path, skip_accept_encoding=True)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("User-Agent", "Pneumatic sandbox")
        connection.putheader("Connection", "close")
        connection.endheaders()
        if not _send_body(connection, body, seconds, over):
            return None, "It was given up."
        answer = connection.getresponse()
        answer.read(65536)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return None, f"{type(error).__name__}: {error}"
    else:
        return answer.status, ""
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
