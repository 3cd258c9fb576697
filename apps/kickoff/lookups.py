"""The users, groups and uploaded files that a form looks up while it is built and validated.

The sources are protocols, so that fields and forms are tested without a database. A form queries each once, for any
number of fields.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from django.utils import timezone

from apps.accounts.selectors import (
    as_group,
    as_person,
    groups_to_choose,
    resolve_people,
    search_groups,
    search_people,
)
from apps.core.people import Group, Person
from apps.pneumatic.canonical.schemas import FileValue

HITS = 20  # the most options that a search shows

Key = TypeVar("Key", int, str)
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class StoredFile(FileValue):
    """A file that was uploaded already; ``upload_id`` is the value of its form control."""

    upload_id: str = ""
    thumbnail_url: str = ""


class FileLookup(Protocol):
    """Finds the files that the user of the form may attach."""

    def files(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return the files with these upload ids, in that order; unknown ids and those of others are left out."""


class People(Protocol):
    """Finds people and groups of the Pneumatic account."""

    def by_ids(self, ids: Collection[int]) -> dict[int, Person]:
        """Return the people with these ids, removed and inactive ones too, in one query."""

    def groups_by_ids(self, ids: Collection[int]) -> dict[int, Group]:
        """Return the groups with these ids, removed ones included, with ``has_twin``, in one query."""

    def search(self, query: str) -> list[Person]:
        """Return at most ``HITS`` people whose name or e-mail matches and who can be assigned."""

    def search_groups(self, query: str) -> list[Group]:
        """Return at most ``HITS`` existing groups whose name matches; none where Pneumatic has no groups."""


class NoFiles:
    """A lookup that finds nothing: for forms that are not submitted."""

    def files(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return nothing."""
        return []


class MirroredPeople:
    """The users and groups of the last sync."""

    def by_ids(self, ids: Collection[int]) -> dict[int, Person]:
        """Return the mirrored people with these ids."""
        return resolve_people(ids)

    def groups_by_ids(self, ids: Collection[int]) -> dict[int, Group]:
        """Return the mirrored groups with these ids."""
        return groups_to_choose(ids)

    def search(self, query: str) -> list[Person]:
        return [as_person(user) for user in search_people(query, limit=HITS)]

    def search_groups(self, query: str) -> list[Group]:
        return [as_group(group) for group in search_groups(query, limit=HITS)]


@dataclass(slots=True)
class Lookups:
    """The lookups of one form, cached. ``zone`` is the time zone of the account's days."""

    files: FileLookup
    people: People = field(default_factory=MirroredPeople)
    zone: dt.tzinfo = field(default_factory=timezone.get_current_timezone)
    _people: dict[int, Person | None] = field(default_factory=dict)
    _groups: dict[int, Group | None] = field(default_factory=dict)
    _files: dict[str, StoredFile | None] = field(default_factory=dict)

    def load_people(self, ids: Iterable[int]) -> dict[int, Person]:
        """Return the known people among ``ids``; those not seen yet are fetched together."""
        return _load(set(ids), self._people, self.people.by_ids)

    def load_groups(self, ids: Iterable[int]) -> dict[int, Group]:
        """Return the known groups among ``ids``; those not seen yet are fetched together."""
        return _load(set(ids), self._groups, self.people.groups_by_ids)

    def load_files(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return the known files among ``ids``, each once, in that order."""
        return list(_load(dict.fromkeys(ids), self._files, self._files_by_ids).values())

    def _files_by_ids(self, ids: Collection[str]) -> dict[str, StoredFile]:
        return {file.upload_id: file for file in self.files.files(list(ids))}


def _load(
    ids: Collection[Key], cache: dict[Key, Found | None], fetch: Callable[[Collection[Key]], dict[Key, Found]]
) -> dict[Key, Found]:
    """Return what is known of ``ids``, in their order; those that ``cache`` lacks are fetched together."""
    if new := [id_ for id_ in ids if id_ not in cache]:
        found = fetch(new)
        cache.update({id_: found.get(id_) for id_ in new})
    return {id_: item for id_ in ids if (item := cache[id_]) is not None}
