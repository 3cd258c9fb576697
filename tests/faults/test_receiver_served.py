"""The receiver behind the real web server: what the network can do to it, and what kill -9 can."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import requests
from django.db import connection

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery
from tests.faults.test_launch_workers import ROOT, database_url
from tests.fixtures import payloads
from tests.fixtures.deliveries import Reword, addressed, as_sent
from tests.fixtures.sandbox import either_dialect
from tests.fixtures.waiting import HANG_SECONDS, wait_for

# Tests in which no payload comes through have no generation: they are of HTTP alone, and run once.
pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Web:
    """Gunicorn with two processes on this test's database; all that it logs goes to a file."""

    log: Path
    settings: dict[str, str]
    port: int = 0
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        self.log.touch()
        seen = self.log.stat().st_size
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "gunicorn",
                        "pneumatic_dash.wsgi",
                        f"--bind=127.0.0.1:{self.port}",
                    ),
                    *(
                        "--workers=2",
                        "--worker-class=gthread",
                        "--threads=4",
                        "--preload",
                        "--access-logfile=-",
                    ),
                ],
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": database_url(), "DEBUG": "False", **self.settings},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_for(lambda: "Listening at" in self.text()[seen:])
        found = re.search(r"Listening at: http://127.0.0.1:(\d+)", self.text()[seen:])
        assert found
        self.port = int(found[1])

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=HANG_SECONDS)

    def children(self) -> list[int]:
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(word) for word in listed.stdout.split()]

    def send(self, *parts: bytes) -> bytes:
        """Send bytes as they are and return all of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=HANG_SECONDS) as sender:
            for part in parts:
                sender.sendall(part)
            answer = b""
            while chunk := sender.recv(65536):
                answer += chunk
            return answer


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Web]]:
    """Return a function that starts a web server with the given settings."""
    servers: list[Web] = []

    def start(**settings: str) -> Web:
        servers.append(Web(log=tmp_path / f"web_{len(servers)}.log", settings=settings))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def web(start: Callable[..., Web]) -> Web:
    return start(WEBHOOK_READ_TIMEOUT="60", WEBHOOK_BODY_LIMIT="20000")


@pytest.fixture
def path() -> str:
    return endpoints.path(endpoints.active())


BodyFor = Callable[..., bytes]


@pytest.fixture
def body_for(path: str, reword: Reword) -> BodyFor:
    """Return a function that returns the body of an event of a workflow, as the other end sends it."""

    def body(workflow_id: int = 1) -> bytes:
        payload = reword(payloads.started(workflow_id))
        return json.dumps(addressed(payload, f"http://testserver{path}")).encode()

    return body


def head(path: str, *lines: str, version: str = "1.1") -> bytes:
    return "\r\n".join(
        [f"POST {path} HTTP/{version}", "Host: 127.0.0.1", "Connection: close", *lines, "", ""]
    ).encode()


@either_dialect
def test_a_body_in_pieces_is_put_together(web: Web, path: str, body_for: BodyFor) -> None:
    body = body_for()

    answer = web.send(head(path, f"Content-Length: {len(body)}"), body[:10], body[10:50], body[50:])

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert as_sent(Delivery.objects.get()) == body


def test_a_sender_that_is_too_slow_does_not_block_a_thread(start: Callable[..., Web], path: str) -> None:
    """It sends a byte now and then, which would keep any timeout of a single read from running out."""
    web = start(WEBHOOK_READ_TIMEOUT="0.5")
    with socket.create_connection(("127.0.0.1", web.port), timeout=HANG_SECONDS) as sender:
        sender.sendall(head(path, "Content-Length: 10000"))
        answer = b""
        sender.settimeout(0.05)
        give_up = time.monotonic() + HANG_SECONDS
        while not answer and time.monotonic() < give_up:
            sender.sendall(b" ")
            try:
                answer = sender.recv(65536)
            except TimeoutError:
                continue

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert not Delivery.objects.exists()


def test_a_sender_that_hangs_up_half_way_leaves_nothing(web: Web, path: str) -> None:
    with socket.create_connection(("127.0.0.1", web.port), timeout=HANG_SECONDS) as sender:
        sender.sendall(head(path, "Content-Length: 10000") + b"{")
        sender.shutdown(socket.SHUT_WR)
        answer = sender.recv(65536)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert not Delivery.objects.exists()


UNUSUAL = [
    (["Content-Length: 20001"], b"x", 413),
    (["Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n", 411),
    ([], b"", 411),
    (["Content-Length: 2", "Expect: 100-continue"], b"{}", 400),
    (["Content-Length: 2", "X-Long: " + "x" * 8000], b"{}", 400),
    (["Content-Length: 2", "Content-Type: a", "Content-Type: b"], b"{}", 400),
]


def test_unusual_but_valid_http_is_accepted(web: Web, path: str) -> None:
    for lines, body, status in UNUSUAL:
        answer = web.send(head(path, *lines) + body).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 %d " % status), lines


@either_dialect
def test_http_1_0_is_understood(web: Web, path: str, body_for: BodyFor) -> None:
    body = body_for()

    answer = web.send(head(path, f"Content-Length: {len(body)}", version="1.0") + body)

    assert b" 200 " in answer.splitlines()[0]


@either_dialect
def test_no_log_of_the_web_server_contains_a_token(web: Web, path: str, body_for: BodyFor) -> None:
    token = path.split("/")[2]
    body = body_for()
    web.send(head(path, f"Content-Length: {len(body)}", f"Referer: https://x.example.com{path}") + body)
    web.send(head(path).replace(b"POST", b"GET"))
    web.send(head(f"/else{path}"))
    wait_for(lambda: web.text().count("HTTP/1.1") >= 3)

    assert "/hooks/[redacted]" in web.text()
    assert token not in web.text()


@either_dialect
def test_nothing_that_was_acknowledged_is_lost_when_processes_are_killed(
    web: Web, path: str, body_for: BodyFor
) -> None:
    """A small sister of ``python -m benchmarks --only kill``."""
    acknowledged: list[str] = []
    is_over = False

    def load(number: int) -> None:
        sent = 0
        with requests.Session() as session:
            session.trust_env = False
            while not is_over:
                sent += 1
                body = body_for(number * 1_000_000 + sent)
                try:
                    answer = session.post(
                        f"http://127.0.0.1:{web.port}{path}", data=body, timeout=HANG_SECONDS
                    )
                except requests.RequestException:
                    time.sleep(0.01)
                    continue
                if answer.ok:
                    acknowledged.append(hashlib.sha256(body).hexdigest())

    def has_acknowledged(count: int) -> bool:
        return len(acknowledged) >= count

    with ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load, number) for number in range(1, 5)]
        try:
            for trial in range(5):
                enough = len(acknowledged) + 10 * (trial + 1)
                wait_for(partial(has_acknowledged, enough))
                if trial % 2:
                    web.kill()
                    web.start()
                else:
                    for child in web.children():
                        os.kill(child, signal.SIGKILL)
        finally:
            is_over = True
        for future in loads:
            future.result()

    stored = {hashlib.sha256(as_sent(row)).hexdigest() for row in Delivery.objects.all()}
    assert set(acknowledged) <= stored
    assert len(acknowledged) >= 50


@either_dialect
def test_a_locked_database_is_reported_in_time(
    start: Callable[..., Web], path: str, body_for: BodyFor
) -> None:
    web = start(WEBHOOK_WRITE_TIMEOUT="3")
    body = body_for()
    request = head(path, f"Content-Length: {len(body)}") + body
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
            if connection.vendor == "postgresql":
                cursor.execute("LOCK TABLE webhooks_delivery IN EXCLUSIVE MODE")
            locked = web.send(request)
            cursor.execute("ROLLBACK")
        free = web.send(request)
    finally:
        web.kill()

    assert locked.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: " in locked
    assert free.startswith(b"HTTP/1.1 200 ")
    assert Delivery.objects.count() == 1
