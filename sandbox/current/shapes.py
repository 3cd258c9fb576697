"""The JSON shapes of the current server for templates, users, groups and data sets, made from the sandbox's records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from sandbox.shapes import CHOICE_TYPES, Record

from .releases import Release

ACCOUNT_NAME = "Sandbox"
_SUMMARY_KEYS = ("id", "wf_name_template", "name", "is_active", "is_public", "is_embedded")
_FIELDSET_KEYS = (
    "title",
    "order",
    "description",
    "api_name",
    "shared_fieldset_id",
    "name",
    "label_position",
    "layout",
    "rules",
)
_NOT_IN_FORM = {"rules", "shared_fieldset_id"}
_OPTION_KEYS = ("value", "api_name")
_DRAFT_TASK_KEYS = ("name", "number", "parents", "ancestors", "fieldsets")
_SUBSCRIPTIONS = (
    "is_tasks_digest_subscriber",
    "is_digest_subscriber",
    "is_newsletters_subscriber",
    "is_special_offers_subscriber",
    "is_new_tasks_subscriber",
    "is_complete_tasks_subscriber",
    "is_comments_mentions_subscriber",
)


def template_summary(template: Record, release: Release) -> Record:
    """Return a template as the list shows it, except for ``is_editable`` and ``workflows_count``.

    A draft that was never published shows nothing of itself but its name.
    """
    is_draft = template["is_draft"]
    kickoff = {"description": "", "fields": [], "fieldsets": []} if is_draft else template["kickoff"]
    return {
        **{key: template[key] for key in _SUMMARY_KEYS},
        "tasks_count": 0 if is_draft else len(template["tasks"]),
        "description": None if is_draft else template["description"],
        "kickoff": _kickoff(kickoff, release, _listed_field),
        **_owners(template, release),
        **({"performers_count": template["performers_count"]} if release.has_counts else {}),
    }


def template_detail(
    template: Record, users: Mapping[int, Record], groups: Mapping[int, Record], release: Release
) -> Record:
    """Return a template as it is read by its id; an inactive one is the stored draft, where keys may be missing."""
    timestamp = template["date_updated"]
    detail = {
        "id": template["id"],
        "name": template["name"],
        "wf_name_template": template["wf_name_template"],
        "description": template["description"],
        "tasks": _tasks(template, users, groups, release),
        "kickoff": _kickoff(template["kickoff"], release, _field),
        **_owners(template, release),
        "is_active": template["is_active"],
        "is_public": template["is_public"],
        "is_embedded": template["is_embedded"],
        "public_url": f"http://localhost/forms/{template['id']:08d}",
        "embed_url": f"http://localhost/forms/embed/{template['id']:032d}",
        "public_success_url": None,
        "finalizable": template["finalizable"],
        "updated_by": template["updated_by"],
        "date_updated": timestamp if template["is_active"] else timestamp.replace("Z", "+00:00"),
        "date_updated_tsp": stamp(timestamp),
        "reminder_notification": False,
        "completion_notification": False,
    }
    if release.has_counts:
        detail |= {"tasks_count": len(template["tasks"]), "performers_count": template["performers_count"]}
    return release.known(_draft(detail) if template["is_draft"] else detail)


def template_form(template: Record, release: Release) -> Record:
    """Return a template as ``/templates/<id>/fields`` shows it: names without what a form would need."""
    kickoff = {
        "fields": _form_fields(template["kickoff"]["fields"], release),
        "fieldsets": [
            {
                **{key: fieldset[key] for key in _FIELDSET_KEYS if key not in _NOT_IN_FORM},
                "fields": _form_fields(fieldset["fields"], release),
            }
            for fieldset in template["kickoff"]["fieldsets"]
        ],
    }
    tasks = [
        {
            **{key: task[key] for key in release.form_task_keys},
            "fields": _form_fields(task["fields"], release),
            "fieldsets": [],
        }
        for task in template["tasks"]
    ]
    return {
        "id": template["id"],
        "kickoff": release.known(kickoff),
        "tasks": [release.known(task) for task in tasks],
    }


def user_detail(user: Record, groups: Mapping[int, Record], release: Release) -> Record:
    """Return a user as the list of users shows them."""
    detail = {
        "id": user["id"],
        "type": user["type"],
        "email": user["email"],
        "first_name": user["first_name"],
        "last_name": user["last_name"],
        "phone": user["phone"],
        "photo": user["photo"],
        "status": user["status"],
        "is_admin": user["is_admin"],
        "date_joined_tsp": stamp(user["date_joined"]),
        "is_account_owner": user["is_account_owner"],
        **dict.fromkeys(_SUBSCRIPTIONS, True),
        "language": user["language"],
        "timezone": user["timezone"],
        "date_fmt": user["date_fmt"],
        "date_fdw": user["date_fdw"],
        "invite": user["invite"],
        "groups": [id_ for id_, group in groups.items() if user["id"] in group["users"]],
        "manager_id": user["manager_id"],
        "subordinates_ids": [],
        "vacation": user["vacation"],
    }
    if release.has_dates_joined:
        detail["date_joined"] = user["date_joined"]
    return release.known(detail | _staff(user, release))


def own_context(
    user: Record,
    users: Mapping[int, Record],
    templates: Mapping[int, Record],
    roles: set[str],
    release: Release,
) -> Record:
    """Return what a key may know of its user, who has these roles on templates, and of the account."""
    joined = user["date_joined"]
    context = {
        "id": user["id"],
        "email": user["email"],
        "account": _account(users, templates, release),
        "first_name": user["first_name"],
        "last_name": user["last_name"],
        "phone": user["phone"],
        "photo": user["photo"],
        "is_admin": user["is_admin"],
        "date_joined": joined,
        "date_joined_tsp": stamp(joined),
        "is_account_owner": user["is_account_owner"],
        "is_superuser": user["is_account_owner"] and release.has_superuser,
        **dict.fromkeys(_SUBSCRIPTIONS, True),
        "type": user["type"],
        "language": user["language"],
        "timezone": user["timezone"],
        "date_fmt": user["date_fmt"],
        "date_fdw": user["date_fdw"],
        "has_workflow_viewer_access": bool(roles & {"owner", "viewer"}),
        "has_workflow_starter_access": bool(roles & {"owner", "starter"}),
        "manager_id": user["manager_id"],
        "subordinates_ids": [],
        "vacation": user["vacation"],
        "is_supermode": False,
    }
    return release.known(context | _staff(user, release))


def stamp(timestamp: str | None) -> float | None:
    """Return a timestamp of a record as the server writes it: seconds of Unix time with six decimals."""
    return dt.datetime.fromisoformat(timestamp).timestamp() if timestamp else None


def name_of(user: Record) -> str:
    """Return a user's name as the server writes it into answers and task names."""
    if user["status"] == "invited":
        return f"{user['email']} (invited user)"
    return f"{user['first_name']} {user['last_name']}".strip() or str(user["email"])


