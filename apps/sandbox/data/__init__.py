"""The data sets that the sandbox can hold; each call gives the same records."""

from __future__ import annotations

from .build import Builder, Record
from .large import add_large
from .operations import add_operations
from .people import add_people
from .small import add_small

DATASETS = ("demo", "small", "empty", "large")


def load(name: str, *, large: int = 0) -> tuple[list[Record], list[Record]]:
    """Return the templates and users of a data set, with ``large`` more templates behind them."""
    builder = Builder()
    if name in {"demo", "large"}:
        add_people(builder)
    if name == "demo":
        add_operations(builder)
    if name == "small":
        add_small(builder)
    if large:
        add_large(builder, large)
    return builder.templates, builder.users
