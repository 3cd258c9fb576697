"""What a client makes of servers that are slow, broken or hostile, over real sockets."""

from __future__ import annotations

import gzip
import io
import json
import socket
from collections.abc import Callable

import pytest

from apps.pneumatic import transport
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
from tests.pneumatic import samples
from tests.pneumatic.conftest import KEY, Connect, Serve
from tests.pneumatic.servers import Behaviour, Seen, Talk, whole

PAYLOAD = {"id": 1, "name": "Trip", "kickoff": None}
HTML = b"<!doctype html><title>Welcome</title>"


def good(seen: Seen, talk: Talk) -> None:
    talk.answer(body={"workflow_id": 7} if seen.method == "POST" else samples.template())


def silent(seen: Seen, talk: Talk) -> None:
    talk.be_silent()
    good(seen, talk)


def good_bytes(seen: Seen) -> bytes:
    body = {"workflow_id": 7} if seen.method == "POST" else samples.template()
    return whole(body=json.dumps(body).encode().ljust(1000))


def dripping_headers(seen: Seen, talk: Talk) -> None:
    talk.drip(good_bytes(seen))


def dripping_body(seen: Seen, talk: Talk) -> None:
    head, separator, body = good_bytes(seen).partition(b"\r\n\r\n")
    talk.sock.sendall(head + separator)
    talk.drip(body)


def for_ever_continue(seen: Seen, talk: Talk) -> None:
    talk.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + good_bytes(seen), every=0.02)


def truncated(seen: Seen, talk: Talk) -> None:
    talk.sock.sendall(good_bytes(seen)[:-5])
    talk.drop()


def dropped(seen: Seen, talk: Talk) -> None:
    talk.drop()


def reset(seen: Seen, talk: Talk) -> None:
    talk.reset()


def no_http(seen: Seen, talk: Talk) -> None:
    talk.sock.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
    talk.drop()


def html(seen: Seen, talk: Talk) -> None:
    talk.answer(body=HTML, kind="text/html")


def wrong_json(seen: Seen, talk: Talk) -> None:
    talk.answer(body=b'{"workflow_id": 7, ')


def other_json(seen: Seen, talk: Talk) -> None:
    talk.answer(body={"unexpected": True})


def oversized(seen: Seen, talk: Talk) -> None:
    talk.answer(body=b'"' + b"x" * (transport.MAX_BODY + 10) + b'"')


def status(number: int, **headers: str) -> Behaviour:
    def behave(seen: Seen, talk: Talk) -> None:
        talk.answer(number, {"detail": "No."}, **headers)

    behave.__name__ = f"status_{number}"
    return behave


