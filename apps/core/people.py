"""Who the person behind a Pneumatic user id is.

``workflow_templates`` knows users only by id and may not import ``accounts``; ``accounts`` registers itself here in
``AppConfig.ready()``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A Pneumatic user as pages show one; ``status`` is ``active``, ``invited``, ``removed`` or ``unknown``."""

    id: int
    name: str
    email: str = ""
    status: str = "unknown"


Resolver = Callable[[Collection[int]], dict[int, Person]]
_resolver: Resolver | None = None


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
