"""From an HTTP status to the error of our own tree, with the server's reasons where it gives any.

The reference says nothing about errors, and servers differ: reasons come under ``details``, ``errors``, ``detail``,
per field or as a bare list. All of it is read tolerantly, and what a server says is shortened and stripped of the
key before a person sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.pneumatic.errors import (
    AuthenticationFailed,
    Contradicted,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PneumaticError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from apps.pneumatic.transport.connection import NoReply, Why
from apps.pneumatic.transport.parsing import decode_json
from apps.pneumatic.transport.statuses import StatusKind, kind_of

_ERRORS: Mapping[StatusKind, tuple[type[PneumaticError], Promise]] = {
    StatusKind.UNAUTHENTICATED: (
        AuthenticationFailed,
        gettext_lazy("Pneumatic does not accept the API key. Check PNEUMATIC_API_KEY."),
    ),
    StatusKind.FORBIDDEN: (
        PermissionDenied,
        gettext_lazy("The user of the API key is not allowed to do this in Pneumatic."),
    ),
    StatusKind.MISSING: (
        NotFound,
        gettext_lazy("This does not exist in Pneumatic, or the API key has no access to it."),
    ),
    StatusKind.LIMITED: (
        RateLimited,
        gettext_lazy("Pneumatic receives too many requests. Try again in a few minutes."),
    ),
    StatusKind.TROUBLE: (
        Unavailable,
        gettext_lazy("Pneumatic reports a server error (HTTP %(status)d). Try again later."),
    ),
    StatusKind.STRANGE: (
        UnexpectedResponse,
        gettext_lazy("Pneumatic sent an unexpected response (HTTP %(status)d). Check PNEUMATIC_API_URL."),
    ),
}
_REFUSED = (
    ValidationFailed,
    gettext_lazy("Pneumatic refused the request (HTTP %(status)d) without saying why."),
)
# Errors whose message is the server's own reason, where it gives any.
_WITH_REASONS = frozenset({PermissionDenied, ValidationFailed})

_MAX_REASON_CHARACTERS = 500
_MAX_REASONS = 100
_MAX_DEPTH = 8
# Keys of an error's body that wrap the reasons, and keys that tell about the error rather than about a field.
_WRAPPERS = ("kickoff", "details", "errors")
_ABOUT = frozenset({"code", "status", "type", "messages", *_WRAPPERS})
_PLAIN = frozenset({"message", "detail", "error", "non_field_errors", "reason"})


def from_status(
    status: int, body: bytes, *, secrets: Sequence[str], retry_after: float | None
) -> PneumaticError:
    """Return the error for a response that is no success and whose request was not carried out.

    ``retry_after`` is in seconds. The server's own reasons become the message of a refusal, without ``secrets``.
    """
    error, lazy = _ERRORS.get(kind_of(status), _REFUSED)
    sentence = str(lazy) % {"status": status}
    if error is RateLimited:
        return RateLimited(sentence, retry_after=retry_after, status=status)
    if error not in _WITH_REASONS:
        return error(sentence, status=status)
    reasons = _reasons(body, secrets=secrets)
    message = next(iter(reasons.values()))[0] if reasons else sentence
    if error is ValidationFailed:
        return ValidationFailed(message, errors=reasons, status=status)
    return error(message, status=status)


def from_silence(reply: NoReply) -> PneumaticError:
    """Return the error for a request without an answer that may be made again."""
    return UnexpectedResponse(_silence(reply)) if reply.why is Why.TOO_LARGE else Unavailable(_silence(reply))


def _silence(reply: NoReply) -> str:
    """Return the sentence that says why there is no answer."""
    if reply.sent:
        return {
            Why.TIMED_OUT: _("Pneumatic did not answer in time. Try again later."),
            Why.TOO_LARGE: _("Pneumatic's answer is too large to be read."),
        }.get(reply.why, _("The connection to Pneumatic broke before the answer was complete. Try again."))
    return {
        Why.NAME: _("Pneumatic's address was not found. Check PNEUMATIC_API_URL and the network."),
        Why.TLS: _("There is no secure connection to Pneumatic: its certificate is not accepted."),
        Why.PROXY: _("Pneumatic cannot be reached through the proxy of this machine."),
        Why.TIMED_OUT: _("Pneumatic cannot be reached: the connection was not answered in time."),
    }.get(reply.why, _("Pneumatic cannot be reached: there is no connection to its address."))


def outcome_unknown(status: int | None = None) -> OutcomeUnknown:
    """Return the error for a launch that was sent and has no usable answer."""
    return OutcomeUnknown(
        _("Pneumatic gave no usable answer. The workflow may have been started all the same."), status=status
    )


def contradicted(generation: str, status: int | None = None) -> Contradicted:
    """Return the error for an answer that ``generation``, the one of the API which we speak, does not give."""
    if settings.PNEUMATIC_DIALECT == "auto":
        text = _(
            "The answer does not fit “%(kind)s”, which was found at this address before. Run "
            "“manage.py check_connection”: it looks again. If it finds nothing, check PNEUMATIC_API_URL."
        )
    else:
        text = _(
            "The answer does not fit “%(kind)s”, which PNEUMATIC_DIALECT prescribes. Write auto into it, then run "
            "“manage.py check_connection”. If it finds nothing, check PNEUMATIC_API_URL."
        )
    return Contradicted(text % {"kind": generation}, status=status)


def not_json(content_type: str, *, status: int) -> UnexpectedResponse:
    """Return the error for a success that is no JSON."""
    if "html" in content_type.lower():
        text = _(
            "A web page came instead of data. Check PNEUMATIC_API_URL: another site may be answering there."
        )
    else:
        text = _(
            "The answer is not valid JSON. Check PNEUMATIC_API_URL: another server may be answering there."
        )
    return UnexpectedResponse(text, status=status)


def _reasons(body: bytes, *, secrets: Sequence[str]) -> dict[str, list[str]]:
    """Return what an error's body says, by field; reasons that belong to no field stand under ''."""
    try:
        data = decode_json(body)
    except ValueError:
        return {}  # a web page, most likely: nothing in it is for the person who waits
    found: dict[str, list[str]] = {}
    for count, (where, reason) in enumerate(_walk(data, "")):
        if count == _MAX_REASONS:
            break
        text = _clean(reason, secrets)
        reasons = found.setdefault(_clean(where, secrets), [])
        if text and text not in reasons:
            reasons.append(text)
    # The same sentence often stands at the top and at its field; the field is the better place.
    at_fields = {text for where, texts in found.items() if where for text in texts}
    found[""] = [text for text in found.get("", []) if text not in at_fields]
    return {where: texts for where, texts in found.items() if texts}


def _walk(data: Any, where: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(data, str):
        yield where, data
    elif isinstance(data, list):
        for item in data:
            yield from _walk(item, where, depth + 1)
    elif isinstance(data, dict):
        named = data.get("api_name") or data.get("name")
        if isinstance(named, str) and isinstance(data.get("reason"), str):
            yield named, data["reason"]
            return
        for wrapper in _WRAPPERS:
            inner = data.get(wrapper)
            # A bare text under "kickoff" is a reason about the form as a whole.
            at = "kickoff" if wrapper == "kickoff" and not isinstance(inner, dict) else where
            yield from _walk(inner, at, depth + 1)
        for key, value in data.items():
            if key not in _ABOUT:
                yield from _walk(value, where if key in _PLAIN else key, depth + 1)


def _clean(text: str, secrets: Sequence[str]) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * _MAX_REASON_CHARACTERS])
    for secret in filter(None, secrets):
        printable = printable.replace(secret, "…")
    printable = " ".join(printable.split())
    return (
        printable
        if len(printable) <= _MAX_REASON_CHARACTERS
        else printable[: _MAX_REASON_CHARACTERS - 1] + "…"
    )
