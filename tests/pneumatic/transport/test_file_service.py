"""Uploads to the file service of the current API."""

from __future__ import annotations

import email
import email.policy
import io
from collections.abc import Sequence
from email.message import Message
from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import (
    ConfigurationError,
    PneumaticError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from tests.pneumatic.actions import upload
from tests.pneumatic.behaviours import (
    dripping_headers,
    dropped,
    html,
    reset,
    silent,
    status,
    timeout_for,
    wrong_json,
)
from tests.pneumatic.conftest import KEY, Connect, Pairs, Serve
from tests.pneumatic.dialects.current import samples
from tests.pneumatic.servers import Behaviour, Seen
from tests.pneumatic.transport.test_file_storage import OnlyRead

pytestmark = pytest.mark.usefixtures("memory")


def parts(seen: Seen) -> Sequence[Message]:
    """Return the parts of a multipart form, read by a parser that is not ours."""
    head = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    form = email.message_from_bytes(head + seen.body, policy=email.policy.HTTP)
    assert form.is_multipart()
    return list(form.walk())[1:]


def test_an_upload_is_one_part_called_file_and_brings_the_key(pair: Pairs) -> None:
    there = pair(samples.storing)

    public = upload(there.client, b"%PDF-1.4 \r\n--x", filename="offer.pdf", content_type="application/pdf")

    (seen,) = there.files.seen
    assert (seen.method, seen.target) == ("POST", "/files/upload")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert int(seen.headers["content-length"]) == len(seen.body)
    (part,) = parts(seen)
    assert part["Content-Disposition"] == 'form-data; name="file"; filename="offer.pdf"'
    assert part.get_content_type() == "application/pdf"
    assert part.get_payload(decode=True) == b"%PDF-1.4 \r\n--x"
    assert (public.id, public.url, public.name, public.size) == (
        samples.FILE_ID,
        f"http://files.example/{samples.FILE_ID}",
        "offer.pdf",
        14,
    )
    assert there.api.seen == []


@pytest.mark.parametrize("name", ["Größe 合同 😀.pdf", "with spaces (1).pdf", "[brackets].pdf", "a" * 300])
def test_a_file_name_arrives_as_it_is(pair: Pairs, name: str) -> None:
    there = pair(samples.storing)

    assert upload(there.client, filename=name).name == name

    assert f'name="file"; filename="{name}"\r\n'.encode() in there.files.seen[0].body


@pytest.mark.parametrize(
    "name", ['say "hi".pdf', "two\nlines", "two\r\nX-Other: header", "back\\slash", "nul\0", '"\r\n\r\nbody']
)
def test_no_file_name_gets_out_of_its_header(pair: Pairs, name: str) -> None:
    there = pair(samples.storing)

    upload(there.client, b"content", filename=name)

    (part,) = parts(there.files.seen[0])
    assert sorted(part.keys()) == ["Content-Disposition", "Content-Type"]
    assert part.get_payload(decode=True) == b"content"
    head, _blank, _body = there.files.seen[0].body.partition(b"\r\n\r\n")
    disposition = head.split(b"\r\n")[1]
    assert disposition.count(b'"') == 4
    assert b"\n" not in disposition


def test_an_empty_file_can_be_sent(pair: Pairs) -> None:
    there = pair(samples.storing)

    assert upload(there.client, b"").size == 0

    assert parts(there.files.seen[0])[0].get_payload(decode=True) == b""


def test_a_file_is_never_read_into_memory(pair: Pairs) -> None:
    there = pair(samples.storing)
    stream = OnlyRead(3_000_000)

    upload(there.client, stream, size=3_000_000)  # type: ignore[arg-type]  # all that it needs

    assert parts(there.files.seen[0])[0].get_payload(decode=True) == b"x" * 3_000_000
    assert stream.largest <= 1_000_000


def test_exactly_the_announced_bytes_are_sent(pair: Pairs) -> None:
    there = pair(samples.storing)

    upload(there.client, b"x" * 70_000, size=60_000)

    assert parts(there.files.seen[0])[0].get_payload(decode=True) == b"x" * 60_000


def test_a_file_that_became_shorter_is_refused(pair: Pairs) -> None:
    with pytest.raises(ValidationFailed, match="ended before"):
        upload(pair(samples.storing).client, b"x", size=2)


def test_a_stream_that_was_read_before_is_sent_from_its_beginning(pair: Pairs) -> None:
    there = pair(samples.storing)
    stream = io.BytesIO(b"whole")
    stream.read()

    upload(there.client, stream, size=5)

    assert parts(there.files.seen[0])[0].get_payload(decode=True) == b"whole"


def test_without_an_address_no_file_can_be_uploaded(
    serve: Serve, connect_to: Connect, settings: Settings
) -> None:
    settings.PNEUMATIC_FILES_URL = ""
    server = serve(samples.not_found)
    client = connect_to(server.url, dialect=Current())

    with pytest.raises(ConfigurationError, match="PNEUMATIC_FILES_URL is empty"):
        upload(client)
    with pytest.raises(ConfigurationError, match="PNEUMATIC_FILES_URL is empty"):
        client.check_files()

    # A release before 7.0 would need no such setting: only the release is requested.
    assert [(seen.method, seen.target) for seen in server.seen] == [("GET", "/auth/context")]
    assert "PNEUMATIC_FILES_URL" in client.capabilities.no_files


@pytest.mark.parametrize(
    "url",
    ["https://exa mple.com/files", "https://.example.com", "http://[::1", "http://127.0.0.1:99999/files"],
)
def test_an_address_that_is_none_is_a_mistake_in_the_settings(
    connect_to: Connect, settings: Settings, url: str
) -> None:
    settings.PNEUMATIC_FILES_URL = url
    client = connect_to("http://127.0.0.1:9", dialect=Current())

    for ask in (lambda: upload(client), client.check_files):
        with pytest.raises(ConfigurationError, match="PNEUMATIC_FILES_URL is not a valid URL"):
            ask()

    assert client.requests_made == 0


# -- Refusals


def limited(body: Any, **headers: str) -> Behaviour:
    return lambda seen, talk: talk.answer(429, body, **headers)


@pytest.mark.parametrize(
    ("behaviour", "seconds"),
    [
        (limited({"detail": "Rate limit exceeded", "retry_after": 60}, Retry_After="45"), 45),
        (limited({"detail": "Rate limit exceeded", "retry_after": 60}), 60),
        (limited({"detail": "Rate limit exceeded", "retry_after": "soon"}), None),
        (limited({"retry_after": -5}), None),
        (limited({"retry_after": True}), None),
        (limited([60]), None),
        (limited(b"<html>"), None),
        (limited({"retry_after": 60}, Retry_After="soon"), 60),
    ],
)
def test_a_limit_is_raised_with_its_seconds_without_waiting(
    pair: Pairs, behaviour: Behaviour, seconds: float | None
) -> None:
    there = pair(behaviour)

    with pytest.raises(RateLimited) as caught:
        upload(there.client)

    assert caught.value.retry_after == seconds
    assert len(there.files.seen) == 1


@pytest.mark.parametrize(
    ("behaviour", "error", "sentence"),
    [
        (
            lambda seen, talk: talk.answer(413, {"code": "FILE_003", "message": "Too large"}),
            ValidationFailed,
            "too large",
        ),
        (
            lambda seen, talk: talk.answer(422, {"code": "VAL_002", "message": "Missing required field"}),
            ValidationFailed,
            "HTTP 422",
        ),
        (status(400), ValidationFailed, "HTTP 400"),
        (status(403), ValidationFailed, "HTTP 403"),
        (status(500), Unavailable, "HTTP 500"),
        (status(502), Unavailable, "HTTP 502"),
        (status(408), Unavailable, "HTTP 408"),
        (silent, Unavailable, "broke before the file was stored"),
        (dripping_headers, Unavailable, "broke before the file was stored"),
        (dropped, Unavailable, "broke before the file was stored"),
        (reset, Unavailable, "broke before the file was stored"),
        (html, UnexpectedResponse, "PNEUMATIC_FILES_URL"),
        (wrong_json, UnexpectedResponse, "PNEUMATIC_FILES_URL"),
        (samples.not_found, UnexpectedResponse, "PNEUMATIC_FILES_URL"),
        (status(405), UnexpectedResponse, "PNEUMATIC_FILES_URL"),
        (status(301, Location="https://elsewhere.example/"), UnexpectedResponse, "PNEUMATIC_FILES_URL"),
    ],
)
def test_an_upload_fails_with_the_matching_error(
    pair: Pairs, behaviour: Behaviour, error: type[PneumaticError], sentence: str
) -> None:
    there = pair(behaviour)
    there.client._transport.timeout = (timeout_for(behaviour), timeout_for(behaviour))

    with pytest.raises(PneumaticError, match=sentence) as caught:
        upload(there.client)

    assert type(caught.value) is error
    assert len(there.files.seen) == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"file_id": samples.FILE_ID}, "file.public_url"),
        ({"public_url": "http://files.example/1"}, "file.file_id"),
        ({"public_url": "http://files.example/1", "file_id": 5}, "file.file_id"),
        ([], "file"),
    ],
)
def test_a_response_that_names_no_file_is_invalid(pair: Pairs, body: Any, path: str) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        upload(pair(lambda seen, talk: talk.answer(body=body)).client)

    assert caught.value.path == path


def test_a_missing_service_is_reported(connect_to: Connect, settings: Settings) -> None:
    settings.PNEUMATIC_FILES_URL = "http://127.0.0.1:9/files"

    with pytest.raises(Unavailable, match="PNEUMATIC_FILES_URL"):
        upload(connect_to("http://127.0.0.1:9", dialect=Current()))
