"""Every recorded launch, made again: its result, and what a form sends for the same answers.

What a release accepted and stored is read from its recordings; nothing of ``apps.pneumatic`` computes it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from apps.launches.models import Launch
from apps.launches.outcomes import of_error
from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.canonical.schemas import (
    Answer,
    FieldDefinition,
    FileValue,
    GroupValue,
    Launched,
    Template,
    Urgency,
    UserValue,
    Value,
)
from apps.pneumatic.client import Client
from apps.pneumatic.errors import (
    AuthenticationFailed,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PneumaticError,
    ValidationFailed,
)
from tests.contract.older_releases.covered import Replay, recordings
from tests.contract.older_releases.server import Play, ReplayServer
from tests.contract.recordings import Exchange
from tests.contract.releases_recorded import TAGS, recorded

ERRORS: Mapping[int, tuple[type[PneumaticError], Launch.State]] = {
    400: (ValidationFailed, Launch.State.REJECTED),
    401: (AuthenticationFailed, Launch.State.REJECTED),
    403: (PermissionDenied, Launch.State.REJECTED),
    404: (NotFound, Launch.State.REJECTED),
    500: (OutcomeUnknown, Launch.State.UNKNOWN),
}
KNOWN = ["auth-context", "probe-google-token", "probe-attachments", "templates-list"]


# -- Results


def check_launched(launched: Launched, found: Exchange, name: str) -> None:
    sent = found.answer
    # Release 1.0 has both ids.
    assert launched.workflow_id == sent["id"] == sent.get("workflow_id", sent["id"]), name
    assert ("workflow_id" in sent) == name.startswith("v1.0.0/"), name
    assert launched.name == sent["name"], name
    outputs = sent["kickoff"]["output"]
    assert launched.kept is not None
    assert set(launched.kept) == {output["api_name"] for output in outputs}, name
    assert "nope" not in launched.kept, name  # an answer to no field
    assert [one.api_name for one in launched.stored] == [output["api_name"] for output in outputs], name
    for one, output in zip(launched.stored, outputs, strict=True):
        labels = [choice.label for choice in one.choices if choice.is_selected]
        if output["type"] in {"radio", "dropdown", "checkbox"}:
            assert ", ".join(labels) == output["value"], (name, output["api_name"])
        elif output["type"] == "user":
            assert one.user_id == output["user_id"], (name, output["api_name"])
            assert one.value != str(one.user_id), (name, output["api_name"])
        elif output["type"] not in {"date", "file"}:
            assert one.value == (output["value"] or ""), (name, output["api_name"])


def check_refused(error: PneumaticError, found: Exchange, name: str) -> None:
    outcome = of_error(error)
    assert outcome.state is ERRORS[found.status][1], name
    words = [outcome.reason, *(text for texts in outcome.field_errors.values() for text in texts)]
    assert all(text and "<" not in text and "{" not in text for text in words), (name, words)
    if isinstance(error, ValidationFailed):
        details = found.answer["details"]
        assert error.errors == {details["api_name"]: [details["reason"]]}, name
        assert error.field == details["api_name"], name
        assert outcome.field_errors == error.errors, name


def field_refused(name: str, kickoff: Mapping[str, Any]) -> str:
    """Return the field that a refused launch had wrong, by the name of its recording."""
    type_ = name.split("-")[1]
    if type_ in {"missing", "no"}:
        return "r-string"
    if type_ == "required":
        return {"run-required-empty-text": "r-string", "run-required-empty-checkbox": "r-checkbox"}[name]
    return "digit" if type_ == "digits" else f"o-{type_}"


@pytest.mark.parametrize("tag", TAGS)
def test_every_launch_ends_as_recorded(play: Play, server: ReplayServer, tag: str) -> None:
    every = recordings(tag, Replay.LAUNCH)
    assert len(every) > 60
    client = play()
    for found in every:
        name = f"{tag}/{found.name}"
        server.choose(found)
        if found.status == 200:
            check_launched(client.run(found.number, payload=found.body), found, name)
        else:
            with pytest.raises(ERRORS[found.status][0]) as caught:
                client.run(found.number, payload=found.body)
            check_refused(caught.value, found, name)
            if isinstance(caught.value, ValidationFailed):
                assert caught.value.field == field_refused(found.name, found.body.get("kickoff", {})), name
        (seen,) = server.seen
        assert seen.json == found.body, name
    assert sorted(server.given) == sorted(found.name for found in every)


# -- What a form sends


@dataclass(frozen=True)
class Case:
    """An answer, and the recordings of launches that tried to give it; ``stored`` is the text of the answer."""

    value: Value
    names: str  # of the recordings, without "run-<type>-"
    stored: str


DAY = dt.date(2027, 3, 28)
FILES = [
    ("a.png", "http://127.0.0.1:29901/files/3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    ("b.pdf", "http://127.0.0.1:29901/files/3fa85f64-5717-4562-b3fc-2c963f66afa7"),
]
CASES: Mapping[str, Iterable[Case]] = {
    "radio": [Case("yellow, orange", "api-name id-int id-text list value-text", "yellow, orange")],
    "dropdown": [Case("Türkiye", "api-name id-int id-text value-text", "Türkiye")],
    "checkbox": [
        Case(("Mail", "Fax, telex"), "api-names id-ints id-texts text value-texts", "Mail, Fax, telex")
    ],
    "date": [
        Case(DAY, "iso iso-datetime seconds-float seconds-int seconds-text us", "2027-03-28"),
    ],
    "user": [
        Case(UserValue(2, "plain@example.test", "Petra Plain"), "email email-uppercase full-name id-int id-text", "2"),
        Case(GroupValue(1, "Team Blue"), "group-name", "Team Blue"),
        Case(UserValue(9999, "nobody@example.test", "Nobody"), "unknown-email unknown-id", "never"),
    ],
    "number": [
        Case(Decimal("1234.50"), "text", "1234.50"),
        Case(Decimal(3), "int", "3"),
        Case(Decimal("12.5"), "float", "12.5"),
        Case(Decimal("1.5"), "comma", "1.5"),
    ],
    "string": [
        Case("x" * 140, "140-chars", "x" * 140),
        Case("x" * 141, "141-chars", "never"),
        Case("3", "int", "3"),
    ],
    "text": [Case("a\nb", "two-lines", "a\nb"), Case("a\0b", "nul", "never")],
    "url": [
        Case("https://example.com/x", "https", "https://example.com/x"),
        Case("example.com/x", "no-scheme", "example.com/x"),
    ],
}  # fmt: skip
# Sent as something else than was recorded: a text, which the releases accept for every number and string.
AS_TEXT = {
    "run-number-int": "3",
    "run-number-float": "12.5",
    "run-number-comma": "1.5",
    "run-string-int": "3",
}
# A day with half a second, and an address with capitals, are accepted too; the form never sends them.
NEVER_SENT = {"run-date-seconds-float", "run-user-id-text", "run-user-email-uppercase"}


def output_of(found: Exchange, api_name: str) -> Any:
    (output,) = [row for row in found.answer["kickoff"]["output"] if row["api_name"] == api_name]
    return output


def is_stored(found: Exchange, api_name: str, stored: str) -> bool:
    """Return whether a recorded launch was accepted, and stored this answer."""
    if found.status != 200:
        return False
    output = output_of(found, api_name)
    if output["user_id"] is not None:
        return str(output["user_id"]) == stored
    if output["type"] == "date" and output["value"] != "03/28/2027":
        zone = dt.timezone(dt.timedelta(hours=1))
        return dt.datetime.fromtimestamp(float(output["value"]), zone).date().isoformat() == stored
    return output["value"] == ("03/28/2027" if output["type"] == "date" else stored)


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days begin where they began for who recorded the launches."""
    monkeypatch.setattr(pneumatic_server, "account_zone", lambda: dt.timezone(dt.timedelta(hours=1)))


