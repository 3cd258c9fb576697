"""Make records with running ids: the small language that the data sets are written in."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any
from uuid import UUID

Record = dict[str, Any]

FIRST_DAY = dt.datetime(2025, 9, 1, 8, 15, tzinfo=dt.UTC)


class Builder:
    """Hands out ids, always the same ones for the same calls."""

    def __init__(self) -> None:
        self.templates: list[Record] = []
        self.users: list[Record] = []
        self.groups: list[Record] = []
        self.datasets: list[Record] = []
        self._ids = {
            kind: itertools.count(1)
            for kind in ("template", "kickoff", "task", "field", "selection", "fieldset", "item")
        }

    def field(
        self,
        type_: str,
        name: str,
        description: str = "",
        *,
        required: bool = False,
        options: Sequence[str] = (),
        api_name: str = "",
        hidden: bool = False,
        default: str = "",
        dataset: Record | None = None,
    ) -> Record:
        """Return a field; its place in the form is given when it is put into one.

        Only the current server knows ``hidden`` fields, a ``default``, and a ``dataset`` whose items are the options.
        """
        id_ = next(self._ids["field"])
        modern: Record = {"is_hidden": True} if hidden else {}
        if default:
            modern["default"] = default
        if dataset:
            modern["dataset"] = dataset["id"]
            options = [item["value"] for item in dataset["items"]]
        return {
            "id": id_,
            "order": 0,
            "name": name,
            "type": type_,
            "is_required": required,
            "description": description,
            "api_name": api_name or f"{type_}-field-{id_}",
            "selections": [{"id": next(self._ids["selection"]), "value": option} for option in options],
            **modern,
        }

    def fieldset(
        self,
        name: str,
        title: str,
        fields: Sequence[Record],
        description: str = "",
        *,
        order: int = 0,
        api_name: str = "",
        label_position: str = "top",
        layout: str = "vertical",
        rules: Sequence[Record] = (),
    ) -> Record:
        """Return a fieldset of a kickoff form, as only the current server has them."""
        id_ = next(self._ids["fieldset"])
        return {
            "id": id_,
            "api_name": api_name or f"fieldset-{id_}",
            "title": title,
            "order": order,
            "description": description,
            "shared_fieldset_id": id_,
            "name": name,
            "label_position": label_position,
            "layout": layout,
            "rules": list(rules),
            "fields": _in_order(fields),
        }

    def dataset(self, name: str, values: Sequence[str], description: str = "") -> Record:
        """Add a data set, as only the current server has them: a list of texts that several fields share."""
        self.datasets.append(
            {
                "id": len(self.datasets) + 1,
                "name": name,
                "description": description,
                "date_created_tsp": FIRST_DAY.timestamp(),
                "items": [
                    {"id": next(self._ids["item"]), "value": value, "order": order}
                    for order, value in enumerate(values)
                ],
            }
        )
        return self.datasets[-1]

    def group(self, name: str, users: Sequence[int]) -> int:
        """Add a group of users, as only the current server has them, and return its id."""
        id_ = len(self.groups) + 1
        self.groups.append({"id": id_, "name": name, "photo": "", "users": sorted(users), "type": "regular"})
        return id_

    def task(
        self,
        name: str,
        description: str = "",
        *,
        by: Sequence[int] = (),
        by_starter: bool = False,
        by_fields: Sequence[Record] = (),
        delay: str | None = None,
        all_must: bool = False,
        output: Sequence[Record] = (),
    ) -> Record:
        """Return a task; ``by_fields`` are the user fields whose answers name its performers."""
        return {
            "id": next(self._ids["task"]),
            "number": 0,
            "name": name,
            "description": description,
            "delay": delay,
            "require_completion_by_all": all_must,
            "is_starter_responsible": by_starter,
            "responsible": list(by),
            "output_responsible": [
                {"api_name": field["api_name"], "name": field["name"]} for field in by_fields
            ],
            "fields": _in_order(output),
        }

    def template(
        self,
        name: str,
        description: str = "",
        *,
        kickoff: Sequence[Record] = (),
        kickoff_description: str = "",
        tasks: Sequence[Record] = (),
        run_allowed: Sequence[int] = (1,),
        active: bool = True,
        finalizable: bool = False,
        updated_by: int = 1,
    ) -> Record:
        """Add a template; fields are listed in the order that people see."""
        id_ = next(self._ids["template"])
        for number, task in enumerate(tasks, start=1):
            task["number"] = number
        performers = {person for task in tasks for person in task["responsible"]}
        dynamic = {item["api_name"] for task in tasks for item in task["output_responsible"]}
        created = FIRST_DAY + dt.timedelta(hours=31 * id_)
        template = {
            "id": id_,
            "name": name,
            "description": description,
            "is_active": active,
            "finalizable": finalizable,
            "date_updated": iso(created + dt.timedelta(days=20, minutes=7 * id_)),
            "updated_by": updated_by,
            "run_allowed": list(run_allowed),
            "tasks_count": len(tasks),
            "performers_count": len(performers) + len(dynamic),
            "kickoff": {
                "id": next(self._ids["kickoff"]),
                "description": kickoff_description,
                "fields": _in_order(kickoff),
            },
            "tasks": list(tasks),
            "date_created": iso(created),
        }
        self.templates.append(template)
        return template

    def user(
        self,
        first_name: str,
        last_name: str,
        email: str,
        *,
        phone: str | None = None,
        photo: str | None = None,
        staff: bool = False,
        admin: bool = False,
        owner: bool = False,
        invited_from: str = "",
        invited_by: int = 1,
    ) -> int:
        """Add a user and return the id; one who is ``invited_from`` somewhere has not accepted yet."""
        id_ = len(self.users) + 1
        invite = None
        if invited_from:
            inviter = self.users[invited_by - 1]
            invite = {
                "id": str(UUID(int=0x5EED_0000_4000_8000_0000_0000_0000 + id_)),
                "by_username": f"{inviter['first_name']} {inviter['last_name']}",
                "date_created": iso(FIRST_DAY + dt.timedelta(days=3 * id_)),
                "invited_by": invited_by,
                "invited_from": invited_from,
            }
        self.users.append(
            {
                "id": id_,
                "email": email,
                "first_name": first_name,
                "last_name": last_name,
                "phone": phone,
                "photo": photo,
                "status": "invited" if invited_from else "active",
                "is_staff": staff,
                "is_admin": admin,
                "is_account_owner": owner,
                "invite": invite,
            }
        )
        return id_


def iso(timestamp: dt.datetime) -> str:
    """Return a time as the API writes it."""
    return timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _in_order(fields: Sequence[Record]) -> list[Record]:
    # The server shows the field with the highest order first.
    return [{**field, "order": len(fields) - 1 - index} for index, field in enumerate(fields)]
