"""Which error a client makes of servers that are slow, broken or hostile, over real sockets."""

from __future__ import annotations

import gzip
import socket

import pytest

from apps.pneumatic.errors import (
    AuthenticationFailed,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PneumaticError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from apps.pneumatic.transport import api
from tests.pneumatic.actions import upload
from tests.pneumatic.behaviours import (
    dripping_body,
    dripping_headers,
    dropped,
    endless_continue,
    good,
    html,
    no_http,
    other_json,
    oversized,
    reset,
    silent,
    status,
    taking_files,
    timeout_for,
    truncated,
    wrong_json,
)
from tests.pneumatic.conftest import Connect, Serve
from tests.pneumatic.servers import Behaviour, Seen, Talk

PAYLOAD = {"id": 1, "name": "Trip", "kickoff": None}


@pytest.fixture(autouse=True)
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MAX_BODY_BYTES", 100_000)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (silent, Unavailable),
        (dripping_headers, Unavailable),
        (dripping_body, Unavailable),
        (endless_continue, Unavailable),
        (truncated, Unavailable),
        (dropped, Unavailable),
        (reset, Unavailable),
        (no_http, Unavailable),
        (status(408), Unavailable),
        (status(500), Unavailable),
        (status(503), Unavailable),
        (html, UnexpectedResponse),
        (wrong_json, UnexpectedResponse),
        (other_json, UnexpectedResponse),
        (oversized, UnexpectedResponse),
        (status(302, Location="/elsewhere"), UnexpectedResponse),
        (status(304), UnexpectedResponse),
        (status(400), ValidationFailed),
        (status(401), AuthenticationFailed),
        (status(403), PermissionDenied),
        (status(404), NotFound),
        (status(405), ValidationFailed),
        (status(429), RateLimited),
    ],
)
def test_a_read_fails_with_the_matching_error(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    client = connect_to(serve(behaviour).url, read_timeout=timeout_for(behaviour))

    with pytest.raises(PneumaticError) as caught:
        client.get_template(1)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (silent, OutcomeUnknown),
        (dripping_headers, OutcomeUnknown),
        (dripping_body, OutcomeUnknown),
        (endless_continue, OutcomeUnknown),
        (truncated, OutcomeUnknown),
        (dropped, OutcomeUnknown),
        (reset, OutcomeUnknown),
        (no_http, OutcomeUnknown),
        (status(302, Location="/elsewhere"), OutcomeUnknown),
        (status(408), OutcomeUnknown),
        (status(500), OutcomeUnknown),
        (status(503), OutcomeUnknown),
        (html, OutcomeUnknown),
        (wrong_json, OutcomeUnknown),
        (other_json, OutcomeUnknown),
        (oversized, OutcomeUnknown),
        (status(400), ValidationFailed),
        (status(401), AuthenticationFailed),
        (status(403), PermissionDenied),
        (status(404), NotFound),
        (status(409), ValidationFailed),
        (status(429), RateLimited),
    ],
)
def test_a_launch_fails_with_the_matching_error_and_is_sent_once(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    server = serve(behaviour)

    with pytest.raises(PneumaticError) as caught:
        connect_to(server.url, read_timeout=timeout_for(behaviour)).run(1, payload=PAYLOAD)

    assert type(caught.value) is error
    assert len(server.seen) == 1


def test_silence_is_bounded_by_the_read_timeout_alone_too(serve: Serve, connect_to: Connect) -> None:
    client = connect_to(serve(silent).url, read_timeout=0.2)
    client._transport.longest_call = 1000

    with pytest.raises(OutcomeUnknown):
        client.run(1, payload=PAYLOAD)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_launch_that_finds_no_server_is_safe_to_try_again(connect_to: Connect, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free_port = listener.getsockname()[1]

    with pytest.raises(Unavailable, match="it accepts no connection"):
        connect_to(f"{scheme}://127.0.0.1:{free_port}").run(1, payload=PAYLOAD)


def test_a_launch_to_an_unknown_name_is_safe_to_try_again(connect_to: Connect) -> None:
    with pytest.raises(Unavailable, match="host name of Pneumatic was not found"):
        connect_to("http://pneumatic.invalid").run(1, payload=PAYLOAD)


def test_a_launch_without_a_secure_connection_was_not_sent(serve: Serve, connect_to: Connect) -> None:
    server = serve(good)

    with pytest.raises(Unavailable, match="No secure connection"):
        connect_to(server.url.replace("http:", "https:")).run(1, payload=PAYLOAD)

    assert server.seen == []


def test_a_server_that_never_accepts_is_given_up(connect_to: Connect) -> None:
    """A full backlog: the handshake is never answered."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for queued in (first, second):
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())

        client = connect_to(f"http://127.0.0.1:{listener.getsockname()[1]}")
        client._transport.timeout = (0.2, 0.2)  # the fixture's is for busy machines

        with pytest.raises(Unavailable, match="the connection timed out"):
            client.run(1, payload=PAYLOAD)


def times_then_good(failures: int, behaviour: Behaviour) -> Behaviour:
    left = [failures]

    def behave(seen: Seen, talk: Talk) -> None:
        left[0] -= 1
        (behaviour if left[0] >= 0 else good)(seen, talk)

    return behave


@pytest.mark.parametrize(
    ("behaviour", "failures"),
    [(dropped, 2), (reset, 2), (truncated, 2), (status(503), 2), (silent, 1), (status(429), 6)],
)
def test_a_read_is_made_again(serve: Serve, connect_to: Connect, behaviour: Behaviour, failures: int) -> None:
    server = serve(times_then_good(failures, behaviour))
    client = connect_to(server.url, read_timeout=timeout_for(behaviour, 2))  # for the good response

    assert client.get_template(1).id == 1
    assert client.requests_made == len(server.seen) == failures + 1


@pytest.mark.parametrize(
    ("behaviour", "requests"),
    [(taking_files(announce=dropped), 1), (taking_files(dropped), 2), (taking_files(publish=dropped), 3)],
    ids=["announce", "put", "publish"],
)
def test_no_step_of_an_upload_is_made_again_but_may_be(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, requests: int
) -> None:
    server = serve(behaviour)
    client = connect_to(server.url)

    with pytest.raises(Unavailable):
        upload(client)

    assert client.requests_made == len(server.seen) == requests


def test_an_answer_packed_with_gzip_is_bounded_too(serve: Serve, connect_to: Connect) -> None:
    bomb = gzip.compress(b'"' + b"x" * 50_000_000 + b'"')
    server = serve(lambda seen, talk: talk.answer(body=bomb, Content_Encoding="gzip"))

    with pytest.raises(UnexpectedResponse, match="too large"):
        connect_to(server.url).get_template(1)
