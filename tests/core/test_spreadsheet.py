"""No separator makes a formula of a cell."""

from __future__ import annotations

import csv
import io

import pytest

from apps.core.spreadsheet import SEPARATORS, csv_lines, separator_of

STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"
FILLS = ["", " ", '"', "'", '" ']


@pytest.mark.parametrize("own", SEPARATORS.values())
def test_no_reader_sees_a_formula(own: str) -> None:
    texts = [
        f"{before}{separator}{fill}{start}1+1"
        for before in ("", "a", '"')
        for separator in (*SEPARATORS.values(), "|", "\n", "\r\n")
        for fill in FILLS
        for start in STARTS
    ]
    lines = "".join(csv_lines(["Name", "Note"], [[text, text] for text in texts], separator=own))
    body = lines.removeprefix("\ufeff")
    # Read as it was written, no text is missing; only apostrophes were added.
    rows = list(csv.reader(io.StringIO(body, newline=""), delimiter=own))[1:]
    assert [row[0].replace("'", "") for row in rows] == [text.replace("'", "") for text in texts]
    for reader in {*SEPARATORS.values(), "|"}:
        for row in csv.reader(io.StringIO(body, newline=""), delimiter=reader):
            assert not [cell for cell in row if cell.lstrip(' "').startswith(tuple(STARTS))], (reader, row)


def test_usual_texts_stay_as_they_are() -> None:
    row = ["Call Bo, -5 °C", "a;b", "x-1=2", "Lisbon|Porto"]
    assert list(csv_lines(["a"], [row]))[-1] == '"Call Bo, -5 °C",a;b,x-1=2,Lisbon|Porto\r\n'


def test_the_separator_is_named_in_the_address() -> None:
    assert separator_of({}) == separator_of({"separator": "x"}) == ","
    assert separator_of({"separator": "semicolon"}) == ";"
