"""What a form has to look up while it is built and checked: people and files that were uploaded before.

Both sources are protocols, so that fields and forms are tested without a database. Each is asked once per form,
however many fields there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from apps.accounts.selectors import as_person, resolve_people, search_people
from apps.core.people import Person
from apps.pneumatic.schemas import FileValue

HITS = 20  # the most options that a search shows


@dataclass(frozen=True, slots=True)
class StoredFile(FileValue):
    """A file that was uploaded already; ``upload_id`` is what its form control carries."""

    upload_id: str = ""
    thumbnail_url: str = ""


class FileLookup(Protocol):
    """Finds the files that the person at the form may attach."""

    def files(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return the files with these upload ids, in that order; unknown ids and those of others are left out."""


class People(Protocol):
    """Finds people of the Pneumatic account."""

    def by_ids(self, ids: Collection[int]) -> dict[int, Person]:
        """Return the people with these ids, removed ones too (status ``removed``), in one query."""

    def search(self, query: str) -> list[Person]:
        """Return at most ``HITS`` existing people whose name or e-mail fits."""


class NoFiles:
    """A lookup that finds nothing: for forms that are only looked at."""

    def files(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return nothing."""
        return []


class MirroredPeople:
    """The people that the last sync saw."""

    def by_ids(self, ids: Collection[int]) -> dict[int, Person]:
        """Return the mirrored people with these ids."""
        return resolve_people(ids)

    def search(self, query: str) -> list[Person]:
        """Return the first people that fit."""
        return [as_person(user) for user in search_people(query, limit=HITS)]


@dataclass(slots=True)
class Lookups:
    """One form's view of people and files; remembers what it asked for."""

    files: FileLookup
    people: People = field(default_factory=MirroredPeople)
    _people: dict[int, Person | None] = field(default_factory=dict)
    _files: dict[str, StoredFile | None] = field(default_factory=dict)

    def load_people(self, ids: Iterable[int]) -> dict[int, Person]:
        """Return the known people among ``ids``; those not seen yet are fetched together."""
        wanted = set(ids)
        if new := wanted - self._people.keys():
            found = self.people.by_ids(new)
            self._people.update({id_: found.get(id_) for id_ in new})
        return {id_: person for id_ in wanted if (person := self._people[id_]) is not None}

    def load_files(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return the known files among ``ids``, each once, in that order."""
        wanted = list(dict.fromkeys(ids))
        if new := [id_ for id_ in wanted if id_ not in self._files]:
            found = {file.upload_id: file for file in self.files.files(new)}
            self._files.update({id_: found.get(id_) for id_ in new})
        return [file for id_ in wanted if (file := self._files[id_]) is not None]
