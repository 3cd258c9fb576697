"""A launch whose encoding the server refuses: what is sent next, and what is never sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from apps.accounts.models import User
from apps.launches.dispatch import services
from apps.launches.dispatch.request import LaunchRequest
from apps.launches.models import Launch
from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, Selection, UserValue
from apps.pneumatic.client import connect
from apps.workflow_templates.models import Template
from tests.factories import make_launch, make_template
from tests.fixtures.launching import send
from tests.pneumatic.dialects.current import samples
from tests.pneumatic.servers import Seen, Server, Talk

State = Launch.State

WHO = FieldDefinition("who", "Who", "user", is_required=True)
TITLE = FieldDefinition("title", "Title", "string")
NUMBER = FieldDefinition("digit", "Number", "dropdown", selections=(Selection("46", "46"),))
ADA = UserValue(7, "ada@example.com", "Ada")
OLD, NEW = {"date_fdw": 0}, {"date_fdw": 0, "manager_id": None}
REASON = "Account user with given id does not exist."


class Release:
    """A server that accepts ``accepted`` as the user, and refuses ``refused`` fields; ``launches`` are the bodies."""

    def __init__(self, context: dict[str, Any]) -> None:
        self.context = samples.context(**context)
        self.accepted: Any = None
        self.refused: str | None = None
        self.status = 400  # of a refusal
        self.drops = False
        self.stored: Any = None  # the only answer that the response shows
        self.launches: list[Any] = []
        self.server = Server(self._behave)

    def _behave(self, seen: Seen, talk: Talk) -> None:
        if seen.method == "POST":
            self._run(seen.json, talk)
        elif seen.target == "/auth/context":
            talk.answer(200, self.context)
        else:
            talk.answer(404, b"<h1>Not Found</h1>", kind="text/html")

    def _run(self, body: Any, talk: Talk) -> None:
        self.launches.append(body["kickoff"])
        wrong = self.refused
        if wrong is None and body["kickoff"].get("who", self.accepted) != self.accepted:
            wrong = "who"
        if wrong is not None:
            details = {"api_name": wrong, "reason": REASON}
            talk.answer(self.status, {"code": "validation_error", "message": REASON, "details": details})
        elif self.drops:
            talk.drop()
        else:
            kickoff = {
                "output": [self.stored] if self.stored else [{"api_name": name} for name in body["kickoff"]]
            }
            talk.answer(200, {"id": 5, "name": body["name"], "kickoff": kickoff})


@pytest.fixture
def play(db: None, settings: Settings) -> Iterator[Callable[..., Release]]:
    """Return a function that starts a server and configures the dashboard for it."""
    servers: list[Server] = []

    def start(context: dict[str, Any]) -> Release:
        release = Release(context)
        servers.append(release.server)
        settings.PNEUMATIC_API_URL = release.server.url
        settings.PNEUMATIC_API_KEY = "key"
        settings.PNEUMATIC_DIALECT = "current"
        pneumatic_server.forget()
        return release

    yield start
    for server in servers:
        server.close()
    pneumatic_server.forget()


def launch(template: Template, user: User, *answers: Answer, name: str = "N") -> Launch:
    """Start a launch as the form does, and send it."""
    assert template.current_version is not None
    request = LaunchRequest(
        user=user,
        template=template,
        version=template.current_version,
        name=name,
        answers=answers,
        submission_id=uuid.uuid4(),
    )
    with connect() as client:
        return services.send(services.start(request, client), client)


def failed(template: Template, user: User, kickoff: dict[str, Any], answers: dict[str, Any]) -> Launch:
    """Return a launch that was encoded for another release, and is queued again."""
    row = make_launch(
        template,
        user,
        name="N",
        state=State.FAILED,
        attempts=1,
        payload={"name": "N", "kickoff": kickoff},
        answers=answers,
    )
    assert services.retry(row, attempts=1)
    row.refresh_from_db()
    return row


def test_a_refused_e_mail_address_is_replaced_by_the_id_once(
    play: Callable[..., Release], operator: User
) -> None:
    release, template = play(OLD), make_template(fields=[WHO])
    release.accepted = 7

    first = launch(template, operator, Answer(WHO, ADA))
    second = launch(template, operator, Answer(WHO, ADA), name="M")

    assert (first.state, second.state) == (State.LAUNCHED, State.LAUNCHED)
    assert first.payload["kickoff"] == {"who": 7}  # what was sent and accepted
    assert release.launches == [{"who": "ada@example.com"}, {"who": 7}, {"who": 7}]


def test_what_is_refused_in_every_encoding_is_rejected(play: Callable[..., Release], operator: User) -> None:
    release, template = play(OLD), make_template(fields=[WHO])
    release.accepted = "nobody"

    row = launch(template, operator, Answer(WHO, ADA))

    assert row.state == State.REJECTED
    assert row.field_errors == {"who": [REASON]}
    assert row.attempts == 1
    assert [body["who"] for body in release.launches] == ["ada@example.com", 7]


@pytest.mark.parametrize(
    ("context", "refused", "sent"), [(OLD, "title", 1), (NEW, "who", 1), (OLD, "unknown", 1)]
)
def test_no_other_refusal_is_sent_again(
    play: Callable[..., Release], operator: User, context: dict[str, Any], refused: str, sent: int
) -> None:
    release, template = play(context), make_template(fields=[WHO, TITLE])
    release.refused = refused

    row = launch(template, operator, Answer(WHO, ADA), Answer(TITLE, "x"))

    assert row.state == State.REJECTED
    assert len(release.launches) == sent


@pytest.mark.parametrize("status", [403, 409, 422, 500])
def test_a_refusal_with_another_status_is_not_sent_again(
    play: Callable[..., Release], operator: User, status: int
) -> None:
    release, template = play(OLD), make_template(fields=[WHO])
    release.accepted, release.status = "nobody", status

    row = launch(template, operator, Answer(WHO, ADA))

    assert row.state in {State.REJECTED, State.UNKNOWN}
    assert len(release.launches) == 1


def test_a_second_encoding_without_a_response_is_unknown(
    play: Callable[..., Release], operator: User
) -> None:
    release, template = play(OLD), make_template(fields=[WHO])
    release.accepted, release.drops = 7, True

    row = launch(template, operator, Answer(WHO, ADA))

    assert row.state == State.UNKNOWN
    assert len(release.launches) == 2
    assert row.deadline_at is None


def test_a_retried_launch_is_encoded_for_the_server_of_now(
    play: Callable[..., Release], operator: User
) -> None:
    release, template = play(NEW), make_template(fields=[WHO])
    release.accepted = "ada@example.com"
    answers = {"who": {"id": 7, "email": "ada@example.com", "name": "Ada"}}

    row = send(failed(template, operator, {"who": 7}, answers))

    assert row.state == State.LAUNCHED
    assert release.launches == [{"who": "ada@example.com"}]


def test_a_retried_launch_never_sends_a_number_that_could_be_an_id(
    play: Callable[..., Release], operator: User
) -> None:
    release, template = play(OLD), make_template(fields=[NUMBER])

    row = send(failed(template, operator, {"digit": "46"}, {"digit": "46"}))

    assert row.state == State.REJECTED
    assert list(row.field_errors) == ["digit"]
    assert release.launches == []


@pytest.mark.parametrize("stored", [{"title": "x", "gone": "y"}, {}])
def test_a_retried_launch_with_an_unreadable_answer_is_sent_as_it_was(
    play: Callable[..., Release], operator: User, stored: dict[str, Any]
) -> None:
    release, template = play(NEW), make_template(fields=[TITLE])
    kickoff = {"title": "x", "gone": "y"}

    row = send(failed(template, operator, kickoff, stored))

    assert row.state == State.LAUNCHED
    assert release.launches == [kickoff]


@pytest.mark.parametrize(
    ("stored", "reported"),
    [
        ("46", {}),
        ("45", {"digit": ["Pneumatic stored another answer: 45."]}),
        ("", {"digit": ["Pneumatic stored no answer."]}),
        (None, {}),  # the response does not show it
    ],
)
def test_an_option_that_was_stored_as_another_one_is_reported(
    play: Callable[..., Release], operator: User, stored: str | None, reported: dict[str, list[str]]
) -> None:
    release = play(OLD)
    options = (Selection("selection-a", "46"), Selection("selection-b", "45"))
    number = FieldDefinition("digit", "Number", "dropdown", selections=options)
    release.stored = {
        "api_name": "digit",
        "type": "dropdown",
        **({} if stored is None else {"value": stored}),
        "selections": [
            {"id": at, "value": option.label, "api_name": option.key, "is_selected": option.label == stored}
            for at, option in enumerate(options)
        ],
    }

    row = launch(make_template(fields=[number]), operator, Answer(number, "selection-a"))

    assert row.state == State.LAUNCHED
    assert row.field_errors == reported
    assert bool(row.reason) == bool(reported)
