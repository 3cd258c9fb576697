"""Answers that cannot be sent: by a user's mistake, or by ours."""

from __future__ import annotations

from typing import Any, NoReturn

from apps.pneumatic.canonical.schemas import FieldDefinition, Value
from apps.pneumatic.errors import ValidationFailed


def refused(field: FieldDefinition, reason: str) -> ValidationFailed:
    """Return the error for an answer that the API has no form for."""
    return ValidationFailed(reason, errors={field.api_name: [reason]})


def wrong_kind(field: FieldDefinition, value: object) -> NoReturn:
    """Raise TypeError: a mistake in our own code, because forms return the type that belongs to the field."""
    raise TypeError(f"A field of type {field.type} cannot have a {type(value).__name__}.")


def as_tuple(field: FieldDefinition, value: Value) -> tuple[Any, ...]:
    """Return the parts of an answer that has several; raise TypeError for any other."""
    return value if isinstance(value, tuple) else wrong_kind(field, value)
