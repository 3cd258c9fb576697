"""What a client sends, and what it takes from its surroundings and from the server."""

from __future__ import annotations

import json

import pytest

from apps.pneumatic.errors import (
    OutcomeUnknown,
    UnexpectedResponse,
)
from tests.pneumatic import samples
from tests.pneumatic.behaviours import good, status
from tests.pneumatic.conftest import KEY, Connect, Serve
from tests.pneumatic.servers import Seen, Talk

PAYLOAD = {"id": 1, "name": "Trip", "kickoff": None}


def test_the_key_does_not_follow_a_redirect(serve: Serve, connect_to: Connect) -> None:
    other = serve(good)
    server = serve(status(307, Location=f"{other.url}/templates/1"))
    client = connect_to(server.url)

    with pytest.raises(UnexpectedResponse, match="PNEUMATIC_API_URL"):
        client.get_template(1)
    with pytest.raises(OutcomeUnknown):
        client.run(1, payload=PAYLOAD)

    assert len(server.seen) == 2
    assert other.seen == []


def test_no_cookie_is_kept(serve: Serve, connect_to: Connect) -> None:
    """The current API sets one that holds the API key in clear."""

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


def test_every_request_names_its_client(serve: Serve, connect_to: Connect) -> None:
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


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_an_answer_in_chunks_is_read(serve: Serve, connect_to: Connect) -> None:
    body = json.dumps(samples.template()).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:]))
    server = serve(lambda seen, talk: talk.sock.sendall(CHUNKED + chunks + b"0\r\n\r\n"))
    client = connect_to(server.url)

    assert [client.get_template(1).id, client.get_template(1).id] == [1, 1]
    assert server.connections == 1


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\nzz\r\n"])
def test_chunks_that_break_off_are_no_answer(serve: Serve, connect_to: Connect, end: bytes) -> None:
    """Also where the part that came would be valid JSON."""

    def behave(seen: Seen, talk: Talk) -> None:
        talk.sock.sendall(CHUNKED + b'13\r\n{"workflow_id": 12}' + end)
        talk.drop()

    with pytest.raises(OutcomeUnknown):
        connect_to(serve(behave).url).run(1, payload=PAYLOAD)


def test_an_answer_that_ends_with_the_connection_is_read(serve: Serve, connect_to: Connect) -> None:
    """As HTTP/1.0 has it; only the JSON shows whether it is whole."""

    def behave(seen: Seen, talk: Talk) -> None:
        talk.sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(samples.template()).encode())
        talk.drop()

    assert connect_to(serve(behave).url).get_template(1).id == 1
