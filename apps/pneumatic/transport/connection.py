"""Connections with a deadline: what ``requests`` lacks for a server that is slow, broken or hostile.

A read timeout limits the time between two bytes, so a server that sends one byte a second blocks its caller
indefinitely. Here every request has a deadline for the whole response, status line and headers included. The connection
also records whether any byte of the request was sent: that decides whether a launch may have been carried out.
"""

from __future__ import annotations

import contextlib
import enum
import http.client
import io
import logging
import socket
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError
from urllib3.exceptions import TimeoutError as UrllibTimeout


class Exchange:
    """One request and its response: the deadline, whether anything was sent, and a way to abort it."""

    __slots__ = ("deadline", "sent", "sock")

    def __init__(self, *, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.sent = False
        self.sock: socket.socket | None = None

    def remaining(self) -> float:
        """Return the seconds until the deadline; raise TimeoutError after it."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole response took too long")
        return left

    def cut(self) -> None:
        """Abort the exchange from another thread; the thread that waits for the response gets an error at once."""
        self.deadline = 0.0
        sock = self.sock
        if sock is not None:
            with contextlib.suppress(OSError):  # closed already
                # Of the plain socket: shutdown of a TLS socket also drops the TLS state, which the reader uses.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


# From this the connection that urllib3 picks from its pool knows its exchange.
exchange: ContextVar[Exchange] = ContextVar("exchange")


class _BoundedReader(io.RawIOBase):
    """Reads from a socket until the deadline of the exchange."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, bound: Exchange) -> None:
        self._raw = raw
        self._sock = sock
        self._bound = bound

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._bound.remaining()
        timeout = self._sock.gettimeout()
        if timeout is None or left < timeout:
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock, exchange.get()))


class _PlainConnection(HTTPConnection):
    response_class = _BoundedResponse
    _connecting = False

    def connect(self) -> None:
        # Through a proxy, connecting itself sends a CONNECT request, which is not ours.
        self._connecting = True
        try:
            super().connect()
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        current = exchange.get()
        current.sock = self.sock
        current.remaining()
        if not self._connecting:
            current.sent = True
        super().send(data)


class _TlsConnection(_PlainConnection, HTTPSConnection):
    """The same over TLS: urllib3's own class is between the two in the order of resolution."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        return manager


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return None: a redirect is a response like any other, and is never followed with the key."""
        return None


def new_session(*, pool_size: int) -> requests.Session:
    """Return a session that keeps no cookies, reads no ``.netrc`` and never retries."""
    session = _Session()
    session.trust_env = False
    # The current API sets a cookie that contains the API key.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(pool_connections=4, pool_maxsize=pool_size, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class NoReplyReason(enum.Enum):
    """NoReplyReason there is no reply."""

    NAME = "the name was not found"
    REFUSED = "no connection"
    TLS = "no secure connection"
    PROXY = "no connection through the proxy"
    TIMED_OUT = "no response in time"
    BROKEN = "the connection broke"
    TOO_LARGE = "the response is too large"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response. Its headers are not shown: the current API puts the API key into a cookie."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoReply:
    """No whole response; ``sent`` is whether the server may have received the request."""

    reason: NoReplyReason
    sent: bool


class Body(Protocol):
    """A body that is sent as it is read, never kept as a whole."""

    def read(self, amount: int = -1) -> bytes:
        """Return the next bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The proxies and the bundle of certificates that the process environment sets for a URL."""

    proxies: dict[str, str]
    verify: bool | str


def environment_for(url: str) -> Environment:
    """Return the proxies (``HTTPS_PROXY``, ``NO_PROXY`` ...) and CA bundle (``REQUESTS_CA_BUNDLE``) for ``url``.

    Call it once per client: doing it for each request, as ``requests`` does, takes longer than everything else.
    """
    with requests.Session() as session:
        found = session.merge_environment_settings(url, {}, None, None, None)
    return Environment(proxies=dict(found["proxies"]), verify=found["verify"] or True)


def roundtrip(
    session: requests.Session,
    request: requests.PreparedRequest,
    *,
    bound: Exchange,
    timeout: tuple[float, float],
    environment: Environment,
    max_bytes: int,
) -> Reply | NoReply:
    """Send ``request`` and return the response; raise nothing for a failing network or server.

    ``timeout`` is (connect, read) in seconds; ``max_bytes`` limits the unpacked body.

    The exceptions of ``requests`` carry the request with its headers: none of them leaves this function.
    """
    token = exchange.set(bound)
    try:
        with session.send(
            request,
            stream=True,
            allow_redirects=False,
            timeout=timeout,
            proxies=environment.proxies,
            verify=environment.verify,
            cert=None,
        ) as response:
            body = response.raw.read(max_bytes + 1, decode_content=True)
            if len(body) > max_bytes:
                return NoReply(NoReplyReason.TOO_LARGE, sent=True)
            return Reply(response.status_code, response.headers, body)
    except (requests.RequestException, HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        return NoReply(_reason(error, bound), sent=bound.sent)
    finally:
        exchange.reset(token)
        bound.sock = None


def _reason(error: Exception, bound: Exchange) -> NoReplyReason:
    if bound.sent:
        timed_out = isinstance(error, (requests.Timeout, UrllibTimeout, TimeoutError))
        return (
            NoReplyReason.TIMED_OUT
            if timed_out or time.monotonic() >= bound.deadline
            else NoReplyReason.BROKEN
        )
    if isinstance(error, requests.exceptions.SSLError):
        return NoReplyReason.TLS
    if isinstance(error, requests.exceptions.ProxyError):
        return NoReplyReason.PROXY
    if isinstance(error, (requests.Timeout, UrllibTimeout, TimeoutError)):
        return NoReplyReason.TIMED_OUT
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return NoReplyReason.NAME if isinstance(cause, NameResolutionError) else NoReplyReason.REFUSED


class _NoRequestLines(logging.Filter):
    """Drops urllib3's DEBUG lines: they contain whole URLs, and the URL of an upload is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


logging.getLogger("urllib3.connectionpool").addFilter(_NoRequestLines())
