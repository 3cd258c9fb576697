"""The current dialect: what its JSON means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.canonical.schemas import Kickoff, Template
from apps.pneumatic.canonical.serialization import kickoff_to_json
from apps.pneumatic.dialects.current import shapes
from apps.pneumatic.errors import UnexpectedResponse
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic.dialects.current import samples, strategies

DATASETS = {str(id_): values for id_, values in strategies.DATASETS.items()}
GROUPS = {str(id_): [10 * id_, 10 * id_ + 1] for id_ in range(1, 6)}


def parse(
    *,
    listed: dict[str, Any] | None = None,
    detail: dict[str, Any] | None = None,
    datasets: dict[str, Any] = DATASETS,
    groups: dict[str, Any] = GROUPS,
) -> Template:
    """Return the template that is read from all that came of it."""
    raw = {"list": listed or {}, "detail": detail, "datasets": datasets, "groups": groups}
    return shapes.parse_template(Node(raw, key="templates[7]"))


def form(*fields: dict[str, Any], fieldsets: list[dict[str, Any]] | None = None) -> Kickoff:
    """Return the form that is read from a row of the list."""
    row = samples.summary(kickoff=samples.kickoff(*fields, fieldsets=fieldsets))
    return parse(listed=row).kickoff


@given(strategies.templates())
def test_the_list_and_the_detail_have_the_same_form(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    row, detail = pair

    listed, detailed, both = parse(listed=row), parse(detail=detail), parse(listed=row, detail=detail)

    assert (
        kickoff_to_json(listed.kickoff) == kickoff_to_json(detailed.kickoff) == kickoff_to_json(both.kickoff)
    )
    assert listed.run_allowed == detailed.run_allowed == both.run_allowed
    assert listed.workflow_name == detailed.workflow_name == both.workflow_name


@given(strategies.templates())
def test_fields_are_in_the_order_of_display(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    row, _detail = pair

    kickoff = parse(listed=row).kickoff

    orders = {fieldset.api_name: fieldset.order for fieldset in kickoff.fieldsets}
    assert list(orders.values()) == sorted(orders.values(), reverse=True)
    places = [orders.get(field.fieldset, field.order) for field in kickoff.fields]
    assert places == sorted(places, reverse=True)
    parts = [name for name, _fields in groupby(field.fieldset for field in kickoff.fields) if name]
    assert len(parts) == len(set(parts)), "the fields of a fieldset stay together"
    assert {field.api_name for field in kickoff.fields} == {
        field["api_name"]
        for owner in [row["kickoff"], *row["kickoff"]["fieldsets"]]
        for field in owner["fields"]
    }


@given(st.data())
def test_a_template_with_any_invalid_key_is_read_or_named_by_its_path(data: st.DataObject) -> None:
    row, detail = data.draw(strategies.templates())
    raw = {
        "list": data.draw(strategies.spoilt(row)),
        "detail": data.draw(st.none() | strategies.spoilt(detail)),
        "datasets": DATASETS,
        "groups": GROUPS,
    }

    path = path_of_the_invalid_key(lambda: shapes.parse_template(Node(raw, key="templates[7]")))

    assert path is None or path.startswith("templates[7].")


@given(st.data())
def test_what_a_row_needs_is_found_without_a_crash(data: st.DataObject) -> None:
    row, _detail = data.draw(strategies.templates())
    node = Node(data.draw(strategies.spoilt(row)), key="templates[7]")

    for look in (
        shapes.groups_among,
        shapes.datasets_among,
        shapes.parse_template_summary,
    ):
        path = path_of_the_invalid_key(partial(look, node))
        assert path is None or path.startswith("templates[7]")


def path_of_the_invalid_key(read: Callable[[], object]) -> str | None:
    """Return the path of an answer that is not as described; None for one that can be read."""
    try:
        read()
    except UnexpectedResponse as error:
        return error.path if error.path in str(error) else ""
    return None


# -- Fields


@pytest.mark.parametrize(
    ("selections", "keys"),
    [
        (["High", "Low"], ("High", "Low")),
        ([{"value": "High", "api_name": "selection-1"}], ("High",)),
        ([{"id": 4, "value": "High"}], ("High",)),
        (["One", "One", "Two"], ("One", "Two")),
        ([], ()),
        (None, ()),
    ],
)
def test_options_are_their_texts_in_every_shape(selections: Any, keys: tuple[str, ...]) -> None:
    (field,) = form(samples.field(type="radio", selections=selections, dataset=None)).fields

    assert tuple(option.key for option in field.selections) == keys
    assert tuple(option.label for option in field.selections) == keys
    assert not field.options_unknown


def test_a_dataset_in_a_fieldset_is_requested_and_one_in_the_list_is_merged_in_already() -> None:
    city = samples.field(type="dropdown", api_name="city", dataset=1, selections=["Łódź"])
    inside = samples.field(type="radio", api_name="inside", dataset=1, selections=[])

    first, second = form(city, fieldsets=[samples.fieldset(inside)]).fields

    assert [option.key for option in first.selections] == ["Łódź"]
    assert [option.key for option in second.selections] == ["Łódź", "New York, NY"]


@pytest.mark.parametrize("datasets", [{}, {"1": None}])
def test_options_of_a_dataset_that_the_key_may_not_read_are_unknown(datasets: dict[str, Any]) -> None:
    inside = samples.field(type="radio", dataset=1, selections=[])
    row = samples.summary(kickoff=samples.kickoff(inside))

    (field,) = parse(listed=row, datasets=datasets).kickoff.fields

    assert field.options_unknown
    assert field.selections == ()


def test_what_drafts_leave_out_is_read_as_empty() -> None:
    draft = {"name": "Draft field", "type": "string", "order": 82, "api_name": "draft-field"}

    template = parse(
        detail={
            "id": 7,
            "name": "Draft",
            "is_active": False,
            "kickoff": {"fields": [draft]},
            "tasks": [{"name": "Step"}],
        }
    )

    (field,) = template.kickoff.fields
    assert (field.is_hidden, field.is_required, field.default, field.description) == (False, False, "", "")
    assert [(task.name, task.number, task.id) for task in template.tasks] == [("Step", 1, 0)]
    assert (template.finalizable, template.date_updated, template.run_allowed) == (False, None, ())


@pytest.mark.parametrize(
    ("default", "text"), [("x", "x"), (5, "5"), (2.5, "2.5"), (None, ""), (True, ""), ([], "")]
)
def test_a_default_is_a_text(default: Any, text: str) -> None:
    assert form(samples.field(default=default)).fields[0].default == text


def test_a_hidden_field_keeps_its_default_and_a_string_has_a_limit() -> None:
    hidden, number = form(
        samples.field(is_hidden=True, default="Berlin", order=2), samples.field(type="number", api_name="n")
    ).fields

    assert (hidden.is_hidden, hidden.default, hidden.max_length) == (True, "Berlin", 140)
    assert (number.type, number.max_length) == ("number", None)


# -- Who may run it


def test_people_and_members_of_groups_may_run_a_template_whatever_their_role() -> None:
    owners = [
        samples.owner(3, role="starter"),
        samples.owner(1, type="group", role="viewer"),
        samples.owner(11),
        samples.owner(9, type="group"),
    ]

    template = parse(listed=samples.summary(owners=owners))

    assert template.run_allowed == (3, 10, 11)


def test_groups_are_named_so_that_their_members_can_be_requested() -> None:
    owners = [samples.owner(3), samples.owner(2, type="group"), samples.owner(1, type="group")]

    assert shapes.groups_among(Node(samples.summary(owners=owners))) == {"1", "2"}


def test_older_servers_have_plain_ids() -> None:
    row = {key: value for key, value in samples.summary().items() if key != "owners"}

    assert parse(listed={**row, "template_owners": [4, 5]}).run_allowed == (4, 5)


# -- Tasks, times, people


def test_performers_are_distinguished_by_their_type() -> None:
    performers = [
        {"type": "user", "source_id": "4", "label": "Ada"},
        {"type": "group", "source_id": "1", "label": "Reviewers"},
        {"type": "field", "source_id": "manager", "label": "Manager"},
        {"type": "workflow_starter", "source_id": None, "label": "Workflow starter"},
        {"type": "manager", "source_id": None, "label": ""},
    ]

    (task,) = parse(detail=samples.detail(tasks=[samples.task(raw_performers=performers)])).tasks

    assert task.responsible == (4,)
    assert [(who.api_name, who.name) for who in task.dynamic_performers] == [("manager", "Manager")]
    assert task.other_performers == ("Reviewers", "manager")
    assert task.is_starter_responsible


def test_tasks_are_sorted_by_number_with_the_fields_of_their_fieldsets() -> None:
    tasks = [
        samples.task(number=2, name="b"),
        samples.task(
            number=1,
            name="a",
            delay="2 03:04:05",
            fields=[samples.field(api_name="own")],
            fieldsets=[samples.fieldset(samples.field(api_name="inside", order=9))],
        ),
    ]

    first, second = parse(detail=samples.detail(tasks=tasks)).tasks

    assert (first.name, second.name) == ("a", "b")
    assert first.delay == dt.timedelta(days=2, hours=3, minutes=4, seconds=5)
    assert {field.api_name for field in first.fields} == {"own", "inside"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, dt.datetime(2026, 11, 23, 16, 0, 18, 729202, tzinfo=dt.UTC)),
        ({"date_updated_tsp": None}, dt.datetime(2026, 11, 23, 16, 0, 18, 729202, tzinfo=dt.UTC)),
        (
            {"date_updated_tsp": None, "date_updated": "2026-11-23T17:00:18+01:00"},
            dt.datetime(2026, 11, 23, 16, 0, 18, tzinfo=dt.UTC),
        ),
        ({"date_updated_tsp": 0}, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        ({"date_updated_tsp": None, "date_updated": None}, None),
    ],
)
def test_a_time_is_read_from_seconds_or_from_text(
    changes: dict[str, Any], expected: dt.datetime | None
) -> None:
    assert parse(detail=samples.detail(**changes)).date_updated == expected


@pytest.mark.parametrize("seconds", [1e300, -1e300, 2**63])
def test_a_time_out_of_all_years_is_invalid(seconds: float) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        parse(detail=samples.detail(date_updated_tsp=seconds))

    assert caught.value.path.endswith("date_updated_tsp")


def test_a_key_holder_without_a_name_is_called_by_the_email() -> None:
    key_holder = shapes.parse_key_holder(
        Node(
            samples.context(
                first_name="", last_name="", is_admin=False, is_account_owner=False, timezone=None
            )
        ),
        asked_at=dt.datetime.now(dt.UTC),
    )

    assert (key_holder.name, key_holder.sees_everything, key_holder.zone) == ("owner@example.test", False, "")


def test_whether_it_is_active_comes_from_the_newer_detail() -> None:
    """A draft that replaced an active template must not look launchable because of an old row of the list."""
    template = parse(listed=samples.summary(7, is_active=True), detail=samples.detail(7, is_active=False))

    assert not template.is_active
