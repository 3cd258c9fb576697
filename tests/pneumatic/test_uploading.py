"""Files on their way to the storage that the server names."""

from __future__ import annotations

import io

import pytest

from apps.pneumatic.errors import (
    PneumaticError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from tests.pneumatic.behaviours import dripping_headers, dropped, good, silent, status
from tests.pneumatic.conftest import Connect, Serve
from tests.pneumatic.servers import Behaviour


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
        stream,
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
        (status(403), Unavailable),
        (status(404), Unavailable),
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
        "http://exa mple.com/a",
        "http://.example.com/a",
    ],
)
def test_a_put_goes_to_web_addresses_only(connect_to: Connect, url: str) -> None:
    with pytest.raises(UnexpectedResponse):
        connect_to("http://127.0.0.1:9").put_file(url, io.BytesIO(b"x"), content_type="text/plain", size=1)
