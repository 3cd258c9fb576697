"""What is detected of each recorded release, and how a launch there names users and writes days.

Which encodings a release accepts is read from its recordings of launches; nothing of ``apps.pneumatic`` computes it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.canonical.features import Features, features_from_json, features_to_json
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, GroupValue, Selection, UserValue, Value
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current import events
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import ValidationFailed
from apps.pneumatic.server import KnownServer
from apps.pneumatic.transport.parsing import Node
from tests.contract.recordings import Exchange, replaying
from tests.contract.releases_recorded import TAGS, accepted, recorded
from tests.pneumatic.conftest import Connect, Serve
from tests.pneumatic.servers import Server

MAX_DETECTION_CALLS = 4
OWNER = ["webhooks-events", "auth-context", "probe-google-token", "probe-attachments"]
PLAIN = [
    "webhooks-events-nonadmin",
    "probe-auth-context-nonadmin",
    "probe-google-token-nonadmin",
    "probe-attachments-nonadmin",
]
ALL_TYPES = 2
DAY = dt.date(2027, 3, 28)
PETRA = UserValue(id=2, email="plain@example.test", name="Petra Plain")
USER, DATE = FieldDefinition("o-user", "Who", "user"), FieldDefinition("o-date", "Day", "date")
RUNS_OF_USER, RUNS_OF_DATE = ("run-user-id-int", "run-user-email"), ("run-date-us", "run-date-seconds-int")
READS_API_NAMES = [tag for tag in TAGS if tag < "v5"]


@pytest.fixture(autouse=True)
def configured(memory: dict[str, KnownServer], settings: Settings) -> None:
    settings.PNEUMATIC_DIALECT = "auto"


@pytest.fixture
def detected(serve: Serve, connect_to: Connect, settings: Settings) -> Any:
    """Return a function that detects a release with one of the keys, and gives the server and the client."""

    def detect(tag: str, names: list[str]) -> tuple[Server, Client]:
        server = serve(replaying(*(recorded(tag, name) for name in names)))
        settings.PNEUMATIC_API_URL = server.url
        client = connect_to(server.url, dialect=Current())
        client.detect_dialect()
        client.key_holder()
        return server, client

    return detect


def known_features() -> Features:
    found = pneumatic_server.known_features()
    assert found is not None
    return found


def payload(client: Client, field: FieldDefinition, value: Value) -> Any:
    return client.run_payload(ALL_TYPES, name="Run", answers=[Answer(field, value)])["kickoff"][
        field.api_name
    ]


def refuse(client: Client, found: Exchange) -> ValidationFailed:
    """Return the error of a recorded launch that was refused."""
    assert found.status == 400
    with pytest.raises(ValidationFailed) as caught:
        client.run(ALL_TYPES, payload={"name": "Run"})
    return caught.value


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("names", [OWNER, PLAIN], ids=["owner", "plain"])
def test_detection_takes_few_requests_and_changes_nothing(detected: Any, tag: str, names: list[str]) -> None:
    server, _client = detected(tag, names)

    assert len(server.seen) <= MAX_DETECTION_CALLS
    assert {seen.method for seen in server.seen} == {"GET"}


@pytest.mark.parametrize("tag", TAGS)
def test_detection_finds_the_same_with_every_key(detected: Any, tag: str) -> None:
    detected(tag, OWNER)
    with_owner = known_features()
    pneumatic_server.forget()
    detected(tag, PLAIN)

    assert known_features() == with_owner


@pytest.mark.parametrize("tag", TAGS)
def test_the_release_is_among_those_that_it_looks_like(detected: Any, tag: str) -> None:
    detected(tag, PLAIN)

    release = [int(part) for part in tag.removeprefix("v").split(".")]
    since, until = ([int(part) for part in text.split(".") if part] for text in _range(known_features()))
    assert since <= release
    assert not until or release[: len(until)] <= until


def _range(features: Features) -> tuple[str, str]:
    return features.since, features.until


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("names", [OWNER, PLAIN], ids=["owner", "plain"])
def test_a_user_is_named_as_the_release_accepts_it(detected: Any, tag: str, names: list[str]) -> None:
    _server, client = detected(tag, names)

    assert payload(client, USER, PETRA) == accepted(tag, *RUNS_OF_USER).body["kickoff"]["o-user"]


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("names", [OWNER, PLAIN], ids=["owner", "plain"])
def test_a_day_is_written_as_the_release_accepts_it(detected: Any, tag: str, names: list[str]) -> None:
    _server, client = detected(tag, names)

    sent, taken = payload(client, DATE, DAY), accepted(tag, *RUNS_OF_DATE).body["kickoff"]["o-date"]
    assert type(sent) is type(taken)
    assert sent == "03/28/2027" or sent == dt.datetime(2027, 3, 28, tzinfo=dt.UTC).timestamp()


@pytest.mark.parametrize("tag", TAGS)
def test_without_features_a_refusal_leads_to_the_accepted_encoding(
    serve: Serve, connect_to: Connect, tag: str
) -> None:
    """The e-mail address and seconds come first; another encoding only after a refusal of exactly this field."""
    for field, value, runs in ((USER, PETRA, RUNS_OF_USER), (DATE, DAY, RUNS_OF_DATE)):
        pneumatic_server.forget()
        refused = next(recorded(tag, name) for name in runs if recorded(tag, name).status == 400)
        names = ["auth-context", "probe-google-token"]
        server = serve(replaying(refused, *(recorded(tag, name) for name in names)))
        client = connect_to(server.url, dialect=Current())
        wanted = type(accepted(tag, *runs).body["kickoff"][field.api_name])
        known = KnownServer("current", dt.datetime.now(dt.UTC), pneumatic_server.key_fingerprint())
        pneumatic_server.remember(known)
        if type(payload(client, field, value)) is wanted:
            continue  # a day needs the zone of the key's user, and so its features are known

        error = refuse(client, refused)

        assert error.field == field.api_name
        client.detect_release()
        assert type(payload(client, field, value)) is wanted


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag > "v5"])
def test_a_newer_release_gets_no_second_encoding(detected: Any, tag: str) -> None:
    server, client = detected(tag, OWNER)
    requests = len(server.seen)

    assert not client.encode_otherwise(USER)
    assert not client.encode_otherwise(DATE)
    assert len(server.seen) == requests


def test_encodings_to_try_end(detected: Any) -> None:
    _server, client = detected("v2.0.4", OWNER)
    before = payload(client, USER, PETRA)

    assert client.encode_otherwise(USER)
    assert payload(client, USER, PETRA) != before
    assert not client.encode_otherwise(USER)


def test_an_accepted_encoding_is_remembered_and_kept_by_the_next_detection(detected: Any) -> None:
    _server, client = detected("v4.3.0", OWNER)
    assert client.encode_otherwise(USER)
    client.remember_encodings()

    detected_again = pneumatic_server.known_features()
    client.key_holder()

    assert known_features() == detected_again
    assert known_features().people[0] == "id"
    assert any("launch was accepted" in fact for fact in known_features().evidence)


@pytest.mark.parametrize("tag", READS_API_NAMES)
def test_texts_of_a_form_from_before_are_not_sent(detected: Any, tag: str) -> None:
    """Such as a failed launch that is retried: the text of digits would be stored as another option."""
    _server, client = detected(tag, PLAIN)
    field = FieldDefinition("digit", "Number", "dropdown", selections=(Selection("46", "46"),))

    with pytest.raises(ValidationFailed) as caught:
        payload(client, field, "46")

    assert caught.value.field == "digit"


@pytest.mark.parametrize("old", READS_API_NAMES)
@pytest.mark.parametrize("new", ["v6.0.0", "v7.0.0"])
def test_an_upgrade_is_noticed_by_a_form_with_texts(
    detected: Any, serve: Serve, connect_to: Connect, settings: Settings, old: str, new: str
) -> None:
    detected(old, OWNER)
    before = known_features()
    server = serve(replaying(*(recorded(new, name) for name in OWNER)))
    settings.PNEUMATIC_API_URL = server.url
    pneumatic_server.remember(
        KnownServer("current", dt.datetime.now(dt.UTC), pneumatic_server.key_fingerprint(), features=before)
    )
    field = FieldDefinition("digit", "Number", "dropdown", selections=(Selection("46", "46"),))

    assert payload(connect_to(server.url, dialect=Current()), field, "46") == "46"
    assert known_features().since == new.removeprefix("v").removesuffix(".0")
    assert {seen.method for seen in server.seen} == {"GET"}


@pytest.mark.parametrize("tag", ["v1.0.0", "v2.0.4"])
def test_a_text_of_digits_waits_until_the_release_is_known(
    serve: Serve, connect_to: Connect, settings: Settings, tag: str
) -> None:
    server = serve(replaying(recorded(tag, "auth-context"), recorded(tag, "probe-google-token")))
    settings.PNEUMATIC_API_URL = server.url
    client = connect_to(server.url, dialect=Current())
    field = FieldDefinition("digit", "Number", "checkbox", selections=(Selection("46", "46"),))

    with pytest.raises(ValidationFailed):
        payload(client, field, ("46",))

    assert server.seen[0].target == "/auth/context"


@pytest.mark.parametrize("tag", ["v1.0.0", "v2.0.4", "v3.2.0", "v4.0.0"])
def test_a_group_is_no_answer_where_users_are_ids(detected: Any, tag: str) -> None:
    _server, client = detected(tag, OWNER)

    with pytest.raises(ValidationFailed):
        payload(client, USER, GroupValue(1, "Sales"))


@pytest.mark.parametrize("tag", TAGS)
def test_a_stored_day_is_read_back(tag: str) -> None:
    snapshot = events.parse_workflow(Node(recorded(tag, "run-optional-valid").answer))
    (day,) = [output.value for output in snapshot.kickoff if output.api_name == "o-date"]

    # Seconds are an instant of the recorder's zone, so the day is that of the zone that reads it.
    assert day in {"2027-03-28", "2027-03-27"}
    assert tag != "v1.0.0" or day == "2027-03-28"


@pytest.mark.parametrize("tag", TAGS)
def test_features_are_stored_as_json(detected: Any, tag: str) -> None:
    detected(tag, OWNER)
    found = known_features()

    again = features_from_json(features_to_json(found))

    assert again == found
    assert again is not None
    assert again.found_at == found.found_at
    assert features_from_json({**features_to_json(found), "people": ["telepathy"]}) is None