@pytest.fixture(autouse=True)
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 100_000)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (silent, Unavailable),
        (dripping_headers, Unavailable),
        (dripping_body, Unavailable),
        (for_ever_continue, Unavailable),
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
def test_a_read_fails_with_the_error_that_fits(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    client = connect_to(serve(behaviour).url)

    with pytest.raises(PneumaticError) as caught:
        client.get_template(1)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (silent, OutcomeUnknown),
        (dripping_headers, OutcomeUnknown),
        (dripping_body, OutcomeUnknown),
        (for_ever_continue, OutcomeUnknown),
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
def test_a_launch_fails_with_the_error_that_fits_and_is_sent_once(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    server = serve(behaviour)

    with pytest.raises(PneumaticError) as caught:
        connect_to(server.url).run(1, payload=PAYLOAD)

    assert type(caught.value) is error
    assert len(server.seen) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_launch_that_finds_no_server_is_safe_to_try_again(connect_to: Connect, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free_port = listener.getsockname()[1]

    with pytest.raises(Unavailable, match="no connection to its address"):
        connect_to(f"{scheme}://127.0.0.1:{free_port}").run(1, payload=PAYLOAD)


def test_a_launch_to_an_unknown_name_is_safe_to_try_again(connect_to: Connect) -> None:
    with pytest.raises(Unavailable, match="address was not found"):
        connect_to("http://pneumatic.invalid").run(1, payload=PAYLOAD)


def test_a_launch_without_a_secure_connection_was_not_sent(serve: Serve, connect_to: Connect) -> None:
    server = serve(good)

    with pytest.raises(Unavailable, match="no secure connection"):
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

        with pytest.raises(Unavailable, match="not answered in time"):
            client.run(1, payload=PAYLOAD)


def test_the_key_does_not_follow_a_redirect(serve: Serve, connect_to: Connect) -> None:
    elsewhere = serve(good)
    server = serve(status(307, Location=f"{elsewhere.url}/templates/1"))
    client = connect_to(server.url)

    with pytest.raises(UnexpectedResponse, match="PNEUMATIC_API_URL"):
        client.get_template(1)
    with pytest.raises(OutcomeUnknown):
        client.run(1, payload=PAYLOAD)

    assert len(server.seen) == 2
    assert elsewhere.seen == []


def test_no_cookie_is_kept(serve: Serve, connect_to: Connect) -> None:
    """Today's server sets one that holds the API key in clear."""

    def behave(seen: Seen, talk: Talk) -> None:
        talk.answer(body=samples.template(), Set_Cookie=f"file_service_auth={KEY}; Path=/; HttpOnly")

    server = serve(behave)
    client = connect_to(server.url)
    client.get_template(1)
    client.get_template(1)

    assert len(server.seen) == 2
    assert all("cookie" not in seen.headers for seen in server.seen)
    assert server.connections == 1


def test_a_netrc_file_does_not_replace_the_key(
    serve: Serve,
    connect_to: Connect,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(good)

    connect_to(server.url).get_template(1)
    connect_to(server.url).run(1, payload=PAYLOAD)

    assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {KEY}"}


def test_a_proxy_of_the_environment_is_used(
    serve: Serve, connect_to: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(good)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    connect_to("http://pneumatic.invalid").get_template(1)

    assert proxy.seen[0].target == "http://pneumatic.invalid/templates/1"


def test_every_request_says_who_asks(serve: Serve, connect_to: Connect) -> None:
    server = serve(good)

    connect_to(server.url).get_template(1)

    assert server.seen[0].headers["user-agent"].startswith("pneumatic-dash/0.")
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.seen[0].headers["accept"] == "application/json"


def test_a_launch_takes_a_fresh_connection(serve: Serve, connect_to: Connect) -> None:
    server = serve(good)
    client = connect_to(server.url)

    client.get_template(1)
    client.run(1, payload=PAYLOAD)
    client.get_template(1)

    assert server.connections == 2
    assert client.requests_made == 3


def test_a_launch_sends_exactly_the_payload(serve: Serve, connect_to: Connect) -> None:
    server = serve(good)
    payload = {"id": 1, "name": "Größe \ud83d 😀", "kickoff": {"a": ["\x00", 1, None, True]}, "more": 1.5}

    connect_to(server.url).run(1, payload=payload)

    assert server.seen[0].json == payload
    assert server.seen[0].headers["content-type"] == "application/json"


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
    client = connect_to(server.url)

    assert client.get_template(1).id == 1
    assert client.requests_made == len(server.seen) == failures + 1


@pytest.mark.parametrize("call", ["announce", "publish"])
def test_other_posts_are_not_made_again_but_may_be(serve: Serve, connect_to: Connect, call: str) -> None:
    server = serve(dropped)
    client = connect_to(server.url)
    calls: dict[str, Callable[[], object]] = {
        "announce": lambda: client.announce_file(filename="a", content_type="a/b", size=1, thumbnail=False),
        "publish": lambda: client.publish_file(1),
    }

    with pytest.raises(Unavailable):
        calls[call]()

    assert len(server.seen) == 1


def test_an_answer_packed_with_gzip_is_bounded_too(serve: Serve, connect_to: Connect) -> None:
    bomb = gzip.compress(b'"' + b"x" * 50_000_000 + b'"')
    server = serve(lambda seen, talk: talk.answer(body=bomb, Content_Encoding="gzip"))

    with pytest.raises(UnexpectedResponse, match="too large"):
        connect_to(server.url).get_template(1)


def test_a_put_has_no_key_and_streams_exactly_the_announced_bytes(serve: Serve, connect_to: Connect) -> None:
    server = serve(lambda seen, talk: talk.answer(201, b""))

    connect_to("http://127.0.0.1:9").put_file(
        f"{server.url}/store/a?signature=s", io.BytesIO(b"x" * 70_000), content_type="image/png", size=60_000
    )

    (seen,) = server.seen
    assert (seen.method, seen.target) == ("PUT", "/store/a?signature=s")
    assert seen.body == b"x" * 60_000
    assert seen.headers["content-type"] == "image/png"
    assert "authorization" not in seen.headers
    assert "cookie" not in seen.headers


class OnlyRead(io.RawIOBase):
    """A stream that notes the largest read asked of it."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.largest = 0

    def read(self, amount: int = -1, /) -> bytes:
        self.largest = max(self.largest, amount if amount >= 0 else self.left)
        given = min(amount, self.left) if amount >= 0 else self.left
        self.left -= given
        return b"x" * given


def test_a_put_never_holds_the_file_in_memory(serve: Serve, connect_to: Connect) -> None:
    server = serve(lambda seen, talk: talk.answer(200, b""))
    stream = OnlyRead(3_000_000)

    connect_to("http://127.0.0.1:9").put_file(
        server.url,
        stream,  # type: ignore[arg-type]  # read() is all that is used
        content_type="text/plain",
        size=3_000_000,
    )

    assert len(server.seen[0].body) == 3_000_000
    assert stream.largest <= 1_000_000


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (silent, Unavailable),
        (dripping_headers, Unavailable),
        (dropped, Unavailable),
        (status(500), Unavailable),
        (status(301, Location="/elsewhere"), UnexpectedResponse),
        (status(400), ValidationFailed),
        (status(403), PermissionDenied),
        (status(404), NotFound),
        (status(413), ValidationFailed),
        (status(415), ValidationFailed),
        (status(429), RateLimited),
    ],
)
def test_a_put_fails_with_the_error_that_fits(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    server = serve(behaviour)

    with pytest.raises(PneumaticError) as caught:
        connect_to("http://127.0.0.1:9").put_file(
            f"{server.url}/a?signature=secret", io.BytesIO(b"x"), content_type="text/plain", size=1
        )

    assert type(caught.value) is error
    assert "secret" not in str(caught.value)


def test_a_put_of_a_file_that_became_shorter_is_refused(serve: Serve, connect_to: Connect) -> None:
    server = serve(good)

    with pytest.raises(ValidationFailed, match="ended before"):
        connect_to(server.url).put_file(server.url, io.BytesIO(b"x"), content_type="text/plain", size=2)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/store/a",
        "file:///etc/passwd",
        "ftp://example.com/a",
        "http://",
        "http://u:p@example.com/",
        "http://[::1",
    ],
)
def test_a_put_goes_to_web_addresses_only(connect_to: Connect, url: str) -> None:
    with pytest.raises(UnexpectedResponse):
        connect_to("http://127.0.0.1:9").put_file(url, io.BytesIO(b"x"), content_type="text/plain", size=1)
