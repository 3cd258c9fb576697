"""What the paths of the current server have in common: how a route is written, and how a body is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from sandbox.shapes import Record
from sandbox.wire import MAX_BODY, Answer, Request

from . import errors

# A handler gets the request, the record of the key's user, and the groups of the route's pattern.
Handler = Callable[..., Answer]
# By the pattern of the whole path: the handlers by method.
Routes = dict[str, dict[str, Handler]]


def no_content() -> Answer:
    """Return a 204."""
    return Answer(204)


def whole_number(text: str) -> int | None:
    """Return the id in a path; None when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def json_object(request: Request) -> Record:
    """Return the body, an object: JSON, or a form, or nothing at all; raise Complaint when it is none of them."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = request.read(MAX_BODY)
    if not data:
        return {}
    if media_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(data.decode(errors="replace"), keep_blank_values=True))
    if media_type != "application/json":
        raise errors.plain(415, 'Unsupported media type "{media_type}" in request.', media_type=media_type)
    try:
        body: Any = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise errors.plain(400, "JSON parse error - {error}", error=error) from None
    if not isinstance(body, dict):
        kind = type(body).__name__
        raise errors.wrong_as_a_whole("Invalid data. Expected a dictionary, but got {kind}.", kind=kind)
    return body
