"""Who the person behind a Pneumatic user id is, and which of them somebody who signed in is.

``workflow_templates`` knows users only by id and may not import ``accounts``; ``accounts`` registers itself here in
``AppConfig.ready()``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


@dataclass(frozen=True, slots=True)
class Person:
    """A Pneumatic user as pages show one; ``status`` is ``active``, ``invited``, ``removed`` or ``unknown``."""

    id: int
    name: str
    email: str = ""
    status: str = "unknown"


Resolver = Callable[[Collection[int]], dict[int, Person]]
Identifier = Callable[["AbstractUser"], int | None]
_resolver: Resolver | None = None
_identifier: Identifier | None = None


def register_resolver(resolver: Resolver) -> None:
    """Make ``resolver`` the one source of people; raise RuntimeError when there is another already."""
    global _resolver
    if _resolver is not None and _resolver is not resolver:
        raise RuntimeError("A resolver of people is registered already.")
    _resolver = resolver


def resolve(ids: Collection[int]) -> dict[int, Person]:
    """Return a Person for every id, in one query; ids that nobody knows come as "User <id>"."""
    found = _resolver(ids) if _resolver is not None and ids else {}
    return {id_: found.get(id_) or Person(id=id_, name=f"User {id_}") for id_ in ids}


def register_identifier(identifier: Identifier) -> None:
    """Make ``identifier`` the one that tells who somebody is in Pneumatic; raise RuntimeError when there is another."""
    global _identifier
    if _identifier is not None and _identifier is not identifier:
        raise RuntimeError("An identifier of people is registered already.")
    _identifier = identifier


def pneumatic_id_of(user: AbstractUser) -> int | None:
    """Return the id that ``user`` has in Pneumatic; None for somebody who is no Pneumatic user."""
    return _identifier(user) if _identifier is not None else None
