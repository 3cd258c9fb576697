"""Who the people and groups behind Pneumatic's ids are, and which of them somebody who signed in is.

``workflow_templates`` knows them only by id and may not import ``accounts``; ``accounts`` registers itself here in
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
    """A Pneumatic user as pages show one.

    ``status`` is ``active``, ``invited``, ``inactive`` (deactivated there), ``guest`` (let into single tasks),
    ``removed`` or ``unknown``.
    """

    id: int
    name: str
    email: str = ""
    status: str = "unknown"
    is_account_owner: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A group of Pneumatic users as pages show one.

    ``size`` is the number of its members; ``status`` is ``active``, ``removed`` or ``unknown``. ``has_twin`` tells that
    another one has the same name but for small and large letters, where somebody looked (``accounts.selectors``).
    """

    id: int
    name: str
    size: int = 0
    status: str = "unknown"
    has_twin: bool = False


Resolver = Callable[[Collection[int]], dict[int, Person]]
GroupResolver = Callable[[Collection[int]], dict[int, Group]]
Identifier = Callable[["AbstractUser"], Person | None]
_resolver: Resolver | None = None
_group_resolver: GroupResolver | None = None
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


def register_group_resolver(resolver: GroupResolver) -> None:
    """Make ``resolver`` the one source of groups; raise RuntimeError when there is another already."""
    global _group_resolver
    if _group_resolver is not None and _group_resolver is not resolver:
        raise RuntimeError("A resolver of groups is registered already.")
    _group_resolver = resolver


def resolve_groups(ids: Collection[int]) -> dict[int, Group]:
    """Return a Group for every id, in one query; ids that nobody knows come as "Group <id>"."""
    found = _group_resolver(ids) if _group_resolver is not None and ids else {}
    return {id_: found.get(id_) or Group(id=id_, name=f"Group {id_}") for id_ in ids}


def register_identifier(identifier: Identifier) -> None:
    """Make ``identifier`` the one that tells who somebody is in Pneumatic; raise RuntimeError when there is another."""
    global _identifier
    if _identifier is not None and _identifier is not identifier:
        raise RuntimeError("An identifier of people is registered already.")
    _identifier = identifier


def pneumatic_person_of(user: AbstractUser) -> Person | None:
    """Return who ``user`` is in Pneumatic; None for somebody who is no Pneumatic user."""
    return _identifier(user) if _identifier is not None else None


def pneumatic_id_of(user: AbstractUser) -> int | None:
    """Return the id that ``user`` has in Pneumatic; None for somebody who is no Pneumatic user."""
    person = pneumatic_person_of(user)
    return person.id if person else None
