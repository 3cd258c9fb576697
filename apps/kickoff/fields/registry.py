"""Which class handles which field type."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from apps.kickoff.fields.base import KickoffField
from apps.kickoff.fields.unknown import UnknownField
from apps.pneumatic.canonical.schemas import FieldDefinition

F = TypeVar("F", bound=type[KickoffField[Any]])

_classes: dict[str, type[KickoffField[Any]]] = {}


def register(cls: F) -> F:
    """Make ``cls`` handle its type name and aliases.

    Raises TypeError for anything but a complete field class, ValueError for a name that is taken.
    """
    if not (inspect.isclass(cls) and issubclass(cls, KickoffField)):
        raise TypeError(f"{cls!r} is not a KickoffField.")
    if missing := sorted(cls.__abstractmethods__):
        raise TypeError(f"{cls.__name__} is abstract: it lacks {', '.join(missing)}.")
    for name in ("type_name", "template_name"):
        if not getattr(cls, name, ""):
            raise TypeError(f"{cls.__name__} has no {name}.")
    names = (cls.type_name, *cls.aliases)
    for name in names:
        if name in _classes:
            raise ValueError(f"{name!r} is already registered for {_classes[name].__name__}.")
    _classes.update(dict.fromkeys(names, cls))
    return cls


def get(type_name: str) -> type[KickoffField[Any]]:
    """Return the class for a type; UnknownField for an unknown type."""
    return _classes.get(type_name, UnknownField)


def create(definition: FieldDefinition) -> KickoffField[Any]:
    """Return the field that a definition describes."""
    return get(definition.type)(definition)


def registered() -> dict[str, type[KickoffField[Any]]]:
    """Return all names, aliases included, with their classes."""
    return dict(_classes)
