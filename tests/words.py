# words: skip-file
"""The words that the project does not use, each with what to write instead, and how to find them in a file.

``find(path)`` reads comments, docstrings, strings, the text of pages, and the prose of Markdown; it skips code, fenced blocks,
`inline code` and addresses. A name is judged where it is defined, not at every use; that of a test is a sentence.

"words: ok" on a line keeps a word there; "words: skip-file" in the first five lines of a file skips it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

# Prose: regular expression, between limits of words, in any case -> better.
PROSE = {
    r"told": "reported / known / shown / distinguished (by meaning)",
    r"tells? (?:of|apart|nothing|none|it|that|when|what|whether|which|where|who|how|so)(?! the user)": "reports / shows / distinguishes",
    r"(?:events?|deliver(?:y|ies)|payloads?|pneumatic|server|list|page|nobody|none) (?:do(?:es)? not )?tells?(?! (?:you|the user|django))": "reports / contains / shows",
    r"anew": "again",
    r"nought|naught": "0 / nothing",
    r"lest": "so that ... does not",
    r"amiss": "wrong",
    r"mend(?:s|ed|ing)?": "fix",
    r"heal(?:s|ed|ing)?": "repair / restore (workflow updated from Pneumatic)",
    r"(?:a|an|the|each|this|that|one|its|every|whole|new|what) wish(?:es)?|two wishes|wishes for": "request; for subscriptions: wanted event",
    r"(?:un)?heard(?: of| from)?": "received (last event, first event)",
    r"hears? (?:of|from|about)": "is notified of / receives",
    r"somebody(?: else(?:'s)?)?": "someone; better: a user, another user",
    r"anybody": "anyone; better: any user",
    r"nobody(?![:@/'\"])": "no one; better: no user",
    r"everybody": "everyone; better: all users",
    r"(?:started|goes|sent|somebody|uploaded|stands?|known) elsewhere": "outside this dashboard / to another address (say where)",
    r"as far as (?:\w+ )?(?:events?|is|are) (?:tells?|known)|as events tell|as far as events": "according to events received up to ...",
    r"whoever": "anyone who / the user who",
    r"whatever (?:happens|the|its?|that|was|is|stands|comes|page|order|size|kind|asks|listens|reason|else)": "any / regardless of",
    r"however (?:many|old|often|it|they)": "any number of / regardless of how",
    r"(?<!in )by itself": "automatically / alone",
    r"of (?:its|their|our) own(?! accord)": "separate / own (its own page)",
    r"meanwhile": "in the meantime; better: while X runs",
    r"(?:stands?|stood)(?! (?:for|out|alone|by)\b)(?!-)(?<!by default stand)": "is / is listed / is stored",
    r"take[ns]? for": "treat as",
    r"all the same": "anyway",
    r"(?:shall)": "should / must / can",
    r"sign(?:s)? of life": "heartbeat",
    r"look(?:s|ed|ing)? (?:again|at once|anew)": "check again / refresh",
    r"(?:is|are|was|were|be) looked (?:at|for|up by)": "is checked / is searched for",
    r"go(?:es|ing)? on(?! (?:to|the|a|your|in|with your)\b)(?<!what's going on)(?<!is going on)|went on": "continue",
    r"(?:nothing|which|that|what|all|words?|everything|not|no \w+|one|also|it|they|still|answers?|none|best|both) fits?(?! (?:in|into|on|within|inside)\b)": "matches / is valid",
    r"(?:is|are|was|were|be) (?:not |already )?there(?=[.,;:)]|$)": "exists / is present",
    r"(?:was|were|is|are|be|been) asked for": "was requested",
    r"asked for": "requested",
    r"(?:is|was|be|cannot be|can be|never) asked(?! (?:to|whether|if|by|about)\b)": "is queried / is requested; cannot be asked -> does not support",
    r"speaks(?: http)?(?! (?:to|with) (?:us|you))": "uses / supports",
    r"as (?:it|they) came|what came": "as received / what was received",
    r"(?:came|comes?) by(?= (?:it|the|this|that|our|an?)\b)|came by|by (?:the|this) (?:new |old )?address": "through / at this address",
    r"in force": "active",
    r"without a word": "silently / without an error",
    r"by hand": "manually",
    r"write (?:\S+ ){1,6}into (?:it|them|the)|put (?:\S+ ){1,12}into (?:`|the variable)": "set X to Y",
    r"moments?(?<!at the moment)(?<!for a moment)(?<!in a moment)(?<!any moment)(?<!the last moment)(?<!a moment)": "time / timestamp",
    r"but for": "except for",
    r"besides": "in addition to / as well as",
    r"beside": "next to / in addition to",
    r"(?:pneumatic|server|service|storage|dashboard|address|api) (?:answers|answered)|answers? (?:was lost|is lost|came|comes|in time)|(?:lost|late|usable|no) answers?(?: came| arrived)?(?= (?:to|from|came|arrived|of a launch))|whose answer": "responds / response",
    r"(?:are|were|really) gone|is gone(?= (?:from|in) pneumatic)|gone since": "was deleted / no longer exists",
    r"found out": "detected",
    r"(?:pneumatic|server|forms?|files|that|one|those) of today|today's (?:server|pneumatic|payloads?|webhooks?|api|name)": "current Pneumatic / current API",
    r"(?:such a thing|no such thing)": "name the thing",
    r"for ever": "forever / indefinitely",
    r"gives? (?:\w+ ){0,3}away|given away": "reveal",
    r"(?:bring|brings|brought) (?:\w+ ){0,3}up to date": "update",
    r"stand-in": "simulator / sandbox",
    r"on (?:its|their) way": "in transit / pending",
    r"under way": "in progress",
    r"to blame": "failing / that caused it",
    r"unbelieved": "unconfirmed",
    r"last words": "last output lines",
    r"begun": "started",
    r"taken seriously": "processed",
    r"(?:nothing|nobody|never|no (?!longer)\w+) (?:\w+ ){1,5}any more": "no longer",
    r"what became of": "the result of / status of",
    r"is of no use": "does not help",
    r"(?<=[,;] )also (?:those|that|what|of|when|where|in|for|with)": "including",
    r"carr(?:y|ies|ied) a (?:word|mark)": "are labelled",
    r"held by|(?:who|you|i) holds?(?= (?:it|what|the)|[.,;]|$)": "assigned to",
    r"a look into|looks? into pneumatic|(?:complete|last|two) looks?": "check",
    r"narrow(?:ed|s)? (?:it )?(?:by|to)": "filter by",
    r"in words": "as text / as a sentence",
    r"does without|do without": "works without",
}

# Names, where they are defined: regular expression anywhere in the name -> better.
NAMES = {
    r"(?:^|_)(?:told|tell|tells|teller|untold)(?:_|$)": "reported / parsed / notify",
    r"(?:^|_)(?:un)?heard(?:_|$)|^hear(?:s|_|$)": "received; last_heard_at -> last_event_at",
    r"(?:^|_)wish(?:es)?(?:_|$)|^_?Wish": "request / wanted / criteria",
    r"(?:^|_)(?:somebody|nobody|anybody|whoever|elsewhere|whose|whom)(?:_|s_|$)": "user / no_user / external / owner",
    r"^_?(?:MOST|LONGEST|LARGEST|DEEPEST|HIGHEST)(?:_|$)": "MAX_...",
    r"^_?(?:SHORTEST|SMALLEST|SLOWEST)(?:_|$)": "MIN_...",
    r"(?:^|_)PATIENCE(?:_|$)|^_?Patience$|^patiently$": "TIMEOUT_SECONDS / with_retry",
    r"^(?:moment|_moment|moment_of_\w+)$": "timestamp / occurred_at",
    r"(?:^|_)mark$|^_?mark_of$|^Mark$": "fingerprint / badge / label (not pytest.mark)",
    r"^_?(?:named_|shown_|write_)?holders?(?:_of|_rows)?$|^held_by$|^Holder$": "performers / assigned_to",
    r"(?:^|_)(?:healed|mended|unbelieved|believed)(?:_|$)|^Healed$|^mend$": "repaired / updated / unconfirmed",
    r"(?:^|_)(?:amiss|spoken|speaks|anew|stranger|spent)(?:_|$)|^Spent\w+": "invalid / active / again / used",
    r"(?:Sheet|_sheet)$": "...Detail / ...Context",
    r"(?:^|_)(?:looked_at|looked_for|missed_at|begun_at|tried_at)(?:_|$)": "last_checked_at / searched_at / not_found_at / started_at",
    r"(?:^|_)(?:remarks|verdict_of|concluded|kept_from)(?:_|$)": "notes / result",
    r"^(?:name_in_force|what_stops|give_way|look_around|look_at_the_clock|find_out|surely_there|_surely_there|_begin_anew)$": "a verb that says what it does",
}

_PROSE = [(re.compile(rf"\b(?:{pattern})\b", re.I), better) for pattern, better in PROSE.items()]
_ANY_PROSE = re.compile(rf"\b(?:{'|'.join(PROSE)})\b", re.I)  # one pass over the many lines without a hit
_NAMES = [(re.compile(pattern), better) for pattern, better in NAMES.items()]
_ANY_NAME = re.compile("|".join(NAMES))
_URL = re.compile(r"\bhttps?://\S+|\b[\w.+-]+@[\w.-]+")
_INLINE_CODE = re.compile(r"``[^`]*``|`[^`]*`")
_HTML_CODE = re.compile(
    r"""{{.*?}}|{%(?!\s*(?:translate|blocktranslate|trans)\b)(?:"[^"]*"|'[^']*'|[^%])*%}|"""
    r"""\b(?:class|id|name|href|src|for|type|data-[\w-]+|hx-[\w-]+|x-[\w-]+|v-[\w-]+|value)=(?:"[^"]*"|'[^']*')|<code>.*?</code>"""
)
_JS_NAME = re.compile(r"\b(?:function|const|let|var|class)\s+([A-Za-z_$][\w$]*)")
_CODE_STRING = re.compile(r"^[\w./:%{}\[\]()<>=*+?^$|\\-]*$")  # no blank in it: a key, a path, a pattern
_STRINGS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}


