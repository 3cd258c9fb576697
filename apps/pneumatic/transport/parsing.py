"""Strict parsing of Pneumatic's JSON: an error names the path of the invalid key.

A ``Node`` is a value that knows its parent. The path is only composed for an error, so parsing costs little more than
the dictionary look-ups.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import orjson
from django.utils.dateparse import parse_duration
from django.utils.translation import gettext as _

from apps.pneumatic.errors import UnexpectedResponse

_SURROGATE = re.compile("[\ud800-\udfff]")
# What the databases can store; any other number is refused before something is written with it.
_WHOLE_NUMBERS = range(-(2**63), 2**63)
# Years that are still years in every time zone.
_YEARS = range(2, 9999)
# A body with more may be nested more deeply than ``decode_json`` reads.
_MAX_BRACKETS = 700


def decode_json(body: bytes) -> Any:
    """Return the JSON value in ``body``; raise ValueError when it is none (NaN, 1e999, too deep or not UTF-8 included).

    Characters that no database stores (NUL, halves of surrogate pairs) are replaced by U+FFFD.
    """
    text = body.decode("utf-8-sig")
    try:
        value = _DECODER.decode(text)
        # Both can only come from an escape: most responses need no second pass, and no search for three texts.
        if "\\" in text and ("\\u0000" in text or "\\ud" in text or "\\uD" in text):
            value = storable(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def decode_json_quickly(body: bytes) -> Any:
    """Return the same as ``decode_json`` in half of the time, and raise ValueError for the same bodies.

    Two things differ: a whole number beyond 64 bits may be a float, and a text may contain NUL (``storable``).
    """
    if body.count(b"[") + body.count(b"{") <= _MAX_BRACKETS:
        try:
            return orjson.loads(body)
        except ValueError:
            pass  # or it has what orjson refuses, such as half of a surrogate pair
    return decode_json(body)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def storable(value: Any) -> Any:
    """Return a JSON value whose texts every database stores: other characters are replaced by U+FFFD."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value).replace("\x00", "\ufffd")
    # Without comprehensions: with one frame per level, every depth that can be decoded is possible.
    if isinstance(value, list):
        return list(map(storable, value))
    if isinstance(value, dict):
        return dict(zip(map(storable, value), map(storable, value.values()), strict=True))
    return value


class Node:
    """A value of a response, with its path.

    The methods raise UnexpectedResponse for a key that is missing, null or of another type. Those that end in ``_or_*``
    treat a missing or null key as the empty value, and still raise for another type.
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: Node | None = None, key: str | int = "") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    @property
    def path(self) -> str:
        """The path of the value, such as ``results[3].kickoff.fields[0].api_name``."""
        if self._parent is None:
            return str(self._key)
        before = self._parent.path
        if isinstance(self._key, int):
            return f"{before}[{self._key}]"
        return f"{before}.{self._key}" if before else self._key

    def is_null(self, key: str) -> bool:
        """Return whether ``key`` is missing or null."""
        return self._object().get(key) is None

    def has_null(self, key: str) -> bool:
        """Return whether ``key`` exists and is null."""
        return self._object().get(key, self) is None

    def child(self, key: str) -> Node:
        """Return the value under ``key``."""
        value = self._object().get(key)
        if value is None:
            self._fail_at(key)
        return Node(value, self, key)

    def items(self, key: str) -> Iterator[Node]:
        """Yield the members of the list under ``key``."""
        return self.child(key).members()

    def items_or_none(self, key: str) -> Iterator[Node]:
        """Yield the members of the list under ``key``; none when there is no list."""
        value = (self.value if type(self.value) is dict else self.fail()).get(key)
        if value is None or value == []:  # most lists are empty
            return iter(())
        return Node(value, self, key).members()

    def members(self) -> Iterator[Node]:
        """Yield the members of this list."""
        if type(self.value) is not list:
            self.fail()
        for index, item in enumerate(self.value):
            yield Node(item, self, index)

    def text(self, key: str) -> str:
        """Return the text under ``key``."""
        value = self._object().get(key)
        return value if type(value) is str else self._fail_at(key)

    def text_or_empty(self, key: str) -> str:
        """Return the text under ``key``, or ''."""
        value = (self.value if type(self.value) is dict else self.fail()).get(key)
        if type(value) is str:
            return value
        return "" if value is None else self._fail_at(key)

    def integer(self, key: str) -> int:
        """Return the whole number under ``key``; ``true`` is none."""
        value = self._object().get(key)
        return value if type(value) is int and value in _WHOLE_NUMBERS else self._fail_at(key)

    def integer_or_none(self, key: str) -> int | None:
        """Return the whole number under ``key``, or None."""
        return None if self._object().get(key) is None else self.integer(key)

    def lenient_integer(self, key: str) -> int | None:
        """Return the whole number under ``key``; None for anything else, where the value is not required."""
        value = self._object().get(key)
        return value if type(value) is int and value in _WHOLE_NUMBERS else None

    def lenient_text(self, key: str) -> str:
        """Return the text under ``key``, or '' for anything else."""
        value = self._object().get(key)
        return value if type(value) is str else ""

    def flag(self, key: str) -> bool:
        """Return the boolean under ``key``."""
        value = self._object().get(key)
        return value if type(value) is bool else self._fail_at(key)

    def flag_or_false(self, key: str) -> bool:
        """Return the boolean under ``key``, or False."""
        return False if self._object().get(key) is None else self.flag(key)

    def itself_integer(self) -> int:
        """Return this value as a whole number."""
        return self.value if type(self.value) is int and self.value in _WHOLE_NUMBERS else self.fail()

    def time_or_none(self, key: str) -> dt.datetime | None:
        """Return the time under ``key`` (ISO 8601; UTC without a zone) as an aware datetime, or None."""
        if self._object().get(key) is None:
            return None
        try:
            timestamp = dt.datetime.fromisoformat(self.text(key))
        except ValueError:
            self._fail_at(key)
        if timestamp.year not in _YEARS:
            self._fail_at(key)
        return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=dt.UTC)

    def delay_or_none(self, key: str) -> dt.timedelta | None:
        """Return the delay under ``key``, written ``[DD] [[hh:]mm:]ss``, or None where there is none."""
        text = self.text_or_empty(key).strip()
        if not text:
            return None
        try:
            delay = parse_duration(text)
        except OverflowError:
            delay = None
        return self._fail_at(key) if delay is None else delay

    def fail(self) -> NoReturn:
        """Raise UnexpectedResponse for this value."""
        raise UnexpectedResponse(
            _("Pneumatic's response is invalid: “%(path)s” is missing or has the wrong type.")
            % {"path": self.path or "$"},
            path=self.path,
        )

    def _fail_at(self, key: str) -> NoReturn:
        Node(None, self, key).fail()

    def _object(self) -> dict[str, Any]:
        return self.value if type(self.value) is dict else self.fail()