def form_of(client: Client, template_id: int) -> tuple[Template, dict[str, FieldDefinition]]:
    (received,) = client.receive_templates(
        [row for row in client.receive_template_list() if row.id == template_id]
    )
    template = received.read()
    return template, {field.api_name: field for field in template.kickoff.fields}


def chosen(field: FieldDefinition, value: Value) -> Value:
    """Return what the form makes of an answer: the keys of chosen options, anything else as it is."""
    keys = {option.label: option.key for option in field.selections}
    if isinstance(value, tuple) and field.selections:
        return tuple(keys[str(label)] for label in value)
    return keys[str(value)] if field.selections else value


def ready(play: Play, tag: str, *names: str) -> Client:
    """Return a client that has detected the release."""
    client = play(*(recorded(tag, name) for name in (*KNOWN, *names)))
    client.key_holder()
    return client


def sent_or_refused(client: Client, field: FieldDefinition, value: Value) -> tuple[Any, str]:
    """Return what the client sends for an answer, or the field for which it refuses to."""
    answer = Answer(field, chosen(field, value))
    try:
        return client.run_payload(2, name="Run", answers=[answer])["kickoff"][field.api_name], ""
    except ValidationFailed as error:
        return None, error.field or ""


@pytest.mark.usefixtures("in_zone")
@pytest.mark.parametrize("tag", TAGS)
def test_a_form_sends_what_was_accepted_and_nothing_else(play: Play, tag: str) -> None:
    client = ready(play, tag, "template-get-optional")
    _template, fields = form_of(client, 2)
    assert {type_ for type_ in CASES if f"o-{type_}" not in fields} == ({"number"} if tag < "v3" else set())
    tried = set()
    for type_, api_name, case in [
        (type_, f"o-{type_}", case)
        for type_, cases in CASES.items()
        for case in cases
        if f"o-{type_}" in fields
    ]:
        every = [recorded(tag, f"run-{type_}-{name}") for name in case.names.split()]
        tried |= {found.name for found in every}
        right = {found.name for found in every if is_stored(found, api_name, case.stored)}
        where = (tag, type_, case.names)

        sent, refused = sent_or_refused(client, fields[api_name], case.value)

        if refused:
            # It is refused before it is sent only where the release accepts no form of it.
            assert (refused, right) == (api_name, set()), where
            continue
        bodies = {found.name: found.body["kickoff"][api_name] for found in every}
        same = {name for name, body in bodies.items() if type(sent) is type(body) and sent == body}
        if as_text := [AS_TEXT[name] for name in bodies if name in AS_TEXT]:
            assert [sent] == as_text, where
        elif case.stored == "never":
            assert same, where  # such as a user who was deleted since the last sync
        else:
            assert same, where
            assert same <= right, where
            others = right - same - NEVER_SENT
            # 1.0 and 2.0 accept an option's id as well as its api_name.
            assert all(tag < "v3" and "-id-text" in name for name in others), where
    # What the form itself refuses, and options that the template does not have.
    never = {"run-number-words", "run-url-javascript", "run-url-not-a-url"}
    never |= {f"run-{type_}-unknown" for type_ in ("radio", "dropdown", "checkbox")}
    of_types = {found.name for found in recordings(tag, Replay.LAUNCH) if found.name.split("-")[1] in CASES}
    assert of_types - tried == {name for name in never if name in of_types}, tag


