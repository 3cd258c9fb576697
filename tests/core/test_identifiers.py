"""Numbers from anywhere: only what a database can look up."""

from __future__ import annotations

import pytest

from apps.core.identifiers import LARGEST_NUMBER, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("17", 17), (" 17 ", 17), ("007", 7), (str(LARGEST_NUMBER), LARGEST_NUMBER)],
)
def test_a_whole_number_is_read(text: str, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text", ["", " ", "-1", "1.5", "1e3", "1_000", "٣", "²", "x", str(LARGEST_NUMBER + 1), "9" * 5000]
)
def test_anything_else_is_none(text: str) -> None:
    assert read_number(text) is None
