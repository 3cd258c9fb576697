"""Everything that can go wrong between us and Pneumatic.

::

    PneumaticError
    ├── ConfigurationError    our own setting is wrong or missing; nothing was sent
    ├── AuthenticationFailed  401: the API key is not accepted
    ├── PermissionDenied      403: the key's user may not do this
    ├── NotFound              404: no such template, attachment, ...
    ├── ValidationFailed      400 and other 4xx: the server refused what we sent; ``field`` says where
    ├── RateLimited           429: too many requests; ``retry_after`` seconds
    ├── Unavailable           the request never reached the server, or making it twice does no harm: try again
    ├── OutcomeUnknown        a launch was sent and no usable answer came: it may have been carried out
    └── UnexpectedResponse    an answer that the contract does not describe; ``path`` is the key that is amiss
        └── Contradicted      one of another generation of the API than the one that is spoken

``str(error)`` is a sentence for a person. No error carries the API key, a request header or a response header.
"""

from __future__ import annotations


class PneumaticError(Exception):
    """Any failure of a call to Pneumatic; ``status`` is the HTTP status where there was an answer."""

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
        """Return the first field that the server named, or None."""
        return next((name for name in self.errors if name), None)


class RateLimited(PneumaticError):
    """Too many requests (429); try again after ``retry_after`` seconds (None: the server did not say)."""

    def __init__(self, message: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class Unavailable(PneumaticError):
    """No usable answer, and safe to try again.

    The request did not reach the server, or it is one that may be made twice: a read, an upload.
    """


class OutcomeUnknown(PneumaticError):
    """What must not happen twice was sent, and no usable answer came: it may have been carried out."""


class UnexpectedResponse(PneumaticError):
    """The answer is not what the contract describes; ``path`` names the key, as in ``results[3].kickoff.fields``."""

    def __init__(self, message: str, *, path: str = "", status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.path = path


class Contradicted(UnexpectedResponse):
    """Another generation of the API answers than the one that is spoken; the message says how to mend it."""
