"""Markdown from upstream, rendered by one library and sanitised by another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import nh3
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Longer texts are shown as plain paragraphs: the parser takes more than linear time for some.
MAX_CHARACTERS = 40_000
TOP_HEADING = 3  # h1 is the page's, h2 the panel's
LINK_SCHEMES = {"http", "https", "mailto"}
TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}

_parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])


def parse(text: str) -> list[Token]:
    """Return the tokens of ``text``."""
    return _parser.parse(text.replace("\x00", ""))


def render(text: str, *, top_heading: int = TOP_HEADING) -> SafeString:
    """Return ``text`` as safe HTML whose headings start at ``top_heading`` and skip no level."""
    if len(text) > MAX_CHARACTERS:
        return mark_safe(linebreaks(text, autoescape=True))  # noqa: S308 - escaped by linebreaks
    tokens = parse(text)
    _demote_headings(tokens, top_heading)
    for token in tokens:
        if token.children:
            token.children = list(_images_as_links(token.children))
    return mark_safe(_sanitise(_parser.renderer.render(tokens, _parser.options, {})))  # noqa: S308 - sanitised


def _demote_headings(tokens: Sequence[Token], top: int) -> None:
    """Fit headings into the outline of the page: no second h1, no skipped level."""
    outer: list[int] = []
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
            while outer and outer[-1] >= level:
                outer.pop()
            outer.append(level)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, top + len(outer) - 1)}"


def _images_as_links(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield ``tokens`` with a link in place of each image: a page loads nothing from other servers."""
    inside_link = 0
    for token in tokens:
        inside_link += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "image":
            yield token
            continue
        source = str(token.attrs.get("src", ""))
        label = Token("text", "", 0, content=token.content or source)
        if inside_link:
            yield label
        else:
            yield Token("link_open", "a", 1, attrs={"href": source})
            yield label
            yield Token("link_close", "a", -1)


def _sanitise(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        attribute_filter=_keep_absolute_links,
        url_schemes=LINK_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        # A link in the description of a field must not replace a form that is being filled in.
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _keep_absolute_links(tag: str, attribute: str, value: str) -> str | None:
    """Return ``value``, or None for a relative link: it would lead into the dashboard."""
    if (tag, attribute) != ("a", "href"):
        return value
    return value if value.partition(":")[0].lower() in LINK_SCHEMES else None
