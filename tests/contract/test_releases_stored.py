"""What each recorded release stored for the answers of a launch, compared with what was chosen."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from apps.launches.resolution.differences import is_stored_as_sent, stored_otherwise
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, FileValue, GroupValue, UserValue, Value
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current import events
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.transport.parsing import Node
from tests.contract.recordings import Exchange, replaying
from tests.contract.releases_recorded import TAGS, recorded
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

ALL_TYPES, DIGITS = 2, 8
DAY = dt.date(2027, 3, 28)
# The answers of the recorded launches, and other ones.
CHOSEN: dict[str, Any] = {
    "string": "Ärger & <b>x</b>",
    "text": " Line 1\r\nLine 2 **bold**\n",  # as a browser sends it
    "url": "https://example.com/x?q=1",
    "number": Decimal("1234.5"),
    "radio": "yellow, orange",
    "dropdown": "Türkiye",
    "checkbox": ("Fax, telex", "Mail"),
    "date": DAY,
    "user": UserValue(2, "plain@example.test", "Petra Plain"),
}
OTHERS: dict[str, Any] = {
    "string": "Ärger & x",
    "text": "Line 1",
    "url": "https://example.com/x",
    "number": Decimal("1234.51"),
    "radio": "red",
    "dropdown": "Danmark",
    "checkbox": ("Mail",),
    "date": dt.date(2027, 3, 27),
    "user": UserValue(1, "owner@example.test", "Olga Owner"),
}


@pytest.fixture(autouse=True)
def recorder_zone(settings: Settings) -> None:
    """Show days in the time zone in which the recorded launches chose them."""
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.fixture
def fields(serve: Serve, connect_to: Connect, tag: str) -> list[FieldDefinition]:
    """Return the fields of the template with all types, as a sync mirrors them."""
    server = serve(replaying(recorded(tag, "templates-list")))
    client: Client = connect_to(server.url, dialect=Current())
    (template,) = [row for row in client.list_templates() if row.id == ALL_TYPES]
    return list(template.kickoff.fields)


def answers(fields: list[FieldDefinition], given: dict[str, Any]) -> list[Answer]:
    return [Answer(field, keyed(field, given[field.type])) for field in fields if field.type in given]


def keyed(field: FieldDefinition, value: Value) -> Value:
    keys = {selection.label: selection.key for selection in field.selections}
    if isinstance(value, tuple):
        return tuple(keys[str(part)] for part in value)
    return keys[str(value)] if keys else value


def differences(found: Exchange, given: list[Answer], sent: dict[str, Any] | None = None) -> dict[str, str]:
    """Return what the response of a recorded launch shows as stored otherwise."""
    assert found.status == 200
    kickoff = found.body["kickoff"] if sent is None else sent
    stored = Current.parse_launched(Node(found.answer)).stored
    doubtful = [output for output in stored if not is_stored_as_sent(kickoff, output)]
    return stored_otherwise(kickoff, given, doubtful, shows_empty=True)


@pytest.mark.parametrize("tag", TAGS)
def test_what_was_stored_as_chosen_is_no_difference(fields: list[FieldDefinition], tag: str) -> None:
    given = answers(fields, CHOSEN)

    assert {answer.field.type for answer in given} >= set(CHOSEN) - {"number"}
    assert differences(recorded(tag, "run-optional-valid"), given) == {}
    # In another encoding, only the answers can be compared.
    others = dict.fromkeys((answer.field.api_name for answer in given), "?")
    assert differences(recorded(tag, "run-optional-valid"), given, others) == {}


@pytest.mark.parametrize("tag", TAGS)
def test_everything_else_is_a_difference(fields: list[FieldDefinition], tag: str) -> None:
    given = answers(fields, OTHERS)
    sent = dict.fromkeys((answer.field.api_name for answer in given), "?")

    found = differences(recorded(tag, "run-optional-valid"), given, sent)

    assert set(found) == set(sent)
    assert found["o-radio"] == "yellow, orange"
    assert found["o-date"] == "2027-03-28"
    assert found["o-user"] in {"Petra Plain", "user 2"}


@pytest.mark.parametrize("tag", TAGS)
def test_an_answer_that_was_not_stored_is_a_difference(fields: list[FieldDefinition], tag: str) -> None:
    given = [answer for answer in answers(fields, CHOSEN) if answer.field.type != "user"]
    sent = dict.fromkeys((answer.field.api_name for answer in given), "?")
    file = next(field for field in fields if field.type == "file")
    given.append(Answer(file, (FileValue("4", "c.png", "https://x/c.png"),)))
    sent[file.api_name] = "?"

    found = differences(recorded(tag, "run-optional-all-empty"), given, sent)

    assert found == dict.fromkeys(sent, "")


@pytest.mark.parametrize("tag", TAGS)
def test_a_delivery_of_the_start_shows_the_same(fields: list[FieldDefinition], tag: str) -> None:
    """Its values may be written in another way than those of the response."""
    payload = recorded(tag, "delivery-flow-00-workflow_started").body
    outputs = events.parse_workflow(Node(payload["workflow"])).kickoff
    sent = recorded(tag, "flow-1-run").body["kickoff"]

    assert stored_otherwise(sent, answers(fields, CHOSEN), outputs, shows_empty=False) == {}
    others = answers(fields, OTHERS)
    sent = dict.fromkeys((answer.field.api_name for answer in others), "?")
    assert set(stored_otherwise(sent, others, outputs, shows_empty=False)) == set(sent)


@pytest.mark.parametrize("tag", TAGS)
def test_files_and_groups_are_compared(fields: list[FieldDefinition], tag: str) -> None:
    file = next(field for field in fields if field.type == "file")
    user = next(field for field in fields if field.type == "user")
    is_link = tag >= "v7"
    found = recorded(tag, "run-file-link" if is_link else "run-file-id-int")
    url = found.body["kickoff"]["o-file"][0].partition("(")[2].rstrip(")") if is_link else ""
    right = FileValue(url.rpartition("/")[2] if is_link else "4", "a.png", url)

    assert differences(found, [Answer(file, (right,))]) == {}
    assert list(differences(found, [Answer(file, (FileValue("9", "z.png", "https://x/z.png"),))])) == [
        "o-file"
    ]
    assert list(differences(found, [Answer(file, (right, right))])) == ["o-file"]

    found = recorded(tag, "run-user-group-name")
    if found.status == 200:
        assert differences(found, [Answer(user, GroupValue(1, "Team Blue"))]) == {}
        assert differences(found, [Answer(user, GroupValue(2, "Team Red"))]) == {"o-user": "Team Blue"}
        assert list(differences(found, [Answer(user, UserValue(1))])) == ["o-user"]


@pytest.mark.parametrize("tag", ["v1.0.0", "v2.0.4"])
@pytest.mark.parametrize("run", ["run-digits-1", "run-digits-2"])
def test_a_text_that_was_read_as_the_id_of_an_option_is_a_difference(tag: str, run: str) -> None:
    found = recorded(tag, run)
    (output,) = found.answer["kickoff"]["output"]
    row = {"type": "dropdown", "api_name": "digit", "name": "N", "selections": output["selections"]}
    template = {
        "id": DIGITS,
        "name": "T",
        "is_active": True,
        "kickoff": {"fields": [row]},
        "template_owners": [1],
    }
    (field,) = Current.parse_template_summary(Node(template)).kickoff.fields
    wanted = found.body["kickoff"]["digit"]

    assert differences(found, [Answer(field, keyed(field, wanted))]) == {"digit": output["value"]}
