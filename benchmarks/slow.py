"""Slow strangers: response times through the documented nginx next to slow senders and idle connections."""

from __future__ import annotations

import resource
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from benchmarks import load, nginx
from benchmarks.databases import databases, fresh
from benchmarks.report import Bar, Table
from benchmarks.serving import serving

SENDERS, IDLE = 30, 1000
BYTE_EVERY_SECONDS = 3.0
REQUESTS = 200  # of each kind, one after the other
MAX_PAGE_MS, MAX_RECEIVER_MS = 1000, 200
# With any cookie for it, Django reads the whole body to look for the CSRF token.
_HEAD = (
    b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: csrftoken=" + b"a" * 32 + b"\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n"
)


def measure(*, repeats: int) -> list[Table]:
    """Measure on SQLite and on PostgreSQL; one series each, whatever ``repeats`` says."""
    if nginx.PROGRAM is None:
        sys.stderr.write("nginx is missing: slow senders are not measured.\n")
        return []
    bars = []
    for kind, database in databases():
        page, receiver = times(database, senders=SENDERS, idle=IDLE, count=REQUESTS)
        bars += [
            Bar(f"p95 of a page, {kind}, ms", f"{page:.0f}", "", page, MAX_PAGE_MS, most=True),
            Bar(
                f"p95 of the receiver, {kind}, ms",
                f"{receiver:.0f}",
                "",
                receiver,
                MAX_RECEIVER_MS,
                most=True,
            ),
        ]
    return [Table.of_bars(f"Next to {SENDERS} slow senders and {IDLE:,} idle connections", bars)]


def times(database: str, *, senders: int, idle: int, count: int) -> tuple[float, float]:
    """Return the 95th percentiles of the sign-in page and of the receiver, in milliseconds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dash-bench-")))
        url = stack.enter_context(fresh(database))
        dashboard = stack.enter_context(serving(database=url, folder=folder))
        path = "/hooks/" + dashboard.prepare().partition("/hooks/")[2]
        dashboard.start_web()
        port = stack.enter_context(nginx.proxy(folder, upstream=dashboard.port))
        stack.enter_context(strangers(port, senders=senders, idle=idle))
        session = stack.enter_context(requests.Session())
        base = f"http://127.0.0.1:{port}"
        body = load.template_body(load.MIN_BYTES, f"{base}{path}", kind=1)
        return (
            _p95(lambda: session.get(f"{base}/login/", timeout=60), count),
            _p95(lambda: session.post(f"{base}{path}", body, timeout=60), count),
        )


@contextmanager
def strangers(port: int, *, senders: int, idle: int) -> Iterator[list[socket.socket]]:
    """Keep connections open: some send a body byte by byte, the others nothing. Give the senders."""
    _allow_files(2 * (senders + idle) + 100)
    with ExitStack() as stack:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", port)))

        slow = [connect() for _ in range(senders)]
        for sender in slow:
            sender.sendall(_HEAD)
        for _ in range(idle):
            connect()
        stop = threading.Event()
        drip = threading.Thread(target=_drip, args=(slow, stop), daemon=True)
        drip.start()
        try:
            yield slow
        finally:
            stop.set()
            drip.join()


def answered(senders: list[socket.socket]) -> int:
    """Return how many senders have got a response, or were disconnected."""
    with selectors.DefaultSelector() as selector:
        for sender in senders:
            selector.register(sender, selectors.EVENT_READ)
        return len(selector.select(timeout=0))


def _drip(senders: list[socket.socket], stop: threading.Event) -> None:
    while not stop.wait(BYTE_EVERY_SECONDS):
        for sender in senders:
            try:
                sender.send(b"x")
            except OSError:  # the server has had enough
                continue


def _p95(request: Callable[[], requests.Response], count: int) -> float:
    milliseconds = []
    for _ in range(count):
        began = time.perf_counter()
        request().raise_for_status()
        milliseconds.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(milliseconds, n=20)[-1]


def _allow_files(count: int) -> None:
    """Raise this process's limit of open files, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
