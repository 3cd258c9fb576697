"""A receiver that records requests and responds with the given statuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fixtures.waiting import HANG_SECONDS


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Listener:
    """A receiver: ``statuses`` are the next responses (then 200); ``together`` is a barrier at which requests wait."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    together: threading.Barrier | None = None

    @property
    def events(self) -> list[str]:
        return [item.json["hook"]["event"] for item in self.received]


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port until the end of the block."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                self.receive()
            except (OSError, threading.BrokenBarrierError):
                self.close_connection = True  # the sender closed the connection, or the test ended

        do_GET = do_POST  # noqa: N815 - the name is the base class's

        def receive(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(size)
            if len(body) < size:
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            with listener.lock:
                listener.received.append(Received(self.path, headers, body, self.command))
                status = listener.statuses.pop(0) if listener.statuses else 200
            if listener.together:
                listener.together.wait(timeout=HANG_SECONDS)
            self.send_response(status)
            if status in {301, 302, 303, 307, 308}:
                self.send_header("Location", f"{listener.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()
