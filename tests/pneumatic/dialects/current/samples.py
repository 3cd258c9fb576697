"""Answers of the current API, as small as they may be, and a server that gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.pneumatic.servers import Behaviour, Seen, Talk

EVENTS = ("workflow_started", "task_completed", "task_returned", "workflow_completed")
FILE_ID = "6b787f31-3c41-4a4f-b120-aafe7647f321"
NOT_FOUND = b"<h1>Not Found</h1><p>The requested resource was not found on this server.</p>"


def field(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Reason",
        "description": "",
        "type": "string",
        "is_required": False,
        "is_hidden": False,
        "api_name": "reason-1",
        "default": "",
        "order": 1,
        **changes,
    }


def owner(source_id: int | str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "api_name": "owner-1",
        "role": "owner",
        "type": "user",
        "source_id": str(source_id),
        **changes,
    }


def fieldset(*fields: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "title": "Address",
        "order": 0,
        "description": "",
        "api_name": "fieldset-1",
        "shared_fieldset_id": 1,
        "name": "Address block",
        "label_position": "top",
        "layout": "vertical",
        "rules": [],
        "fields": list(fields),
        **changes,
    }


def kickoff(*fields: dict[str, Any], fieldsets: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"fields": list(fields), "fieldsets": fieldsets or []}


def summary(id_: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a row of the list of templates."""
    return {
        "id": id_,
        "wf_name_template": None,
        "tasks_count": 1,
        "owners": [owner()],
        "name": f"Template {id_}",
        "is_active": True,
        "is_public": False,
        "is_embedded": False,
        "description": None,
        "is_editable": True,
        "kickoff": kickoff(),
        **changes,
    }


def detail(id_: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the detail of a template."""
    return {
        "id": id_,
        "name": f"Template {id_}",
        "wf_name_template": None,
        "description": "",
        "tasks": [task()],
        "kickoff": kickoff(),
        "owners": [owner()],
        "is_active": True,
        "is_public": False,
        "is_embedded": False,
        "finalizable": True,
        "updated_by": 1,
        "date_updated": "2026-11-23T16:00:18.729202Z",
        "date_updated_tsp": 1795449618.729202,
        **changes,
    }


def task(**changes: Any) -> dict[str, Any]:
    return {
        "id": 10,
        "name": "Check",
        "number": 1,
        "description": "",
        "require_completion_by_all": False,
        "skip_for_starter": False,
        "delay": None,
        "fields": [],
        "fieldsets": [],
        "conditions": [],
        "api_name": "task-1",
        "raw_performers": [],
        **changes,
    }


def context(**changes: Any) -> dict[str, Any]:
    """Return whom the key belongs to."""
    return {
        "id": 1,
        "email": "owner@example.test",
        "first_name": "Olga",
        "last_name": "Owner",
        "is_admin": True,
        "is_account_owner": True,
        "timezone": "UTC",
        **changes,
    }


def hooks(**urls: str) -> list[dict[str, Any]]:
    """Return the list of events with their URLs."""
    return [{"event": event, "url": urls.get(event)} for event in EVENTS]


def routes(table: Mapping[str, Any]) -> Behaviour:
    """Answer each ``METHOD /path`` of ``table`` with its JSON or its behaviour, and all else as the server does."""

    def behave(seen: Seen, talk: Talk) -> None:
        what = table.get(f"{seen.method} {seen.target.partition('?')[0]}", not_found)
        if callable(what):
            what(seen, talk)
        else:
            talk.answer(body=what)

    return behave


def not_found(seen: Seen, talk: Talk) -> None:
    talk.answer(404, NOT_FOUND, kind="text/html")


def nothing(seen: Seen, talk: Talk) -> None:
    talk.answer(204, b"")


def storing(seen: Seen, talk: Talk) -> None:
    """Store a file, as the file service does."""
    talk.answer(body={"public_url": f"http://files.example/{FILE_ID}", "file_id": FILE_ID})
