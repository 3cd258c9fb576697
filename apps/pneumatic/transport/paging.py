"""Read whole lists page by page while other users add and delete rows.

Offsets shift: a row that is deleted before the offset moves the next one past it. So every page except the first starts
one row early, with the last row that was received. If that row is still first, no row was missed. If it is not, the
offset steps back until a page starts with a known row (or is the first page), and reading continues there. A row that
is received twice is kept once. Rows created in the meantime come last, because of the order that is requested.

The server decides the size of a page: the offset advances by the rows received. ``next`` is never requested (it may
point anywhere); only null is used, as a hint. At the end the number of rows is compared with the announced ``count``.
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

# How often a list is read when it changes faster than it can be read.
MAX_PASSES = 3
# Pages in a row without a new row that mean a loop: an insert can push known rows over one page.
MAX_IDLE_PAGES = 10
MAX_PAGES = 20_000
MIN_PAGE_ROWS = 100
MAX_STEPS_BACK = 100


class HasId(Protocol):
    """A row of a list."""

    @property
    def id(self) -> int: ...


RowT = TypeVar("RowT", bound=HasId)


def read_all(
    fetch: Fetch, parse: Callable[[Node], RowT], *, page_size: int | None, on_progress: Progress | None = None
) -> list[RowT]:
    """Return every row of a list, each once, in the order received.

    Without a ``page_size`` no limit is requested, and a bare array is the whole list.

    Raise UnexpectedResponse if the pages do not end, Unavailable if the list keeps changing.
    """
    for _pass in range(MAX_PASSES):
        rows, count = _read_once(fetch, parse, page_size=page_size, on_progress=on_progress)
        if count is None or len(rows) >= count:
            return list(rows.values())
        logger.info("A list changed while it was read: %d of %d rows; reading it again", len(rows), count)
    raise _changing()


class _Page:
    """One page in either shape: an envelope, or a bare list without a count."""

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
            return False  # a bare list may be cut to the server's own page size: the next page shows it
        return self.count is None or offset + len(self.nodes) >= self.count


def _read_once(
    fetch: Fetch, parse: Callable[[Node], RowT], *, page_size: int | None, on_progress: Progress | None
) -> tuple[dict[int, RowT], int | None]:
    """Return the rows by id, and the number that the server announced."""
    rows: dict[int, RowT] = {}
    offset = step_back = steps_back = idle = 0
    single = False  # a server with one row a page leaves no room for the known row
    for _number in range(MAX_PAGES):
        page = _Page(fetch(page_size, offset))
        parsed = [parse(node) for node in page.nodes]
        if offset and not single and (not parsed or parsed[0].id not in rows):
            steps_back += 1
            if steps_back > MAX_STEPS_BACK:
                raise _changing()
            step_back = max(2 * step_back, len(parsed), 1)
            offset = max(0, offset - step_back)
            continue
        known = len(rows)
        rows.update((row.id, row) for row in parsed)
        if on_progress is not None:
            on_progress(len(rows), page.count)
        if not parsed or page.ends_at(offset) or (page_size is None and not page.is_envelope):
            return rows, page.count
        page_size = page_size or max(len(parsed), MIN_PAGE_ROWS)  # it sends pages anyway
        if len(rows) > known:
            idle = step_back = 0
        else:
            idle += 1
        if idle and not page.is_envelope:
            return rows, None
        if idle > MAX_IDLE_PAGES + step_back:
            break
        single = len(parsed) == 1
        offset += len(parsed) - (0 if single else 1)
    raise UnexpectedResponse(
        _("The pages of the list repeat or do not end. The server seems to ignore “offset”."),
        path="results",
    )


def _changing() -> Unavailable:
    return Unavailable(_("The list kept changing while it was read. Try again later."))
