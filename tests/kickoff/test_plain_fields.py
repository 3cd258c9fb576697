"""string, text, url and date."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.factories import make_field
from tests.kickoff.fakes import answer_to, errors_of, make_form

PLAIN = ["string", "text", "url", "date"]


@pytest.mark.parametrize("type_name", PLAIN)
@pytest.mark.parametrize("nothing", ["", "   ", "\r\n", []])
def test_nothing_typed_is_no_answer(type_name: str, nothing: object) -> None:
    assert answer_to(make_field("a", type_name), nothing) is None


@pytest.mark.parametrize("type_name", PLAIN)
def test_nothing_typed_is_refused_where_an_answer_is_required(type_name: str) -> None:
    [error] = errors_of(make_field("a", type_name, is_required=True), "  ")

    assert error.endswith("this field is required.")


@pytest.mark.parametrize("type_name", PLAIN)
def test_null_characters_are_refused_with_a_sentence(type_name: str) -> None:
    [error] = errors_of(make_field("a", type_name), "2026-01-01\0")

    assert error.endswith(".")


def test_a_string_loses_the_blanks_around_it_and_nothing_else() -> None:
    typed = "  <b>“Zoë”</b>  \u202e two  blanks \U0001f600 "

    assert answer_to(make_field("a", "string"), typed) == typed.strip()


def test_a_string_stays_on_one_line() -> None:
    assert answer_to(make_field("a", "string"), "one\r\n two\nthree\u2028four") == "one two three four"


def test_a_string_may_be_long() -> None:
    assert answer_to(make_field("a", "string"), "x" * 5000) == "x" * 5000


def test_text_keeps_every_blank_and_line_break() -> None:
    assert answer_to(make_field("a", "text"), "\r\n  one\r\n\r\ntwo  \r\n") == "\n  one\n\ntwo  \n"


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("http://localhost:8000/", "http://localhost:8000/"),
        ("https://wiki/page", "https://wiki/page"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("https://example.com/" + "x" * 5000, "https://example.com/" + "x" * 5000),
        (" example.com/a ", "https://example.com/a"),
        ("https://пример.рф/", "https://пример.рф/"),
    ],
)
def test_a_web_address_is_taken(typed: str, answer: str) -> None:
    assert answer_to(make_field("a", "url"), typed) == answer


@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)",
        "JavaScript://example.com/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "not an address",
        "https://",
        "https://exam ple.com/",
        "https://user@/",
    ],
)
def test_anything_but_a_web_address_is_refused(typed: str) -> None:
    assert errors_of(make_field("a", "url"), typed) == [
        "Write a web address that starts with https:// or http://."
    ]


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-03-29", dt.date(2026, 3, 29)),
        (" 2024-02-29 ", dt.date(2024, 2, 29)),
        ("0002-01-01", dt.date(2, 1, 1)),
        ("9998-12-31", dt.date(9998, 12, 31)),
    ],
)
def test_a_day_is_taken(typed: str, day: dt.date) -> None:
    assert answer_to(make_field("a", "date"), typed) == day


@pytest.mark.parametrize(
    "typed",
    [
        "31.12.2026",
        "2026-02-30",
        "2026-1-1",
        "20260101",
        "2026-W01-1",
        "0000-01-01",
        "10000-01-01",
        "२०२६-०१-०१",
    ],
)
def test_no_day_is_refused_and_named(typed: str) -> None:
    [error] = errors_of(make_field("a", "date"), typed)

    assert f"“{typed}” is not a date" in error


@pytest.mark.parametrize("typed", ["0001-12-31", "9999-01-01"])
def test_a_day_that_does_not_exist_in_every_time_zone_is_refused(typed: str) -> None:
    assert errors_of(make_field("a", "date"), typed) == ["Write a date between the years 2 and 9998."]


def test_what_is_no_day_is_shown_as_text() -> None:
    form = make_form(make_field("a", "date"), data={"kickoff-a": "31.12.2026"})

    assert form.rows[0].context == {"value": "31.12.2026", "is_day": False}
