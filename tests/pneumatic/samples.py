"""Answers of the documented API, as small as they may be."""

from __future__ import annotations

from typing import Any


def field(**changes: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "order": 1,
        "name": "Reason",
        "type": "string",
        "is_required": False,
        "description": "",
        "api_name": "reason-1",
        "selections": [],
        **changes,
    }


def summary(id_: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "name": f"Template {id_}",
        "is_active": True,
        "description": "",
        "performers_count": 0,
        "tasks_count": 0,
        "run_allowed": [],
        "kickoff": {"id": 1, "description": "", "fields": []},
        "first_task_responsible": [],
        **changes,
    }


def template(id_: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "name": f"Template {id_}",
        "description": "",
        "is_active": True,
        "finalizable": False,
        "date_updated": "2026-01-02T03:04:05.678",
        "updated_by": 1,
        "run_allowed": [1],
        "tasks_count": 0,
        "performers_count": 0,
        "kickoff": {"id": 1, "description": "", "fields": []},
        "tasks": [],
        **changes,
    }


def task(**changes: Any) -> dict[str, Any]:
    return {
        "id": 10,
        "number": 1,
        "name": "Check",
        "description": "",
        "delay": None,
        "require_completion_by_all": False,
        "is_starter_responsible": False,
        "responsible": [],
        "output_responsible": [],
        "fields": [],
        **changes,
    }


def user(id_: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "email": f"user{id_}@example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "phone": None,
        "photo": None,
        "status": "active",
        "is_staff": False,
        "is_admin": False,
        "is_account_owner": False,
        "invite": None,
        **changes,
    }


def envelope(rows: list[Any], *, count: int | None = None, more: bool = False) -> dict[str, Any]:
    return {
        "count": len(rows) if count is None else count,
        "next": "https://elsewhere.example/next" if more else None,
        "previous": None,
        "results": rows,
    }