class Hit(NamedTuple):
    """A word that the project does not use."""

    line: int
    word: str
    better: str


def find(path: Path) -> list[Hit]:
    """Return the hits in a file, by line."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    if any("words: skip-file" in line for line in lines[:5]):
        return []
    found = sorted(set(_READERS[path.suffix](source)))
    return [hit for hit in found if hit.line > len(lines) or "words: ok" not in lines[hit.line - 1]]


def in_prose(line: int, text: str) -> Iterator[Hit]:
    """Yield the hits in one line of prose; of those that overlap only the first."""
    text = _INLINE_CODE.sub(_blank, _URL.sub(_blank, text))
    if not _ANY_PROSE.search(text):
        return
    taken: list[tuple[int, int]] = []
    for pattern, better in _PROSE:
        for match in pattern.finditer(text):
            if all(match.end() <= start or match.start() >= end for start, end in taken):
                taken.append(match.span())
                yield Hit(line, match[0].strip(" ,;"), better)


def in_name(line: int, name: str) -> Iterator[Hit]:
    """Yield the first hit in one name."""
    if _ANY_NAME.search(name):
        yield Hit(line, name, next(better for pattern, better in _NAMES if pattern.search(name)))


def _in_python(source: str) -> Iterator[Hit]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_text = token.type in _STRINGS and not _CODE_STRING.match(token.string.strip("rbfuRBFU\"'"))
        if is_text or token.type == tokenize.COMMENT:
            for number, text in enumerate(token.string.splitlines(), token.start[0]):
                yield from in_prose(number, text)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from in_name(node.lineno, node.name)
            if node.name.startswith("test_"):
                yield from in_prose(node.lineno, node.name.replace("_", " "))
        elif isinstance(node, ast.arg):
            yield from in_name(node.lineno, node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield from in_name(node.lineno, node.id)


def _in_markdown(source: str) -> Iterator[Hit]:
    is_fenced = False
    for number, text in enumerate(source.splitlines(), 1):
        if re.match(r"\s*(```|~~~)", text):
            is_fenced = not is_fenced
        elif not is_fenced and not re.match(r" {4,}\S", text):
            yield from in_prose(number, re.sub(r"\]\([^)]*\)", "]", text))


def _in_html(source: str) -> Iterator[Hit]:
    is_skipped = False
    for number, text in enumerate(source.splitlines(), 1):
        is_skipped = is_skipped or bool(re.search(r"<(script|style|pre)\b", text))
        if not is_skipped:
            yield from in_prose(number, _HTML_CODE.sub(" ", text))
        if re.search(r"</(script|style|pre)>", text):
            is_skipped = False


def _in_script(source: str) -> Iterator[Hit]:
    is_block = False
    for number, text in enumerate(source.splitlines(), 1):
        prose = []
        if is_block or "/*" in text or re.match(r"\s*\*", text):
            prose.append(text)
            is_block = "*/" not in text.rpartition("/*")[2]
        elif (comment := re.search(r"(?:^|[^:])//(.*)", text)) is not None:
            prose.append(comment[1])
        quoted = re.findall(r"\"([^\"]*)\"|'([^']*)'|`([^`]*)`", text)
        prose.extend(part for parts in quoted for part in parts if " " in part)
        for part in prose:
            yield from in_prose(number, part)
        for name in _JS_NAME.findall(text):
            yield from in_name(
                number, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() if name[0].islower() else name
            )


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


_READERS: dict[str, Callable[[str], Iterator[Hit]]] = {
    ".py": _in_python,
    ".md": _in_markdown,
    ".html": _in_html,
    ".js": _in_script,
}
SUFFIXES = frozenset(_READERS)
