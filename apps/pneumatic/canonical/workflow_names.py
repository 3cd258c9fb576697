"""Names of workflows with ``{{...}}``, which the current API replaces when the workflow starts."""

from __future__ import annotations

import re

VARIABLE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


def fixed_length(name: str) -> int:
    """Return the number of characters of ``name`` without its variables."""
    return len(VARIABLE.sub("", name))
