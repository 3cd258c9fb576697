"""What a launch sends for an option, on each recorded release: what that release accepted, and nothing else.

Which encoding a release accepts is read from its recordings of launches; nothing of ``apps.pneumatic`` computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from apps.pneumatic.canonical.events import Output
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, Template, Value
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current import events, shapes
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.transport.parsing import Node
from tests.contract.recordings import replaying
from tests.contract.releases_recorded import TAGS, accepted, recorded
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

LIST_OBJECTS = [tag for tag in TAGS if tag < "v6"]
ALL_TYPES = 2
# The options that were chosen in the recorded launches.
CHOSEN = {"o-radio": "yellow, orange", "o-dropdown": "Türkiye", "o-checkbox": ["Mail", "Fax, telex"]}


def accepted_answers(tag: str, *names: str) -> dict[str, Any]:
    """Return the answers of the one launch that the release accepted, without the user that each needs."""
    kickoff = accepted(tag, *names).body["kickoff"]
    return {api_name: value for api_name, value in kickoff.items() if api_name != "o-user"}


def client_of(
    serve: Serve, connect_to: Connect, tag: str, *, detail: str = "template-get-optional"
) -> Client:
    names = ["templates-list", "auth-context", detail]
    server = serve(replaying(*(recorded(tag, name) for name in names)))
    return connect_to(server.url, dialect=Current())


def synced(client: Client) -> dict[str, Any]:
    """Return ``raw`` of the template with all types, as a sync stores it."""
    listed = [row for row in client.receive_template_list() if row.id == ALL_TYPES]
    (received,) = client.receive_templates(listed)
    return dict(received.raw)


def read(raw: dict[str, Any]) -> Template:
    return shapes.parse_template(Node(raw))


def field_of(template: Template, api_name: str) -> FieldDefinition:
    (field,) = [field for field in template.kickoff.fields if field.api_name == api_name]
    return field


def answer(field: FieldDefinition, chosen: str | Sequence[str]) -> Answer:
    """Return the answer of a user who chose these texts on the form."""
    keys = {selection.label: selection.key for selection in field.selections}
    value: Value = keys[chosen] if isinstance(chosen, str) else tuple(keys[label] for label in chosen)
    return Answer(field, value)


def sent(client: Client, template: Template) -> Any:
    answers = [answer(field_of(template, name), chosen) for name, chosen in CHOSEN.items()]
    return client.run_payload(ALL_TYPES, name="Run", answers=answers)["kickoff"]


@pytest.mark.parametrize("tag", TAGS)
def test_a_synced_template_sends_what_the_release_accepts(
    serve: Serve, connect_to: Connect, tag: str
) -> None:
    expected = (
        accepted_answers(tag, "run-radio-api-name", "run-radio-value-text")
        | accepted_answers(tag, "run-dropdown-api-name", "run-dropdown-value-text")
        | accepted_answers(tag, "run-checkbox-api-names", "run-checkbox-value-texts")
    )
    client = client_of(serve, connect_to, tag)

    kickoff = sent(client, read(synced(client)))

    # The recorded checkbox has one option where this one has two; both are in the launch with all fields.
    with_all = recorded(tag, "run-optional-valid").body["kickoff"]
    assert kickoff == {api_name: with_all[api_name] for api_name in CHOSEN}
    assert kickoff["o-radio"] == expected["o-radio"]
    assert kickoff["o-dropdown"] == expected["o-dropdown"]
    assert set(expected["o-checkbox"]) <= set(kickoff["o-checkbox"])


@pytest.mark.parametrize("tag", TAGS)
def test_the_list_alone_sends_the_same(serve: Serve, connect_to: Connect, tag: str) -> None:
    client = client_of(serve, connect_to, tag)
    (row,) = [row for row in client.list_templates() if row.id == ALL_TYPES]
    template = read(synced(client))

    assert [field.selections for field in row.kickoff.fields] == [
        field.selections for field in template.kickoff.fields
    ]


@pytest.mark.parametrize("tag", LIST_OBJECTS)
def test_a_form_that_was_mirrored_with_texts_is_replaced_before_a_launch(
    serve: Serve, connect_to: Connect, tag: str
) -> None:
    """What a template mirrored before api_names were known differs, so the check at the form's submission reads it."""
    client = client_of(serve, connect_to, tag)
    mirrored = synced(client)
    del mirrored["selections"]
    assert [option.key for option in field_of(read(mirrored), "o-radio").selections][1] == "yellow, orange"

    received = client.receive_template(ALL_TYPES, known=mirrored)

    assert received.raw != mirrored
    with_all = recorded(tag, "run-optional-valid").body["kickoff"]
    assert sent(client, received.read()) == {api_name: with_all[api_name] for api_name in CHOSEN}


@pytest.mark.parametrize("tag", TAGS)
def test_reading_a_template_again_changes_nothing(serve: Serve, connect_to: Connect, tag: str) -> None:
    client = client_of(serve, connect_to, tag)
    mirrored = synced(client)

    assert client.receive_template(ALL_TYPES, known=mirrored).raw == mirrored


@pytest.mark.parametrize("old", LIST_OBJECTS)
@pytest.mark.parametrize("new", [tag for tag in TAGS if tag not in LIST_OBJECTS])
def test_an_upgraded_server_gets_texts_at_the_next_launch(
    serve: Serve, connect_to: Connect, old: str, new: str
) -> None:
    mirrored = synced(client_of(serve, connect_to, old))
    client = client_of(serve, connect_to, new)

    template = client.receive_template(ALL_TYPES, known=mirrored).read()

    with_all = recorded(new, "run-optional-valid").body["kickoff"]
    assert sent(client, template) == {api_name: with_all[api_name] for api_name in CHOSEN}


@pytest.mark.parametrize("tag", TAGS)
def test_what_was_stored_is_read_back_under_the_keys_that_were_sent(tag: str) -> None:
    found = recorded(tag, "run-optional-valid")
    outputs: dict[str, Output] = {
        output.api_name: output for output in events.parse_workflow(Node(found.answer)).kickoff
    }

    for api_name in CHOSEN:
        stored = [choice.key for choice in outputs[api_name].choices if choice.is_selected]
        sent_keys = found.body["kickoff"][api_name]
        assert stored == (sent_keys if isinstance(sent_keys, list) else [sent_keys])


@pytest.mark.parametrize("tag", LIST_OBJECTS)
def test_an_option_without_an_api_name_cannot_be_chosen(serve: Serve, connect_to: Connect, tag: str) -> None:
    raw = synced(client_of(serve, connect_to, tag))
    (radio,) = [row for row in raw["list"]["kickoff"]["fields"] if row["api_name"] == "o-radio"]
    del radio["selections"][0]["api_name"]

    keys = [option.key for option in field_of(read(raw), "o-radio").selections]

    assert keys[0] == ""
    assert all(keys[1:])
