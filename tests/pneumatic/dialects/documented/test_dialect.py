"""The documented dialect: what its JSON means, and how answers become JSON."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given

from apps.pneumatic.canonical.schemas import DynamicPerformer, FieldDefinition, Invite, Selection
from apps.pneumatic.dialects import registry
from apps.pneumatic.dialects.documented import shapes
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.errors import ConfigurationError, UnexpectedResponse
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic import samples, strategies

DIALECT = Documented()


def parse_template(**changes: Any) -> Any:
    return shapes.parse_template(Node(samples.template(**changes)))


def kickoff(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "description": "", "fields": list(fields)}


def test_it_reads_a_template_in_full() -> None:
    output = samples.field(api_name="out", name="Result")
    wire = samples.template(
        9,
        name="Trip",
        description="**Go**",
        finalizable=True,
        run_allowed=[2, 1],
        tasks_count=1,
        performers_count=3,
        kickoff={"id": 1, "description": "Form", "fields": [samples.field(is_required=True)]},
        tasks=[
            samples.task(
                delay="2 03:04:05",
                require_completion_by_all=True,
                is_starter_responsible=True,
                responsible=[4],
                output_responsible=[{"api_name": "user-1", "name": "Manager"}],
                fields=[output],
            )
        ],
        brand_new_key={"ignored": True},
    )

    template = shapes.parse_template(Node(wire))

    assert (template.id, template.name, template.description) == (9, "Trip", "**Go**")
    assert template.finalizable
    assert template.date_updated == dt.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC)
    assert (template.updated_by, template.run_allowed) == (1, (2, 1))
    assert (template.tasks_count, template.performers_count) == (1, 3)
    assert template.kickoff.description == "Form"
    assert template.kickoff.fields == (FieldDefinition("reason-1", "Reason", "string", "", True, 1),)
    (task,) = template.tasks
    assert task.delay == dt.timedelta(days=2, hours=3, minutes=4, seconds=5)
    assert task.require_completion_by_all
    assert task.is_starter_responsible
    assert (task.responsible, task.dynamic_performers) == ((4,), (DynamicPerformer("user-1", "Manager"),))
    assert [field.name for field in task.fields] == ["Result"]
    assert template.raw == wire


def test_it_reads_a_row_of_the_list_of_templates() -> None:
    row = samples.summary(3, run_allowed=[samples.user(2), samples.user(5)], first_task_responsible=[1])

    summary = DIALECT.parse_template_summary(Node(row))

    assert (summary.id, summary.run_allowed, summary.first_task_responsible) == (3, (2, 5), (1,))
    assert summary.raw == row


def test_it_reads_users_with_and_without_an_invite() -> None:
    invite = {
        "id": "5f2c",
        "by_username": "Pneumatic Owner",
        "date_created": "2020-04-15T06:50:12.682106Z",
        "invited_by": 1,
        "invited_from": "slack",
    }

    invited = DIALECT.parse_user(Node(samples.user(1, status="invited", invite=invite, phone="+1")))
    active = DIALECT.parse_user(Node(samples.user(2, first_name="", last_name="")))

    assert invited.invite == Invite(
        "5f2c", 1, "Pneumatic Owner", "slack", dt.datetime(2020, 4, 15, 6, 50, 12, 682106, tzinfo=dt.UTC)
    )
    assert (invited.full_name, invited.phone, invited.photo) == ("Ada Byron", "+1", "")
    assert (active.invite, active.full_name) == (None, "user2@example.com")


def test_fields_are_sorted_by_order_downwards_and_ties_as_listed() -> None:
    wire = [
        samples.field(api_name=name, order=order) for name, order in [("a", 1), ("b", 3), ("c", 1), ("d", 2)]
    ]

    template = parse_template(kickoff=kickoff(*wire))

    assert [field.api_name for field in template.kickoff.fields] == ["b", "d", "a", "c"]


def test_tasks_are_sorted_by_number() -> None:
    template = parse_template(tasks=[samples.task(number=2, name="b"), samples.task(number=1, name="a")])

    assert [task.name for task in template.tasks] == ["a", "b"]


def test_a_radiobutton_is_a_radio() -> None:
    wire = samples.field(type="radiobutton", selections=[{"id": 4, "value": "Yes"}])

    (field,) = parse_template(kickoff=kickoff(wire)).kickoff.fields

    assert (field.type, field.selections) == ("radio", (Selection("4", "Yes"),))


def test_an_unknown_type_keeps_its_name() -> None:
    (field,) = parse_template(kickoff=kickoff(samples.field(type="hologram", selections=None))).kickoff.fields

    assert (field.type, field.selections) == ("hologram", ())


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        (None, None),
        ("", None),
        ("05", dt.timedelta(seconds=5)),
        ("90", dt.timedelta(seconds=90)),
        ("04:05", dt.timedelta(minutes=4, seconds=5)),
        ("3:04:05", dt.timedelta(hours=3, minutes=4, seconds=5)),
        ("2 00:00:00", dt.timedelta(days=2)),
        ("2 05", dt.timedelta(days=2, seconds=5)),
        ("2 04:05", dt.timedelta(days=2, minutes=4, seconds=5)),
    ],
)
def test_a_delay_is_read_in_every_form(text: str | None, delay: dt.timedelta | None) -> None:
    assert parse_template(tasks=[samples.task(delay=text)]).tasks[0].delay == delay


@given(strategies.delays)
def test_a_delay_is_read_as_it_was_meant(delay: dt.timedelta) -> None:
    hours, rest = divmod(delay.seconds, 3600)
    text = f"{delay.days} {hours:02}:{rest // 60:02}:{rest % 60:02}"

    assert parse_template(tasks=[samples.task(delay=text)]).tasks[0].delay == delay


def without(data: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != key}


@pytest.mark.parametrize("broken", ["missing", "null", "another type"])
@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("api_name", ".api_name"),
        ("name", ".name"),
        ("type", ".type"),
        ("is_required", ".is_required"),
        ("order", ".order"),
    ],
)
def test_a_needed_key_of_a_field_is_named_by_its_path(key: str, path: str, broken: str) -> None:
    field = without(samples.field(), key)
    if broken != "missing":
        field[key] = None if broken == "null" else ["x"]

    with pytest.raises(UnexpectedResponse) as caught:
        parse_template(kickoff=kickoff(samples.field(), field))

    assert caught.value.path == f"kickoff.fields[1]{path}"
    assert caught.value.path in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"id": "1"}, "id"),
        ({"id": True}, "id"),
        ({"name": 5}, "name"),
        ({"is_active": None}, "is_active"),
        ({"tasks": None}, "tasks"),
        ({"date_updated": "yesterday"}, "date_updated"),
        ({"date_updated": "9999-12-31T23:59:59-12:00"}, "date_updated"),
        ({"date_updated": "0001-01-01T00:00:00Z"}, "date_updated"),
        ({"id": 2**63}, "id"),
        ({"tasks_count": -(2**63) - 1}, "tasks_count"),
        ({"run_allowed": [1, "2"]}, "run_allowed[1]"),
        ({"run_allowed": [10**30]}, "run_allowed[0]"),
        ({"kickoff": []}, "kickoff"),
        ({"kickoff": {"fields": [7]}}, "kickoff.fields[0]"),
        ({"kickoff": {}}, "kickoff.fields"),
        (
            {"kickoff": {"fields": [samples.field(type="radio", selections=None)]}},
            "kickoff.fields[0].selections",
        ),
        (
            {"kickoff": {"fields": [samples.field(type="radio", selections=[{"id": "x", "value": "y"}])]}},
            "kickoff.fields[0].selections[0].id",
        ),
        ({"tasks": [samples.task(delay="soon")]}, "tasks[0].delay"),
        ({"tasks": [samples.task(delay="9999999999 00:00:00")]}, "tasks[0].delay"),
        ({"tasks": [samples.task(number=None)]}, "tasks[0].number"),
    ],
)
def test_an_invalid_key_of_a_template_is_named_by_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        parse_template(**changes)

    assert caught.value.path == path


def test_a_missing_kickoff_is_invalid_and_a_null_one_is_empty() -> None:
    assert parse_template(kickoff=None).kickoff.fields == ()
    with pytest.raises(UnexpectedResponse) as caught:
        shapes.parse_template(Node(without(samples.template(), "kickoff")))
    assert caught.value.path == "kickoff"


def test_keys_that_servers_have_dropped_may_be_missing() -> None:
    minimal = {
        "id": 1,
        "name": "T",
        "is_active": True,
        "kickoff": {
            "fields": [{"api_name": "a", "name": "A", "type": "string", "is_required": True, "order": 0}]
        },
    }

    summary = DIALECT.parse_template_summary(Node(minimal))
    template = shapes.parse_template(Node({**minimal, "tasks": [{"id": 1, "number": 1, "name": "Do"}]}))
    user = DIALECT.parse_user(Node({"id": 1, "email": "a@example.com", "status": "active"}))

    assert (summary.run_allowed, summary.performers_count) == ((), 0)
    assert (template.date_updated, template.tasks[0].fields) == (None, ())
    assert user.full_name == "a@example.com"


@pytest.mark.parametrize("name", ["documented", "current"])
def test_a_dialect_is_chosen_by_its_name(name: str) -> None:
    assert registry.choose(name).name == name


@pytest.mark.parametrize("name", ["klingon", "", "auto"])
def test_a_dialect_that_we_do_not_speak_is_a_mistake_in_the_settings(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"PNEUMATIC_DIALECT is “{name}”.*auto, documented, current"):
        registry.choose(name)
