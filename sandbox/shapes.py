"""The documented JSON shapes, made from the sandbox's own records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]

CHOICE_TYPES = frozenset({"radio", "radiobutton", "checkbox", "dropdown"})
_USER_KEYS = ("id", "email", "first_name", "last_name", "photo", "status", "invite")
_LIST_FIELD_KEYS = ("name", "description", "type", "is_required", "api_name", "selections", "order")
_SUMMARY_KEYS = ("id", "name", "is_active", "description", "performers_count", "tasks_count")


def template_summary(template: Record, users: Mapping[int, Record]) -> Record:
    """Return a template as *Get All Templates* shows it: people as objects, fields without ids, no tasks."""
    kickoff = template["kickoff"]
    first_task = template["tasks"][0] if template["tasks"] else {"responsible": []}
    return {
        **{key: template[key] for key in _SUMMARY_KEYS},
        "run_allowed": [person_summary(users[id_]) for id_ in template["run_allowed"] if id_ in users],
        "kickoff": {
            "id": kickoff["id"],
            "description": kickoff["description"],
            "fields": [{key: field[key] for key in _LIST_FIELD_KEYS} for field in kickoff["fields"]],
        },
        "first_task_responsible": first_task["responsible"],
    }


def template_detail(template: Record) -> Record:
    """Return a template as *Get a Specific Template* shows it: people as ids, ``selections`` only for choices."""
    detail = {key: value for key, value in template.items() if key != "date_created"}
    detail["date_updated"] = _plain_time(template["date_updated"])
    detail["kickoff"] = {**template["kickoff"], "fields": _detail_fields(template["kickoff"]["fields"])}
    detail["tasks"] = [{**task, "fields": _detail_fields(task["fields"])} for task in template["tasks"]]
    return detail


def user_detail(user: Record) -> Record:
    """Return a user as *Get user list* shows them."""
    if user["invite"] is None:
        return user
    return {**user, "invite": {**user["invite"], "date_created": _plain_time(user["invite"]["date_created"])}}


def all_fields(kickoff: Record) -> list[Record]:
    """Return the fields of a kickoff form; those of fieldsets, which only the current server knows, come last."""
    return [*kickoff["fields"], *(field for part in kickoff.get("fieldsets", ()) for field in part["fields"])]


def file_answers(workflow: Record) -> list[int | str]:
    """Return the files in the answers of a workflow: ids of attachments.

    In today's dialect also links, where one leads to nothing or calls a file by another name.
    """
    parts = [(all_fields(workflow["form"]), workflow["kickoff"])]
    parts += [(step["fields"], step["answers"]) for step in workflow["steps"]]
    return [
        item
        for fields, answers in parts
        for field in fields
        if field["type"] == "file"
        for item in answers.get(field["api_name"]) or []
    ]


def person_summary(user: Record) -> Record:
    """Return a user as listed in a template's ``run_allowed``."""
    return {key: user[key] for key in _USER_KEYS}


def _plain_time(text: str) -> str:
    """Return a time in UTC as ``YYYY-MM-DDThh:mm:ss[.SSS]``: the documented format names no zone.

    Only the example of the template list shows times with microseconds and a ``Z``.
    """
    return text[:23].removesuffix("Z") if text.endswith("Z") else text


def _detail_fields(fields: list[Record]) -> list[Record]:
    return [
        field
        if field["type"] in CHOICE_TYPES
        else {key: value for key, value in field.items() if key != "selections"}
        for field in fields
    ]
