"""How terms read: field types, lengths of time, quotations, Markdown as a line."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.workflow_templates.words import default_text, duration, field_type, quoted
from tests.factories import make_field


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (dt.timedelta(days=3, hours=2), "3 days, 2 hours"),
        (dt.timedelta(days=1), "1 day"),
        (dt.timedelta(hours=1, minutes=30), "1 hour, 30 minutes"),
        (dt.timedelta(seconds=1), "1 second"),
        (dt.timedelta(days=400, seconds=59), "400 days, 59 seconds"),
        (dt.timedelta(0), "0 seconds"),
    ],
)
def test_a_duration_reads_in_its_parts(length: dt.timedelta, expected: str) -> None:
    assert duration(length) == expected


def test_a_field_type_is_shown_as_text() -> None:
    assert field_type("dropdown") == "one choice from a list"


@pytest.mark.parametrize(
    ("type_name", "default", "expected"),
    [
        ("string", "1767225600", "“1767225600”"),
        ("date", "1767222000", "1 Jan 2026"),
        ("date", "1767221999.5", "31 Dec 2025"),
        ("date", "soon", "“soon”"),
        ("date", "999999999999", "“999999999999”"),
    ],
)
def test_a_default_is_shown_as_text(type_name: str, default: str, expected: str) -> None:
    assert default_text(make_field(type=type_name, default=default)) == expected


def test_an_unknown_field_type_is_named_as_the_server_names_it() -> None:
    assert field_type("hologram") == "unknown type “hologram”"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Why", "“Why”"),
        ("  two\n lines ", "“two lines”"),
        ("אבג", "“\u2068אבג\u2069”"),
        ("\u202eevil", "“\u2068\u202eevil\u2069”"),
        ("x" * 81, f"“{'x' * 79}…”"),
    ],
)
def test_a_quotation_stays_short_and_apart(text: str, expected: str) -> None:
    assert quoted(text) == expected
