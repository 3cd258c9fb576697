"""Which API the server has: how it is detected."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic import detection, server
from apps.pneumatic.client import connect
from apps.pneumatic.errors import (
    AuthenticationFailed,
    PneumaticError,
    Unavailable,
    UnexpectedResponse,
)
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current
from tests.pneumatic import samples
from tests.pneumatic.behaviours import dropped, html, other_json, status
from tests.pneumatic.conftest import KEY, Serve
from tests.pneumatic.detecting import Memory, auto, client, current, documented
from tests.pneumatic.dialects.current import samples as api
from tests.pneumatic.servers import Behaviour, Seen, Talk

__all__ = ["auto", "client"]

pytestmark = pytest.mark.usefixtures("auto")


# -- Asking


@pytest.mark.parametrize(
    ("behaviour", "name", "requests"),
    [
        (current(), "current", 1),
        (current(status(403)), "current", 2),
        (current([{"event": "painted", "url": None, "more": 1}]), "current", 1),
        (documented(), "documented", 2),
        (documented(status(404)), "documented", 2),
        (documented(status(405)), "documented", 2),
        (documented(status(403)), "documented", 2),
        (documented(status(400)), "documented", 2),
        (documented(lambda seen, talk: talk.answer(body={"id": 1})), "documented", 2),
        (documented(lambda seen, talk: talk.answer(body=[])), "documented", 2),
        (api.routes({"GET /webhooks": samples.envelope([])}), "documented", 2),
        (api.routes({"GET /webhooks": status(403)}), "documented", 2),
    ],
    ids=[
        "current, an admin",
        "current, no admin",
        "current, other events",
        "documented, HTML 404",
        "documented, JSON 404",
        "documented, 405",
        "documented, 403 before 405",
        "documented, no such number",
        "documented, any number",
        "documented, an empty list",
        "documented, an envelope",
        "documented, no admin",
    ],
)
def test_it_takes_one_request_or_two_to_find_out(
    serve: Serve, client: Any, behaviour: Behaviour, name: str, requests: int
) -> None:
    server = serve(behaviour)

    assert client(server.url).detect_dialect() == name

    assert [(seen.method, seen.target) for seen in server.seen] == [
        ("GET", "/webhooks/events"),
        ("GET", "/webhooks"),
    ][:requests]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (status(401), AuthenticationFailed),
        (status(500), Unavailable),
        (status(503), Unavailable),
        (dropped, Unavailable),
        (html, UnexpectedResponse),
        (other_json, UnexpectedResponse),
        (api.not_found, UnexpectedResponse),
        (status(302, Location="/login"), UnexpectedResponse),
        (
            api.routes({"GET /webhooks/events": [], "GET /webhooks": {"ok": True}}),
            UnexpectedResponse,
        ),
        (api.routes({"GET /webhooks/events": [1], "GET /webhooks": "no"}), UnexpectedResponse),
        (api.routes({"GET /webhooks": status(500)}), Unavailable),
    ],
    ids=[
        "401",
        "500",
        "503",
        "dropped",
        "HTML at 200",
        "a stranger's JSON",
        "nothing there",
        "redirect",
        "a stranger's webhooks",
        "a stranger's list",
        "half an outage",
    ],
)
def test_what_cannot_be_detected_is_an_error_and_not_remembered(
    serve: Serve, client: Any, memory: Memory, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    made = client(serve(behaviour).url)

    with pytest.raises(PneumaticError) as caught:
        made.list_templates()

    assert type(caught.value) is error
    assert memory == {}
    assert detection.active_dialect() == ""
    if error is UnexpectedResponse:
        assert "PNEUMATIC_API_URL" in str(caught.value)


def test_a_client_that_detected_nothing_tries_again(serve: Serve, client: Any) -> None:
    down = [True]
    behave = current()
    made = client(serve(lambda seen, talk: (dropped if down[0] else behave)(seen, talk)).url)
    with pytest.raises(Unavailable):
        made.list_templates()
    down[0] = False

    assert [row.id for row in made.list_templates()] == [1]


# -- The sandbox


@both_dialects
def test_the_sandbox_is_detected(sandbox: Sandbox, settings: Settings, dialect: str) -> None:
    settings.PNEUMATIC_DIALECT = "auto"

    with connect() as made:
        assert made.detect_dialect() == dialect

    assert len(sandbox.requests()) == (1 if dialect == "current" else 2)


@only_current
def test_the_sandbox_is_detected_with_the_key_of_no_admin(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    member = sandbox.put_user({"email": "max@example.com", "first_name": "Max", "is_admin": False})
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-a-member", user_id=member["id"])

    with connect() as made:
        assert made.detect_dialect() == "current"
        key_holder = made.key_holder()

    assert key_holder is not None
    assert (key_holder.email, key_holder.sees_everything) == ("max@example.com", False)
    assert len(sandbox.requests()) == 4


@both_dialects
def test_the_sandbox_refuses_a_wrong_key(sandbox: Sandbox, settings: Settings, memory: Memory) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    settings.PNEUMATIC_API_KEY = "wrong"

    with connect() as made, pytest.raises(AuthenticationFailed):
        made.detect_dialect()

    (known,) = memory.values()
    assert (known.dialect, known.rejected_fingerprint) == ("", server.key_fingerprint())


def test_every_request_of_a_question_brings_the_key_and_no_cookie(serve: Serve, client: Any) -> None:
    def behave(seen: Seen, talk: Talk) -> None:
        talk.answer(403, {"detail": "No."}, Set_Cookie=f"file_service_auth={KEY}; Path=/")

    server = serve(behave)

    client(server.url).detect_dialect()

    assert [seen.headers["authorization"] for seen in server.seen] == [f"Bearer {KEY}"] * 2
    assert all("cookie" not in seen.headers for seen in server.seen)