def typed(template: Template) -> list[Answer]:
    """Return answers to all fields of a form but files."""
    values: Mapping[str, Value] = {
        "string": "Ärger & <b>x</b>",
        "text": "Line 1\nLine 2 **bold**",
        "url": "https://example.com/x?q=1",
        "number": Decimal("1234.50"),
        "radio": "yellow, orange",
        "dropdown": "Türkiye",
        "checkbox": ("Mail", "Fax, telex"),
        "user": UserValue(2, "plain@example.test", "Petra Plain"),
        "date": DAY,
    }
    return [
        Answer(field, chosen(field, values[field.type]))
        for field in template.kickoff.fields
        if field.type != "file"
    ]


@pytest.mark.usefixtures("in_zone")
@pytest.mark.parametrize("tag", TAGS)
def test_whole_forms_are_sent_as_they_were_accepted(play: Play, tag: str) -> None:
    for detail, run in (("optional", "run-optional-valid"), ("required", "run-required-valid")):
        found = recorded(tag, run)
        client = ready(play, tag, f"template-get-{detail}")
        template, _fields = form_of(client, found.number)
        assert found.status == 200
        name = found.body["name"]
        assert client.run_payload(found.number, name=name, answers=typed(template)) == found.body, (tag, run)
    client = ready(play, tag, "template-get-optional")
    template, _fields = form_of(client, 2)
    (user,) = [answer for answer in typed(template) if answer.field.type == "user"]
    for run in ("run-optional-none", "run-optional-all-empty"):
        # An empty answer is left out, which every release accepts.
        found = recorded(tag, run)
        kickoff = client.run_payload(2, name="Run", answers=[user])["kickoff"]
        assert kickoff == {key: value for key, value in found.body["kickoff"].items() if value}, (tag, run)
        assert found.status == 200
    flow = recorded(tag, "flow-1-run").body
    assert client.run_payload(2, name=flow["name"], answers=typed(template)) == flow, tag


