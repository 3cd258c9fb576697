"""The performers of workflows' current tasks: users and groups, by id and by name where an event has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.selectors import groups_of
from apps.core.people import resolve, resolve_groups
from apps.core.text.visible import first_visible

Key = tuple[int | None, bool]  # an id, and whether it is a group's


def named_performers(performers: Iterable[list[Any]]) -> list[tuple[Key, str]]:
    """Return ``Workflow.performers`` as keys and names; the name is '' where events have only the id."""
    return [((row[0], len(row) > 2), first_visible(row[1]).strip()) for row in performers]


def names_of(keys: Iterable[Key]) -> dict[Key, str]:
    """Return the names of users and groups, in one query for each of the two kinds."""
    wanted = {(id_, is_group) for id_, is_group in keys if id_ is not None}
    people = {id_ for id_, is_group in wanted if not is_group}
    groups = {id_ for id_, is_group in wanted if is_group}
    names: dict[Key, str] = {}
    if people:
        names |= {(id_, False): person.name for id_, person in resolve(people).items()}
    if groups:
        names |= {(id_, True): group.name for id_, group in resolve_groups(groups).items()}
    return names


def names_of_unnamed(assigned: Iterable[Iterable[tuple[Key, str]]]) -> dict[Key, str]:
    """Return the names of those performers of several workflows whose events have only the id."""
    return names_of(key for performers in assigned for key, name in performers if not name)


def shown_names(performers: Iterable[tuple[Key, str]], names: Mapping[Key, str]) -> list[str]:
    """Return the names of performers as pages show them; ``names`` are from ``names_of_unnamed``."""
    return [name or names.get(key) or _("Unknown user") for key, name in performers]


def keys_of(person_id: int | None, assigned: Iterable[Iterable[tuple[Key, str]]]) -> set[Key]:
    """Return the keys of a user among performers: the user, and the user's groups if any performer is a group."""
    if person_id is None:
        return set()
    has_groups = any(is_group for performers in assigned for (_id, is_group), _name in performers)
    return {(person_id, False), *((id_, True) for id_ in (groups_of([person_id]) if has_groups else ()))}
