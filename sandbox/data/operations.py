"""The demonstration account's templates: the daily work of an operations team."""

from __future__ import annotations

from .build import Builder
from .finance import add_finance
from .people_operations import add_people_operations
from .technology import add_technology
from .workplace import add_workplace


def add_operations(builder: Builder) -> None:
    """Add all templates; the newest, which the API lists first, is the one to begin with."""
    add_people_operations(builder)
    add_finance(builder)
    add_technology(builder)
    add_workplace(builder)