def _staff(user: Record, release: Release) -> Record:
    return {"is_staff": user["is_admin"]} if release.has_counts else {}


def _account(users: Mapping[int, Record], templates: Mapping[int, Record], release: Release) -> Record:
    owner = next((user for user in users.values() if user["is_account_owner"]), None)
    joined = owner["date_joined"] if owner else "2025-09-01T08:15:00.000000Z"
    counts = {
        "max_templates": None,
        "active_templates": sum(template["is_active"] for template in templates.values()),
        "payment_card_provided": True,
    }
    return {
        "id": 1,
        "name": ACCOUNT_NAME,
        "tenant_name": None,
        "date_joined": joined,
        "date_joined_tsp": stamp(joined),
        "is_blocked": False,
        "is_verified": True,
        "lease_level": "standard",
        "logo_lg": None,
        "logo_sm": None,
        "active_users": sum(user["status"] == "active" for user in users.values()),
        "tenants_active_users": 0,
        "max_users": 1000,
        "is_subscribed": False,
        "billing_plan": "free",
        "billing_sync": False,
        "billing_period": None,
        "plan_expiration": None,
        "plan_expiration_tsp": None,
        "trial_is_active": False,
        "trial_ended": False,
        **(counts if release.has_counts else {}),
    }


def _owners(template: Record, release: Release) -> Record:
    """Return who may do what with a template, as this release shows it: the two oldest know users only."""
    owners = template["owners"]
    if release.template_owners == "ids":
        return {"template_owners": [int(item["source_id"]) for item in owners if item["type"] == "user"]}
    if release.template_owners == "owners":
        return {"owners": [{key: item[key] for key in ("api_name", "type", "source_id")} for item in owners]}
    return {"owners": owners}


def _kickoff(kickoff: Record, release: Release, shown: Callable[[Record, Release], Record]) -> Record:
    form = {
        "fields": [shown(field, release) for field in kickoff["fields"]],
        "fieldsets": [
            {
                **{key: fieldset[key] for key in _FIELDSET_KEYS},
                # In the list, too: there a data set's items are missing from fieldsets, and from nothing else.
                "fields": [_field(field, release) for field in fieldset["fields"]],
            }
            for fieldset in kickoff["fieldsets"]
        ],
    }
    if release.has_description:
        form["description"] = kickoff["description"]
    return release.known(form)


