"""The client against the sandbox as the current API: what only that generation has.

The sandbox shares no code with the client: it is built from what the open-source server was seen to do.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import requests
from pytest_django import Settings

from apps.pneumatic.canonical.events import Status, TaskStatus
from apps.pneumatic.canonical.schemas import Answer, GroupValue, RuleKind, Urgency, UserValue, Value
from apps.pneumatic.client import Client, connect
from apps.pneumatic.errors import (
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ValidationFailed,
)
from tests.contract.actions import every_field, named, upload
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = only_current

BO, DANA, GRETA = 2, 4, 6  # users of the data set


def as_user(sandbox: Sandbox, settings: Settings, user_id: int) -> Client:
    """Return a client with a key of that user."""
    settings.PNEUMATIC_API_KEY = sandbox.add_key(f"key-of-user-{user_id}", user_id)
    return connect()


# -- Templates


def test_a_member_gets_whole_forms_without_one_refused_question(
    sandbox: Sandbox, client: Client, settings: Settings
) -> None:
    with as_user(sandbox, settings, BO) as member:
        rows = member.receive_template_list()
        sandbox.clear_requests()
        found = {row.read().name: row.read() for row in member.receive_templates(rows)}

    assert not [entry for entry in sandbox.requests() if entry["path"].startswith("/templates/")]
    by_owner = {name: named(client, name) for name in ("Every field", "Fieldsets", "Data set")}
    for name, template in by_owner.items():
        assert found[name].kickoff == template.kickoff
        assert found[name].tasks == ()


def test_fieldsets_come_with_titles_rules_and_the_values_of_data_sets(client: Client) -> None:
    kickoff = named(client, "Fieldsets").kickoff

    assert [(row.title, row.description) for row in kickoff.fieldsets] == [
        ("Shares", "Both together are 100."), ("Choices", ""), ("Address", "Where"),
    ]  # fmt: skip
    (group,) = kickoff.fieldsets[0].rules
    ((rule,),) = group.alternatives
    assert (rule.kind, rule.value, set(rule.fields)) == (
        RuleKind.SUM_EQUAL,
        "100",
        {"own-share", "other-share"},
    )
    fields = {field.api_name: field for field in kickoff.fields}
    assert [option.key for option in fields["branch"].selections] == ["København", "Łódź", "New York, NY"]
    assert fields["branch"].fieldset == "fieldset-choices"


def test_hidden_fields_and_defaults_are_read(client: Client) -> None:
    fields = {field.api_name: field for field in named(client, "Hidden and preset").kickoff.fields}

    assert fields["hidden-string"].is_hidden
    assert fields["hidden-string"].default == "dashboard"
    assert fields["preset-date"].default == "1767225600"
    assert fields["preset-string"].max_length == 140


def test_members_of_a_group_may_run_what_is_shared_with_it(client: Client) -> None:
    template = named(client, "Shared with a group")

    assert template.run_allowed == (1, BO, DANA)
    assert {group.name: group.users for group in client.list_groups()} == {
        "Reviewers Ü": (BO, DANA),
        "No members yet": (),
    }


def test_what_is_not_on_the_list_can_be_read_by_its_number(client: Client) -> None:
    listed = {row.name for row in client.list_templates()}
    numbers = [row.id for row in client.list_templates()]
    missing = next(number for number in range(1, max(numbers) + 2) if number not in numbers)

    assert "Not on Ada's list" not in listed
    assert client.get_template(missing).name == "Not on Ada's list"


def test_an_unchanged_template_is_the_same_when_it_is_requested_again(client: Client) -> None:
    rows = client.receive_template_list()

    assert rows
    for row in client.receive_templates(rows):
        assert client.receive_template(row.id, known=row.raw).raw == row.raw


def test_a_changed_template_is_noticed_by_members_too(
    sandbox: Sandbox, client: Client, settings: Settings
) -> None:
    with as_user(sandbox, settings, BO) as member:
        (row,) = [row for row in member.receive_template_list() if row.raw["name"] == "Every field"]
        (known,) = member.receive_templates([row])
        assert member.receive_template(row.id, known=known.raw).raw == known.raw
        sandbox.put_template({"id": row.id, "name": "Every field, renamed"})

        assert member.receive_template(row.id, known=known.raw).read().name == "Every field, renamed"


def test_those_who_left_are_listed_as_inactive(client: Client) -> None:
    assert [user.email for user in client.list_users() if user.status == "inactive"] == ["emil@example.com"]


# -- Launches


def launch(
    client: Client, template_name: str, values: dict[str, Value], *, name: str = "Trip", **options: Any
) -> int:
    template = named(client, template_name)
    fields = {field.api_name: field for field in template.kickoff.fields}
    payload = client.run_payload(
        template.id,
        name=name,
        answers=[Answer(fields[api_name], value) for api_name, value in values.items()],
        **options,
    )
    return client.run(template.id, payload=payload).workflow_id


def answers_of(sandbox: Sandbox, workflow_id: int) -> dict[str, str]:
    """Return what the server shows of a workflow's answers, read without the client."""
    response = requests.get(
        f"{sandbox.url}/workflows/{workflow_id}",
        headers={"Authorization": f"Bearer {sandbox.key}"},
        timeout=60,
    )
    kickoff = response.json()["kickoff"]
    rows = kickoff["output"] + [field for row in kickoff.get("fieldsets", []) for field in row["fields"]]
    return {row["api_name"]: row["value"] for row in rows}


