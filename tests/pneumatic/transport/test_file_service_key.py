"""The API key at the file service of the current API: where it is sent, and what happens when it is unknown."""

from __future__ import annotations

import json

import pytest

from apps.pneumatic.errors import (
    AuthenticationFailed,
    PneumaticError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from tests.pneumatic.actions import upload
from tests.pneumatic.behaviours import dropped, html, status
from tests.pneumatic.conftest import KEY, Pairs, Serve
from tests.pneumatic.dialects.current import samples
from tests.pneumatic.servers import Behaviour, Seen, Talk

pytestmark = pytest.mark.usefixtures("memory")

NO_AUTHENTICATION = {"code": "AUTH_001", "message": "Authentication failed"}


# -- A key that the service has forgotten


def forgetful(times: int) -> Behaviour:
    left = [times]

    def behave(seen: Seen, talk: Talk) -> None:
        left[0] -= 1
        if left[0] >= 0:
            talk.answer(401, NO_AUTHENTICATION)
        else:
            samples.storing(seen, talk)

    return behave


def test_a_forgotten_key_takes_one_request_and_one_more_try(pair: Pairs) -> None:
    there = pair(forgetful(1))

    upload(there.client, b"again from its beginning")

    assert [(seen.method, seen.target) for seen in there.api.seen] == [("GET", "/templates?limit=1")]
    assert [b"\r\n\r\nagain from its beginning\r\n--" in seen.body for seen in there.files.seen] == [
        True,
        True,
    ]
    assert there.client.requests_made == 3


def test_a_key_that_stays_unknown_is_an_error_after_two_tries(pair: Pairs) -> None:
    there = pair(forgetful(9))

    with pytest.raises(AuthenticationFailed, match="PNEUMATIC_FILES_URL"):
        upload(there.client)

    assert (len(there.api.seen), len(there.files.seen)) == (1, 2)


@pytest.mark.parametrize(
    ("behaviour", "error", "requests"),
    [(status(401), AuthenticationFailed, 1), (status(503), Unavailable, 1), (dropped, Unavailable, 1)],
)
def test_a_failed_request_is_raised_and_nothing_sent_again(
    pair: Pairs, behaviour: Behaviour, error: type[PneumaticError], requests: int
) -> None:
    there = pair(forgetful(9), behaviour)

    with pytest.raises(error):
        upload(there.client)

    assert (len(there.api.seen), len(there.files.seen)) == (requests, 1)


# -- The key


def test_the_key_follows_no_redirect(serve: Serve, pair: Pairs) -> None:
    other = serve(samples.storing)
    there = pair(status(307, Location=f"{other.url}/upload"))

    with pytest.raises(UnexpectedResponse):
        upload(there.client)

    assert other.seen == []


def test_the_address_of_a_stored_file_is_never_called(serve: Serve, pair: Pairs) -> None:
    other = serve(samples.storing)
    there = pair(
        lambda seen, talk: talk.answer(
            body={"public_url": f"{other.url}/{samples.FILE_ID}", "file_id": samples.FILE_ID}
        )
    )

    assert upload(there.client).url == f"{other.url}/{samples.FILE_ID}"

    assert other.seen == []


def test_no_cookie_goes_from_one_to_the_other(pair: Pairs) -> None:
    cookie = f"file_service_auth={KEY}; Path=/"

    def files(seen: Seen, talk: Talk) -> None:
        talk.answer(401, NO_AUTHENTICATION, Set_Cookie=cookie)

    there = pair(files, lambda seen, talk: talk.answer(body=[], Set_Cookie=cookie))

    with pytest.raises(AuthenticationFailed):
        upload(there.client)

    assert len(there.files.seen) == 2
    assert all("cookie" not in seen.headers for seen in (*there.api.seen, *there.files.seen))


@pytest.mark.parametrize(("path", "target"), [("", "/upload"), ("/files", "/files/upload")])
def test_the_service_may_have_a_path_before_it(pair: Pairs, path: str, target: str) -> None:
    there = pair(samples.storing, path=path)

    upload(there.client)

    assert there.files.seen[0].target == target


# -- The check without an upload


def nothing_in_it(seen: Seen, talk: Talk) -> None:
    talk.answer(422, {"code": "VAL_002", "message": "Missing required field", "details": {"reason": "[]"}})


def test_a_check_stores_nothing(pair: Pairs) -> None:
    there = pair(nothing_in_it)

    assert there.client.check_files()

    (seen,) = there.files.seen
    assert (seen.method, seen.target) == ("POST", "/files/upload")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert "multipart" not in seen.headers["content-type"]
    assert there.api.seen == []


def test_a_check_repairs_a_forgotten_key_as_well(pair: Pairs) -> None:
    answers = [status(401), nothing_in_it]
    there = pair(lambda seen, talk: answers.pop(0)(seen, talk))

    assert there.client.check_files()

    assert len(there.api.seen) == 1


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (html, UnexpectedResponse),
        (samples.storing, UnexpectedResponse),
        (samples.not_found, UnexpectedResponse),
        (status(401), AuthenticationFailed),
        (status(500), Unavailable),
        (status(429), RateLimited),
        (dropped, Unavailable),
    ],
)
def test_a_check_fails_with_the_matching_error(
    pair: Pairs, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    with pytest.raises(error):
        pair(behaviour).client.check_files()


def test_the_answer_of_a_service_is_bounded(pair: Pairs) -> None:
    long = json.dumps({"public_url": "x" * 2_000_000, "file_id": samples.FILE_ID}).encode()

    with pytest.raises(Unavailable):
        upload(pair(lambda seen, talk: talk.answer(body=long)).client)
