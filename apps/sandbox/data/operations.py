"""The demonstration account's templates."""

from __future__ import annotations

from .build import Builder


def add_operations(builder: Builder) -> None:
    """Add the templates of the operations team."""
    builder.template("Office equipment request", kickoff=[builder.field("string", "Subject", required=True)])
