"""Parameters and pages of today's listings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.wire import Answer, Request

from . import errors

_TRUE = {"true", "True", "TRUE", "1", "t", "T", "y", "yes", "on"}
_FALSE = {"false", "False", "FALSE", "0", "f", "F", "n", "no", "off"}


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that a request asks for."""

    limit: int
    offset: int


def number(
    query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int | None = None
) -> int:
    """Return a parameter that must be a whole number in a range; raise Complaint when it is none."""
    text = query.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise errors.wrong_key(name, "A valid integer is required.") from None
    if value < least:
        raise errors.wrong_key(name, "Ensure this value is greater than or equal to {least}.", least=least)
    if most is not None and value > most:
        raise errors.wrong_key(name, "Ensure this value is less than or equal to {most}.", most=most)
    return value


def choice(query: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """Return a parameter that must be one of ``choices``, or empty; raise Complaint when it is none of them."""
    value = query.get(name, "")
    if value and value not in choices:
        raise errors.wrong_choice(name, value)
    return value


def flag(query: Mapping[str, str], name: str) -> bool | None:
    """Return a parameter that is true, false or not there; raise Complaint when it is anything else."""
    value = query.get(name, "")
    if not value:
        return None
    if value not in _TRUE | _FALSE:
        raise errors.wrong_key(name, "Must be a valid boolean.")
    return value in _TRUE


def numbers(query: Mapping[str, str], name: str) -> set[int] | None:
    """Return a parameter that is a comma list of ids; None when it is absent; raise Complaint when it is wrong."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        return {int(part) for part in text.split(",")}
    except ValueError:
        raise errors.wrong_key(name, "Value should be a list of integers.") from None


def array(rows: Sequence[bytes]) -> Answer:
    """Return all rows as a bare JSON array."""
    return Answer(body=b"[" + b",".join(rows) + b"]")


def page(
    request: Request, ids: Sequence[int], window: Window, row: Callable[[int], bytes], *, always: bool = False
) -> Answer:
    """Return one page of the rows of ``ids``; without ``limit`` all of them as an array, unless ``always``.

    The links have the other parameters of the request, sorted, and a scheme and host that may not be the client's.
    """
    if not window.limit and not always:
        return array([row(id_) for id_ in ids])
    start, stop = window.offset, window.offset + window.limit
    body = b'{"count":%d,"next":%s,"previous":%s,"results":[%s]}' % (
        len(ids),
        _link(request, window.limit, stop) if stop < len(ids) else b"null",
        _link(request, window.limit, start - window.limit) if start else b"null",
        b",".join(row(id_) for id_ in ids[start:stop]),
    )
    return Answer(body=body)


def _link(request: Request, limit: int, offset: int) -> bytes:
    parameters = {key: value for key, value in request.query.items() if key != "offset"}
    parameters["limit"] = str(limit)
    if offset > 0:
        parameters["offset"] = str(offset)
    # The parameters are percent-encoded, and a Host that is no host name was refused: nothing needs JSON escaping.
    return f'"http://{request.host}{request.path}?{urlencode(sorted(parameters.items()))}"'.encode()
