"""Complete the partial records that tests and trainers put in by the control API."""

from __future__ import annotations

import datetime as dt
from typing import Any

from .build import Record, iso

_FIELD: Record = {"description": "", "type": "string", "is_required": False}
_TASK: Record = {
    "description": "",
    "delay": None,
    "require_completion_by_all": False,
    "is_starter_responsible": False,
    "responsible": [],
    "output_responsible": [],
}
_TEMPLATE: Record = {
    "description": "",
    "is_active": True,
    "finalizable": False,
    "updated_by": 1,
    "run_allowed": [1],
    "performers_count": 0,
}
_USER: Record = {
    "first_name": "",
    "last_name": "",
    "phone": None,
    "photo": None,
    "status": "active",
    "is_staff": False,
    "is_admin": False,
    "is_account_owner": False,
    "invite": None,
}


def complete_template(given: Record, existing: Record | None) -> Record:
    """Return a whole template: ``given`` over ``existing`` or over defaults.

    Values of a wrong shape raise what Python raises on them; the control API turns that into a refusal.
    """
    id_ = given["id"]
    timestamp = iso(dt.datetime.now(dt.UTC))
    record = {
        **_TEMPLATE,
        "name": f"Template {id_}",
        "kickoff": {},
        "tasks": [],
        "date_created": timestamp,
        **(existing or {}),
        "date_updated": timestamp,
        **given,
    }
    kickoff = record["kickoff"] or {}
    record["kickoff"] = {
        "id": kickoff.get("id", id_),
        "description": kickoff.get("description", ""),
        "fields": _fields(kickoff.get("fields", []), id_ * 10_000),
    }
    if kickoff.get("fieldsets"):
        record["kickoff"]["fieldsets"] = [
            {**fieldset, "fields": _fields(fieldset.get("fields", []), id_ * 10_000 + place * 1000)}
            for place, fieldset in enumerate(kickoff["fieldsets"], start=1)
        ]
    record["tasks"] = [
        {**_TASK, "id": id_ * 1000 + number, "number": number, "name": f"Task {number}"}
        | task
        | {"fields": _fields(task.get("fields", []), id_ * 10_000 + number * 100)}
        for number, task in enumerate(record["tasks"], start=1)
    ]
    record["run_allowed"] = [int(person) for person in record["run_allowed"]]
    record["tasks_count"] = given.get("tasks_count", len(record["tasks"]))
    return record


def complete_user(given: Record, existing: Record | None) -> Record:
    """Return a whole user: ``given`` over ``existing`` or over defaults."""
    return {"email": f"user{given['id']}@example.com", **_USER, **(existing or {}), **given}


def _fields(fields: list[Record], base: int) -> list[Record]:
    """Return whole fields; a selection may be given as its text alone, or without its id."""
    return [
        {
            "id": base + index,
            "order": len(fields) - index,
            "name": f"Field {index}",
            "api_name": f"field-{index}",
            **_FIELD,
            **field,
            "selections": [
                _selection((base + index) * 1000 + place, option)
                for place, option in enumerate(field.get("selections") or [], start=1)
            ],
        }
        for index, field in enumerate(fields, start=1)
    ]


def _selection(id_: int, option: Any) -> Record:
    return {"id": id_, **option} if isinstance(option, dict) else {"id": id_, "value": str(option)}
