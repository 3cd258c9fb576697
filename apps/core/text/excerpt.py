"""Markdown from upstream as one line of plain text, for lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from markdown_it.token import Token

from apps.core.text.markdown import MAX_CHARACTERS, parse
from apps.core.text.visible import first_visible

# HTML is text in Markdown from upstream. What most people mean by it is understood here, the rest stays as it is.
_STRUCK_HTML = re.compile(r"<(s|del|strike)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAKING_HTML = re.compile(
    r"</?(?:br|p|div|ul|ol|li|tr|td|th|table|h[1-6]|hr)\b[^<>]*>|<!--.*?-->", re.IGNORECASE | re.DOTALL
)
_INLINE_HTML = re.compile(r"</?(?:a|b|i|u|em|strong|s|del|strike|span|font|sub|sup)\b[^<>]*>", re.IGNORECASE)
_TICK_BOX = re.compile(r"\A\[[ xX]\]\s+")
_BLANKS_BEFORE_PUNCTUATION = re.compile(r"\s+(?=[,.;:!?](?:\s|\Z))")
_UNFINISHED = re.compile(
    r"(?:!?\[[^\[\]]*(?:\](?:\([^()]*)?)?|<[^<>]*)\Z"
)  # a link or a tag that was cut off
_ENDS = tuple(".,;:!?…\u3002\u3001\uff0c\uff01\uff1f\uff1a\u061f\u060c")
# What goes between two blocks, by what was closed in between; ``_ENDS`` need nothing more.
_AFTER = {
    "heading_close": ": ",
    "th_close": ", ",
    "td_close": ", ",
    "tr_close": "; ",
    "list_item_close": "; ",
}


@lru_cache(maxsize=4096)  # lists show the same texts again and again
def in_one_line(text: str, *, is_cut: bool = False) -> str:
    """Return Markdown as one line that reads as sentences, without markup, struck text and pictures; not escaped.

    Where ``is_cut``, ``text`` is the beginning of a longer one, and may end within its markup.
    """
    text = text[:MAX_CHARACTERS]
    line = ""
    for link, piece in _pieces(parse(_without_loose_ends(text) if is_cut else text)):
        line = _joined(line, link, piece)
    return first_visible(line)


def _without_loose_ends(text: str) -> str:
    if text.count("~~") % 2:
        text = text[: text.rindex("~~")]
    text = _UNFINISHED.sub("", text)
    for delimiter in ("**", "`"):
        if text.count(delimiter) % 2:
            before, _delimiter, after = text.rpartition(delimiter)
            text = before + after
    return text


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Yield the text of each block that has any, with what goes between it and the block before."""
    link, depth = ". ", 0
    for token in tokens:
        kind = token.type.removeprefix("bullet_").removeprefix("ordered_")
        if kind == "list_open":
            depth += 1
            link = "; " if link == "; " else ": "
        elif kind == "list_close":
            depth -= 1
            link = "; "  # another list may follow
        elif kind in _AFTER:
            link = _AFTER[kind]
        elif kind in {"paragraph_open", "heading_open", "table_open"} and not depth:
            link = ". " if link == "; " else link
        elif kind in {"inline", "fence", "code_block"}:
            piece = (
                _tidy(_inline(token.children or ())) if kind == "inline" else " ".join(token.content.split())
            )
            if piece:
                yield link, piece
                link = ". "


def _inline(tokens: Sequence[Token]) -> str:
    text, struck = "", 0
    for token in tokens:
        struck += {"s_open": 1, "s_close": -1}.get(token.type, 0)
        if struck or token.type == "s_close":
            continue
        if token.type == "hardbreak":
            text = _joined(text.rstrip(), ", ", "")
        else:
            text += " " if token.type == "softbreak" else token.content
    return text


def _tidy(text: str) -> str:
    text = _BREAKING_HTML.sub(" ", _STRUCK_HTML.sub("", text))
    words = _TICK_BOX.sub("", " ".join(_INLINE_HTML.sub("", text).split()))
    return _BLANKS_BEFORE_PUNCTUATION.sub("", words).lstrip(" ,;:").rstrip(" ,")


def _joined(line: str, link: str, piece: str) -> str:
    return piece if not line else f"{line} {piece}" if line.endswith(_ENDS) else f"{line}{link}{piece}"
