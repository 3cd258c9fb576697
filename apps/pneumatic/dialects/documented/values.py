"""How a launch of the documented API writes answers (Launch a Workflow Based on Specific Template)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.pneumatic.canonical.schemas import FieldDefinition, FileValue, UserValue, Value
from apps.pneumatic.dialects.refusals import as_tuple, refused, wrong_kind


def encode(field: FieldDefinition, value: Value) -> Any:
    """Return ``value`` as the kickoff of a launch has it.

    Raise ValidationFailed for an unknown type of field or an option that the field does not have.
    """
    encoder = _ENCODERS.get(field.type)
    if encoder is None:
        raise refused(field, _("Fields of the type “%(type)s” are not supported.") % {"type": field.type})
    return encoder(field, value)


def _text(field: FieldDefinition, value: Value) -> str:
    return value if isinstance(value, str) else wrong_kind(field, value)


def _selection(field: FieldDefinition, value: Value) -> int:
    if not isinstance(value, str):
        wrong_kind(field, value)
    if all(selection.key != value for selection in field.selections):
        raise refused(field, _("The chosen option is not one of this field's options."))
    return int(value)  # ``_selections`` accepts only integers as IDs


def _selected(field: FieldDefinition, value: Value) -> list[int]:
    return [_selection(field, key) for key in as_tuple(field, value)]


def _date(field: FieldDefinition, value: Value) -> str:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        wrong_kind(field, value)
    return value.isoformat()


def _user(field: FieldDefinition, value: Value) -> int:
    return value.id if isinstance(value, UserValue) else wrong_kind(field, value)


def _files(field: FieldDefinition, value: Value) -> list[int]:
    return [
        int(file.id) if isinstance(file, FileValue) else wrong_kind(field, value)
        for file in as_tuple(field, value)
    ]


_ENCODERS: Mapping[str, Callable[[FieldDefinition, Value], Any]] = {
    "string": _text,
    "text": _text,
    "url": _text,
    "radio": _selection,
    "dropdown": _selection,
    "checkbox": _selected,
    "date": _date,
    "user": _user,
    "file": _files,
}
