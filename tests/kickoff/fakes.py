"""People and files for forms that are tested without a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from apps.core.people import Group, Person
from apps.core.searching import search_words
from apps.core.text.folding import fold
from apps.kickoff.forms import KickoffForm
from apps.kickoff.lookups import HITS, Lookups, StoredFile
from apps.kickoff.names import control_name
from apps.pneumatic.canonical.schemas import FieldDefinition, Fieldset, Kickoff, Selection

ADA = Person(id=1, name="Ada Lovelace", email="ada@example.com", status="active")
GRACE = Person(id=2, name="Grace Hopper", email="grace@example.com", status="invited")
GONE = Person(id=3, name="Gone Away", email="gone@example.com", status="removed")
IDLE = Person(id=4, name="Ida Idle", email="ida@example.com", status="inactive")

FINANCE = Group(id=1, name="Finance", size=3, status="active")  # the id of a person, too
PAST = Group(id=9, name="Past", size=0, status="removed")

CONTRACT = StoredFile(
    id="41", name="contract.pdf", url="https://files.example.com/41", size=1024, upload_id="u-1"
)
PHOTO = StoredFile(
    id="42",
    name="photo <1>.png",
    url="javascript:alert(1)",
    size=2048,
    upload_id="u-2",
    thumbnail_url="https://files.example.com/42/small",
)


class FewPeople:
    """Four people, and no groups unless given; counts the lookups of people."""

    def __init__(self, *people: Person, groups: Sequence[Group] = ()) -> None:
        self.people = {person.id: person for person in people or (ADA, GRACE, GONE, IDLE)}
        self.groups = {group.id: group for group in groups}
        self.times_asked = 0

    def by_ids(self, ids: Collection[int]) -> dict[int, Person]:
        self.times_asked += 1
        return {id_: self.people[id_] for id_ in ids if id_ in self.people}

    def search(self, query: str) -> list[Person]:
        words = search_words(query)
        found = [
            person
            for person in self.people.values()
            if person.status not in {"removed", "inactive"}
            and all(word in fold(f"{person.name} {person.email}") for word in words)
        ]
        return found[:HITS]

    def groups_by_ids(self, ids: Collection[int]) -> dict[int, Group]:
        return {id_: self.groups[id_] for id_ in ids if id_ in self.groups}

    def search_groups(self, query: str) -> list[Group]:
        words = search_words(query)
        found = [
            group
            for group in self.groups.values()
            if group.status == "active" and all(word in fold(group.name) for word in words)
        ]
        return found[:HITS]


class FewFiles:
    """Two uploaded files; counts the lookups."""

    def __init__(self, *files: StoredFile) -> None:
        self.known = {file.upload_id: file for file in files or (CONTRACT, PHOTO)}
        self.times_asked = 0

    def files(self, ids: Sequence[str]) -> list[StoredFile]:
        self.times_asked += 1
        return [self.known[id_] for id_ in ids if id_ in self.known]


def numbered(count: int) -> tuple[Selection, ...]:
    """Return selections "1" to ``count`` with the labels "Option 1" and so on."""
    return tuple(Selection(str(number), f"Option {number}") for number in range(1, count + 1))


def make_form(
    *definitions: FieldDefinition,
    data: Any = None,
    people: FewPeople | None = None,
    files: FewFiles | None = None,
    fieldsets: Sequence[Fieldset] = (),
    zone: dt.tzinfo | None = None,
    **options: Any,
) -> KickoffForm:
    """Return a form; ``data`` gets a workflow name unless it brings one."""
    if isinstance(data, dict):
        data = {"name": "A workflow", **data}
    kickoff = Kickoff(fields=definitions, fieldsets=tuple(fieldsets))
    lookups = Lookups(files=files or FewFiles(), people=people or FewPeople())
    lookups.zone = zone or lookups.zone
    return KickoffForm(kickoff, data, lookups=lookups, **options)


def answer_to(definition: FieldDefinition, posted: object) -> object:
    """Return the canonical answer to one field, None for no answer; fail with the errors if it is not valid."""
    form = make_form(definition, data={control_name(definition.api_name): posted})
    assert form.is_valid(), form.errors
    return next((answer.value for answer in form.answers()), None)


def errors_of(definition: FieldDefinition, posted: object) -> list[str]:
    """Return what is wrong with an answer to one field."""
    form = make_form(definition, data={control_name(definition.api_name): posted})
    assert not form.is_valid()
    return [str(error) for error in form.errors[control_name(definition.api_name)]]
