"""The client against the sandbox over HTTP: launches, with every documented parameter.

The sandbox shares no code with the client and judges strictly: what it takes is what the reference describes, or what
the current API was seen to take.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic.canonical.schemas import Answer, TaskOverride, UserValue, Value
from apps.pneumatic.client import Client, connect
from apps.pneumatic.errors import (
    OutcomeUnknown,
    RateLimited,
    ValidationFailed,
)
from tests.contract.actions import every_field, upload
from tests.fixtures.sandbox import Sandbox, both_dialects


def test_it_launches_with_a_value_for_every_documented_type(sandbox: Sandbox, client: Client) -> None:
    template = every_field(client)
    fields = {field.type: field for field in template.kickoff.fields}
    files = (upload(client), upload(client, b"second", "Größe 合同.pdf"))
    values: dict[str, Value] = {
        "string": "Trip to Zürich “soon”",
        "text": "first\nsecond <b>",
        "radio": fields["radio"].selections[1].key,
        "checkbox": tuple(option.key for option in fields["checkbox"].selections[1:]),
        "date": dt.date(2026, 3, 29),
        "url": "https://grave.com/?a=b",
        "dropdown": fields["dropdown"].selections[0].key,
        "file": files,
        "user": UserValue(2),
    }
    payload = client.run_payload(
        template.id,
        name="Lanzamiento 起動",
        answers=[Answer(fields[type_], value) for type_, value in values.items()],
        tasks=[TaskOverride(number=1, url="https://example.com/check")],
    )

    launched = client.run(template.id, payload=payload)

    (workflow,) = sandbox.workflows()
    assert workflow["id"] == launched.workflow_id
    assert workflow["name"] == "Lanzamiento 起動"
    assert workflow["tasks"] == [{"number": 1, "url": "https://example.com/check"}]
    assert workflow["kickoff"] == json.loads(json.dumps(payload["kickoff"]))
    assert workflow["kickoff"]["date-5"] == "2026-03-29"
    assert workflow["kickoff"]["user-9"] == 2
    assert workflow["kickoff"]["file-8"] == [int(file.id) for file in files]
    assert type(workflow["kickoff"]["radio-3"]) is int
    (sent,) = [entry for entry in sandbox.requests(method="POST") if entry["path"].endswith("/run")]
    assert sent["json"] == payload


@both_dialects
def test_it_launches_without_answers(sandbox: Sandbox, client: Client, dialect: str) -> None:
    (row,) = [row for row in client.list_templates() if row.name == "No fields"]
    payload = client.run_payload(row.id, name="Stock", answers=[])

    client.run(row.id, payload=payload)

    assert payload["kickoff"] == ({} if dialect == "current" else None)
    assert sandbox.workflows()[0]["name"] == "Stock"


def test_a_refused_launch_names_the_fields(sandbox: Sandbox, client: Client) -> None:
    template = every_field(client)
    payload: dict[str, Any] = {"id": template.id, "name": "", "kickoff": {"date-5": "tomorrow"}}

    with pytest.raises(ValidationFailed) as caught:
        client.run(template.id, payload=payload)

    assert {"name", "string-1", "date-5"} <= set(caught.value.errors)
    assert sandbox.workflows() == []


@both_dialects
def test_an_inactive_template_is_refused_with_a_reason(client: Client) -> None:
    row = next(row for row in client.list_templates() if row.name == "Inactive")

    with pytest.raises(ValidationFailed) as caught:
        client.run(row.id, payload=client.run_payload(row.id, name="x", answers=[]))

    assert set(caught.value.errors) == {""}


@both_dialects
@pytest.mark.parametrize("kind", ["drop_after", "truncate", "wrong_json", "broken_json", "html_200"])
def test_a_launch_without_a_response_is_unknown_and_not_repeated(
    sandbox: Sandbox, client: Client, kind: str
) -> None:
    options: dict[str, Any] = {} if kind in {"drop_after", "truncate"} else {"process": True}
    sandbox.fault(kind=kind, path_prefix="/templates/2/run", **options)

    with pytest.raises(OutcomeUnknown):
        client.run(2, payload={"id": 2, "name": "Once", "kickoff": None})

    assert [workflow["name"] for workflow in sandbox.workflows()] == ["Once"]


@both_dialects
def test_a_launch_that_takes_too_long_is_unknown(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_READ_TIMEOUT = 2  # also for the requests before it
    sandbox.fault(kind="delay", seconds=600, path_prefix="/templates/2/run")

    with connect() as client, pytest.raises(OutcomeUnknown):
        client.run(2, payload={"id": 2, "name": "Slow", "kickoff": None})


@both_dialects
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_launch_answered_with_a_server_error_is_unknown(
    sandbox: Sandbox, client: Client, status: int
) -> None:
    sandbox.fault(kind="status", status=status, path_prefix="/templates/2/run")

    with pytest.raises(OutcomeUnknown):
        client.run(2, payload={"id": 2, "name": "x", "kickoff": None})


@both_dialects
def test_a_launch_over_the_limit_was_not_carried_out(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault(kind="rate_limit", retry_after=7, path_prefix="/templates/2/run")

    with pytest.raises(RateLimited) as caught:
        client.run(2, payload={"id": 2, "name": "x", "kickoff": None})

    assert caught.value.retry_after == 7
    assert sandbox.workflows() == []


@both_dialects
def test_the_url_of_a_launch_is_the_one_it_goes_to(sandbox: Sandbox, client: Client) -> None:
    client.run(2, payload={"id": 2, "name": "x", "kickoff": None})

    assert client.run_url(2) == f"{sandbox.url}/templates/2/run"
    assert sandbox.requests(method="POST")[-1]["path"] == "/templates/2/run"
