"""Numbers and UUIDs from anywhere: only what a database can look up."""

from __future__ import annotations

import uuid

import pytest

from apps.core.identifiers import MAX_NUMBER, read_number, read_uuid


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("17", 17), (" 17 ", 17), ("007", 7), (str(MAX_NUMBER), MAX_NUMBER)],
)
def test_a_whole_number_is_read(text: str, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text", ["", " ", "-1", "1.5", "1e3", "1_000", "٣", "²", "x", str(MAX_NUMBER + 1), "9" * 5000]
)
def test_other_text_is_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    "text",
    ["6f1c9a34-2f0e-4e0b-9d3a-0c3b1f6a7d21", "6F1C9A342F0E4E0B9D3A0C3B1F6A7D21"],
)
def test_a_uuid_is_read(text: str) -> None:
    assert read_uuid(text) == uuid.UUID("6f1c9a34-2f0e-4e0b-9d3a-0c3b1f6a7d21")


@pytest.mark.parametrize("text", ["", "17", "x" * 32, "6f1c9a34-2f0e-4e0b-9d3a-0c3b1f6a7d2", "\0" * 36])
def test_other_text_is_no_uuid(text: str) -> None:
    assert read_uuid(text) is None
