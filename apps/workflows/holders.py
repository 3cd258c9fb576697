"""Who holds the current tasks of workflows: people, and groups of them, by number and where told by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.selectors import groups_of
from apps.core.people import resolve, resolve_groups

Key = tuple[int | None, bool]  # an id, and whether it is a group's


def named_holders(holders: Iterable[list[Any]]) -> list[tuple[Key, str]]:
    """Return what ``Workflow.holders`` holds as keys and names; the name is '' where only the number was told."""
    return [((row[0], len(row) > 2), row[1].strip()) for row in holders]


def names_of(keys: Iterable[Key]) -> dict[Key, str]:
    """Return the names of people and groups, in one query for each of the two kinds."""
    wanted = {(id_, is_group) for id_, is_group in keys if id_ is not None}
    people = {id_ for id_, is_group in wanted if not is_group}
    groups = {id_ for id_, is_group in wanted if is_group}
    names: dict[Key, str] = {}
    if people:
        names |= {(id_, False): person.name for id_, person in resolve(people).items()}
    if groups:
        names |= {(id_, True): group.name for id_, group in resolve_groups(groups).items()}
    return names


def names_told_by_number(held: Iterable[Iterable[tuple[Key, str]]]) -> dict[Key, str]:
    """Return the names of those among holders of several workflows who are told by number alone."""
    return names_of(key for holders in held for key, name in holders if not name)


def shown_names(holders: Iterable[tuple[Key, str]], names: Mapping[Key, str]) -> list[str]:
    """Return the names of holders as pages show them; ``names`` are of those who are told by number alone."""
    return [name or names.get(key) or _("somebody") for key, name in holders]


def keys_of(person_id: int | None, held: Iterable[Iterable[tuple[Key, str]]]) -> set[Key]:
    """Return what stands for somebody among holders: they themselves, and their groups where a group holds anything."""
    if person_id is None:
        return set()
    has_groups = any(is_group for holders in held for (_id, is_group), _name in holders)
    return {(person_id, False), *((id_, True) for id_ in (groups_of([person_id]) if has_groups else ()))}
