"""The users, groups and files of many forms, each looked up once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from apps.accounts.models import User
from apps.core.identifiers import read_uuid
from apps.core.people import Group, Person
from apps.kickoff.fields import create
from apps.kickoff.lookups import Lookups, MirroredPeople, NoFiles, StoredFile
from apps.kickoff.names import control_name
from apps.launches.models import UploadedFile
from apps.launches.uploads.services import as_answer
from apps.pneumatic.canonical.schemas import FieldDefinition
from apps.pneumatic.server import account_zone
from apps.preparation.content import Controls

Files = dict[tuple[int, uuid.UUID], StoredFile]


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """The files of one user among those that were loaded (``kickoff.lookups.FileLookup``)."""

    owner_id: int
    found: Files

    def files(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return the loaded files with these upload ids, in that order."""
        wanted = [(self.owner_id, known) for known in map(read_uuid, ids) if known is not None]
        return [self.found[key] for key in dict.fromkeys(wanted) if key in self.found]


@dataclass(slots=True)
class SharedLookups(MirroredPeople):
    """Lookups that many forms share. ``load`` takes one query for users, groups and files each."""

    _people: Lookups = field(default_factory=lambda: Lookups(files=NoFiles()))
    _files: Files = field(default_factory=dict)

    def of(self, user: User) -> Lookups:
        """Return the lookups of a form that ``user`` fills in."""
        return Lookups(files=KnownFiles(user.pk, self._files), people=self, zone=account_zone())

    def load(self, forms: Iterable[tuple[Sequence[FieldDefinition], Controls]]) -> None:
        """Look up all that these forms contain, each given by its fields and its controls."""
        people: set[int] = set()
        groups: set[int] = set()
        files: set[uuid.UUID] = set()
        for definitions, controls in forms:
            for definition in definitions:
                kickoff_field = create(definition)
                values = [str(value) for value in controls.getlist(control_name(definition.api_name))]
                people.update(kickoff_field.people_in(values))
                groups.update(kickoff_field.groups_in(values))
                files.update(
                    known for known in map(read_uuid, kickoff_field.files_in(values)) if known is not None
                )
        self._people.load_people(people)
        self._people.load_groups(groups)
        if files:
            found = UploadedFile.objects.filter(pk__in=files)
            self._files.update({(file.owner_id, file.pk): as_answer(file) for file in found})

    def by_ids(self, ids: Collection[int]) -> dict[int, Person]:
        """Return the people with these ids; those that were not loaded are queried."""
        return self._people.load_people(ids)

    def groups_by_ids(self, ids: Collection[int]) -> dict[int, Group]:
        """Return the groups with these ids; those that were not loaded are queried."""
        return self._people.load_groups(ids)
