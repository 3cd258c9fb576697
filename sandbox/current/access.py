"""Who may see and do what: templates and workflows are for those who have a part in them."""

from __future__ import annotations

from sandbox.shapes import Record
from sandbox.state import State


def is_admin(user: Record) -> bool:
    """Return whether a user may do what only administrators and the account's owner may."""
    return bool(user["is_admin"] or user["is_account_owner"])


def groups_of(user: Record, state: State) -> set[int]:
    """Return the ids of the groups that a user is in."""
    return {id_ for id_, group in state.groups.items() if user["id"] in group["users"]}


def roles(user: Record, template: Record, state: State) -> set[str]:
    """Return the roles (owner, viewer, starter) that a user has on a template, by themselves or by a group."""
    return roles_of(names_of(user, state), template)


def names_of(user: Record, state: State) -> set[tuple[str, str]]:
    """Return type and ``source_id`` of every entry among a template's owners that means a user."""
    return {("user", str(user["id"]))} | {("group", str(id_)) for id_ in groups_of(user, state)}


def roles_of(names: set[tuple[str, str]], template: Record) -> set[str]:
    """Return the roles that a template gives to these ``names``."""
    return {item["role"] for item in template["owners"] if (item["type"], item["source_id"]) in names}


def owner_ids(template: Record, state: State) -> list[int]:
    """Return the users who own a template, those of groups too; a documented template has no owners."""
    ids: list[int] = []
    for item in template.get("owners", ()):
        if item["role"] == "owner":
            id_ = int(item["source_id"])
            ids += [id_] if item["type"] == "user" else state.groups.get(id_, {"users": []})["users"]
    return list(dict.fromkeys(ids))


def is_listed(user: Record, workflow: Record) -> bool:
    """Return whether a user is shown a workflow in the list: only its owners and its starter are."""
    return user["id"] == workflow["started_by"] or user["id"] in workflow["owners"]


def takes_part(user: Record, workflow: Record, state: State) -> bool:
    """Return whether a user has to do with a workflow: the account's owner, its owners, starter and performers."""
    return (
        user["is_account_owner"]
        or user["id"] == workflow["started_by"]
        or user["id"] in workflow["owners"]
        or any(user["id"] in step["performers"] for step in workflow["steps"])
        or bool(groups_of(user, state) & {id_ for step in workflow["steps"] for id_ in step["groups"]})
    )


def may_act(user: Record, step: Record, state: State) -> bool:
    """Return whether a user may complete or return a task: its performers, and the account's owner."""
    return (
        user["is_account_owner"]
        or user["id"] in step["performers"]
        or bool(groups_of(user, state) & set(step["groups"]))
    )
