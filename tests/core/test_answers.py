"""Answers as people read them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template.loader import render_to_string

from apps.core import answers
from apps.core.answers import AnswerPart, AnswerText, LabelledAnswer
from apps.core.people import Group, Person


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "\x01javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//x",
        "https://",
        "https://:443/",
        "https://user@",
        "https://[",
        "x",
        "",
    ],
)
def test_only_web_addresses_with_a_host_become_links(url: str) -> None:
    assert answers.safe_link(url) == ""
    assert answers.link_part(url) == AnswerPart(url)


@pytest.mark.parametrize(
    "url", ["https://wiki/page", "HTTP://example.com", " https://example.com/?a=1&b=2\n"]
)
def test_a_web_address_is_linked_without_the_blanks_around_it(url: str) -> None:
    assert answers.link_part(url) == AnswerPart(url, url=url.strip())


def test_a_day_is_written_for_the_reader() -> None:
    assert answers.day_text(dt.date(2026, 12, 24)) == answers.day_text(" 2026-12-24T00:00:00Z")
    assert answers.day_text("2026-12-24") != "2026-12-24"


@pytest.mark.parametrize("text", ["2026-02-30", "soon", "12/24/2026", "20261224", "2026-W52-4", ""])
def test_a_text_that_is_no_day_stays_as_it_is(text: str) -> None:
    assert answers.day_text(text) == text


@pytest.mark.parametrize(
    ("person", "part"),
    [
        (Person(1, "Ada", "ada@example.com", "active"), AnswerPart("Ada", note="ada@example.com")),
        (Person(1, "", "ada@example.com", "active"), AnswerPart("ada@example.com")),
        (Person(1, "", "", "active"), AnswerPart("User 1")),
        (Person(1, "Ada", status="removed"), AnswerPart("Ada", badge="no longer in Pneumatic")),
        (Person(1, "Ada", status="inactive"), AnswerPart("Ada", badge="deactivated")),
        (Person(1, "User 1"), AnswerPart("User 1", badge="not synced")),
    ],
)
def test_a_person_is_named_and_a_badge_warns(person: Person, part: AnswerPart) -> None:
    assert answers.person_part(person) == part


@pytest.mark.parametrize(
    ("group", "part"),
    [
        (Group(1, "Finance", status="active"), AnswerPart("Finance", note="group")),
        (Group(1, "", status="removed"), AnswerPart("Group 1", note="group", badge="no longer in Pneumatic")),
    ],
)
def test_a_group_says_that_it_is_one(group: Group, part: AnswerPart) -> None:
    assert answers.group_part(group) == part


def test_a_file_has_a_size_and_a_link() -> None:
    linked = answers.file_part("offer.pdf", " https://files.example.com/o", size=3)

    assert linked == AnswerPart("offer.pdf", url="https://files.example.com/o", note="3\xa0bytes")
    assert answers.file_part("", "javascript:alert(1)") == AnswerPart(
        "Unnamed file", note="no link: the file has no web address"
    )


def test_an_option_that_is_not_offered_says_so() -> None:
    assert answers.option_part("Red") == AnswerPart("Red")
    assert answers.option_part("9", is_offered=False).note == "not among the options of this version"


def test_blanks_are_no_answer() -> None:
    assert answers.text_answer(" \n") == AnswerText()
    assert str(answers.text_answer("One\nTwo")) == "One\nTwo"


def test_the_page_escapes_texts_keeps_lines_and_says_where_nothing_was_answered() -> None:
    shown = [
        LabelledAnswer("Text", AnswerText((AnswerPart("<b>\nTwo", note="<i>", badge="old"),))),
        LabelledAnswer("Link", AnswerText((answers.link_part("https://example.com/?a=1&b=2"),))),
        LabelledAnswer("Empty"),
    ]

    page = render_to_string("core/answers.html", {"answers": shown})

    assert "&lt;b&gt;<br>Two" in page
    assert "&lt;i&gt;" in page
    assert ">old</span>" in page
    assert 'href="https://example.com/?a=1&amp;b=2"' in page
    assert 'rel="noopener noreferrer nofollow"' in page
    assert page.count("No answer") == 1
