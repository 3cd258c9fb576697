"""What was detected about a server: where it is stored, what wins, and what is reported when it was wrong."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic import detection
from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.canonical.schemas import KeyHolder, Received, TemplateSummary
from apps.pneumatic.client import Client, capabilities
from apps.pneumatic.errors import Contradicted
from apps.pneumatic.server import KnownServer, account_zone
from tests.pneumatic.conftest import KEY, Serve
from tests.pneumatic.detecting import NOW, Memory, auto, client, current, documented
from tests.pneumatic.dialects.current import samples
from tests.pneumatic.servers import Behaviour

__all__ = ["auto", "client"]

pytestmark = pytest.mark.usefixtures("auto")


# -- Remembering


@pytest.mark.parametrize(("behaviour", "name"), [(current(), "current"), (documented(), "documented")])
def test_what_was_detected_is_not_requested_again(
    serve: Serve, client: Any, memory: Memory, behaviour: Behaviour, name: str
) -> None:
    server = serve(behaviour)
    client(server.url).list_templates()
    before = len(server.seen)

    client(server.url).list_templates()
    pneumatic_server.forget()  # as in another process
    client(server.url).list_templates()

    assert [seen.target.partition("?")[0] for seen in server.seen[before:]] == ["/templates"] * 2
    assert memory[server.url].dialect == name
    assert abs(memory[server.url].found_at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert capabilities().reads_back is (name == "current")


def test_each_address_has_a_separate_memory(serve: Serve, client: Any) -> None:
    old, new = serve(documented()), serve(current())

    for _time in range(2):
        assert client(old.url).list_templates()[0].run_allowed == ()
        assert client(new.url).list_templates()[0].run_allowed == (1,)


def test_detecting_again_replaces_what_was_found(serve: Serve, client: Any, memory: Memory) -> None:
    server = serve(documented())
    made = client(server.url)
    made.list_templates()
    server.behaviour = current()

    assert made.detect_dialect() == "current"

    assert made.capabilities.reads_back
    assert memory[server.url].dialect == "current"


def test_the_user_of_another_key_is_not_known(
    serve: Serve, client: Any, memory: Memory, settings: Settings
) -> None:
    client(serve(current()).url).key_holder()
    assert pneumatic_server.known() == memory[settings.PNEUMATIC_API_URL]
    key_holder = memory[settings.PNEUMATIC_API_URL].key_holder
    assert key_holder == KeyHolder(1, "owner@example.test", "Olga Owner", True, True, "UTC")

    settings.PNEUMATIC_API_KEY = "another-key"

    finding = pneumatic_server.known()
    assert finding is not None
    assert (finding.dialect, finding.key_holder) == ("current", None)


def test_a_key_holder_is_kept_after_detecting_again(serve: Serve, client: Any) -> None:
    made = client(serve(current()).url)
    made.key_holder()

    made.detect_dialect()

    finding = pneumatic_server.known()
    assert finding is not None
    assert finding.key_holder is not None


def test_days_begin_where_they_did_until_the_holder_of_a_new_key_is_known(
    serve: Serve, client: Any, settings: Settings
) -> None:
    """An event that is received before the first request would be a day off for good."""
    settings.TIME_ZONE = "UTC"
    server = serve(samples.routes({"GET /auth/context": samples.context(timezone="Asia/Tokyo")}))
    settings.PNEUMATIC_DIALECT = "current"
    client(server.url).key_holder()

    settings.PNEUMATIC_API_KEY = "another-key"
    assert str(account_zone()) == "Asia/Tokyo"
    server.behaviour = current()
    settings.PNEUMATIC_DIALECT = "auto"
    made = client(server.url)
    made.detect_dialect()
    known = pneumatic_server.known()
    assert known is not None
    assert (str(account_zone()), known.key_holder) == ("Asia/Tokyo", None)
    server.behaviour = samples.routes({"GET /auth/context": samples.context(timezone="Europe/Berlin")})
    made.key_holder()
    assert str(account_zone()) == "Europe/Berlin"


def test_nothing_of_the_key_is_remembered(serve: Serve, client: Any, memory: Memory) -> None:
    client(serve(current()).url).key_holder()

    (finding,) = memory.values()
    assert KEY not in repr(finding)
    assert len(finding.key_fingerprint) >= 32
    assert int(finding.key_fingerprint, 16)  # a keyed hash, not a part of the key


def test_the_fingerprint_of_a_key_depends_on_the_secret_key(settings: Settings) -> None:
    """A reader of the database cannot try keys against it."""
    settings.PNEUMATIC_API_KEY = KEY
    before = pneumatic_server.key_fingerprint()

    settings.SECRET_KEY = "another " * 10

    assert pneumatic_server.key_fingerprint() != before
    settings.PNEUMATIC_API_KEY = ""
    assert pneumatic_server.key_fingerprint() == ""


def test_an_unknown_dialect_in_the_memory_is_detected_again(
    serve: Serve, client: Any, memory: Memory
) -> None:
    server = serve(current())
    memory[server.url] = KnownServer("of tomorrow", NOW)

    client(server.url).list_templates()

    assert memory[server.url].dialect == "current"


# -- An explicit setting


@pytest.mark.parametrize(
    ("name", "behaviour"), [("current", current()), ("documented", documented())], ids=lambda it: str(it)[:9]
)
def test_an_explicit_setting_needs_no_request_and_wins(
    serve: Serve, client: Any, memory: Memory, settings: Settings, name: str, behaviour: Behaviour
) -> None:
    server = serve(behaviour)
    memory[server.url] = KnownServer("documented" if name == "current" else "current", NOW)
    settings.PNEUMATIC_DIALECT = name

    made = client(server.url)
    made.list_templates()

    assert [seen.target.partition("?")[0] for seen in server.seen] == ["/templates"]
    assert made.capabilities.reads_back is capabilities().reads_back is (name == "current")


def test_an_explicit_setting_stays_active_with_any_server(
    serve: Serve, client: Any, settings: Settings
) -> None:
    settings.PNEUMATIC_DIALECT = "documented"
    made = client(serve(current()).url)

    assert made.detect_dialect() == "current"

    assert not made.capabilities.reads_back
    assert detection.active_dialect() == "documented"


# -- A contradiction


def read_the_list(made: Client) -> object:
    return made.list_templates()


def read_subscriptions(made: Client) -> object:
    return made.list_subscriptions()


def read_one_in_full(made: Client) -> object:
    return made.receive_template(1)


def read_all_in_full(made: Client) -> object:
    return made.receive_templates([Received(1, {}, lambda: TemplateSummary(1, "", is_active=True))])


def ask_for_groups(made: Client) -> object:
    return made.list_groups()


def ask_for_the_key_holder(made: Client) -> object:
    return made.key_holder()


def ask_where_files_are(made: Client) -> object:
    return made.find_files_url()


def bring_a_file(made: Client) -> object:
    return made.upload(io.BytesIO(b"1"), filename="a.txt", content_type="text/plain", size=1)


CONTRADICTIONS = [
    ("documented", current(), read_the_list),
    ("current", documented(), read_the_list),
    ("documented", current(), read_subscriptions),
    ("current", documented(), read_subscriptions),
    # In the other API it looks like a template that no user may run, and would spoil the mirror.
    ("documented", current(), read_one_in_full),
    ("current", documented(), read_one_in_full),
    ("documented", current(), read_all_in_full),
    ("current", documented(), read_all_in_full),
    ("current", documented(), ask_for_groups),
    ("current", documented(), ask_for_the_key_holder),
    ("current", documented(), ask_where_files_are),
    ("documented", current(), bring_a_file),
]


@pytest.mark.parametrize(("name", "behaviour", "ask"), CONTRADICTIONS)
def test_a_response_of_the_other_api_than_detected_says_how_to_fix_it(
    serve: Serve, client: Any, memory: Memory, name: str, behaviour: Behaviour, ask: Any
) -> None:
    server = serve(behaviour)
    memory[server.url] = KnownServer(name, NOW)

    with pytest.raises(Contradicted) as caught:
        ask(client(server.url))

    text = str(caught.value)
    assert "which was detected at this address before" in text
    assert "manage.py check_connection" in text
    assert "PNEUMATIC_API_URL" in text


@pytest.mark.parametrize(("name", "behaviour", "ask"), CONTRADICTIONS)
def test_a_response_of_the_other_api_than_set_says_how_to_fix_it(
    serve: Serve, client: Any, settings: Settings, name: str, behaviour: Behaviour, ask: Any
) -> None:
    settings.PNEUMATIC_DIALECT = name

    with pytest.raises(Contradicted) as caught:
        ask(client(serve(behaviour).url))

    assert "Set PNEUMATIC_DIALECT to auto" in str(caught.value)
    assert "manage.py check_connection" in str(caught.value)


# -- The description


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (dt.timedelta(seconds=5), "just now"),
        (dt.timedelta(minutes=7), "7 minutes ago"),
        (dt.timedelta(hours=5), "5 hours ago"),
        (dt.timedelta(days=3), "3 days ago"),
    ],
)
def test_the_description_names_the_api_and_its_age(
    memory: Memory, settings: Settings, ago: dt.timedelta, words: str
) -> None:
    settings.PNEUMATIC_API_URL = "http://pneumatic.invalid"
    memory["http://pneumatic.invalid"] = KnownServer("current", dt.datetime.now(dt.UTC) - ago)

    assert detection.description() == f"Pneumatic (current API), detected {words}."


def test_words_say_when_nothing_is_known_and_when_it_is_prescribed(settings: Settings) -> None:
    settings.PNEUMATIC_API_URL = "http://pneumatic.invalid"
    assert detection.description() == "Pneumatic version not detected yet. Run “manage.py check_connection”."

    settings.PNEUMATIC_DIALECT = "documented"

    assert detection.description() == "Pneumatic (documented API), set by PNEUMATIC_DIALECT."
