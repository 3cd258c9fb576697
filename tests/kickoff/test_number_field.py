"""number: read without guessing, kept digit by digit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.kickoff.fields import AnswerError, create
from tests.factories import make_field
from tests.kickoff.fakes import answer_to, errors_of, make_form

NUMBER = make_field("a", "number")
WHAT_TO_WRITE = "Write digits, with a point before the decimals, such as 1234.56."


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("1234.56", "1234.56"),
        (" 7 ", "7"),
        ("0", "0"),
        ("-0.5", "-0.5"),
        ("+3", "3"),
        ("\N{MINUS SIGN}4", "-4"),
        (".5", "0.5"),
        (",5", "0.5"),
        ("12,5", "12.5"),
        ("12,50", "12.50"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("1,2345", "1.2345"),
        ("1.234", "1.234"),
        ("12345678901234567890123.123456789", "12345678901234567890123.123456789"),
        ("١٢", "12"),
        ("\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}", "12"),
        ("9" * 60, "9" * 60),
    ],
)
def test_a_number_is_taken_with_all_of_its_digits(typed: str, answer: str) -> None:
    value = answer_to(NUMBER, typed)

    assert isinstance(value, Decimal)
    assert create(NUMBER).to_json(value) == answer
    assert str(create(NUMBER).describe(value)) == answer


@pytest.mark.parametrize(
    "typed",
    [
        *("abc", "NaN", "sNaN", "Infinity", "-inf", "1e5", "1E999999999", "1e-999999999", "0x10", "1_000"),
        *(
            "1 000",
            "1.2.3",
            "1,234,567",
            "1,234.56",
            "1.234,56",
            "--1",
            "1-",
            "-",
            ".",
            ",",
            "5.",
            "²",
            "½",
            "1\0",
        ),
        *("€5", "5%", "1\N{NO-BREAK SPACE}000"),
    ],
)
def test_an_invalid_number_is_refused_with_what_to_write(typed: str) -> None:
    assert errors_of(NUMBER, typed) == [f"“{typed}” is not a number. {WHAT_TO_WRITE}"]


@pytest.mark.parametrize(
    ("typed", "thousands", "decimals"),
    [("1,234", "1234", "1.234"), ("-12,500", "-12500", "-12.500"), ("999,000", "999000", "999.000")],
)
def test_a_comma_that_may_set_thousands_apart_is_asked_about(
    typed: str, thousands: str, decimals: str
) -> None:
    assert errors_of(NUMBER, typed) == [
        f"“{typed}” can be read in two ways. Write {thousands} or {decimals}."
    ]


def test_an_unreadable_number_is_refused() -> None:
    assert errors_of(NUMBER, "9" * 61) == ["A number can have at most 60 digits."]
    assert errors_of(NUMBER, "0." + "1" * 70) == ["A number can have at most 60 digits."]
    assert "is not a number" in errors_of(NUMBER, "9" * 50_000 + "x")[0]


def test_zero_is_an_answer_and_nothing_is_none() -> None:
    assert answer_to(make_field("a", "number", is_required=True), "0") == Decimal(0)
    assert answer_to(NUMBER, "  ") is None
    assert errors_of(make_field("a", "number", is_required=True), " ") == [
        "Write a number: this field is required."
    ]


def test_what_was_typed_is_shown_again() -> None:
    assert make_form(NUMBER, data={"kickoff-a": "1,234"}).rows[0].context == {"value": "1,234"}


@pytest.mark.parametrize("stored", [1, 1.5, None, ["1"], "one", "NaN"])
def test_a_stored_answer_that_is_no_number_is_no_answer(stored: object) -> None:
    with pytest.raises(AnswerError):
        create(NUMBER).from_json(stored)