def test_it_launches_with_a_value_for_every_type(sandbox: Sandbox, client: Client) -> None:
    files = (upload(client), upload(client, b"second", "Größe [1] 合同.pdf"))
    fields = {field.type: field for field in every_field(client).kickoff.fields}

    workflow_id = launch(
        client,
        "Every field",
        {
            "string-1": "Trip to Zürich “soon”",
            "text-2": "first\nsecond <b>",
            "radio-3": fields["radio"].selections[1].key,
            "checkbox-4": ("Support", "Finance"),
            "date-5": dt.date(2026, 3, 29),
            "url-6": "https://grave.com/?a=b",
            "dropdown-7": "Lisbon",
            "file-8": files,
            "user-9": UserValue(BO, "bo@example.com", "Bo"),
            "number-10": Decimal("1234.56"),
        },
    )

    shown = answers_of(sandbox, workflow_id)
    assert shown["string-1"] == "Trip to Zürich “soon”"
    assert shown["radio-3"] == "High"
    assert shown["checkbox-4"] == "Support, Finance"
    # The tests' settings are in Berlin, the key's user is in UTC: the day is that person's.
    assert (
        dt.datetime.fromtimestamp(float(shown["date-5"]), tz=dt.UTC).isoformat()
        == "2026-03-29T00:00:00+00:00"
    )
    assert shown["number-10"] == "1234.56"
    assert shown["user-9"] == "Bo Operator"
    assert shown["file-8"] == ", ".join(file.url for file in files)


def test_a_group_can_be_an_answer(sandbox: Sandbox, client: Client) -> None:
    workflow_id = launch(client, "Shared with a group", {"who": GroupValue(1, "Reviewers Ü")})

    assert answers_of(sandbox, workflow_id)["who"] == "Reviewers Ü"


def test_fields_of_fieldsets_are_sent_flat(sandbox: Sandbox, client: Client) -> None:
    values: dict[str, Value] = {
        "top-field": "t", "street": "Main St", "zip": Decimal(99), "branch": "Łódź",
        "own-share": Decimal(40), "other-share": Decimal(60),
    }  # fmt: skip

    shown = answers_of(sandbox, launch(client, "Fieldsets", values))

    assert {api_name: shown[api_name] for api_name in values} == {
        "top-field": "t", "street": "Main St", "zip": "99", "branch": "Łódź", "own-share": "40", "other-share": "60",
    }  # fmt: skip


def test_the_response_has_the_final_name(client: Client) -> None:
    template = named(client, "Data set")
    fields = {field.api_name: field for field in template.kickoff.fields}
    payload = client.run_payload(
        template.id,
        name="{{subject}} in {{city}}",
        answers=[Answer(fields["subject"], "Dinner"), Answer(fields["city"], "Łódź")],
    )

    assert client.run(template.id, payload=payload).name == "Dinner in Łódź"
    assert template.workflow_name == "{{subject}} in {{city}}"


