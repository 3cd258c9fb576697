"""What can be seen of a text from outside, and what is shown instead where that is nothing."""

from __future__ import annotations

import re
from typing import Final

# Control characters, what Unicode calls default ignorable, and characters whose glyph is empty. A class of ``re``.
INVISIBLE: Final = (
    r"\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00016fe4\U0001bca0-\U0001bca3\U0001d159"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(rf"[\s{INVISIBLE}]+")


def is_blank(text: str) -> bool:
    """Return whether nothing of ``text`` can be seen: blanks, fillers, joiners, control characters."""
    return not _UNSEEN.sub("", text)


def first_visible(*texts: str) -> str:
    """Return the first of ``texts`` of which something can be seen; '' where there is none."""
    return next((text for text in texts if not is_blank(text)), "")
