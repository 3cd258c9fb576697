"""What the current server adds to templates and users on top of the documented records, and what older releases lack.

Only keys are added, so that the engine of workflows runs the records of both dialects. Who may see and launch a
template is what ``owners`` says; ``run_allowed`` makes the owners of a template that comes without them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sandbox.current.releases import Release

from .build import FIRST_DAY, Record, iso

_FIELD: Record = {"is_hidden": False, "default": "", "dataset": None}
_FIELDSET: Record = {
    "title": "",
    "order": 0,
    "description": "",
    "shared_fieldset_id": None,
    "name": "",
    "label_position": "top",
    "layout": "vertical",
    "rules": [],
    "fields": [],
}
_TEMPLATE: Record = {"wf_name_template": None, "is_draft": False, "is_public": False, "is_embedded": False}
_USER: Record = {
    "type": "user",
    "language": "en",
    "timezone": "UTC",
    "date_fmt": "MMM dd, yyy, p",
    "date_fdw": 0,
    "manager_id": None,
    "vacation": None,
}


def modern_template(template: Record, *, account_owner: int) -> Record:
    """Return a template with the keys of today; those that it has already stay.

    Fields are in the order that people see, the highest ``order`` first, as the server lists them.
    """
    kickoff = template["kickoff"]
    record = {**_TEMPLATE, **template}
    record["kickoff"] = {
        **kickoff,
        "fields": _fields(kickoff["fields"]),
        "fieldsets": _fieldsets(kickoff.get("fieldsets") or [], template["id"]),
    }
    record["tasks"] = [
        {
            "api_name": f"task-{task['id']}",
            "responsible_groups": [],
            **task,
            "fields": _fields(task["fields"]),
        }
        for task in template["tasks"]
    ]
    if not record.get("owners"):
        record["owners"] = [{"type": "user", "id": account_owner, "role": "owner"}] + [
            {"type": "user", "id": id_, "role": "starter"}
            for id_ in template["run_allowed"]
            if id_ != account_owner
        ]
    record["owners"] = [
        owner if "source_id" in owner else _owner(owner, f"owner-{template['id']}-{place}")
        for place, owner in enumerate(record["owners"], start=1)
    ]
    return record


def modern_user(user: Record) -> Record:
    """Return a user with the keys of today; those that it has already stay."""
    return {**_USER, "date_joined": iso(FIRST_DAY + dt.timedelta(days=user["id"])), **user}


def older_template(template: Record, release: Release) -> Record:
    """Return a template as people could have made it on a release: without what it does not have.

    Options of a data set become those of the field. Who may start a template is one of its owners, and who may only
    look at it is no one, where owners have no roles.
    """
    kickoff = template["kickoff"]
    fieldsets = [] if "fieldsets" in release.absent else kickoff["fieldsets"]
    record = {
        **template,
        "kickoff": {
            **kickoff,
            "fields": _older_fields(kickoff["fields"], release),
            "fieldsets": [{**part, "fields": _older_fields(part["fields"], release)} for part in fieldsets],
        },
        "tasks": [{**task, "fields": _older_fields(task["fields"], release)} for task in template["tasks"]],
    }
    if release.template_owners != "roles":
        record["owners"] = [
            {**owner, "role": "owner"} for owner in record["owners"] if owner["role"] != "viewer"
        ]
    return record


def _older_fields(fields: Sequence[Record], release: Release) -> list[Record]:
    has_datasets = "dataset" not in release.absent
    return [
        field if has_datasets else {**field, "dataset": None}
        for field in fields
        if (release.has_numbers or field["type"] != "number")
        and not (field["is_hidden"] and "is_hidden" in release.absent)
    ]


def _owner(owner: Record, api_name: str) -> Record:
    return {
        "api_name": api_name,
        "role": owner["role"],
        "type": owner["type"],
        "source_id": str(owner["id"]),
    }


def _fields(fields: Sequence[Record]) -> list[Record]:
    return [
        {
            **_FIELD,
            **field,
            # The deprecated name of the documentation is gone.
            "type": "radio" if field["type"] == "radiobutton" else field["type"],
            "selections": [
                {"api_name": f"selection-{option['id']}", **option} for option in field["selections"]
            ],
        }
        for field in sorted(fields, key=lambda field: -field["order"])
    ]


def _fieldsets(fieldsets: Sequence[Record], template_id: int) -> list[Record]:
    return [
        {
            "id": template_id * 100 + place,
            "api_name": f"fieldset-{template_id * 100 + place}",
            **_FIELDSET,
            **fieldset,
            "fields": _fields(fieldset.get("fields") or []),
        }
        for place, fieldset in enumerate(fieldsets, start=1)
    ]
