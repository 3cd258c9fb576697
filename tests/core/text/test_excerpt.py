"""Markdown in lists reads as sentences in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.text.excerpt import in_one_line

LINES = {
    "Use ~~the telephone~~ **this form**": "Use this form",
    "~~Old~~, new": "new",
    "~~all of it~~": "",
    "For **all** of _us_, `now`": "For all of us, now",
    "# Title\n\n- one\n- ~~two~~\n- three\n\n1. four\n2. five\n\nafter": "Title: one; three; four; five. after",
    "Bring:\n\n- a pass\n  - valid\n- [ ] a photo": "Bring: a pass: valid; a photo",
    "# What\n## Who\nAll of us\n\nSecond!\n\nThird": "What: Who: All of us. Second! Third",
    "See [the wiki](https://example.com/a_(b)) and ![a picture](x.png)": "See the wiki and a picture",
    "![](x.png)\n\n<https://example.com>": "https://example.com",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\nafter": "a, b; 1, 2. after",
    "soft\nbreak, hard  \nbreak": "soft break, hard, break",
    "> quoted\n\n---\n\n```\nx = 1\n```": "quoted. x = 1",
    "2 * 3 = 6, snake_case, 1 < 2 &amp; 3": "2 * 3 = 6, snake_case, 1 < 2 & 3",
    "a<br>b <b>c</b> <del>d</del><!-- e -->": "a b c",
    "<script>alert(1)</script>": "<script>alert(1)</script>",
    "\N{ZERO WIDTH SPACE}": "",
    "": "",
}


@pytest.mark.parametrize(("markdown", "expected"), LINES.items())
def test_markdown_becomes_one_line_of_text(markdown: str, expected: str) -> None:
    assert in_one_line(markdown) == expected


@pytest.mark.parametrize("end", ["~~struck", "[a link](https://exa", "[a li", "![pic", "<del", "~~"])
def test_markup_that_was_cut_off_is_left_out(end: str) -> None:
    assert in_one_line(f"Use **this** {end}", is_cut=True) == "Use this"


def test_only_the_sign_goes_where_emphasis_was_cut_off() -> None:
    assert in_one_line("Use **this", is_cut=True) == "Use this"
    assert in_one_line("Use **this") == "Use **this"


@given(st.text(st.sampled_from("ab *_~`[]()!#->|<\n1."), max_size=40), st.booleans())
def test_any_text_becomes_one_line(text: str, is_cut: bool) -> None:
    assert "\n" not in in_one_line(text, is_cut=is_cut)
