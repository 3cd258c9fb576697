"""The one table from an HTTP status to what it means for a caller.

Each service maps kinds to errors and sentences. (The file service's 422 for an empty upload is part of its protocol,
and stays there.) The services differ on purpose in two
places. To the file storage, UNAUTHENTICATED, FORBIDDEN, MISSING and GONE mean that the upload's URL has expired: they
say nothing about the API key. To the file service, MISSING and WRONG_METHOD mean that something else listens there.
"""

from __future__ import annotations

import enum


class StatusKind(enum.Enum):
    """A group of HTTP statuses that callers treat alike."""

    SUCCESS = "2xx"
    UNAUTHENTICATED = "401"
    FORBIDDEN = "403"
    MISSING = "404"
    WRONG_METHOD = "405"
    GONE = "410"
    TOO_LARGE = "413"
    LIMITED = "429"
    TROUBLE = "408 or 5xx"
    REFUSED = "another 4xx"
    STRANGE = "1xx or 3xx"

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self in {StatusKind.LIMITED, StatusKind.TROUBLE}

    @property
    def is_ambiguous(self) -> bool:
        """Whether a POST that was answered like this, without success, may have been carried out.

        Only a 4xx denies it. 408 is no denial: a proxy sends it when it stops waiting.
        """
        return self in {StatusKind.TROUBLE, StatusKind.STRANGE}


_KINDS = {
    401: StatusKind.UNAUTHENTICATED,
    403: StatusKind.FORBIDDEN,
    404: StatusKind.MISSING,
    405: StatusKind.WRONG_METHOD,
    408: StatusKind.TROUBLE,
    410: StatusKind.GONE,
    413: StatusKind.TOO_LARGE,
    429: StatusKind.LIMITED,
}


def kind_of(status: int) -> StatusKind:
    """Return the kind of an HTTP status; 600 and above count as 5xx."""
    if kind := _KINDS.get(status):
        return kind
    if 200 <= status < 300:
        return StatusKind.SUCCESS
    if 400 <= status < 500:
        return StatusKind.REFUSED
    return StatusKind.TROUBLE if status >= 500 else StatusKind.STRANGE
