"""Recorded answers to uploads, subscriptions and the calls of the past, given once more.

The last of them are what a client with the documented dialect receives at the current API.
"""

from __future__ import annotations

import ast
import email
import email.policy
import io
from collections.abc import Sequence
from email.message import Message

import pytest
from pytest_django import Settings

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import PublicFile, Subscription
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import (
    AuthenticationFailed,
    Contradicted,
    NotFound,
    PneumaticError,
    RateLimited,
    UnexpectedResponse,
    ValidationFailed,
)
from tests.contract.recordings import Exchange, answering, exchange, named, names
from tests.contract.test_replay_reading import COVERED as COVERED_BY_READING
from tests.contract.test_replay_running import COVERED as COVERED_BY_RUNNING
from tests.contract.test_replay_templates import COVERED as COVERED_BY_TEMPLATES
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

UPLOADS = named(lambda found: found.place == "POST /upload")
SUBSCRIBED = named(lambda found: found.path.endswith("/subscribe") and found.status == 204)
NOT_SUBSCRIBED = named(lambda found: found.path.endswith("/subscribe") and found.status != 204)
UNSUBSCRIBED = named(lambda found: found.path.endswith("/unsubscribe"))
OF_THE_PAST = named(
    lambda found: (
        found.place.split()[1] in {"/webhooks", "/webhooks/1", "/webhooks/target"}
        or "/workflows/attachments" in found.path
    )
)
COVERED = [*UPLOADS, *SUBSCRIBED, *NOT_SUBSCRIBED, *UNSUBSCRIBED, *OF_THE_PAST]


def test_every_recording_is_covered() -> None:
    covered = [*COVERED, *COVERED_BY_READING, *COVERED_BY_RUNNING, *COVERED_BY_TEMPLATES]

    assert len(covered) == len(set(covered))
    assert sorted(covered) == names()


def test_no_recording_contains_a_key_or_a_person() -> None:
    """New recordings must leave out what the server says about keys and cookies."""
    assert len(names()) > 200
    for name in names():
        found = exchange(name)
        assert set(found.headers) <= {"content-type", "retry-after"}
        for secret in ("Bearer", "pn-", "file_service_auth", "sessionid"):
            assert secret not in f"{found}"


# -- Uploads


