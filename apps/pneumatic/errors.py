"""The errors of calls to Pneumatic.

::

    PneumaticError
    ├── ConfigurationError    a setting of the dashboard is wrong or missing; nothing was sent
    ├── AuthenticationFailed  401: the API key is not accepted
    ├── PermissionDenied      403: the key's user may not do this
    ├── NotFound              404: no such template, attachment, ...
    ├── ValidationFailed      400 and other 4xx: the server refused the request; ``field`` is the first invalid field
    ├── RateLimited           429: too many requests; ``retry_after`` seconds
    ├── Unavailable           the request did not reach the server, or a retry does no harm
    ├── OutcomeUnknown        a launch was sent without a valid response: the workflow may have been launched
    └── UnexpectedResponse    a response that the API does not describe; ``path`` is the invalid key
        └── Contradicted      a response of the other API: the dialect in use is wrong

``str(error)`` is a sentence for users. No error carries the API key, a request header or a response header.
"""

from __future__ import annotations


class PneumaticError(Exception):
    """Any failure of a call to Pneumatic; ``status`` is the HTTP status, None without a response."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class ConfigurationError(PneumaticError):
    """A setting is missing or wrong; nothing was sent."""


class AuthenticationFailed(PneumaticError):
    """The API key is not accepted (401)."""


class PermissionDenied(PneumaticError):
    """The key's user may not do this (403)."""


class NotFound(PneumaticError):
    """The object does not exist for this key (404)."""


class ValidationFailed(PneumaticError):
    """The server refused what was sent (400 and other 4xx).

    ``errors`` maps a field's ``api_name`` (or ``name``, ``kickoff``, ...) to the server's reasons; ``""`` holds
    the reasons that belong to no field. ``field`` is the first named field, or None.
    """

    def __init__(
        self, message: str, *, errors: dict[str, list[str]] | None = None, status: int | None = None
    ) -> None:
        super().__init__(message, status=status)
        self.errors = errors or {"": [message]}

    @property
    def field(self) -> str | None:
        """The first field that the server named, or None."""
        return next((name for name in self.errors if name), None)


class RateLimited(PneumaticError):
    """Too many requests (429); try again after ``retry_after`` seconds (None: the server did not say)."""

    def __init__(self, message: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class Unavailable(PneumaticError):
    """No valid response, and a retry is safe.

    The request did not reach the server, or it is one that may be made twice: a read, an upload.
    """


class OutcomeUnknown(PneumaticError):
    """A request that must not be made twice was sent without a valid response: it may have been carried out."""


class UnexpectedResponse(PneumaticError):
    """The response is not what the API describes; ``path`` names the key, as in ``results[3].kickoff.fields``."""

    def __init__(self, message: str, *, path: str = "", status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.path = path


class Contradicted(UnexpectedResponse):
    """The response belongs to the other API than the dialect in use; the message says how to fix it."""
