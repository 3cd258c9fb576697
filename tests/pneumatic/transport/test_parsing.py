"""Bytes that become JSON that a database can store."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.transport.parsing import decode_json


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
