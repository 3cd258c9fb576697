"""The shapes that are almost the same in both APIs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from apps.pneumatic.canonical.schemas import Invite, Launched, Received, User
from apps.pneumatic.transport.parsing import Node

T = TypeVar("T")


def receive(node: Node, parse: Callable[[Node], T]) -> Received[T]:
    """Return a row of a list, not parsed yet: one that is invalid must not hide the others."""
    id_ = node.lenient_integer("id") if type(node.value) is dict else None
    if id_ is None:
        # Rows are distinguished by their ids, so this one needs one too, the same whenever it is listed.
        id_ = -1 - zlib.crc32(json.dumps(node.value).encode())
    return Received(id=id_, raw=node.value, read=partial(parse, node), name=name_in(node.value))


def name_in(raw: Any) -> str:
    """Return what users call an object as received; '' where that cannot be read."""
    if type(raw) is not dict:
        return ""
    texts = {key: text.strip() for key, text in raw.items() if type(text) is str}
    person = f"{texts.get('first_name', '')} {texts.get('last_name', '')}".strip()
    return texts.get("name") or person or texts.get("email") or texts.get("event") or ""


def parse_user(node: Node) -> User:
    """Parse one row of the list of users (documented: Get user list); the current API lacks some of its keys.

    The list includes guests, who may see single tasks.
    """
    status = node.text("status")
    return User(
        id=node.integer("id"),
        email=node.text_or_empty("email"),
        first_name=node.text_or_empty("first_name"),
        last_name=node.text_or_empty("last_name"),
        status="guest" if status == "active" and node.lenient_text("type") == "guest" else status,
        phone=node.text_or_empty("phone"),
        photo=node.text_or_empty("photo"),
        is_staff=node.flag_or_false("is_staff"),
        is_admin=node.flag_or_false("is_admin"),
        is_account_owner=node.flag_or_false("is_account_owner"),
        invite=None if node.is_null("invite") else _invite(node.child("invite")),
        raw=node.value,
    )


def parse_launched(node: Node) -> Launched:
    """Parse the response to a launch (documented: Launch a Workflow Based on Specific Template).

    The current API calls the number ``id`` instead of ``workflow_id``.
    """
    key = "id" if node.is_null("workflow_id") and not node.is_null("id") else "workflow_id"
    return Launched(
        workflow_id=node.integer(key),
        name=node.lenient_text("name"),
        kept=_kept(node.value.get("kickoff")),
        raw=node.value,
    )


def _kept(kickoff: Any) -> frozenset[str] | None:
    """Return the api_names of the fields that the workflow has, inside and outside fieldsets."""
    if type(kickoff) is not dict or type(kickoff.get("output")) is not list:
        return None
    fields = _objects(kickoff["output"])
    for fieldset in _objects(kickoff.get("fieldsets")):
        fields += _objects(fieldset.get("fields"))
    return frozenset(field["api_name"] for field in fields if type(field.get("api_name")) is str)


def _objects(rows: Any) -> list[dict[str, Any]]:
    return [row for row in rows if type(row) is dict] if type(rows) is list else []


def _invite(node: Node) -> Invite:
    return Invite(
        id=node.text("id"),
        invited_by=node.integer_or_none("invited_by"),
        by_username=node.text_or_empty("by_username"),
        invited_from=node.text_or_empty("invited_from"),
        date_created=node.time_or_none("date_created"),
    )
