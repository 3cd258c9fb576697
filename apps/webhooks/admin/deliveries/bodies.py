"""Bodies of deliveries for pages: without our tokens, truncated, and binary ones as a dump."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from apps.core.redaction import REPLACEMENT, redact
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint

SHOWN = 64 * 1024  # characters of a body on the page; the rest can be downloaded
DUMPED = 2 * 1024  # bytes of a binary body
_LINE = 16  # bytes of a line of the dump
_LAYOUT = {"\n", "\r", "\t"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A text for the page; ``is_cut``: truncated."""

    text: str
    is_cut: bool = False


class Mask:
    """Removes the tokens of all our endpoints, and what is stored in their place, from texts, with one query."""

    def __init__(self) -> None:
        rows = list(Endpoint.objects.all())
        self.tokens = [
            text(endpoint) for endpoint in rows for text in (endpoints.token, endpoints.placeholder)
        ]

    def text(self, text: str) -> str:
        """Return ``text`` without tokens, and without anything that looks like one."""
        for token in self.tokens:
            text = text.replace(token, REPLACEMENT)
        return redact(text)

    def data(self, body: bytes) -> bytes:
        """Return ``body`` without tokens; every other byte stays."""
        return self.text(body.decode("latin-1")).encode("latin-1")


def as_text(body: bytes) -> str | None:
    """Return the text of a body; None for a binary one."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(char >= " " or char in _LAYOUT for char in text) else None


def as_json(body: bytes) -> object:
    """Return the JSON value of a body; raise ValueError where it is not JSON."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def pretty(body: bytes, mask: Mask) -> Shown | None:
    """Return a body as indented JSON; None where it is not JSON."""
    try:
        return cut(mask.text(pretty_json(as_json(body))))
    except (ValueError, RecursionError):
        return None


def pretty_json(value: object) -> str:
    """Return ``value`` as indented JSON, with half surrogate pairs escaped, which no page may contain."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def raw(body: bytes, mask: Mask) -> Shown:
    """Return the unchanged text of a body; of a binary one a dump of the first bytes."""
    text = as_text(body)
    if text is not None:
        return cut(mask.text(text))
    masked = mask.data(body)
    return Shown("\n".join(_dump(masked[:DUMPED])), is_cut=len(masked) > DUMPED)


def cut(text: str) -> Shown:
    return Shown(text[:SHOWN], is_cut=len(text) > SHOWN)


def _dump(data: bytes) -> Iterable[str]:
    for start in range(0, len(data), _LINE):
        part = data[start : start + _LINE]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        yield f"{start:08x}  {part.hex(' '):<{3 * _LINE}} {letters}"
