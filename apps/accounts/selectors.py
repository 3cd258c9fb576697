"""Reads of users and groups: search, and the Pneumatic user of a dashboard user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from django.contrib.auth.models import AbstractUser
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Lower

from apps.accounts.models import PneumaticGroup, PneumaticUser, User
from apps.accounts.roles import ADMINISTRATOR
from apps.core.people import Group, Person
from apps.core.searching import has_words


def pneumatic_user_for(user: User) -> PneumaticUser | None:
    """Return the Pneumatic user with the e-mail address of ``user``; None when there is none.

    Of several, an active one is preferred, then one that was not deactivated.
    """
    if not user.email:
        return None
    active_first = Case(
        When(status="active", then=0), When(status="inactive", then=2), default=1, output_field=IntegerField()
    )
    return (
        PneumaticUser.objects.alias(email_lower=Lower("email"))
        .filter(email_lower=Lower(Value(user.email)), removed_at=None)
        .order_by(active_first, "id")
        .defer("raw")
        .first()
    )


def pneumatic_person_of(user: AbstractUser) -> Person | None:
    """Return the Pneumatic user of ``user`` in the form of ``apps.core.people``."""
    person = pneumatic_user_for(user) if isinstance(user, User) else None
    return as_person(person) if person else None


def administrators(*, limit: int) -> list[User]:
    """Return users who can give roles and have an e-mail address, the oldest accounts first."""
    found = User.objects.filter(Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR), is_active=True)
    return list(found.exclude(email="").distinct().order_by("pk")[:limit])


def search_people(query: str, *, limit: int = 20, with_inactive: bool = False) -> list[PneumaticUser]:
    """Return users with every word of ``query`` in name or e-mail, sorted by name; removed ones are left out.

    Guests and deactivated users are found only ``with_inactive``. An empty query finds the first users by name. The
    first step reads only the covering index ``accounts_person_search``, the second fetches at most ``limit`` rows.
    """
    found = PneumaticUser.objects.filter(has_words(query), removed_at=None)
    if not with_inactive:
        found = found.exclude(status__in=["inactive", "guest"])
    ids = list(found.order_by("search", "id").values_list("id", flat=True)[:limit])
    people = people_by_ids(ids)
    return [people[id_] for id_ in ids if id_ in people]


def people_by_ids(ids: Collection[int]) -> dict[int, PneumaticUser]:
    """Return the mirrored users with these ids, removed ones included, by id."""
    return PneumaticUser.objects.defer("raw").in_bulk(sorted(set(ids)))


def resolve_people(ids: Collection[int]) -> dict[int, Person]:
    """Return users in the form of ``apps.core.people``; unknown ids are left out."""
    return {id_: as_person(user) for id_, user in people_by_ids(ids).items()}


def as_person(user: PneumaticUser) -> Person:
    return Person(
        id=user.id,
        name=user.shown_name,
        email=user.email,
        status="removed" if user.removed_at else user.status,
        is_account_owner=user.is_account_owner,
    )


def search_groups(query: str, *, limit: int) -> list[PneumaticGroup]:
    """Return groups that can be an answer, with every word of ``query`` in the name, sorted by name."""
    found = PneumaticGroup.objects.filter(has_words(query), removed_at=None, is_personal=False)
    return list(found.order_by("search", "id").defer("raw")[:limit])


def resolve_groups(ids: Collection[int]) -> dict[int, Group]:
    """Return groups in the form of ``apps.core.people``, removed ones included; unknown ids are left out."""
    found = PneumaticGroup.objects.defer("raw", "users").in_bulk(sorted(set(ids)))
    return {id_: as_group(group) for id_, group in found.items()}


def groups_to_choose(ids: Collection[int]) -> dict[int, Group]:
    """Return groups like ``resolve_groups``, with ``has_twin`` set for equal names, in one query."""
    rows = PneumaticGroup.objects.filter(Q(id__in=sorted(set(ids))) | Q(removed_at=None)).defer(
        "raw", "users"
    )
    groups = [as_group(row) for row in rows]
    names = Counter(group.name.casefold() for group in groups if group.status == "active")
    return {
        group.id: replace(group, has_twin=names[group.name.casefold()] > 1)
        for group in groups
        if group.id in ids
    }


def groups_of(ids: Collection[int]) -> set[int]:
    """Return the ids of the groups that any of these users belong to, as of the last sync."""
    wanted = set(ids)
    groups = PneumaticGroup.objects.filter(removed_at=None).values_list("id", "users") if wanted else ()
    return {id_ for id_, users in groups if wanted.intersection(users)}


def as_group(group: PneumaticGroup) -> Group:
    return Group(
        id=group.id,
        name=group.shown_name,
        size=group.size,
        status="removed" if group.removed_at else "personal" if group.is_personal else "active",
    )
