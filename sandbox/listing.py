"""Limit and offset over encoded rows: the page envelope of the documented API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from .errors import Problem, invalid
from .wire import Answer

DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that a request asks for; ``limit`` is already cut to the server's own maximum."""

    limit: int
    offset: int


def window(query: dict[str, str], *, max_limit: int) -> Window:
    """Return what ``limit`` and ``offset`` ask for; raise Refused when one of them is no sensible number."""
    problems: list[Problem] = []
    limit = _number(query, "limit", DEFAULT_LIMIT, 1, problems)
    offset = _number(query, "offset", 0, 0, problems)
    if problems:
        raise invalid(problems)
    return Window(min(limit, max_limit), offset)


def choice(query: dict[str, str], name: str, choices: Sequence[str], default: str) -> str:
    """Return a parameter that must be one of ``choices``; raise Refused when it is not."""
    value = query.get(name, default)
    if value not in choices:
        raise invalid([Problem(name, f"Select one of: {', '.join(choices)}.")])
    return value


def array(rows: Sequence[bytes]) -> Answer:
    """Return all rows as a bare JSON array."""
    return Answer(body=b"[" + b",".join(rows) + b"]")


def envelope(
    rows: Sequence[bytes], *, count: int, at: Window, base_url: str, parameters: dict[str, str]
) -> Answer:
    """Return one page with ``count``, ``next`` and ``previous``; other parameters are kept in the links."""
    body = b'{"count":%d,"next":%s,"previous":%s,"results":[%s]}' % (
        count,
        _link(base_url, parameters, at.limit, at.offset + at.limit)
        if at.offset + at.limit < count
        else b"null",
        _link(base_url, parameters, at.limit, max(0, at.offset - at.limit)) if at.offset else b"null",
        b",".join(rows),
    )
    return Answer(body=body)


def _number(query: dict[str, str], name: str, default: int, least: int, problems: list[Problem]) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= least):
        problems.append(Problem(name, f"Write a whole number from {least} up."))
        return default
    return int(text)


def _link(base_url: str, parameters: dict[str, str], limit: int, offset: int) -> bytes:
    # The parameters are percent-encoded and base_url is checked: nothing in here needs JSON escaping.
    query = urlencode({**parameters, "limit": str(limit), "offset": str(offset)})
    return f'"{base_url}?{query}"'.encode()