def _field(field: Record, release: Release) -> Record:
    is_choice = field["type"] in CHOICE_TYPES
    shown = {
        "name": field["name"],
        "description": field["description"],
        "type": field["type"],
        "is_required": field["is_required"],
        "is_hidden": field["is_hidden"],
        "api_name": field["api_name"],
        **({"selections": _options(field, release)} if is_choice else {}),
        "default": field["default"],
        **({"dataset": field["dataset"]} if is_choice else {}),
        "order": field["order"],
    }
    return release.known(shown)


def _listed_field(field: Record, release: Release) -> Record:
    shown = _field(field, release)
    if not release.has_listed_defaults:
        shown.pop("default")
    if field["type"] in CHOICE_TYPES and release.listed_options == "texts":
        shown["selections"] = [option["value"] for option in field["selections"]]
    elif release.has_empty_options:
        shown.setdefault("selections", [])
    return shown


def _options(field: Record, release: Release) -> list[Record]:
    if field["dataset"] is not None:
        return []
    keys = ("id", *_OPTION_KEYS) if release.listed_options == "objects_with_ids" else _OPTION_KEYS
    return [{key: option[key] for key in keys} for option in field["selections"]]


def _form_fields(fields: Sequence[Record], release: Release) -> list[Record]:
    return [release.known({key: field[key] for key in release.form_field_keys}) for field in fields]


def _tasks(
    template: Record, users: Mapping[int, Record], groups: Mapping[int, Record], release: Release
) -> list[Record]:
    before: list[str] = []
    shown = []
    for task in template["tasks"]:
        parents = before[-1:]
        performers = _raw_performers(task, users, groups, has_ids=release.has_performer_ids)
        shown.append(
            {
                "id": task["id"],
                "name": task["name"],
                "number": task["number"],
                "description": task["description"],
                "require_completion_by_all": task["require_completion_by_all"],
                "skip_for_starter": False,
                "delay": task["delay"],
                "fields": [_field(field, release) for field in task["fields"]],
                "fieldsets": [],
                "conditions": [_condition(task, name) for name in parents if release.has_conditions],
                "api_name": task["api_name"],
                "raw_performers": performers,
                "checklists": [],
                "raw_due_date": None,
                "revert_task": parents[0] if parents and "parents" not in release.absent else None,
                "parents": parents,
                "ancestors": list(before),
            }
        )
        before.append(task["api_name"])
    return [release.known(task) for task in shown]


def _condition(task: Record, after: str) -> Record:
    """Return the condition by which a task starts when the one before it is completed."""
    suffix = f"{after}-{task['id']}"
    predicate = {
        "operator": "completed",
        "field_type": "task",
        "field": after,
        "value": None,
        "api_name": f"pred-{suffix}",
    }
    rule = {"predicates": [predicate], "api_name": f"rule-{suffix}"}
    return {"action": "start_task", "rules": [rule], "order": 1, "api_name": f"cond-{suffix}"}


def _raw_performers(
    task: Record, users: Mapping[int, Record], groups: Mapping[int, Record], *, has_ids: bool
) -> list[Record]:
    found: list[tuple[str, str | None, str]] = [
        ("user", str(id_), name_of(users[id_])) for id_ in task["responsible"] if id_ in users
    ]
    found += [("group", str(id_), groups[id_]["name"]) for id_ in task["responsible_groups"] if id_ in groups]
    found += [("field", item["api_name"], item["name"]) for item in task["output_responsible"]]
    if task["is_starter_responsible"]:
        found.append(("workflow_starter", None, "Workflow starter"))
    return [
        {
            "api_name": f"raw-performer-{task['id']}-{place}",
            "source_id": source_id,
            "type": kind,
            "label": label,
            **({"id": task["id"] * 100 + place} if has_ids else {}),
        }
        for place, (kind, source_id, label) in enumerate(found, start=1)
    ]


def _draft(detail: Record) -> Record:
    """Return a template as it was saved, before the server gave it what only a published one has."""
    missing = {
        "wf_name_template",
        "finalizable",
        "public_success_url",
        "reminder_notification",
        "completion_notification",
    }
    draft = {key: value for key, value in detail.items() if key not in missing}
    draft["tasks"] = [
        {
            **{key: task[key] for key in _DRAFT_TASK_KEYS if key in task},
            "raw_performers": [
                {"type": item["type"], "source_id": item["source_id"]} for item in task["raw_performers"]
            ],
        }
        for task in detail["tasks"]
    ]
    draft["kickoff"] = {
        **detail["kickoff"],
        "fields": [
            {key: value for key, value in field.items() if key not in {"is_hidden", "default", "dataset"}}
            for field in detail["kickoff"]["fields"]
        ],
    }
    return draft
