"""Reads of people: who somebody is in Pneumatic, and who is found by typing."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import AbstractUser
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Lower

from apps.accounts.models import PneumaticUser, User
from apps.accounts.roles import ADMINISTRATOR
from apps.core.people import Person
from apps.core.searching import has_words


def pneumatic_user_for(user: User) -> PneumaticUser | None:
    """Return the Pneumatic user with the e-mail address of ``user``; None when there is none (any more)."""
    if not user.email:
        return None
    active_first = Case(When(status="active", then=0), default=1, output_field=IntegerField())
    return (
        PneumaticUser.objects.alias(email_lower=Lower("email"))
        .filter(email_lower=Lower(Value(user.email)), removed_at=None)
        .order_by(active_first, "id")
        .defer("raw")
        .first()
    )


def pneumatic_id_of(user: AbstractUser) -> int | None:
    """Return who ``user`` is in Pneumatic, as ``apps.core.people`` wants to know it."""
    person = pneumatic_user_for(user) if isinstance(user, User) else None
    return person.id if person else None


def administrators(*, limit: int) -> list[User]:
    """Return those who can give roles and can be asked by e-mail, the longest here first."""
    found = User.objects.filter(Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR), is_active=True)
    return list(found.exclude(email="").distinct().order_by("pk")[:limit])


def search_people(query: str, *, limit: int = 20) -> list[PneumaticUser]:
    """Return people who exist now and have every word of ``query`` in name or e-mail, sorted by name.

    An empty query finds the first people by name. The first step reads nothing but the covering index
    ``accounts_person_search``, the second fetches at most ``limit`` rows.
    """
    found = PneumaticUser.objects.filter(has_words(query), removed_at=None)
    ids = list(found.order_by("search", "id").values_list("id", flat=True)[:limit])
    people = people_by_ids(ids)
    return [people[id_] for id_ in ids if id_ in people]


def people_by_ids(ids: Collection[int]) -> dict[int, PneumaticUser]:
    """Return the mirrored people with these ids, removed ones too, by id."""
    people: dict[int, PneumaticUser] = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), 500):
        chunk = PneumaticUser.objects.filter(id__in=wanted[start : start + 500]).defer("raw")
        people.update({person.id: person for person in chunk})
    return people


def resolve_people(ids: Collection[int]) -> dict[int, Person]:
    """Return people as ``apps.core.people`` wants them; unknown ids are left out."""
    return {id_: as_person(user) for id_, user in people_by_ids(ids).items()}


def as_person(user: PneumaticUser) -> Person:
    """Return a mirrored user as pages show one."""
    return Person(
        id=user.id,
        name=user.name,
        email=user.email,
        status="removed" if user.removed_at else user.status,
    )