def parts(content_type: str, body: bytes) -> Sequence[Message]:
    """Return the parts of a multipart form, read by a parser that is not ours."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    return list(form.walk())[1:]


def form_of(found: Exchange) -> tuple[str, bytes, str]:
    """Return the file name, the content and its type of the recorded form."""
    text = found.body
    body = ast.literal_eval(text) if text.startswith("b'") else text.encode()
    boundary = body.partition(b"\r\n")[0][2:].decode()
    (part,) = parts(f"multipart/form-data; boundary={boundary}", body)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    name = body.partition(b'filename="')[2].partition(b'"\r\n')[0].decode()
    return name, content, part.get_content_type()


def send(client: Client, name: str, content: bytes, kind: str) -> PublicFile:
    return client.upload(io.BytesIO(content), filename=name, content_type=kind, size=len(content))


@pytest.mark.parametrize("name", [name for name in UPLOADS if exchange(name).status == 200])
def test_an_upload_that_was_taken(serve: Serve, connect_to: Connect, settings: Settings, name: str) -> None:
    found = exchange(name)
    server = serve(answering(name))
    settings.PNEUMATIC_FILES_URL = server.url
    sent = form_of(found)

    public = send(connect_to(server.url, dialect=Current()), *sent)

    assert (public.id, public.url) == (found.answer["file_id"], found.answer["public_url"])
    assert public.name == sent[0]
    (seen,) = server.seen
    (ours,) = parts(seen.headers["content-type"], seen.body)
    assert (ours.get_payload(decode=True), ours.get_content_type()) == sent[1:]
    assert f'form-data; name="file"; filename="{sent[0]}"'.encode() in seen.body


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("file-upload-bad-key", AuthenticationFailed),
        ("file-upload-no-auth", AuthenticationFailed),
        ("file-upload-key-not-in-cache", AuthenticationFailed),
        ("file-upload-json-body", ValidationFailed),
        ("file-upload-missing-file", ValidationFailed),
        ("file-upload-rate-limited", RateLimited),
    ],
)
def test_an_upload_that_was_refused(
    serve: Serve, connect_to: Connect, settings: Settings, name: str, error: type[PneumaticError]
) -> None:
    found = exchange(name)
    server = serve(answering(name, "templates-list-limit-only"))
    settings.PNEUMATIC_FILES_URL = server.url

    with pytest.raises(error) as caught:
        send(connect_to(server.url, dialect=Current()), "a.txt", b"x", "text/plain")

    assert caught.value.status == found.status
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 60
    # Only a key that is strange there is worth a question to the server and another try.
    assert len(server.seen) == (3 if error is AuthenticationFailed else 1)


def test_every_refused_upload_is_expected() -> None:
    assert len([name for name in UPLOADS if exchange(name).status != 200]) == 6


def test_a_check_of_the_service_takes_its_complaint_for_a_good_sign(
    serve: Serve, connect_to: Connect, settings: Settings
) -> None:
    server = serve(answering("file-upload-missing-file"))
    settings.PNEUMATIC_FILES_URL = server.url

    assert connect_to(server.url, dialect=Current()).check_files()

    assert server.seen[0].body.decode() == exchange("file-upload-missing-file").body


# -- Subscriptions


@pytest.mark.parametrize("name", SUBSCRIBED)
def test_a_subscription_that_was_taken(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    server = serve(answering(name))

    made = connect_to(server.url, dialect=Current()).subscribe(
        kind=Kind.WORKFLOW_STARTED, target=found.body["url"]
    )

    assert (made.event, made.kind, made.target) == (
        "workflow_started",
        Kind.WORKFLOW_STARTED,
        found.body["url"],
    )
    (seen,) = server.seen
    assert (seen.method, seen.target, seen.json) == ("POST", found.path, found.body)


@pytest.mark.parametrize("name", NOT_SUBSCRIBED)
def test_a_subscription_that_was_refused(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    # The recorded request was wrong in some way: ours gets the same response.
    path = "POST /webhooks/events/workflow_started/subscribe"
    behave = answering(name)
    there = serve(
        lambda seen, talk: (
            behave(type(seen)(seen.method, found.path, seen.headers, seen.body), talk)
            if f"{seen.method} {seen.target}" == path
            else talk.drop()
        )
    )
    client = connect_to(there.url, dialect=Current())
    error = UnexpectedResponse if found.status == 404 else ValidationFailed

    with pytest.raises(error) as caught:
        client.subscribe(kind=Kind.WORKFLOW_STARTED, target="http://127.0.0.1:8090/x")

    assert caught.value.status == found.status
    if isinstance(caught.value, ValidationFailed):
        assert caught.value.field == "url"


@pytest.mark.parametrize("name", UNSUBSCRIBED)
def test_an_end_of_a_subscription(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    server = serve(answering(name, "webhooks-events-list-one"))
    client = connect_to(server.url, dialect=Current())
    (subscription,) = client.list_subscriptions()

    client.unsubscribe(subscription)

    assert [(seen.method, seen.target) for seen in server.seen[1:]] == [
        ("GET", "/webhooks/events"),
        ("POST", found.path),
    ]


@pytest.mark.parametrize("recorded", ["webhooks-events-list-empty", "webhooks-events-list-all"])
def test_a_subscription_with_another_url_is_not_changed(
    serve: Serve, connect_to: Connect, recorded: str
) -> None:
    server = serve(answering(recorded, "webhooks-unsubscribe-event"))
    client = connect_to(server.url, dialect=Current())
    (was,) = connect_to(
        serve(answering("webhooks-events-list-one")).url, dialect=Current()
    ).list_subscriptions()

    with pytest.raises(NotFound):
        client.unsubscribe(was)

    assert [seen.method for seen in server.seen] == ["GET"]


# -- The calls of the past


def test_the_calls_of_the_past_are_all_expected() -> None:
    assert OF_THE_PAST == [
        "attachments-old-links", "attachments-old-post", "webhooks-old-delete-id", "webhooks-old-delete-target",
        "webhooks-old-list", "webhooks-old-post",
    ]  # fmt: skip


def test_a_documented_upload_shows_that_the_current_server_is_another_one(
    serve: Serve, connect_to: Connect
) -> None:
    client = connect_to(serve(answering("attachments-old-post")).url)

    with pytest.raises(Contradicted):
        send(client, "a.txt", b"x", "text/plain")


def test_a_documented_link_is_not_found_at_the_current_server(serve: Serve, connect_to: Connect) -> None:
    client = connect_to(serve(answering("attachments-old-links")).url)

    with pytest.raises(NotFound) as caught:
        client._transport.post(exchange("attachments-old-links").path)

    assert "<" not in str(caught.value)


def test_documented_webhooks_are_a_contradiction_at_the_current_api(
    serve: Serve, connect_to: Connect
) -> None:
    client = connect_to(serve(answering(*OF_THE_PAST)).url)

    with pytest.raises(UnexpectedResponse, match="check_connection"):
        client.list_subscriptions()
    with pytest.raises(UnexpectedResponse, match="check_connection"):
        client.subscribe(kind=Kind.TASK_RETURNED, target="http://127.0.0.1:8090/ok")
    with pytest.raises(NotFound):
        client.unsubscribe(Subscription(1, "task_returned", "http://127.0.0.1:8090/ok"))
    with pytest.raises(NotFound):
        client.unsubscribe_target("http://127.0.0.1:8090/ok")


def test_detection_recognizes_the_current_api_by_recorded_responses(
    serve: Serve, connect_to: Connect
) -> None:
    server = serve(answering("webhooks-events-list-empty", "webhooks-old-list"))

    assert connect_to(server.url).detect_dialect() == "current"

    assert len(server.seen) == 1
