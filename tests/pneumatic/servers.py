"""Small HTTP servers that misbehave on the level of bytes, where the sandbox (an honest server) cannot.

What never comes or never ends is bounded here: after ``TIMEOUT_SECONDS`` the server gives a good answer. A client
without a timeout would take it, and its test would fail. A client that waits for anything else has as long: a machine
may be busy.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 60.0
_TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Talk:
    """One connection, and what a test may do to it."""

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        self.sock = sock
        self.closing = closing
        self.over = False

    def answer(
        self, status: int = 200, body: Any = None, *, kind: str = "application/json", **headers: str
    ) -> None:
        """Send a whole answer; ``body`` is bytes, or what becomes JSON."""
        self.sock.sendall(whole(status, body, kind=kind, **headers))

    def drip(self, data: bytes, *, every: float = 0.05) -> None:
        """Send one byte at a time: no silence is ever long."""
        for index in range(int(TIMEOUT_SECONDS / every)):
            if self.closing.wait(every):
                return
            self.sock.sendall(data[index : index + 1])
        self.sock.sendall(data[int(TIMEOUT_SECONDS / every) :])

    def be_silent(self) -> None:
        """Say nothing for longer than any client should wait."""
        self.closing.wait(TIMEOUT_SECONDS)

    def drop(self) -> None:
        """Close the connection."""
        self.over = True

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.over = True


def whole(status: int = 200, body: Any = None, *, kind: str = "application/json", **headers: str) -> bytes:
    """Return the bytes of an answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Reason", f"Content-Type: {kind}", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


Behaviour = Callable[[Seen, Talk], None]


class Server:
    """Listens on a free port of the loopback and lets ``behaviour`` answer each request."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.seen: list[Seen] = []
        self.connections = 0
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._sockets: list[socket.socket] = []
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Stop listening, drop every connection and wait for the threads."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._talk, args=[sock])
            self._threads.append(thread)
            thread.start()

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock, sock.makefile("rb") as reader:
            if reader.peek(1)[:1] == _TLS_HANDSHAKE:
                reader.read1()
                sock.sendall(b"HTTP/1.1 400 This port has no TLS\r\n\r\n")
                return
            while (seen := _read(reader)) is not None:
                self.seen.append(seen)
                talk = Talk(sock, self._closing)
                self.behaviour(seen, talk)
                if talk.over or seen.headers.get("connection") == "close":
                    return


def _read(reader: Any) -> Seen | None:
    start = reader.readline().decode("latin-1").split()
    if len(start) != 3:
        return None
    headers: dict[str, str] = {}
    while (line := reader.readline().decode("latin-1").strip()) != "":
        name, _colon, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    return Seen(start[0], start[1], headers, body)
