"""HTTP/1.1 on a socket: requests in, answers out in one send, and ways to misbehave on purpose.

``http.server`` spends most of its time in the e-mail header parser and sends head and body apart; this one is small
enough to be exact about both, because benchmarks measure clients against it and faults cut answers at known bytes.
"""

from __future__ import annotations

import json
import socket
import socketserver
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

MAX_BODY = 2 * 1024 * 1024  # of a request to the API, in bytes
MAX_LINE = 16 * 1024
MAX_HEADERS = 100
MAX_DRAIN = 128 * 1024 * 1024
IDLE_SECONDS = 120
LINGER_SECONDS = 1
_SINGLE_HEADERS = frozenset({"authorization", "content-length", "content-type", "host", "transfer-encoding"})


class BadRequest(Exception):
    """The bytes are not an HTTP request that we understand; ``status`` is the answer before closing."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class Dropped(Exception):
    """The connection is to be closed without an answer; the text is the kind of fault that wants it."""


@dataclass(slots=True)
class Request:
    """One request; ``path`` is decoded, ``headers`` have lower-case names."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    client: str
    stream: BufferedIOBase
    unread: int = 0
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """Return the query parameters; of a repeated one the last."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def host(self) -> str:
        """Return the Host header, with its port."""
        return self.headers.get("host", "")

    def read(self, limit: int) -> bytes:
        """Return the whole body and keep it; raise BadRequest when it is longer than ``limit`` or ends early."""
        if self.unread > limit:
            raise BadRequest("The body is too large.", 413)
        if self.unread:
            self.body = self.take(self.unread)
        return self.body

    def take(self, size: int) -> bytes:
        """Return up to ``size`` bytes of the body; raise BadRequest when the client stops sending before its end."""
        wanted = min(size, self.unread)
        data = self.stream.read(wanted)
        if len(data) < wanted:
            raise BadRequest("The body ended early.")
        self.unread -= len(data)
        return data


@dataclass(slots=True)
class Answer:
    """What goes back; ``sent_share`` below 1 cuts the body there and closes the connection."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False
    sent_share: float = 1.0

    def encode(self, *, head_only: bool = False) -> bytes:
        """Return head and body as one piece of bytes."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [
            f"HTTP/1.1 {self.status} {phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
        ]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.close:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        return head if head_only else head + self.body[: int(len(self.body) * self.sent_share)]


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """Return ``value`` as a JSON answer; header names are written with underscores."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
    return Answer(status, body, headers={name.replace("_", "-"): text for name, text in headers.items()})


App = Callable[[Request], Answer]


class Connection(socketserver.StreamRequestHandler):
    """Serves one connection until either side has had enough."""

    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer request after request."""
        try:
            while self._serve_one():
                pass
        except (Dropped, OSError):
            # Either on purpose, or the client went away: neither is an error of ours.
            self.close_connection()

    def _serve_one(self) -> bool:
        """Answer one request; return whether another may follow on this connection."""
        request: Request | None = None
        try:
            request = self._read_request()
            if request is None:
                return False
            answer = cast("Server", self.server).app(request)
        except BadRequest as error:
            answer = json_answer({"detail": str(error)}, error.status)
            answer.close = True
        except (Dropped, OSError):
            raise
        except Exception:
            traceback.print_exc()
            answer = Answer(500, b"<h1>Server Error (500)</h1>\n", "text/html; charset=utf-8", close=True)
        unread = request.unread if request else 0
        asks_to_close = request is None or request.headers.get("connection", "").lower() == "close"
        answer.close |= asks_to_close or answer.sent_share < 1 or unread > MAX_DRAIN
        head_only = request is not None and request.method == "HEAD"
        self.connection.sendall(answer.encode(head_only=head_only))
        if request is None:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            unread = MAX_LINE * MAX_HEADERS
        self._drain(min(unread, MAX_DRAIN))
        return not answer.close

    def _drain(self, left: int) -> None:
        """Read what the client still sends: closing on unread bytes would reset the connection under the answer."""
        while left > 0 and (data := self.rfile.read(min(left, 65536))):
            left -= len(data)

    def _read_request(self) -> Request | None:
        line = self.rfile.readline(MAX_LINE + 1)
        if line in {b"\r\n", b"\n"}:  # RFC 9112: one empty line before a request is tolerated
            line = self.rfile.readline(MAX_LINE + 1)
        if not line:
            return None
        if len(line) > MAX_LINE:
            raise BadRequest("The request line is too long.", 414)
        parts = line.decode("latin-1").split()
        if len(parts) != 3 or not parts[0].isalpha() or not parts[2].startswith("HTTP/1."):
            raise BadRequest("This is no HTTP request.")
        headers = self._read_headers()
        if parts[2] == "HTTP/1.0":
            headers["connection"] = "close"
        path, _, query = parts[1].partition("?")
        return Request(
            method=parts[0].upper(),
            path=unquote(path),
            query_string=query,
            headers=headers,
            client=self.client_address[0],
            stream=self.rfile,
            unread=self._body_length(headers),
        )

    def _read_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(MAX_HEADERS):
            line = self.rfile.readline(MAX_LINE + 1)
            if len(line) > MAX_LINE:
                raise BadRequest("A header is too long.", 431)
            if line in {b"\r\n", b"\n"}:
                return headers
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise BadRequest("A header is not understood.")
            if name.lower() in headers and name.lower() in _SINGLE_HEADERS:
                raise BadRequest(f"{name} is given twice.")
            headers[name.lower()] = value.strip()
        raise BadRequest("There are too many headers.", 431)

    def _body_length(self, headers: dict[str, str]) -> int:
        if "transfer-encoding" in headers:
            raise BadRequest("Send the body with a Content-Length.", 411)
        text = headers.get("content-length", "0")
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise BadRequest("The Content-Length is not a number.")
        if int(text) and headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return int(text)

    def close_connection(self) -> None:
        """Shut the socket both ways, so that the client notices at once."""
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A listening port with a thread per connection; ``app`` answers requests."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], app: App) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Connection)
        self.app = app

    @property
    def port(self) -> int:
        """Return the port that is listened on (as requested, or chosen by the system for 0)."""
        return int(self.socket.getsockname()[1])
