"""The client against the sandbox over HTTP: templates and users, with every documented parameter.

The sandbox shares no code with the client and judges strictly: what it takes is what the reference describes.
"""

from __future__ import annotations

import pytest

from apps.pneumatic.client import Client
from apps.pneumatic.errors import (
    NotFound,
)
from tests.contract.actions import every_field
from tests.fixtures.sandbox import Sandbox


def test_it_lists_all_templates_inactive_ones_included(client: Client) -> None:
    rows = client.list_templates()

    assert [(row.name, row.is_active) for row in rows] == [
        ("Every field", True),
        ("No fields", True),
        ("Inactive", False),
    ]
    assert rows[0].run_allowed == (1, 2)
    assert len(rows[0].kickoff.fields) == 9
    assert rows[0].tasks_count == 2


def test_it_gets_a_template_in_full(client: Client) -> None:
    template = every_field(client)

    assert {field.type for field in template.kickoff.fields} == {
        "string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user"
    }  # fmt: skip
    assert [field.name for field in template.kickoff.fields if field.is_required] == ["Subject"]
    assert [task.name for task in template.tasks] == ["Check", "Do"]
    assert template.tasks[1].is_starter_responsible
    assert template.date_updated is not None
    assert template.run_allowed == (1, 2)


def test_the_list_and_the_detail_tell_the_same_kickoff(sandbox: Sandbox, client: Client) -> None:
    sandbox.reset("demo")
    rows = client.list_templates()

    details = client.get_templates([row.id for row in rows])

    assert [row.kickoff.fields for row in rows] == [template.kickoff.fields for template in details]
    assert [row.run_allowed for row in rows] == [template.run_allowed for template in details]


def test_it_lists_all_users_invited_ones_included(client: Client) -> None:
    users = client.list_users()

    assert [(user.full_name, user.status) for user in users] == [
        ("Ada Owner", "active"),
        ("Bo Operator", "active"),
        ("cy@example.com", "invited"),
    ]
    assert users[0].is_account_owner
    assert users[2].invite is not None
    assert users[2].invite.invited_from == "email"


@pytest.mark.parametrize("page_maximum", [1, 2, 5, 100])
def test_it_lists_all_rows_whatever_the_page_size(
    sandbox: Sandbox, client: Client, page_maximum: int
) -> None:
    sandbox.reset("demo", page_maximum=page_maximum)

    assert len({row.id for row in client.list_templates()}) == 17
    assert len({user.id for user in client.list_users()}) == 32


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


def test_an_unknown_template_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        client.get_template(999)
    assert client.get_templates([999]) == []
