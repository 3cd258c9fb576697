"""Rows for tests, with sensible defaults, as a sync or a user would create them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser, Group
from django.test import Client

from apps.accounts.models import PneumaticGroup, PneumaticUser, User
from apps.accounts.searching import search_text as person_search_text
from apps.core.text.folding import fold
from apps.launches.models import Launch
from apps.pneumatic.canonical.schemas import FieldDefinition, Kickoff, Selection, Task
from apps.pneumatic.canonical.serialization import content_hash, kickoff_to_json, tasks_to_json
from apps.workflow_templates.models import RunAllowed, Template, TemplateUse, TemplateVersion
from apps.workflow_templates.searching import field_types, order_key, search_text
from apps.workflows.models import Holder, Workflow
from apps.workflows.projection.projector import search_text as workflow_search_text

PASSWORD = "correct horse"
NOW = dt.datetime(2026, 5, 4, 9, 0, tzinfo=dt.UTC)  # a Monday
_ids = count(1000)


@cache
def _password_hash() -> str:
    return make_password(PASSWORD)  # slow by design: once is enough


def make_user(username: str, *roles: str, **fields: object) -> User:
    """Create a user who can sign in as ``username`` with PASSWORD and has ``roles``."""
    values: dict[str, object] = {"email": f"{username}@example.com", "password": _password_hash(), **fields}
    user = User.objects.create(username=username, **values)
    user.groups.add(*Group.objects.filter(name__in=roles))
    return user


def make_pneumatic_user(
    person_id: int, *, first: str = "Ada", last: str = "", email: str = "", **fields: object
) -> PneumaticUser:
    """Create a mirrored Pneumatic user as a sync would have."""
    last = last or f"Person{person_id}"
    email = email or f"person{person_id}@example.com"
    name = f"{first} {last}".strip()
    values: dict[str, object] = {
        "email": email,
        "first_name": first,
        "last_name": last,
        "name": name,
        "status": "active",
        "search": person_search_text(name=name, email=email),
        "raw": {},
        "content_hash": "",
        "first_seen_at": NOW,
        "changed_at": NOW,
        **fields,
    }
    return PneumaticUser.objects.create(id=person_id, **values)


def make_pneumatic_group(
    group_id: int, *, name: str = "Reviewers", users: Sequence[int] = (), **fields: object
) -> PneumaticGroup:
    """Create a mirrored group whose members are ``users``."""
    values: dict[str, object] = {
        "size": len(users),
        "users": list(users),
        "search": person_search_text(name=name),
        "raw": {},
        "content_hash": "",
        "first_seen_at": NOW,
        "changed_at": NOW,
        **fields,
    }
    return PneumaticGroup.objects.create(id=group_id, name=name, **values)


def client_of(user: User) -> Client:
    """Return a browser in which ``user`` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def make_options(*labels: str) -> tuple[Selection, ...]:
    """Return options with the keys "1", "2", ... in order."""
    return tuple(Selection(key=str(key), label=label) for key, label in enumerate(labels, start=1))


def make_field(api_name: str = "reason", type: str = "string", **values: Any) -> FieldDefinition:  # noqa: A002 - the name of the field's attribute
    """Return a field's definition; its name is made of ``api_name`` unless given."""
    values.setdefault("name", api_name.replace("-", " ").capitalize())
    if type in {"radio", "checkbox", "dropdown"}:
        values.setdefault("selections", make_options("Red", "Green", "Blue"))
    return FieldDefinition(api_name=api_name, type=type, **values)


