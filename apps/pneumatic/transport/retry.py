"""When a request is retried. Only a GET is: any other request may have been carried out already."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from apps.pneumatic.transport.statuses import StatusKind

# Attempts of one GET. A rate limit is no fault of the server, so the client waits longer for it.
MAX_ATTEMPTS = 3
MAX_ATTEMPTS_WHEN_LIMITED = 8
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 8.0
# A server that asks for a longer wait is not retried: the caller reports it to the user.
MAX_RETRY_AFTER_SECONDS = 60.0


class Failure(enum.Enum):
    """NoReplyReason an attempt failed, as far as a retry is concerned."""

    UNREACHED = "no connection"
    BROKEN = "the connection broke"
    TIMED_OUT = "no response in time"
    LIMITED = StatusKind.LIMITED.value
    SERVER_ERROR = StatusKind.TROUBLE.value


def pause_before_retry(
    failure: Failure, *, method: str, attempt: int, retry_after: float | None, jitter: float
) -> float | None:
    """Return the seconds to wait before the next attempt; None for no further attempt.

    ``attempt`` counts from 1. ``jitter`` is a random number in [0, 1), so that clients do not retry together.
    """
    if method != "GET" or attempt >= _attempts(failure):
        return None
    if retry_after is not None:
        return None if retry_after > MAX_RETRY_AFTER_SECONDS else retry_after + jitter * FIRST_PAUSE_SECONDS
    pause: float = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    return pause * (0.5 + jitter / 2)


def failure_of(kind: StatusKind) -> Failure | None:
    """Return the failure that a response of this kind is; None when a retry does not help."""
    if not kind.is_retryable:
        return None
    return Failure.LIMITED if kind is StatusKind.LIMITED else Failure.SERVER_ERROR


def _attempts(failure: Failure) -> int:
    if failure is Failure.LIMITED:
        return MAX_ATTEMPTS_WHEN_LIMITED
    if failure is Failure.TIMED_OUT:
        return 2  # the user has waited long already
    return MAX_ATTEMPTS


def retry_after_seconds(headers: Mapping[str, str], *, now: dt.datetime) -> float | None:
    """Return ``Retry-After`` in seconds (RFC 9110, 10.2.3: a number or a date), or None without a usable value."""
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