def test_urgency_and_the_due_date_arrive(client: Client) -> None:
    due = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=3)

    workflow = client.get_workflow(launch(client, "No fields", {}, urgency=Urgency(is_urgent=True, due=due)))

    assert workflow.is_urgent
    assert workflow.due == due


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_refusal_is_assigned_to_its_field_in_every_language(
    sandbox: Sandbox, client: Client, settings: Settings, language: str
) -> None:
    sandbox.put_user({"id": DANA, "language": language})
    template = every_field(client)
    user = next(field for field in template.kickoff.fields if field.type == "user")
    payload = client.run_payload(
        template.id,
        name="x",
        answers=[Answer(template.kickoff.fields[0], "s"), Answer(user, UserValue(9, "nobody@example.com"))],
    )

    with (
        as_user(sandbox, settings, DANA) as other,
        pytest.raises((ValidationFailed, PermissionDenied)) as caught,
    ):
        other.run(template.id, payload=payload)
    with pytest.raises(ValidationFailed) as by_owner:
        client.run(template.id, payload=payload)

    assert by_owner.value.field == "user-9"
    assert caught.value.status in {400, 403}
    assert sandbox.workflows() == []


def test_a_due_date_in_the_past_is_refused_by_its_name(client: Client) -> None:
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

    with pytest.raises(ValidationFailed) as caught:
        launch(client, "No fields", {}, urgency=Urgency(due=past))

    assert caught.value.field == "due_date_tsp"


@pytest.mark.parametrize("kickoff", [{"date-5": 10**14}, {"string-1": "a\0b"}])
def test_what_breaks_the_server_leaves_nothing_behind(
    sandbox: Sandbox, client: Client, kickoff: dict[str, Any]
) -> None:
    """The client never sends it; the response would not show it."""
    template = every_field(client)

    with pytest.raises(OutcomeUnknown):
        client.run(template.id, payload={"name": "x", "kickoff": {"string-1": "s", **kickoff}})

    assert sandbox.workflows() == []


def test_a_member_without_a_role_may_not_launch(sandbox: Sandbox, client: Client, settings: Settings) -> None:
    with as_user(sandbox, settings, GRETA) as other, pytest.raises(PermissionDenied):
        other.run(2, payload={"name": "x", "kickoff": {}})


# -- Workflows


def test_workflows_are_read_back(sandbox: Sandbox, client: Client) -> None:
    first = launch(client, "No fields", {}, name="First")
    second = launch(client, "Every field", {"string-1": "s", "checkbox-4": ("Sales",)}, name="Second")
    key_holder = client.key_holder()
    assert key_holder is not None

    assert [row.id for row in client.list_workflows()] == [second, first]
    assert [row.id for row in client.list_workflows(limit=1)] == [second]
    assert [row.name for row in client.list_workflows(template_id=2)] == ["First"]
    assert len(client.list_workflows(starter_id=key_holder.user_id)) == 2
    assert client.list_workflows(starter_id=BO) == []
    workflow = client.get_workflow(second)
    assert (workflow.name, workflow.status, workflow.starter_id) == (
        "Second",
        Status.RUNNING,
        key_holder.user_id,
    )
    assert [(task.name, task.status) for task in workflow.tasks] == [
        ("Check", TaskStatus.ACTIVE), ("Do", TaskStatus.PENDING),
    ]  # fmt: skip
    shown = {output.api_name: output for output in workflow.kickoff}
    assert shown["string-1"].value == "s"
    assert [choice.label for choice in shown["checkbox-4"].choices if choice.is_selected] == ["Sales"]


@pytest.mark.parametrize(
    ("action", "status"),
    [("finish", Status.COMPLETED), ("snooze", Status.SNOOZED), ("complete", Status.COMPLETED)],
)
def test_a_status_is_read_back_and_filtered_by(
    sandbox: Sandbox, client: Client, action: str, status: Status
) -> None:
    workflow_id = launch(client, "No fields", {})
    launch(client, "No fields", {})
    sandbox.step(workflow_id, action)

    assert client.get_workflow(workflow_id).status is status
    assert [row.id for row in client.list_workflows(status=status)] == [workflow_id]


def test_a_deleted_workflow_is_not_found_and_one_of_others_is_forbidden(
    sandbox: Sandbox, client: Client, settings: Settings
) -> None:
    workflow_id = launch(client, "No fields", {})
    with as_user(sandbox, settings, GRETA) as other:
        with pytest.raises(PermissionDenied):
            other.get_workflow(workflow_id)
        assert other.list_workflows() == []

    sandbox.delete_workflow(workflow_id)

    with pytest.raises(NotFound):
        client.get_workflow(workflow_id)


def test_more_workflows_than_a_page_holds_are_all_listed(sandbox: Sandbox, client: Client) -> None:
    ids = [sandbox.start_workflow(2)["id"] for _ in range(230)]

    assert [row.id for row in client.list_workflows()] == ids[::-1]
