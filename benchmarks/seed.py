"""Fill a database with as much as a page may meet; needs ``django.setup()`` first."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone

from apps.accounts.models import PneumaticUser, User
from apps.accounts.roles import ADMINISTRATOR, OPERATOR
from apps.accounts.searching import search_text
from apps.core.text.folding import fold
from apps.launches.models import Launch
from apps.pneumatic.canonical.schemas import FieldDefinition, Kickoff, Selection
from apps.pneumatic.canonical.serialization import content_hash, kickoff_to_json
from apps.workflow_templates import searching
from apps.workflow_templates.models import RunAllowed, Template, TemplateVersion

FIRST = [
    "Ada",
    "Borys",
    "Chloé",
    "Dmitri",
    "Elif",
    "Farah",
    "Grace",
    "Hiroshi",
    "Ines",
    "João",
    "愛",
    "Олена",
]
LAST = [
    "Almeida",
    "Brandt",
    "Carvalho",
    "Dvořák",
    "Eriksson",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ito",
    "Kowalski",
]
WORDS = [
    "Onboarding",
    "Purchase",
    "Incident",
    "Contract",
    "Review",
    "Access",
    "Travel",
    "Budget",
    "Audit",
    "Release",
]
BATCH = 2_000


def people(count: int) -> None:
    """Make Pneumatic users with the ids 1 to ``count``."""
    now, pick = timezone.now(), random.Random(1)
    _create(
        PneumaticUser,
        (
            PneumaticUser(
                id=number,
                email=f"person{number}@example.com",
                first_name=first,
                last_name=last,
                name=f"{first} {last}",
                status="invited" if number % 20 == 0 else "active",
                search=search_text(name=f"{first} {last}", email=f"person{number}@example.com"),
                raw={"id": number, "email": f"person{number}@example.com", "photo": None, "phone": ""},
                content_hash=f"{number:064x}",
                first_seen_at=now,
                changed_at=now,
            )
            for number in range(1, count + 1)
            for first, last in [(pick.choice(FIRST), f"{pick.choice(LAST)}{number % 977}")]
        ),
    )


def staff() -> tuple[User, User]:
    """Make an operator, who is Pneumatic user 1, and an administrator."""
    operator = User.objects.create(username="operator", email="person1@example.com")
    operator.groups.add(Group.objects.get(name=OPERATOR))
    administrator = User.objects.create(
        username="admin", email="admin@example.com", is_superuser=True, is_staff=True
    )
    administrator.groups.add(Group.objects.get(name=ADMINISTRATOR))
    return operator, administrator


def templates(count: int, *, kickoff: Kickoff | None = None, start: int = 1) -> None:
    """Make templates with ids from ``start``, each with one version of the same form."""
    form = kickoff or kickoff_of_all_types()
    now, pick, as_json = timezone.now(), random.Random(2), kickoff_to_json(form)
    rows = []
    for number in range(start, start + count):
        name = f"{pick.choice(WORDS)} {pick.choice(WORDS).lower()} {number}"
        rows.append(
            Template(
                id=number,
                name=name,
                description=f"What to do about {name}, step by step.",
                is_active=number % 10 != 0,
                date_updated=now - dt.timedelta(minutes=number),
                updated_by_id=1,
                tasks_count=5,
                performers_count=3,
                fields_count=len(form.fields),
                field_types=searching.field_types(form),
                order_key=searching.order_key(name=name, is_active=number % 10 != 0),
                search=searching.search_text(
                    name=name, description=f"What to do about {name}, step by step."
                ),
                tasks=[],
                raw={"detail": {"id": number, "name": name, "kickoff": as_json}, "list": {}},
                content_hash=f"{number:064x}",
                first_seen_at=now,
                changed_at=now,
            )
        )
    _create(Template, rows)
    _create(
        TemplateVersion,
        (
            TemplateVersion(
                template_id=row.id,
                number=1,
                content_hash=content_hash(as_json),
                kickoff=as_json,
                first_seen_at=now,
            )
            for row in rows
        ),
    )
    own = TemplateVersion.objects.filter(template_id=models.OuterRef("pk")).values("pk")[:1]
    Template.objects.filter(current_version=None).update(current_version=models.Subquery(own))
    _create(RunAllowed, (RunAllowed(template_id=row.id, pneumatic_user_id=1) for row in rows))


def launches(count: int, *, by: Sequence[User]) -> None:
    """Make launches over the last months, spread over the templates that exist."""
    now, pick = timezone.now(), random.Random(3)
    versions = list(TemplateVersion.objects.values_list("template_id", "pk"))
    states = [Launch.State.LAUNCHED] * 17 + [Launch.State.FAILED, Launch.State.REJECTED, Launch.State.UNKNOWN]
    _create(Launch, (_launch(number, now, pick, versions, states, by) for number in range(count)))


def _launch(
    number: int,
    now: dt.datetime,
    pick: random.Random,
    versions: Sequence[tuple[int, int]],
    states: Sequence[Launch.State],
    by: Sequence[User],
) -> Launch:
    template_id, version_id = pick.choice(versions)
    name = f"{pick.choice(WORDS)} {number}"
    created = now - dt.timedelta(minutes=2 * number)
    state = pick.choice(states)
    return Launch(
        id=uuid.UUID(int=pick.getrandbits(128)),
        submission_id=uuid.UUID(int=pick.getrandbits(128)),
        template_id=template_id,
        version_id=version_id,
        name=name,
        answers={},
        answers_digest=f"{number:064x}",
        payload={"name": name},
        state=state,
        workflow_id=number + 1 if state == Launch.State.LAUNCHED else None,
        attempts=1,
        launched_by=pick.choice(by),
        created_at=created,
        sent_at=created,
        finished_at=created,
        search=fold(name),
    )


def kickoff_of_all_types() -> Kickoff:
    """Return a form with a field of each of the nine types."""
    kinds = ["string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user"]
    return Kickoff(
        description="Say what it is about.",
        fields=tuple(
            FieldDefinition(
                api_name=f"{kind}-{number}",
                name=f"A {kind}",
                type=kind,
                order=len(kinds) - number,
                selections=_options(8) if kind in {"radio", "checkbox", "dropdown"} else (),
            )
            for number, kind in enumerate(kinds)
        ),
    )


def kickoff_of_three_users() -> Kickoff:
    """Return a form that asks for three people, and a little more."""
    fields = [
        FieldDefinition(
            api_name=f"user-{number}",
            name=f"Person {number}",
            type="user",
            is_required=True,
            order=9 - number,
        )
        for number in range(1, 4)
    ]
    return Kickoff(fields=(*fields, FieldDefinition(api_name="string-1", name="Reason", type="string")))


def _options(count: int) -> tuple[Selection, ...]:
    return tuple(Selection(key=str(number), label=f"Option {number}") for number in range(1, count + 1))


def _create(model: type[Any], rows: Iterable[models.Model]) -> None:
    batch: list[models.Model] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            model.objects.bulk_create(batch)
            batch = []
    model.objects.bulk_create(batch)
