"""Users and groups of Pneumatic by id, and the Pneumatic user of a user of the dashboard.

Apps that may not import ``accounts`` know them only by id; ``accounts`` registers itself here in
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
    """A Pneumatic user, for pages.

    ``status`` is ``active``, ``invited``, ``inactive`` (deactivated there), ``guest`` (invited to single tasks),
    ``removed`` or ``unknown``.
    """

    id: int
    name: str
    email: str = ""
    status: str = "unknown"
    is_account_owner: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A group of Pneumatic users, for pages.

    ``size`` is the number of its members; ``status`` is ``active``, ``removed``, ``unknown`` or ``personal``: those who
    substitute a user on vacation, no possible answer. ``has_twin`` is whether another group has the same name except
    for case; set only by ``accounts.selectors.groups_to_choose``.
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
    """Make ``resolver`` the only source of users; raise RuntimeError when another is registered."""
    global _resolver
    if _resolver is not None and _resolver is not resolver:
        raise RuntimeError("A resolver of users is already registered.")
    _resolver = resolver


def resolve(ids: Collection[int]) -> dict[int, Person]:
    """Return a Person for every id, in one query; unknown ids get the name "User <id>"."""
    found = _resolver(ids) if _resolver is not None and ids else {}
    return {id_: found.get(id_) or Person(id=id_, name=f"User {id_}") for id_ in ids}


def register_group_resolver(resolver: GroupResolver) -> None:
    """Make ``resolver`` the only source of groups; raise RuntimeError when another is registered."""
    global _group_resolver
    if _group_resolver is not None and _group_resolver is not resolver:
        raise RuntimeError("A resolver of groups is already registered.")
    _group_resolver = resolver


def resolve_groups(ids: Collection[int]) -> dict[int, Group]:
    """Return a Group for every id, in one query; unknown ids get the name "Group <id>"."""
    found = _group_resolver(ids) if _group_resolver is not None and ids else {}
    return {id_: found.get(id_) or Group(id=id_, name=f"Group {id_}") for id_ in ids}


def register_identifier(identifier: Identifier) -> None:
    """Make ``identifier`` the only source for ``pneumatic_person_of``; raise RuntimeError when there is another."""
    global _identifier
    if _identifier is not None and _identifier is not identifier:
        raise RuntimeError("An identifier of users is already registered.")
    _identifier = identifier


def pneumatic_person_of(user: AbstractUser) -> Person | None:
    """Return the Pneumatic user of ``user``; None when there is none."""
    return _identifier(user) if _identifier is not None else None


def pneumatic_id_of(user: AbstractUser) -> int | None:
    """Return the id of the Pneumatic user of ``user``; None when there is none."""
    person = pneumatic_person_of(user)
    return person.id if person else None
