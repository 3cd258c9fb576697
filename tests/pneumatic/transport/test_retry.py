from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.transport import retry
from apps.pneumatic.transport.retry import Failure, pause_before_retry, retry_after_seconds

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def quick_retries() -> None:
    """Test the pauses as they are."""


@given(
    st.sampled_from(["POST", "PUT", "DELETE", "PATCH"]), st.sampled_from(Failure), st.none() | st.just(0.0)
)
def test_only_a_get_is_made_again(method: str, failure: Failure, retry_after: float | None) -> None:
    assert pause_before_retry(failure, method=method, attempt=1, retry_after=retry_after, jitter=0.5) is None


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (Failure.UNREACHED, 3),
        (Failure.BROKEN, 3),
        (Failure.SERVER_ERROR, 3),
        (Failure.TIMED_OUT, 2),
        (Failure.LIMITED, 8),
    ],
)
def test_it_gives_up_in_the_end(failure: Failure, attempts: int) -> None:
    pauses = [
        pause_before_retry(failure, method="GET", attempt=attempt, retry_after=None, jitter=0.5)
        for attempt in range(1, attempts + 3)
    ]

    assert [pause is not None for pause in pauses] == [True] * (attempts - 1) + [False] * 3


@given(
    st.sampled_from(Failure),
    st.integers(1, 20),
    st.none() | st.floats(0, 1e9),
    st.floats(0, 1, exclude_max=True),
)
def test_it_waits_as_the_server_requests_within_the_limit(
    failure: Failure, attempt: int, retry_after: float | None, jitter: float
) -> None:
    pause = pause_before_retry(failure, method="GET", attempt=attempt, retry_after=retry_after, jitter=jitter)

    if pause is not None:
        assert (retry_after or 0.0) <= pause <= retry.MAX_RETRY_AFTER_SECONDS + retry.FIRST_PAUSE_SECONDS
    if retry_after is not None and retry_after > retry.MAX_RETRY_AFTER_SECONDS:
        assert pause is None


def test_pauses_grow_and_differ_from_client_to_client() -> None:
    def pause(attempt: int, jitter: float) -> float | None:
        return pause_before_retry(
            Failure.LIMITED, method="GET", attempt=attempt, retry_after=None, jitter=jitter
        )

    assert [pause(attempt, 0.0) for attempt in (1, 2, 3, 7)] == [0.25, 0.5, 1.0, 4.0]
    assert pause(1, 0.9) != pause(1, 0.1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
        ("Fri, 02 Jan 2026 03:04:35", 30.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_read_in_both_forms(text: str, seconds: float | None) -> None:
    assert retry_after_seconds({"Retry-After": text}, now=NOW) == seconds


def test_no_retry_after_says_nothing() -> None:
    assert retry_after_seconds({}, now=NOW) is None
