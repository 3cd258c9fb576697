"""Malformed requests: each gets a response or a closed connection, and the server still responds afterwards."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.fixtures.depth import examples
from tests.fixtures.sandbox import Sandbox

from .conftest import Api


@pytest.fixture(autouse=True)
def _server_still_responds(api: Api) -> Iterator[None]:
    yield
    assert api.get("/templates").status_code == 200


def talk(sandbox: Sandbox, data: bytes, *, finish: bool = True) -> bytes:
    """Send bytes and return everything received until the server closes."""
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(data)
        if finish:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def request(sandbox: Sandbox, extra: str = "", *, path: str = "/templates", method: str = "GET") -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {sandbox.key}\r\n{extra}\r\n"
    ).encode("latin-1")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"G\x00T / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nName : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    ],
)
def test_a_malformed_request_is_refused_and_the_connection_closed(
    sandbox: Sandbox, data: bytes, status: int
) -> None:
    answer = talk(sandbox, data)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n"])
def test_an_incomplete_request_gets_no_response(sandbox: Sandbox, data: bytes) -> None:
    assert talk(sandbox, data) in {b"", talk(sandbox, b"\r\n\r\n")}


@pytest.mark.parametrize("host", ["", "a b", "evil.example/x", 'x"', "a@b", "[zz]", "host:port"])
def test_an_invalid_host_is_refused(sandbox: Sandbox, host: str) -> None:
    data = f"GET /templates HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {sandbox.key}\r\n\r\n"
    assert talk(sandbox, data.encode()).startswith(b"HTTP/1.1 400 ")


def test_requests_in_one_packet_are_answered_in_turn(sandbox: Sandbox) -> None:
    answer = talk(sandbox, request(sandbox) * 3 + request(sandbox, "Connection: close\r\n"), finish=False)
    assert answer.count(b"HTTP/1.1 200 OK") == 4


def test_an_http_1_0_client_gets_its_response_and_a_closed_connection(sandbox: Sandbox) -> None:
    answer = talk(sandbox, request(sandbox).replace(b"HTTP/1.1", b"HTTP/1.0"), finish=False)
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_expects_100_continue_gets_it(sandbox: Sandbox) -> None:
    body = b'{"name": "x"}'
    extra = f"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n"
    answer = talk(sandbox, request(sandbox, extra, path="/templates/2/run", method="POST") + body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_a_body_that_ends_early_starts_nothing(sandbox: Sandbox) -> None:
    extra = "Content-Type: application/json\r\nContent-Length: 500\r\n"
    data = request(sandbox, extra, path="/templates/2/run", method="POST") + b'{"name": "x"}'
    assert talk(sandbox, data).startswith(b"HTTP/1.1 400 ")
    assert sandbox.workflows() == []


def test_an_unexpected_body_does_not_become_the_next_request(sandbox: Sandbox) -> None:
    smuggled = request(sandbox, path="/accounts/users")
    data = request(sandbox, f"Content-Length: {len(smuggled)}\r\n") + smuggled
    assert talk(sandbox, data).count(b"HTTP/1.1 ") == 1


def test_an_endless_body_is_not_read_to_its_end(sandbox: Sandbox) -> None:
    data = request(sandbox, "Content-Length: 999999999\r\n", path="/templates/2/run", method="POST")
    assert talk(sandbox, data).startswith(b"HTTP/1.1 413 ")


def test_header_injection_in_links_is_impossible(sandbox: Sandbox) -> None:
    answer = talk(sandbox, request(sandbox, path='/templates?limit=1&a="%0d%0aX:%20y<b>'))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"X: y" not in head
    assert b"a=%22%0D%0AX%3A+y%3Cb%3E" in body


def test_many_connections_at_once_are_served(api: Api, sandbox: Sandbox) -> None:
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(talk(sandbox, request(sandbox)))) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.startswith(b"HTTP/1.1 200") for answer in answers) == 50


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([0, 1, 2, "", "a\0", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "id",
        "name",
        "kickoff",
        "tasks",
        "filename",
        "content_type",
        "size",
        "thumbnail",
        "kind",
        "headers",
        "large",
    ]
)
API_NAMES = st.sampled_from(
    ["string-1", "text-2", "radio-3", "checkbox-4", "date-5", "url-6", "dropdown-7", "file-8", "user-9", "x"]
)
BODIES = JSON | st.dictionaries(KEYS, JSON | st.dictionaries(API_NAMES, JSON, max_size=4), max_size=5)


@pytest.mark.parametrize(
    "path",
    [
        "/templates/1/run",
        "/workflows/attachments",
        "/_sandbox/faults",
        "/_sandbox/templates",
        "/_sandbox/reset",
    ],
)
@examples(1, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_no_json_makes_the_server_fail(api: Api, sandbox: Sandbox, path: str, body: object) -> None:
    response = api.session.post(
        api.url + path, data=json.dumps(body), headers={"Content-Type": "application/json"}, timeout=60
    )
    assert response.status_code in {200, 400}
    sandbox.clear_faults()
    for shown in ("/templates", "/accounts/users"):
        assert api.get(shown).status_code == 200
    sandbox.reset()
    assert api.get("/templates/1").status_code == 200
