"""Every key that the documentation shows, no other, each of its type."""

from __future__ import annotations

import re
from typing import Any

from tests.fixtures.sandbox import Sandbox

from .conftest import Api

FIELD = {"name": str, "description": str, "type": str, "is_required": bool, "api_name": str, "order": int}
USER_TYPES = {
    "id": int,
    "email": str,
    "first_name": str,
    "last_name": str,
    "phone": (str, type(None)),
    "photo": (str, type(None)),
    "status": str,
    "is_staff": bool,
    "is_admin": bool,
    "is_account_owner": bool,
    "invite": (dict, type(None)),
}
PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?")
EXAMPLE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
INVITE = {"id": str, "by_username": str, "date_created": str, "invited_by": int, "invited_from": str}


def assert_shape(value: dict[str, Any], shape: dict[str, Any]) -> None:
    assert set(value) == set(shape)
    for key, kind in shape.items():
        assert isinstance(value[key], kind), key


def test_a_list_item_has_the_documented_keys(api: Api, sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    items = api.get("/templates").json()
    assert items
    for item in items:
        assert_shape(
            item,
            {
                "id": int,
                "name": str,
                "is_active": bool,
                "description": str,
                "performers_count": int,
                "tasks_count": int,
                "run_allowed": list,
                "kickoff": dict,
                "first_task_responsible": list,
            },
        )
        assert_shape(item["kickoff"], {"id": int, "description": str, "fields": list})
        for field in item["kickoff"]["fields"]:
            assert_shape(field, FIELD | {"selections": list})
        for person in item["run_allowed"]:
            assert set(person) == {"id", "email", "first_name", "last_name", "photo", "status", "invite"}
            if person["invite"]:
                assert_shape(person["invite"], INVITE)
                assert EXAMPLE_TIME.fullmatch(person["invite"]["date_created"])


def test_a_detail_has_the_documented_keys(api: Api, sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    items = api.get("/templates").json()
    assert items
    for item in items:
        detail = api.get(f"/templates/{item['id']}").json()
        assert_shape(
            detail,
            {
                "id": int,
                "name": str,
                "description": str,
                "is_active": bool,
                "finalizable": bool,
                "date_updated": str,
                "updated_by": int,
                "run_allowed": list,
                "tasks_count": int,
                "performers_count": int,
                "kickoff": dict,
                "tasks": list,
            },
        )
        assert PLAIN_TIME.fullmatch(detail["date_updated"])
        assert all(isinstance(id_, int) for id_ in detail["run_allowed"])
        assert [task["number"] for task in detail["tasks"]] == list(range(1, detail["tasks_count"] + 1))
        for task in detail["tasks"]:
            assert_shape(
                task,
                {
                    "id": int,
                    "number": int,
                    "name": str,
                    "description": str,
                    "delay": (str, type(None)),
                    "require_completion_by_all": bool,
                    "is_starter_responsible": bool,
                    "responsible": list,
                    "output_responsible": list,
                    "fields": list,
                },
            )
        for field in detail["kickoff"]["fields"] + [
            field for task in detail["tasks"] for field in task["fields"]
        ]:
            choice = field["type"] in {"radio", "radiobutton", "checkbox", "dropdown"}
            assert_shape(field, FIELD | {"id": int} | ({"selections": list} if choice else {}))


def test_a_user_has_the_documented_keys(api: Api, sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    users = api.get("/accounts/users?limit=100").json()["results"]
    assert users
    for user in users:
        assert_shape(user, USER_TYPES)
        assert (user["invite"] is not None) == (user["status"] == "invited")
        if user["invite"]:
            assert_shape(user["invite"], INVITE)
            assert PLAIN_TIME.fullmatch(user["invite"]["date_created"])


def test_text_is_utf_8_and_not_escaped(api: Api, sandbox: Sandbox) -> None:
    sandbox.put_user({"id": 2, "first_name": "Νίκος 秀英"})
    assert "Νίκος 秀英".encode() in api.get("/accounts/users").content


def test_a_time_without_a_fraction_keeps_its_seconds(api: Api, sandbox: Sandbox) -> None:
    for given, shown in (
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.678"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05+02:00"),
    ):
        sandbox.put_template({"id": 1, "date_updated": given})
        assert api.get("/templates/1").json()["date_updated"] == shown
