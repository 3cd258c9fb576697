"""Names of workflows with ``{{...}}``, which today's server fills in when the workflow starts."""

from __future__ import annotations

import re

VARIABLE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


def fixed_length(name: str) -> int:
    """Return how many characters of ``name`` are there whatever is put in for its variables."""
    return len(VARIABLE.sub("", name))
