"""Recorded lists of templates and templates by themselves, given once more: each becomes the form that it describes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.pneumatic.canonical.schemas import FieldDefinition, Kickoff, Template, TemplateSummary
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import (
    AuthenticationFailed,
    NotFound,
    PermissionDenied,
    PneumaticError,
    UnexpectedResponse,
    ValidationFailed,
)
from tests.contract.recordings import answering, exchange, is_list_of, named, page, rows_of
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

DATASET = ("København", "Łódź", "New York, NY")  # datasets-get
TEMPLATE_LISTS = named(lambda found: is_list_of("/templates")(found) and found.status == 200)
TEMPLATE_LIST_ERRORS = named(lambda found: is_list_of("/templates")(found) and found.status != 200)
TEMPLATES = named(
    lambda found: found.place.startswith("GET /templates/") and found.path != "/templates/"
    and not found.path.endswith("/run")
)  # fmt: skip
COVERED = [*TEMPLATE_LISTS, *TEMPLATE_LIST_ERRORS, *TEMPLATES, "datasets-get", "auth-trailing-slash"]


def listed_fields(kickoff: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return what is described of a form, from its JSON: its own fields first, larger ``order`` first."""
    fields = sorted(kickoff["fields"], key=lambda field: -field["order"])
    found = [listed_field(field) for field in fields]
    for fieldset in kickoff["fieldsets"]:
        inside = sorted(fieldset["fields"], key=lambda field: -field["order"])
        found += [listed_field(field, fieldset["api_name"]) for field in inside]
    return found


def listed_field(field: dict[str, Any], fieldset: str = "") -> tuple[Any, ...]:
    options = [
        option if isinstance(option, str) else option["value"] for option in field.get("selections", [])
    ]
    if field.get("dataset") and not options:
        options = list(DATASET)
    return (
        field["api_name"], field["name"], field["type"], field["description"], field["is_required"],
        field.get("is_hidden", False), field.get("default", ""), options, fieldset,
        140 if field["type"] == "string" else None,
    )  # fmt: skip


def read_fields(kickoff: Kickoff) -> list[tuple[Any, ...]]:
    return [
        (
            field.api_name, field.name, field.type, field.description, field.is_required,
            field.is_hidden, field.default, [option.key for option in field.selections], field.fieldset,
            field.max_length,
        )
        for field in kickoff.fields
    ]  # fmt: skip


def listed_users(owners: list[dict[str, Any]]) -> tuple[int, ...]:
    return tuple(int(owner["source_id"]) for owner in owners)


def check_summary(read: TemplateSummary | Template, sent: dict[str, Any]) -> None:
    assert (read.id, read.name, read.is_active) == (sent["id"], sent["name"], sent["is_active"])
    assert read.description == (sent["description"] or "")
    assert read.run_allowed == listed_users(sent["owners"])


