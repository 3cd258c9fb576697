"""The client against the sandbox over HTTP: templates and users, with every documented parameter.

The sandbox shares no code with the client and judges strictly: what it takes is what the reference describes, or what
the current API was seen to take.
"""

from __future__ import annotations

import pytest

from apps.pneumatic.client import Client
from apps.pneumatic.errors import NotFound
from tests.contract.actions import every_field
from tests.fixtures.sandbox import Sandbox, both_dialects

SMALL = [("Every field", True), ("No fields", True), ("Inactive", False)]


@both_dialects
def test_it_lists_all_templates_inactive_ones_included(client: Client, dialect: str) -> None:
    rows = [row for row in client.list_templates() if (row.name, row.is_active) in SMALL]

    assert [(row.name, row.is_active) for row in rows] == SMALL
    assert rows[0].run_allowed == (1, 2)
    assert len(rows[0].kickoff.fields) == (10 if dialect == "current" else 9)
    assert rows[0].tasks_count == 2


@both_dialects
def test_it_gets_a_template_in_full(client: Client, dialect: str) -> None:
    template = every_field(client)

    assert {field.type for field in template.kickoff.fields} == {
        "string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user",
        *(["number"] if dialect == "current" else []),
    }  # fmt: skip
    assert [field.name for field in template.kickoff.fields if field.is_required] == ["Subject"]
    assert [task.name for task in template.tasks] == ["Check", "Do"]
    assert template.tasks[1].is_starter_responsible
    assert template.date_updated is not None
    assert template.run_allowed == (1, 2)


@both_dialects
def test_the_list_and_the_detail_have_the_same_kickoff(
    sandbox: Sandbox, client: Client, dialect: str
) -> None:
    sandbox.reset("demo", dialect=dialect)
    rows = [row for row in client.receive_template_list() if row.read().is_active]
    by_list = client.receive_templates(rows)
    by_detail = [client.get_template(row.id) for row in rows]

    assert len(rows) >= 15
    assert [row.read().kickoff for row in by_list] == [template.kickoff for template in by_detail]
    assert [row.read().run_allowed for row in by_list] == [template.run_allowed for template in by_detail]


@both_dialects
def test_it_lists_all_users_invited_ones_included(client: Client) -> None:
    users = {user.email: user for user in client.list_users()}

    assert {email: (user.full_name, user.status) for email, user in users.items() if user.id <= 3} == {
        "ada@example.com": ("Ada Owner", "active"),
        "bo@example.com": ("Bo Operator", "active"),
        "cy@example.com": ("cy@example.com", "invited"),
    }
    assert users["ada@example.com"].is_account_owner
    invite = users["cy@example.com"].invite
    assert invite is not None
    assert invite.invited_from == "email"


@both_dialects
@pytest.mark.parametrize("page_maximum", [1, 2, 5, 100])
def test_it_lists_all_rows_with_any_page_size(sandbox: Sandbox, client: Client, page_maximum: int) -> None:
    sandbox.reset("demo")
    templates = {row.id for row in client.list_templates()}
    users = {user.id for user in client.list_users()}
    sandbox.settings(page_maximum=page_maximum)

    assert {row.id for row in client.list_templates()} == templates
    assert {user.id for user in client.list_users()} == users
    assert (len(templates), len(users)) >= (17, 32)


@both_dialects
@pytest.mark.parametrize("action", ["insert", "delete"])
def test_rows_shifted_while_listing_are_neither_lost_nor_doubled(
    sandbox: Sandbox, client: Client, action: str
) -> None:
    sandbox.reset("demo", page_maximum=5)
    templates = {row.id for row in client.list_templates()}
    users = {user.id for user in client.list_users()}
    sandbox.fault(kind="page_shift", action=action, times=2, skip=1, path_prefix="/templates")
    sandbox.fault(kind="page_shift", action=action, times=2, skip=1, path_prefix="/accounts")

    listed_templates = [row.id for row in client.list_templates()]
    listed_users = [user.id for user in client.list_users()]

    sandbox.clear_faults()
    assert len(listed_templates) == len(set(listed_templates))
    assert len(listed_users) == len(set(listed_users))
    assert templates & {row.id for row in client.list_templates()} <= set(listed_templates)
    assert users & {user.id for user in client.list_users()} <= set(listed_users)


@both_dialects
def test_an_unknown_template_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        client.get_template(999)


@both_dialects
def test_a_template_deleted_while_all_are_fetched_is_left_out(sandbox: Sandbox, client: Client) -> None:
    rows = client.receive_template_list()
    sandbox.delete_template(rows[0].id)

    assert [row.id for row in client.receive_templates(rows)] == [row.id for row in rows[1:]]
