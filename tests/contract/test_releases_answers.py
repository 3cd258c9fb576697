"""A launch with an answer of every type, on each recorded release: the body that the release accepted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, FileValue, GroupValue, UserValue, Value
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import ValidationFailed
from tests.contract.recordings import replaying
from tests.contract.releases_recorded import TAGS, recorded
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

ALL_TYPES = 2
TYPED: dict[str, Any] = {
    "string": "Ärger & <b>x</b>",
    "text": "Line 1\nLine 2 **bold**",
    "url": "https://example.com/x?q=1",
    "number": Decimal("1234.50"),
    "radio": "yellow, orange",
    "dropdown": "Türkiye",
    "checkbox": ("Mail", "Fax, telex"),
    "user": UserValue(2, "plain@example.test", "Petra Plain"),
}


@pytest.fixture
def client(serve: Serve, connect_to: Connect, settings: Settings, tag: str) -> Client:
    """Return a client of the release, with the key of its owner."""
    names = [
        "templates-list",
        "auth-context",
        "probe-google-token",
        "probe-attachments",
        "template-get-optional",
    ]
    server = serve(replaying(*(recorded(tag, name) for name in names)))
    settings.PNEUMATIC_API_URL = server.url
    made = connect_to(server.url, dialect=Current())
    made.key_holder()
    return made


def fields(client: Client) -> list[FieldDefinition]:
    (template,) = [row.read() for row in client.receive_template_list() if row.id == ALL_TYPES]
    return list(template.kickoff.fields)


def typed(field: FieldDefinition) -> Value:
    """Return what the form makes of an answer that a user typed or chose."""
    value: Value = TYPED[field.type]
    if not field.selections:
        return value
    keys = {selection.label: selection.key for selection in field.selections}
    return tuple(keys[str(part)] for part in value) if isinstance(value, tuple) else keys[str(value)]


def payload(client: Client, *answers: Answer) -> Any:
    return client.run_payload(ALL_TYPES, name="Run", answers=answers)["kickoff"]


@pytest.mark.parametrize("tag", TAGS)
def test_every_type_is_sent_as_the_release_accepted_it(client: Client, tag: str) -> None:
    answers = [Answer(field, typed(field)) for field in fields(client) if field.type in TYPED]

    found = recorded(tag, "run-optional-valid")
    # A day is an instant that depends on the zone of the key's user: test_releases_features.py.
    taken = {name: value for name, value in found.body["kickoff"].items() if name != "o-date"}
    assert found.status == 200
    assert payload(client, *answers) == taken


@pytest.mark.parametrize("tag", TAGS)
def test_a_group_is_sent_where_the_release_accepts_one(client: Client, tag: str) -> None:
    found = recorded(tag, "run-user-group-name")
    (user,) = [field for field in fields(client) if field.type == "user"]
    group = Answer(user, GroupValue(1, found.body["kickoff"]["o-user"]))

    if found.status == 200:
        assert payload(client, group)["o-user"] == found.body["kickoff"]["o-user"]
    else:
        with pytest.raises(ValidationFailed) as caught:
            payload(client, group)
        assert caught.value.field == "o-user"


@pytest.mark.parametrize("tag", ["v7.0.0"])
def test_a_file_is_sent_as_a_link(client: Client, tag: str) -> None:
    found = recorded(tag, "run-file-link")
    (file,) = [field for field in fields(client) if field.type == "file"]
    (link,) = found.body["kickoff"]["o-file"]
    name, url = link.removeprefix("[").removesuffix(")").split("](")

    assert found.status == 200
    assert payload(client, Answer(file, (FileValue(url.rpartition("/")[2], name, url),)))["o-file"] == [link]
