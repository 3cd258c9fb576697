"""Pneumatic is upgraded while the dashboard runs: launches that were encoded for the release before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

import pytest
from pytest_django import Settings

from apps.accounts.models import User
from apps.kickoff.fields import answers_to_json
from apps.launches.dispatch import services
from apps.launches.dispatch.request import LaunchRequest
from apps.launches.models import Launch
from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, GroupValue, Selection
from apps.pneumatic.client import connect
from apps.pneumatic.errors import ValidationFailed
from apps.workflow_templates.models import Template, TemplateVersion
from apps.workflow_templates.services import refresh_template
from tests.factories import make_launch, make_template
from tests.fixtures.depth import exhaustive
from tests.fixtures.launching import send
from tests.launches.dispatch.generations import (
    COLOUR,
    DAY,
    GENERATIONS,
    IN_BETWEEN,
    OPTIONS,
    PETRA,
    TEMPLATE,
    WHO,
    GrowingServer,
)

pytestmark = pytest.mark.django_db

State = Launch.State
Play = Callable[[str], GrowingServer]
UPGRADES = list(combinations(GENERATIONS, 2))
CHOSEN = "a"
UNDECIDED = "5.2 with vacation"  # it looks like 6.0, which reads texts, except for the list of templates
STORED = {"colour": CHOSEN, "who": PETRA.id, "day": "2027-03-28"}


@pytest.fixture
def play(db: None, settings: Settings) -> Iterator[Play]:
    """Return a function that starts a server of a release, which the dashboard detects."""
    servers: list[GrowingServer] = []

    def start(release: str) -> GrowingServer:
        servers.append(GrowingServer(release))
        settings.PNEUMATIC_API_URL = servers[-1].server.url
        settings.PNEUMATIC_API_KEY = "key"
        settings.PNEUMATIC_DIALECT = "current"
        settings.PNEUMATIC_READ_RETRIES = 0
        pneumatic_server.forget()
        with connect() as client:
            client.key_holder()
        return servers[-1]

    yield start
    for started in servers:
        started.server.close()
    pneumatic_server.forget()


def mirrored(release: GrowingServer) -> Template:
    """Return the server's template as a sync mirrors it."""
    template = make_template(TEMPLATE, fields=[WHO])
    with connect() as client:
        return refresh_template(template, client, is_doubted=True)


def answers(template: Template) -> tuple[Answer, ...]:
    """Return an answer to each field, with the option whose text is chosen."""
    options = [
        Selection(row["key"], row["label"]) for row in version_of(template).kickoff["fields"][0]["selections"]
    ]
    colour = replace(COLOUR, selections=tuple(options))
    (key,) = [option.key for option in options if option.label == CHOSEN]
    return Answer(colour, key), Answer(WHO, PETRA), Answer(DAY, dt.date(2027, 3, 28))


def failed(template: Template, user: User, given: tuple[Answer, ...]) -> Launch:
    """Return a launch that failed before an upgrade, and is queued again."""
    with connect() as client:
        payload = client.run_payload(TEMPLATE, name="N", answers=given)
    row = make_launch(
        template,
        user,
        name="N",
        state=State.FAILED,
        attempts=1,
        payload=payload,
        answers=answers_to_json(given),
    )
    assert services.retry(row, attempts=1)
    row.refresh_from_db()
    return row


def version_of(template: Template) -> TemplateVersion:
    assert template.current_version is not None
    return template.current_version


def start(template: Template, user: User, given: tuple[Answer, ...], *, name: str = "N") -> Launch:
    """Return a launch that is queued, encoded for the release of now."""
    request = LaunchRequest(
        user=user, template=template, version=version_of(template), name=name, answers=given
    )
    with connect() as client:
        return services.start(request, client)


@pytest.mark.parametrize("upgrade", exhaustive(UPGRADES, but=[("1.0", "7.0"), ("4.0", "4.3")]))
def test_a_failed_launch_is_stored_as_chosen_after_every_upgrade(
    play: Play, operator: User, upgrade: tuple[str, str]
) -> None:
    old, new = upgrade
    release = play(old)
    template = mirrored(release)
    row = failed(template, operator, answers(template))
    release.release = new

    row = send(row)

    assert row.state == State.LAUNCHED
    assert release.stored == [STORED]
    assert row.payload["kickoff"] == release.launches[-1]
    assert len(release.launches) <= 2
    assert row.version_id == template.current_version_id


@pytest.mark.parametrize("upgrade", exhaustive(UPGRADES, but=[("1.0", "5.0"), ("4.3", "7.0")]))
def test_a_launch_that_was_just_encoded_is_stored_as_chosen_after_every_upgrade(
    play: Play, operator: User, upgrade: tuple[str, str]
) -> None:
    old, new = upgrade
    release = play(old)
    release.options = (Selection("s-1", "a"), Selection("s-2", "b"))
    template = mirrored(release)
    row = start(template, operator, answers(template))
    release.release = new

    row = send(row)

    assert row.state == State.LAUNCHED
    assert release.stored == [STORED]
    assert len(release.launches) <= 3


def test_a_refused_option_is_sent_as_the_template_names_it_now(play: Play, operator: User) -> None:
    release = play("5.0")
    release.options = (Selection("s-1", "a"), Selection("s-2", "b"))
    template = mirrored(release)
    row = start(template, operator, answers(template))
    release.release = "7.0"

    row = send(row)

    assert (row.state, row.attempts) == (State.LAUNCHED, 1)
    assert [body["colour"] for body in release.launches] == ["s-1", "a"]
    assert release.stored == [STORED]
    template.refresh_from_db()
    assert template.current_version_id != row.version_id  # the next form has the new keys
    found = pneumatic_server.known_features()
    assert found is not None
    assert found.since == "7.0"


