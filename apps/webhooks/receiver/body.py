"""Read a request's body within a limit of bytes and of seconds."""

from __future__ import annotations

import errno
import select
import socket
import ssl
import time

from django.http import HttpRequest, UnreadablePostError


class Refused(Exception):
    """The body is refused; ``status`` is the HTTP status of the response, ``reason`` its text."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def read_body(request: HttpRequest, *, limit: int, seconds: float) -> bytes:
    """Return the whole body; raise Refused when it has no length, more than ``limit`` bytes, or takes too long.

    The clock begins here. It needs the connection, which gunicorn lends as ``gunicorn.socket``; under another server
    the body is read without a clock.
    """
    if "HTTP_TRANSFER_ENCODING" in request.META or not request.META.get("CONTENT_LENGTH"):
        raise Refused(411, "Send the body with its Content-Length.")
    try:
        length = int(request.META["CONTENT_LENGTH"])
    except ValueError:
        raise Refused(400, "Content-Length is no number.") from None
    if length > limit:
        raise Refused(413, f"The body is larger than {limit} bytes.")
    connection: socket.socket | None = request.META.get("gunicorn.socket")
    try:
        body = (
            request.read(length)
            if connection is None
            else _read_in_time(request, length, connection, seconds)
        )
    except UnreadablePostError:
        raise Refused(400, "The body ended too early.") from None
    if len(body) < length:
        raise Refused(400, "The body ended too early.")
    return body


def _read_in_time(request: HttpRequest, length: int, connection: socket.socket, seconds: float) -> bytes:
    """Read without ever waiting in ``recv``: its timeout would restart with each byte of a slow sender.

    The bytes of a read that had to stop stay in the server's buffers, and the next read continues after them.
    """
    deadline = time.monotonic() + seconds
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    connection.setblocking(False)
    try:
        while True:
            try:
                return request.read(length)
            except UnreadablePostError as error:
                if not _must_wait(error):
                    raise
            if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise Refused(408, f"The body did not arrive within {seconds:g} seconds.")
    finally:
        connection.setblocking(True)


def _must_wait(error: UnreadablePostError) -> bool:
    return error.errno in {errno.EAGAIN, errno.EWOULDBLOCK} or isinstance(
        error.__cause__, ssl.SSLWantReadError
    )