@pytest.mark.parametrize("tag", TAGS)
def test_names_and_due_dates_are_sent_as_they_were_accepted(play: Play, tag: str) -> None:
    client = ready(play, tag, "template-get-simple")
    _template, fields = form_of(client, 6)
    answers = [Answer(fields["note"], "x")]
    due = recorded(tag, "run-simple-urgent-due")
    at = dt.datetime.fromtimestamp(due.body["due_date_tsp"], dt.UTC)

    payload = client.run_payload(6, name=due.body["name"], answers=answers, urgency=Urgency(True, at))

    assert payload == due.body
    assert due.answer["due_date_tsp"] == due.body["due_date_tsp"]
    # A missing name is replaced, and a long one cut, without an error: neither is sent.
    long, none = recorded(tag, "run-simple-long-name"), recorded(tag, "run-simple-no-name")
    assert long.answer["name"] != long.body["name"]
    assert none.answer["name"]
    for name in (long.body["name"], none.body.get("name", "")):
        with pytest.raises(ValidationFailed) as caught:
            client.run_payload(6, name=name, answers=answers)
        assert caught.value.field == "name"


@pytest.mark.parametrize("tag", TAGS)
def test_a_file_is_sent_as_it_was_accepted(play: Play, tag: str) -> None:
    client = ready(play, tag, "template-get-optional")
    _template, fields = form_of(client, 2)
    every = {
        found.name: found.body["kickoff"]["o-file"]
        for found in recordings(tag, Replay.LAUNCH)
        if found.name.startswith("run-file-")
    }
    accepted = [name for name in every if recorded(tag, name).status == 200]
    stored = [FileValue(url.rpartition("/")[2], name, url) for name, url in FILES]
    if tag < "v7":
        assert accepted == ["run-file-empty-list", "run-file-id-int", "run-file-id-text"]
        (id_,) = every["run-file-id-int"]
        here = (FileValue(str(id_), "a.png", "https://storage.example.com/a.png"),)
        sent = client.run_payload(2, name="Run", answers=[Answer(fields["o-file"], here)])["kickoff"]
        assert sent["o-file"] == every["run-file-id-int"], tag
        foreign = stored[0]
    else:
        assert accepted == ["run-file-empty-list", "run-file-link", "run-file-links-two"]
        for count, name in ((1, "run-file-link"), (2, "run-file-links-two")):
            answer = Answer(fields["o-file"], tuple(stored[:count]))
            assert client.run_payload(2, name="Run", answers=[answer])["kickoff"]["o-file"] == every[name]
        foreign = FileValue("4", "a.png", "https://storage.example.com/a.png")
    with pytest.raises(ValidationFailed) as caught:
        client.run_payload(2, name="Run", answers=[Answer(fields["o-file"], (foreign,))])
    assert caught.value.field == "o-file"


@pytest.mark.parametrize("tag", TAGS)
def test_an_option_with_a_number_as_text_is_sent_so_that_it_is_stored(play: Play, tag: str) -> None:
    """The options have each other's id as their text. Their template was made after the list was recorded."""
    detail = recorded(tag, "template-get-digits")
    (row,) = detail.answer["kickoff"]["fields"]
    client = ready(play, tag, "template-get-digits")
    field = client.get_template(8).kickoff.fields[0]
    for name in ("run-digits-1", "run-digits-2"):
        found = recorded(tag, name)
        wanted = found.body["kickoff"]["digit"]

        sent = client.run_payload(8, name="Run", answers=[Answer(field, chosen(field, wanted))])["kickoff"]

        if found.status == 200 and output_of(found, "digit")["value"] == wanted:
            assert sent == found.body["kickoff"], (tag, name)
        else:
            api_names = {option["value"]: option["api_name"] for option in row["selections"]}
            assert sent == {"digit": api_names[wanted]} != found.body["kickoff"], (tag, name)
