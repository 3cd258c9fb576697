"""Whole lists, page by page, while others add and delete rows.

Offsets shift under our feet: a row deleted before the offset moves the next row out of sight. So every page but the
first starts one row early, with the last row that we have. If that row is still there, nothing was missed: all that
stood before it is known. If it is not, we step back until a page starts with a known row (or is the first one), and
go on from there; what comes twice is kept once. Rows created meanwhile come last, by the order we ask for.

The page size is the server's to decide: we advance by what came. ``next`` is never requested (it may point anywhere),
only its being null is taken as a hint. At the end the number of rows is held against the announced ``count``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from django.utils.translation import gettext as _

from apps.pneumatic.errors import Unavailable, UnexpectedResponse
from apps.pneumatic.transport.parsing import Node

logger = logging.getLogger(__name__)

Progress = Callable[[int, int | None], None]
Fetch = Callable[[int | None, int], Any]  # (limit, offset) -> the page's JSON; None: as the server likes

# How often a list is read anew when it changes faster than we read.
PASSES = 3
# Pages in a row that bring nothing new before we take it for a loop: an insert can push known rows over one page.
IDLE_PAGES = 10
MOST_PAGES = 20_000
SMALLEST_PAGE = 100
MOST_STEPS_BACK = 100


class HasId(Protocol):
    """What can be listed: everything has an id."""

    @property
    def id(self) -> int: ...


RowT = TypeVar("RowT", bound=HasId)


def read_all(
    fetch: Fetch, parse: Callable[[Node], RowT], *, page_size: int | None, on_progress: Progress | None = None
) -> list[RowT]:
    """Return every row of a list, each once, in the order in which they came.

    Without a ``page_size`` the server is asked for all of it, and a bare array is all of it.

    Raise UnexpectedResponse when the pages do not end, Unavailable when the list never stands still.
    """
    for _pass in range(PASSES):
        rows, count = _read_once(fetch, parse, page_size=page_size, on_progress=on_progress)
        if count is None or len(rows) >= count:
            return list(rows.values())
        logger.info("A list changed while it was read: %d of %d rows; reading it anew", len(rows), count)
    raise _restless()


class _Page:
    """One page in either shape: an envelope, or a bare list (then nobody says how many rows there are)."""

    def __init__(self, data: Any) -> None:
        top = Node(data)
        self.is_envelope = isinstance(data, dict)
        rows = top.child("results") if self.is_envelope else top
        self.nodes: list[Node] = list(rows.members())
        self.count = top.integer_or_none("count") if self.is_envelope else None
        self.has_next = self.is_envelope and not top.is_null("next")

    def ends_at(self, offset: int) -> bool:
        """Return whether the list ends with this page, which starts at ``offset``."""
        if not self.is_envelope or self.has_next:
            return False  # a bare list may be cut to the server's own page size: the next page will tell
        return self.count is None or offset + len(self.nodes) >= self.count


def _read_once(
    fetch: Fetch, parse: Callable[[Node], RowT], *, page_size: int | None, on_progress: Progress | None
) -> tuple[dict[int, RowT], int | None]:
    """Return the rows by id, and how many the server says there are."""
    rows: dict[int, RowT] = {}
    offset = step_back = steps_back = idle = 0
    single = False  # a server that gives one row a page leaves no room for the row that we know
    for _number in range(MOST_PAGES):
        page = _Page(fetch(page_size, offset))
        parsed = [parse(node) for node in page.nodes]
        if offset and not single and (not parsed or parsed[0].id not in rows):
            steps_back += 1
            if steps_back > MOST_STEPS_BACK:
                raise _restless()
            step_back = max(2 * step_back, len(parsed), 1)
            offset = max(0, offset - step_back)
            continue
        known = len(rows)
        rows.update((row.id, row) for row in parsed)
        if on_progress is not None:
            on_progress(len(rows), page.count)
        if not parsed or page.ends_at(offset) or (page_size is None and not page.is_envelope):
            return rows, page.count
        page_size = page_size or max(len(parsed), SMALLEST_PAGE)  # it sends pages all the same
        if len(rows) > known:
            idle = step_back = 0
        else:
            idle += 1
        if idle and not page.is_envelope:
            return rows, None
        if idle > IDLE_PAGES + step_back:
            break
        single = len(parsed) == 1
        offset += len(parsed) - (0 if single else 1)
    raise UnexpectedResponse(
        _("The pages of the list repeat themselves or do not end. The server seems to ignore “offset”."),
        path="results",
    )


def _restless() -> Unavailable:
    return Unavailable(_("The list kept changing while it was read. Try again later."))
