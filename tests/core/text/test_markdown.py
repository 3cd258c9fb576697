from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.text.markdown import MAX_CHARACTERS, render
from tests.fixtures.depth import examples

HARMLESS_TAG = re.compile(
    r"</?(p|br|hr|strong|em|s|code|pre|blockquote|ul|ol|li|a|h[2-6]|table|thead|tbody|tr|th|td)"
    r'( (href="(https?|mailto):[^"]*"|rel="noopener noreferrer nofollow"|target="_blank"|title="[^"]*"|start="\d+"))*>'
)


def test_it_renders_what_people_write() -> None:
    html = render("**Bold** and `code`\n\n- one\n- two\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n~~gone~~")

    for part in ("<strong>Bold</strong>", "<code>code</code>", "<li>one</li>", "<td>1</td>", "<s>gone</s>"):
        assert part in html


def test_it_keeps_single_line_breaks() -> None:
    assert "one<br>" in render("one\ntwo")


def test_html_is_shown_as_text() -> None:
    html = render('<script>alert(1)</script> <img src=x onerror="alert(1)"> <b onclick=x>b</b>')

    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#10;script:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://example.com/",
        "/admin/",
        "//example.com/x",
        "?q=1",
        "#top",
    ],
)
def test_links_lead_only_to_the_web_and_to_mail(target: str) -> None:
    assert "href" not in render(f"[text]({target}) <{target}> ![image]({target})\n\n[ref]\n\n[ref]: {target}")


@pytest.mark.parametrize(
    "target", ["https://example.com/a?b=c&d", "HTTP://example.com", "mailto:ada@example.com"]
)
def test_links_carry_nothing_along_and_leave_the_form_open(target: str) -> None:
    html = render(f"[text]({target})")

    assert "href=" in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_images_become_links() -> None:
    html = render(
        "![A **chart**](https://example.com/chart.png) [![logo](https://example.com/l.png)](https://example.com)"
    )

    assert "<img" not in html
    assert '<a href="https://example.com/chart.png"' in html
    assert html.count("<a ") == 2
    assert "logo" in html


def test_an_image_without_a_text_is_named_by_its_address() -> None:
    assert ">https://example.com/x.png</a>" in render("![](https://example.com/x.png)")


def test_headings_join_the_outline_of_the_page() -> None:
    html = render("# A\n\n#### B\n\n## C\n\n# D\n\n###### E")

    assert re.findall(r"<h(\d)>(\w)", html) == [("3", "A"), ("4", "B"), ("4", "C"), ("3", "D"), ("4", "E")]
    assert "<h2>A</h2>" in render("# A", top_heading=2)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "![" * 10_000,
        "[a](" * 10_000,
        "*a **b " * 5_000,
        ">" * 20_000,
        "- " * 10_000,
        "`" * 20_000,
        "`a" * 10_000,
        "<" * 20_000,
        "&" * 20_000,
        "|a" * 10_000 + "\n" + "|-" * 10_000,
        "\\" * 20_000,
        "_" * 20_000 + "a",
        "x" * (MAX_CHARACTERS + 1) + "<script>",
        "[a]: " * 5_000,
        "~" * 20_000,
    ],
    ids=lambda text: text[:6],
)
def test_hostile_texts_end_and_stay_harmless(text: str) -> None:
    assert "<script" not in render(text)


@given(st.text(alphabet="[](){}<>!*_`#|-~=&;:/\\\"' \n\tahjs01ü\x00\u202e", max_size=200))
@examples(3)
def test_nothing_but_harmless_tags_comes_out(text: str) -> None:
    left = HARMLESS_TAG.sub("", render(text))

    assert "<" not in left


def test_right_to_left_and_other_scripts_come_through() -> None:
    assert "مرحبا 日本語" in render("مرحبا 日本語")