def test_an_option_that_no_longer_exists_stays_refused(play: Play, operator: User) -> None:
    release = play("5.0")
    template = mirrored(release)
    row = start(template, operator, answers(template))
    release.options = (Selection("s-1", "c"),)

    row = send(row)

    assert row.state == State.REJECTED
    assert list(row.field_errors) == ["colour"]
    assert len(release.launches) == 1


def test_a_refusal_stays_where_pneumatic_cannot_be_read(play: Play, operator: User) -> None:
    release = play("5.0")
    release.options = (Selection("s-1", "a"), Selection("s-2", "b"))
    template = mirrored(release)
    row = start(template, operator, answers(template))
    release.release, release.is_readable = "7.0", False

    row = send(row)

    assert row.state == State.REJECTED
    assert list(row.field_errors) == ["colour"]
    assert release.stored == []


def test_a_key_that_names_another_option_after_an_upgrade_is_not_sent(play: Play, operator: User) -> None:
    """The template cannot be read, so the release alone says that the keys of the form are outdated."""
    release = play("5.0")
    template = mirrored(release)
    row = failed(template, operator, answers(template))
    release.release, release.is_readable = "7.0", False

    row = send(row)

    assert release.stored == []
    assert row.state == State.REJECTED
    assert list(row.field_errors) == ["colour"]


def test_what_the_newest_release_refuses_is_sent_once(play: Play, operator: User) -> None:
    """The user was deactivated: the release is detected again, and nothing else could be sent."""
    release = play("7.0")
    template = mirrored(release)
    row = start(template, operator, answers(template))
    release.inactive_user = True
    before = len(release.paths())

    row = send(row)

    assert row.state == State.REJECTED
    assert list(row.field_errors) == ["who"]
    assert len(release.launches) == 1
    assert release.paths()[before:] == [
        "/auth/context",
        "/attachments",
        f"/templates/{TEMPLATE}",
        "/templates",
    ]


@pytest.mark.parametrize("name", ["7", " 7 ", "+7", "7_0"])
@pytest.mark.parametrize("release", ["4.0", "4.3"])
def test_a_group_with_a_number_as_its_name_is_never_read_as_a_user(
    play: Play, release: str, name: str
) -> None:
    """Old releases read such a text as the id of a user, with status 200."""
    play(release)
    with connect() as client, pytest.raises(ValidationFailed, match="group"):
        client.run_payload(TEMPLATE, name="N", answers=[Answer(WHO, GroupValue(5, name))])


def test_a_release_that_reads_groups_gets_one_with_a_number_as_its_name(play: Play) -> None:
    release = play("4.0")
    release.release = "7.0"
    with connect() as client:
        payload = client.run_payload(TEMPLATE, name="N", answers=[Answer(WHO, GroupValue(5, "7"))])

    assert payload["kickoff"] == {"who": "7"}


@pytest.mark.parametrize("text", ["46", "+46", " 46", "4_6", "\u0664\u0666"])
def test_a_text_that_old_releases_read_as_an_id_waits_for_the_release(play: Play, text: str) -> None:
    """The remembered release is newer than the server, and the template was not read."""
    release = play("7.0")
    release.release = "2.0"
    number = FieldDefinition("colour", "Number", "dropdown", selections=(Selection(text, text),))
    with connect() as client, pytest.raises(ValidationFailed, match="outdated"):
        client.run_payload(TEMPLATE, name="N", answers=[Answer(number, text)])


def test_options_with_their_texts_as_api_names_can_be_launched(play: Play, operator: User) -> None:
    release = play("4.0")
    release.options = (Selection("a", "a"), Selection("b", "b"))
    template = mirrored(release)
    with connect() as client:
        template = refresh_template(template, client)
        given = answers(template)
        payload = client.run_payload(TEMPLATE, name="N", answers=given)

    assert payload["kickoff"]["colour"] == "a"
    assert release.options != OPTIONS


@pytest.mark.parametrize("name", exhaustive(IN_BETWEEN, but=["4.2 with Google", "5.1 with data sets"]))
def test_a_release_that_is_not_what_it_looks_like_stores_what_was_chosen(
    play: Play, operator: User, name: str
) -> None:
    """What is wrong about the detected release costs refusals once, which start nothing."""
    release = play(name)
    release.options = (Selection("s-1", "a"), Selection("s-2", "b"))
    template = mirrored(release)

    first = send(start(template, operator, answers(template)))
    attempts = len(release.launches)
    second = send(start(template, operator, answers(template), name="M"))

    assert (first.state, second.state) == (State.LAUNCHED, State.LAUNCHED)
    assert release.stored == [STORED, STORED]
    assert len(release.launches) == attempts + 1


@pytest.mark.parametrize("name", exhaustive([*GENERATIONS, *IN_BETWEEN], but=["2.0", "7.0", UNDECIDED]))
def test_no_release_stores_another_option(play: Play, operator: User, name: str) -> None:
    """The api_name of each option is the text of the other one."""
    release = play(name)
    template = mirrored(release)

    with connect() as client:
        template = refresh_template(template, client)
        request = LaunchRequest(
            user=operator,
            template=template,
            version=version_of(template),
            name="N",
            answers=answers(template),
        )
        if name == UNDECIDED:
            with pytest.raises(ValidationFailed, match="outdated"):
                services.start(request, client)
            return
        row = services.send(services.start(request, client), client)

    assert row.state == State.LAUNCHED
    assert release.stored == [STORED]
