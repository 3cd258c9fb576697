"""Which error each HTTP status becomes: of the API, of the file storage and of the file service."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from apps.pneumatic.canonical.schemas import Upload
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
from apps.pneumatic.transport import api, connection, file_service, file_storage, retry
from apps.pneumatic.transport.statuses import StatusKind, kind_of

STATUSES = range(100, 600)
SUCCESS = range(200, 300)
API_URL = "http://api.example"
FILES_URL = "http://files.example"

Error = type[PneumaticError]


def table(rest: dict[range, Error], special: dict[int, Error]) -> dict[int, Error]:
    """Return the error for every status that is no success."""
    by_range = {status: error for statuses, error in rest.items() for status in statuses}
    return {status: special.get(status, by_range[status]) for status in STATUSES if status not in SUCCESS}


CLASSES: dict[range, Error] = {
    range(100, 400): UnexpectedResponse,
    range(400, 500): ValidationFailed,
    range(500, 600): Unavailable,
}
READ = table(
    CLASSES,
    {401: AuthenticationFailed, 403: PermissionDenied, 404: NotFound, 408: Unavailable, 429: RateLimited},
)
LAUNCH = table(
    {**CLASSES, range(100, 400): OutcomeUnknown, range(500, 600): OutcomeUnknown},
    {401: AuthenticationFailed, 403: PermissionDenied, 404: NotFound, 408: OutcomeUnknown, 429: RateLimited},
)
STORAGE = table(
    CLASSES,
    {**dict.fromkeys([401, 403, 404, 408, 410], Unavailable), 429: RateLimited},
)
SERVICE = table(
    CLASSES,
    {
        401: AuthenticationFailed,
        404: UnexpectedResponse,
        405: UnexpectedResponse,
        408: Unavailable,
        429: RateLimited,
    },
)


class Answers:
    """Replaces the network: every request gets ``status``, but the API accepts the key where ``accepts_key``."""

    def __init__(self) -> None:
        self.status = 200
        self.accepts_key = False

    def __call__(
        self, session: requests.Session, request: requests.PreparedRequest, **bounds: Any
    ) -> connection.Reply:
        if self.accepts_key and request.method == "GET":
            return connection.Reply(200, {}, b"[]")
        return connection.Reply(self.status, {}, b"")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    answers = Answers()
    monkeypatch.setattr(connection, "roundtrip", answers)
    return answers


@pytest.fixture
def transport() -> Iterator[api.Transport]:
    made = api.Transport(base_url=API_URL, key="key-1", connect_timeout=1, read_timeout=1, pool_size=1)
    yield made
    made.close()


def failures(answers: Answers, call: Callable[[], object]) -> dict[int, PneumaticError]:
    """Return what ``call`` raises for every status that is no success."""
    found = {}
    for answers.status in STATUSES:
        if answers.status not in SUCCESS:
            with pytest.raises(PneumaticError) as caught:
                call()
            found[answers.status] = caught.value
    return found


def test_every_status_becomes_its_error_in_each_service(answers: Answers, transport: api.Transport) -> None:
    upload = Upload(io.BytesIO(b"x"), "a.txt", "text/plain", 1)

    def put() -> None:
        file_storage.put(
            "http://storage.example/a", io.BytesIO(b"x"), content_type="text/plain", size=1, timeout=(1, 1)
        )

    calls: dict[str, tuple[Callable[[], object], dict[int, Error]]] = {
        "read": (lambda: transport.get("/templates", repeat=False), READ),
        "launch": (lambda: transport.post("/templates/1/run", {}, once=True), LAUNCH),
        "storage": (put, STORAGE),
        "service": (lambda: file_service.upload(transport, upload, files_url=FILES_URL), SERVICE),
    }
    for name, (call, expected) in calls.items():
        answers.accepts_key = name == "service"  # it asks the API once more after a 401

        found = failures(answers, call)

        assert {status: type(error) for status, error in found.items()} == expected, name
        assert all(error.status == status for status, error in found.items()), name
        assert all(str(error).endswith(".") and "%" not in str(error) for error in found.values()), name


def test_what_is_retried_is_what_a_service_may_recover_from() -> None:
    retried = {status for status in STATUSES if retry.failure_of(kind_of(status)) is not None}

    assert retried == {408, 429, *range(500, 600)}


def test_only_a_4xx_denies_that_a_post_was_carried_out() -> None:
    ambiguous = {status for status in STATUSES if kind_of(status).is_ambiguous}

    assert ambiguous == {*range(100, 200), *range(300, 400), 408, *range(500, 600)}
    assert {status for status in STATUSES if kind_of(status) is StatusKind.SUCCESS} == {*SUCCESS}
