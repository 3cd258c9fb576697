"""When a request is made again. Only GET is: anything else may have been carried out already."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from apps.pneumatic.transport.statuses import StatusKind

# How often a GET is made at most. A limit on the rate is no fault: we wait as we are told, and longer.
ATTEMPTS = 3
ATTEMPTS_WHEN_LIMITED = 8
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
# A server that wants more patience than this gets none: the caller says so to a person.
LONGEST_RETRY_AFTER = 60.0


class Failure(enum.Enum):
    """Why an attempt did not succeed, as far as trying again is concerned."""

    UNREACHED = "no connection"
    BROKEN = "the connection broke"
    TIMED_OUT = "no answer in time"
    LIMITED = StatusKind.LIMITED.value
    SERVER_ERROR = StatusKind.TROUBLE.value


def pause_before_retry(
    failure: Failure, *, method: str, attempt: int, retry_after: float | None, jitter: float
) -> float | None:
    """Return the seconds to wait before the next attempt, or None to give up.

    ``attempt`` counts from 1, ``jitter`` is a random number in [0, 1): it keeps clients from coming back together.
    """
    if method != "GET" or attempt >= _attempts(failure):
        return None
    if retry_after is not None:
        return None if retry_after > LONGEST_RETRY_AFTER else retry_after + jitter * FIRST_PAUSE
    pause: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))
    return pause * (0.5 + jitter / 2)


def failure_of(kind: StatusKind) -> Failure | None:
    """Return the failure that a response of this kind is; None when a retry does not help."""
    if not kind.is_retryable:
        return None
    return Failure.LIMITED if kind is StatusKind.LIMITED else Failure.SERVER_ERROR


def _attempts(failure: Failure) -> int:
    if failure is Failure.LIMITED:
        return ATTEMPTS_WHEN_LIMITED
    if failure is Failure.TIMED_OUT:
        return 2  # whoever waits has waited long
    return ATTEMPTS


def retry_after_seconds(headers: Mapping[str, str], *, now: dt.datetime) -> float | None:
    """Return ``Retry-After`` in seconds (RFC 9110, 10.2.3: a number or a date), or None when it says nothing."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=dt.UTC)
        seconds = (until - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
