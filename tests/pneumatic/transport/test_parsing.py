"""Bytes that become JSON that a database can store."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.transport.parsing import decode_json, decode_json_quickly, storable


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'{"\\ud800": ["\\udfff x"]}', {"\ufffd": ["\ufffd x"]}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\u0000"', "\\u0000"),
        (b"\xef\xbb\xbf[1]", [1]),
        (b" null \n", None),
    ],
)
def test_decoding_keeps_what_a_database_can_store(body: bytes, value: Any) -> None:
    assert decode_json(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"NaN",
        b"[Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b"{",
        b"[1] 2",
        b'"\xff"',
        b"[" * 100_000,
        b"9" * 5000,
        b"\xff\xfe[\x00",
    ],
)
def test_decoding_refuses_what_is_no_json(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every kind of ValueError
        decode_json(body)


@given(st.text())
def test_any_text_survives_or_is_replaced(text: str) -> None:
    assert decode_json(json.dumps([text]).encode()) == [text.replace("\x00", "\ufffd")]


def outcome(decode: Callable[[bytes], Any], body: bytes) -> str:
    try:
        return repr(storable(decode(body)))  # which a NaN and a deep list have, too
    except ValueError:
        return "refused"


@pytest.mark.parametrize(
    "body",
    [
        b"[1.5, -0, 1e5, true, null, 9223372036854775807]",
        b'{"a": 1, "b": 2, "a": [{}, "\\ud83d\\ude00"]}',
        b'["\\ud800", "\\u0000"]',
        b"\xef\xbb\xbf[1]",
        b"[1e999]",
        b"[NaN]",
        b"[01]",
        b'"\xff"',
        b'["\x01"]',
        b"9" * 5000,
        *(b"[" * depth + b'"\\u0000"' + b"]" * depth for depth in (600, 1000, 1024, 100_000)),
    ],
)
def test_quick_decoding_gives_the_same(body: bytes) -> None:
    assert outcome(decode_json_quickly, body) == outcome(decode_json, body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
        lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    ),
    st.booleans(),
)
def test_quick_decoding_gives_the_same_for_any_value(value: Any, is_ascii: bool) -> None:
    body = json.dumps(value, ensure_ascii=is_ascii).encode("utf-8", "replace")

    assert outcome(decode_json_quickly, body) == outcome(decode_json, body)
