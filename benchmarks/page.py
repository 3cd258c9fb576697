"""The page with the results, ``docs/benchmarks.md``: each part has its place there and is replaced alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.report import Table


def with_results(page: str, part: str, tables: Sequence[Table]) -> str:
    """Return ``page`` with ``tables`` between the two comments that name ``part``; ValueError without them."""
    begin, end = f"<!-- results: {part} -->", f"<!-- end: {part} -->"
    results = "\n\n".join([begin, *map(str, tables), end])
    replaced, times = re.subn(f"{begin}.*?{end}", lambda _match: results, page, flags=re.DOTALL)
    if times != 1:
        raise ValueError(f"The page has no place for the results of “{part}”.")
    return replaced
