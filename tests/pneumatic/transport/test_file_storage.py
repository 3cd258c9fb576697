"""Uploads to the storage that the documented API names."""

from __future__ import annotations

import io

import pytest

from apps.pneumatic.errors import (
    AuthenticationFailed,
    Contradicted,
    NotFound,
    PermissionDenied,
    PneumaticError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from tests.pneumatic.actions import upload
from tests.pneumatic.behaviours import (
    SIGNATURE,
    dripping_headers,
    dropped,
    good,
    html,
    silent,
    status,
    taking_files,
    timeout_for,
)
from tests.pneumatic.conftest import KEY, Connect, Serve
from tests.pneumatic.servers import Behaviour, Seen, Talk


def test_a_put_has_no_key_and_streams_exactly_the_announced_bytes(serve: Serve, connect_to: Connect) -> None:
    server = serve(taking_files())

    upload(connect_to(server.url), b"x" * 70_000, size=60_000, content_type="image/png")

    announced, put, published = server.seen
    assert announced.json == {
        "filename": "a.txt",
        "content_type": "image/png",
        "size": 60_000,
        "thumbnail": False,
    }
    assert (put.method, put.target) == ("PUT", f"/store/a?{SIGNATURE}")
    assert put.body == b"x" * 60_000
    assert put.headers["content-type"] == "image/png"
    assert "authorization" not in put.headers
    assert "cookie" not in put.headers
    assert (published.method, published.target, published.body) == (
        "POST",
        "/workflows/attachments/3/links",
        b"",
    )
    assert [seen.headers["authorization"] for seen in (announced, published)] == [f"Bearer {KEY}"] * 2


def test_a_picture_takes_its_thumbnail_along_without_the_key(serve: Serve, connect_to: Connect) -> None:
    server = serve(taking_files())

    upload(connect_to(server.url), b"picture", thumbnail=b"small", content_type="image/png")

    puts = [seen for seen in server.seen if seen.method == "PUT"]
    assert [(seen.body, seen.target) for seen in puts] == [
        (b"picture", f"/store/a?{SIGNATURE}"),
        (b"small", f"/store/a?{SIGNATURE}&thumbnail"),
    ]
    assert all("authorization" not in seen.headers for seen in puts)


def test_a_thumbnail_that_is_not_stored_stops_nothing(serve: Serve, connect_to: Connect) -> None:
    def put(seen: Seen, talk: Talk) -> None:
        talk.answer(500 if seen.target.endswith("thumbnail") else 201, b"")

    assert upload(connect_to(serve(taking_files(put)).url), thumbnail=b"small").id == "3"


class OnlyRead(io.RawIOBase):
    """A stream that notes the largest read asked of it."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.largest = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return 0

    def read(self, amount: int = -1, /) -> bytes:
        self.largest = max(self.largest, amount if amount >= 0 else self.left)
        given = min(amount, self.left) if amount >= 0 else self.left
        self.left -= given
        return b"x" * given


def test_a_put_never_reads_the_file_into_memory(serve: Serve, connect_to: Connect) -> None:
    server = serve(taking_files())
    stream = OnlyRead(3_000_000)

    upload(connect_to(server.url), stream, size=3_000_000)  # type: ignore[arg-type]  # all that it needs

    assert len(server.seen[1].body) == 3_000_000
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
        (status(403), Unavailable),
        (status(404), Unavailable),
        (status(413), ValidationFailed),
        (status(415), ValidationFailed),
        (status(429), RateLimited),
    ],
)
def test_a_put_fails_with_the_matching_error(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    server = serve(taking_files(behaviour))
    client = connect_to(server.url, read_timeout=timeout_for(behaviour, 2))  # in which it is announced

    with pytest.raises(PneumaticError) as caught:
        upload(client)

    assert type(caught.value) is error
    assert SIGNATURE not in str(caught.value)
    assert [seen.method for seen in server.seen] == ["POST", "PUT"]  # what was not stored is not published


def refusing(step: str, behaviour: Behaviour) -> Behaviour:
    return taking_files(announce=behaviour) if step == "announce" else taking_files(publish=behaviour)


@pytest.mark.parametrize(
    ("step", "behaviour", "error"),
    [
        # A server that does not have the first step at all, or treats its path as another one, is the current one.
        ("announce", status(403), Contradicted),
        ("announce", status(404), Contradicted),
        ("publish", status(403), PermissionDenied),
        ("publish", status(404), NotFound),
    ],
)
def test_only_a_server_of_another_generation_refuses_the_first_step_like_this(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError], step: str
) -> None:
    server = serve(refusing(step, behaviour))

    with pytest.raises(PneumaticError) as caught:
        upload(connect_to(server.url))

    assert type(caught.value) is error


@pytest.mark.parametrize("step", ["announce", "publish"])
@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (html, UnexpectedResponse),
        (status(400), ValidationFailed),
        (status(401), AuthenticationFailed),
        (status(429, Retry_After="7"), RateLimited),
        (status(503), Unavailable),
    ],
)
def test_the_steps_before_and_after_fail_with_the_matching_error(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError], step: str
) -> None:
    server = serve(refusing(step, behaviour))

    with pytest.raises(PneumaticError) as caught:
        upload(connect_to(server.url))

    assert type(caught.value) is error
    assert len(server.seen) == (1 if step == "announce" else 3)
    assert getattr(caught.value, "retry_after", None) == (7 if error is RateLimited else None)


def test_a_put_of_a_file_that_became_shorter_is_refused(serve: Serve, connect_to: Connect) -> None:
    server = serve(taking_files(good))

    with pytest.raises(ValidationFailed, match="ended before"):
        upload(connect_to(server.url), b"x", size=2)


@pytest.mark.parametrize(
    "url",
    [
        "/store/a",
        "file:///etc/passwd",
        "ftp://example.com/a",
        "http://",
        "http://u:p@example.com/",
        "http://[::1",
        "http://exa mple.com/a",
        "http://.example.com/a",
    ],
)
def test_a_put_goes_to_web_addresses_only(serve: Serve, connect_to: Connect, url: str) -> None:
    server = serve(taking_files(store=url))

    with pytest.raises(UnexpectedResponse) as caught:
        upload(connect_to(server.url))

    assert caught.value.path == "file_upload_url"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "ticket", [{}, {"id": 3, "file_upload_url": ""}, {"id": "3", "file_upload_url": "http://127.0.0.1:9/a"}]
)
def test_a_ticket_without_what_it_takes_sends_nothing(
    serve: Serve, connect_to: Connect, ticket: dict[str, object]
) -> None:
    server = serve(taking_files(announce=lambda seen, talk: talk.answer(body=ticket)))

    with pytest.raises(UnexpectedResponse):
        upload(connect_to(server.url))

    assert len(server.seen) == 1