@pytest.mark.parametrize("name", TEMPLATE_LISTS)
def test_a_list_of_templates(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    client = connect_to(serve(answering(name)).url, dialect=Current())

    read = [client._dialect.parse_template_summary(node) for node in page(client, found)]

    assert len(read) == len(rows_of(found))
    for summary, sent in zip(read, rows_of(found), strict=True):
        check_summary(summary, sent)
        assert summary.tasks_count == sent["tasks_count"]
        has_dataset_inside = sent["id"] == 9  # its values are not in the list
        assert has_dataset_inside or read_fields(summary.kickoff) == listed_fields(sent["kickoff"])


@pytest.mark.parametrize("name", [name for name in TEMPLATE_LISTS if isinstance(exchange(name).answer, list)])
def test_a_whole_list_of_templates_is_read_to_its_end(serve: Serve, connect_to: Connect, name: str) -> None:
    client = connect_to(serve(answering(name)).url, dialect=Current())

    assert [row.id for row in client.list_templates()] == [row["id"] for row in exchange(name).answer]


def test_pages_of_templates_become_one_list(serve: Serve, connect_to: Connect) -> None:
    client = connect_to(serve(answering("templates-list-limit-huge")).url, dialect=Current())

    assert [row.id for row in client.list_templates()] == [1, 2, 4, 7, 8, 5, 6]


@pytest.mark.parametrize(
    ("name", "error", "field"),
    [
        ("templates-list-is-active-bad", ValidationFailed, "is_active"),
        ("templates-list-limit-bad", ValidationFailed, "limit"),
        ("templates-list-limit-negative", ValidationFailed, "limit"),
        ("templates-list-ordering-bogus", ValidationFailed, "ordering"),
        ("apikey-after-revoke", AuthenticationFailed, None),
        ("auth-401-accept-language-fr", AuthenticationFailed, None),
        ("auth-bad-api-key", AuthenticationFailed, None),
        ("auth-bad-legacy-key", AuthenticationFailed, None),
        ("auth-bearer-key-with-space", AuthenticationFailed, None),
        ("auth-bearer-no-key", AuthenticationFailed, None),
        ("auth-key-of-deactivated-user", AuthenticationFailed, None),
        ("auth-missing-header", AuthenticationFailed, None),
        ("auth-token-scheme", AuthenticationFailed, None),
    ],
)
def test_a_refused_list_of_templates(
    serve: Serve, connect_to: Connect, name: str, error: type[PneumaticError], field: str | None
) -> None:
    assert name in TEMPLATE_LIST_ERRORS

    with pytest.raises(error) as caught:
        connect_to(serve(answering(name)).url, dialect=Current()).list_templates()

    assert caught.value.status == exchange(name).status
    assert getattr(caught.value, "field", None) == field


def test_every_refused_list_of_templates_is_expected() -> None:
    assert len(TEMPLATE_LIST_ERRORS) == 13


@pytest.mark.parametrize("name", [name for name in TEMPLATES if exchange(name).status == 200])
def test_a_single_template(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    server = serve(answering(name, "datasets-get", "groups-list"))

    template = connect_to(server.url, dialect=Current()).get_template(found.number)

    check_summary(template, found.answer)
    assert read_fields(template.kickoff) == listed_fields(found.answer["kickoff"])
    assert [(task.name, task.number) for task in template.tasks] == [
        (task["name"], task["number"]) for task in found.answer["tasks"]
    ]
    assert [task.responsible for task in template.tasks] == [
        tuple(int(person["source_id"]) for person in task["raw_performers"] if person["type"] == "user")
        for task in found.answer["tasks"]
    ]
    assert template.workflow_name == (found.answer.get("wf_name_template") or "")
    assert template.finalizable is found.answer.get("finalizable", False)
    assert template.date_updated is not None
    assert abs(template.date_updated.timestamp() - found.answer["date_updated_tsp"]) < 1e-3
    has_dataset = name in {"template-get-dataset", "template-get-fieldset-choice"}
    assert [seen.target for seen in server.seen] == [
        f"/templates/{found.number}",
        *(["/datasets/1"] if has_dataset else []),
    ]


@pytest.mark.parametrize("name", [name for name in TEMPLATES if exchange(name).status != 200])
def test_a_template_that_the_key_may_not_read(serve: Serve, connect_to: Connect, name: str) -> None:
    """Where the detail is refused the list has it; without a row there is nothing."""
    found = exchange(name)
    server = serve(answering(name, "templates-list-nonadmin"))
    client = connect_to(server.url, dialect=Current())

    if name == "template-get-nonadmin-starter":
        template = client.get_template(4)
        assert read_fields(template.kickoff) == listed_fields(
            rows_of(exchange("templates-list-nonadmin"))[0]["kickoff"]
        )
        assert template.tasks == ()
        assert template.tasks_count == 2
        assert template.workflow_name == "{{subject}} in {{city}}"
        assert template.run_allowed == (1, 2, 3)
    elif name == "template-get-nonnumeric":  # we never ask for one: the path is made of a number
        with pytest.raises(PermissionDenied):
            client._transport.get(found.path)
    else:
        with pytest.raises(NotFound):
            client.get_template(found.number)


def test_the_values_of_a_dataset_are_in_the_list_but_not_in_a_fieldset(
    serve: Serve, connect_to: Connect
) -> None:
    recorded = ["templates-list-with-fieldset-choices", "template-get-fieldset-choice", "setup-auth-context"]
    client = connect_to(serve(answering(*recorded, "datasets-get")).url, dialect=Current())

    (row,) = client.receive_template_list()
    (received,) = client.receive_templates([row])

    by_name = {field.api_name: field for field in received.read().kickoff.fields}
    assert [option.label for option in by_name["field-14cz4u"].selections] == ["Red", "Blue"]
    assert [option.key for option in by_name["field-7ptf21"].selections] == list(DATASET)
    assert row.read().kickoff.fields[1].options_unknown
    assert not by_name["field-7ptf21"].options_unknown


def test_a_fieldset_keeps_its_title_and_its_fields(serve: Serve, connect_to: Connect) -> None:
    client = connect_to(serve(answering("template-get-fieldset")).url, dialect=Current())

    kickoff = client.get_template(8).kickoff

    (fieldset,) = kickoff.fieldsets
    assert (fieldset.api_name, fieldset.title, fieldset.description) == (
        "fieldset-ci64sb",
        "Address",
        "Where",
    )
    assert [(field.api_name, field.type, field.fieldset) for field in kickoff.fields] == [
        ("top-field", "string", ""),
        ("field-z1xjce", "string", "fieldset-ci64sb"),
        ("field-enqdjd", "number", "fieldset-ci64sb"),
    ]


def test_a_field_of_every_type(serve: Serve, connect_to: Connect) -> None:
    """One form written out, where the others are compared by rule."""
    client = connect_to(serve(answering("template-get-required")).url, dialect=Current())

    template = client.get_template(1)

    assert [(field.api_name, field.type) for field in template.kickoff.fields] == [
        ("client-name", "string"), ("long-text", "text"), ("priority", "radio"), ("channels", "checkbox"),
        ("start-date", "date"), ("website", "url"), ("country", "dropdown"), ("contract", "file"),
        ("manager", "user"), ("amount", "number"),
    ]  # fmt: skip
    fields: dict[str, FieldDefinition] = {field.api_name: field for field in template.kickoff.fields}
    assert [(option.key, option.label) for option in fields["channels"].selections] == [
        ("E-mail", "E-mail"), ("Phone", "Phone"), ("Fax, telex", "Fax, telex"),
    ]  # fmt: skip
    assert all(field.is_required and not field.is_hidden for field in template.kickoff.fields)
    assert template.date_updated is not None
    assert template.date_updated.tzinfo is dt.UTC
    check, *_others = template.tasks
    assert [(field.api_name, [option.key for option in field.selections]) for field in check.fields] == [
        ("result", []), ("decision", ["Yes", "No"]), ("proof", []),
    ]  # fmt: skip


def test_another_resource_answers_with_a_slash_at_the_end(serve: Serve, connect_to: Connect) -> None:
    """It is JSON at 200 and no list: it would not be treated as an empty one."""
    server = serve(answering("templates-list"))
    connect_to(server.url + "/", dialect=Current()).list_templates()
    assert all(seen.target.startswith("/templates?") for seen in server.seen)

    client = connect_to(serve(lambda seen, talk: talk.answer(body=exchange("auth-trailing-slash").answer)).url,
                        dialect=Current())  # fmt: skip
    with pytest.raises(UnexpectedResponse):
        client.list_templates()