def make_template(
    template_id: int | None = None,
    *,
    name: str = "Onboarding",
    fields: Sequence[FieldDefinition] = (),
    kickoff: Kickoff | None = None,
    tasks: Sequence[Task] = (),
    run_allowed: Sequence[int] = (),
    **values: Any,
) -> Template:
    """Create a mirrored template whose form has ``fields``, with its first version."""
    kickoff = kickoff or Kickoff(fields=tuple(fields))
    description = values.setdefault("description", "")
    is_active = values.setdefault("is_active", True)
    defaults: dict[str, Any] = {
        "date_updated": NOW,
        "tasks_count": len(tasks),
        "fields_count": len(kickoff.fields),
        "field_types": field_types(kickoff),
        "order_key": order_key(name=name, is_active=is_active),
        "search": search_text(name=name, description=description),
        "tasks": tasks_to_json(tuple(tasks)),
        "raw": {},
        "content_hash": "",
        "first_seen_at": NOW,
        "changed_at": NOW,
    }
    template = Template.objects.create(id=template_id or next(_ids), name=name, **{**defaults, **values})
    make_version(template, kickoff=kickoff, first_seen_at=template.first_seen_at)
    RunAllowed.objects.bulk_create(
        RunAllowed(template=template, pneumatic_user_id=id_) for id_ in run_allowed
    )
    return template


def make_version(
    template: Template,
    *,
    fields: Sequence[FieldDefinition] = (),
    kickoff: Kickoff | None = None,
    first_seen_at: dt.datetime = NOW,
) -> TemplateVersion:
    """Give ``template`` another version of its kickoff form, the current one from now on, as a sync would."""
    kickoff = kickoff or Kickoff(fields=tuple(fields))
    data = kickoff_to_json(kickoff)
    version = TemplateVersion.objects.create(
        template=template,
        number=template.versions.count() + 1,
        kickoff=data,
        content_hash=content_hash(data),
        first_seen_at=first_seen_at,
    )
    template.current_version = version
    template.fields_count = len(kickoff.fields)
    template.field_types = field_types(kickoff)
    template.save(update_fields=["current_version", "fields_count", "field_types"])
    return version


def make_use(
    user: AbstractUser, template: Template, launches: int = 1, *, at: dt.datetime = NOW
) -> TemplateUse:
    """Record that ``user`` launched ``template`` so many times."""
    return TemplateUse.objects.create(
        user_id=user.pk, template=template, launches=launches, last_launched_at=at
    )


def make_launch(
    template: Template,
    user: AbstractUser,
    *,
    name: str = "Onboarding of Ada",
    state: str = Launch.State.LAUNCHED,
    **values: Any,
) -> Launch:
    """Create a launch of the template's current version, by default one that started a workflow."""
    defaults: dict[str, Any] = {
        "submission_id": uuid4(),
        "version": template.current_version,
        "answers_digest": "",
        "payload": {"id": template.pk, "name": name, "kickoff": {}},
        "created_at": NOW,
        "search": fold(name),
    }
    if state == Launch.State.LAUNCHED:
        defaults |= {"workflow_id": next(_ids), "attempts": 1, "sent_at": NOW, "finished_at": NOW}
    return Launch.objects.create(
        template=template, launched_by_id=user.pk, name=name, state=state, **{**defaults, **values}
    )


def make_workflow(
    workflow_id: int | None = None,
    *,
    name: str = "Onboarding of Ada",
    performers: Sequence[tuple[int, str]] = (),
    **values: Any,
) -> Workflow:
    """Create a workflow as a projection of its events would, by default at its first step, last event at NOW."""
    defaults: dict[str, Any] = {
        "search": workflow_search_text(name),
        "template_name": "Onboarding",
        "state": Workflow.State.RUNNING,
        "step": 1,
        "task_name": "Collect papers",
        "task_since": NOW,
        "performers": [list(performer) for performer in performers],
        "started_at": NOW,
        "events_count": 1,
        "last_event_at": NOW,
    }
    workflow = Workflow.objects.create(id=workflow_id or next(_ids), name=name, **{**defaults, **values})
    Holder.objects.bulk_create(
        Holder(workflow=workflow, person_id=id_, name=person) for id_, person in performers
    )
    return workflow


def fields_of(template: Template) -> list[dict[str, Any]]:
    """Return the fields of a template's current form, as they are stored."""
    assert template.current_version is not None
    fields: list[dict[str, Any]] = template.current_version.kickoff["fields"]
    return fields
