"""The receiver behind the real web server: what the network can do to it, and what kill -9 can."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests
from django.db import connection

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery
from tests.fixtures import payloads
from tests.fixtures.deliveries import Reword, addressed, as_sent
from tests.fixtures.sandbox import either_dialect
from tests.fixtures.served import Serve, Web
from tests.fixtures.waiting import HANG_SECONDS, wait_for

# Tests in which no payload comes through have no generation: they are of HTTP alone, and run once.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def path() -> str:
    return endpoints.path(endpoints.active())


@pytest.fixture
def impatient_web(serve: Serve) -> Web:
    return serve(WEBHOOK_READ_TIMEOUT="0.5", WEBHOOK_WRITE_TIMEOUT="1")


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


def test_a_sender_that_is_too_slow_does_not_block_a_thread(impatient_web: Web, path: str) -> None:
    """It sends a byte now and then, which would keep any timeout of a single read from running out."""
    with socket.create_connection(("127.0.0.1", impatient_web.port), timeout=HANG_SECONDS) as sender:
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
            for trial in range(4):
                enough = len(acknowledged) + 10
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
    assert len(acknowledged) >= 40


@either_dialect
def test_a_locked_database_is_reported_in_time(impatient_web: Web, path: str, body_for: BodyFor) -> None:
    body = body_for()
    request = head(path, f"Content-Length: {len(body)}") + body
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE webhooks_delivery IN EXCLUSIVE MODE")
        try:
            locked = impatient_web.send(request)
        finally:
            cursor.execute("ROLLBACK")

    assert locked.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: " in locked
    assert not Delivery.objects.exists()
    wait_for(lambda: impatient_web.send(request).startswith(b"HTTP/1.1 200 "))
    assert Delivery.objects.exists()
