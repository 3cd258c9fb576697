"""Recorded launches, both ways: what the client makes of each answer, and what it sends for the same answers.

What the server took, the client says in the same words. What the server refused, the client refuses itself, or it
becomes an error at the field that the server named.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from apps.pneumatic.canonical.schemas import (
    Answer,
    FieldDefinition,
    FileValue,
    GroupValue,
    Selection,
    Urgency,
    UserValue,
    Value,
)
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import (
    AuthenticationFailed,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PneumaticError,
    ValidationFailed,
)
from apps.pneumatic.transport.parsing import Node
from tests.contract.recordings import Exchange, answering, exchange, named
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

FILES = "http://127.0.0.1:8002"
PDF = "6b787f31-3c41-4a4f-b120-aafe7647f321"
PNG = "4e11efb6-3e04-4db4-95c4-8e516dca7d76"
NAME = "Workflow"

RUNS = named(lambda found: found.path.endswith("/run"))
LAUNCHES = [name for name in RUNS if exchange(name).method == "POST"]
COVERED = RUNS


# -- What the client makes of each answer


def expected(found: Exchange) -> tuple[type[PneumaticError], str | None]:
    """Return the class of error for a refusal, and the field that it must name."""
    by_status = {401: AuthenticationFailed, 403: PermissionDenied, 404: NotFound, 500: OutcomeUnknown}
    error = by_status.get(found.status, ValidationFailed)
    details = found.answer.get("details", {}) if isinstance(found.answer, dict) else {}
    return error, details.get("api_name") or details.get("name")


@pytest.mark.parametrize("name", [name for name in LAUNCHES if exchange(name).status == 200])
def test_a_launch_that_was_taken(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    server = serve(answering(name))

    launched = connect_to(server.url, dialect=Current()).run(found.number, payload={"name": "x"})

    assert (launched.workflow_id, launched.name) == (found.answer["id"], found.answer["name"])
    assert [(seen.method, seen.target) for seen in server.seen] == [("POST", found.path)]


@pytest.mark.parametrize("name", [name for name in LAUNCHES if exchange(name).status != 200])
def test_a_launch_that_was_refused(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    error, field = expected(found)
    server = serve(answering(name))

    with pytest.raises(PneumaticError) as caught:
        connect_to(server.url, dialect=Current()).run(found.number, payload={"name": "x"})

    assert type(caught.value) is error
    assert caught.value.status == found.status
    assert len(server.seen) == 1
    if isinstance(caught.value, ValidationFailed):
        assert caught.value.field == field
        said = found.answer.get("message") or found.answer["detail"]
        assert str(caught.value) == said
        assert caught.value.errors == {field or "": [said]}


def test_a_refusal_in_another_language_is_assigned_to_its_field_too() -> None:
    assert expected(exchange("run-error-in-german")) == (ValidationFailed, "city")
    assert expected(exchange("run-error-403-in-german")) == (PermissionDenied, None)


# -- What the client sends for the same answers


def fields_of(template_id: int) -> dict[str, FieldDefinition]:
    """Return the fields of a recorded form by api_name."""
    rows = exchange("templates-list-limit-huge").answer["results"]
    rows = [*rows, *exchange("templates-list-with-fieldset-choices").answer]
    row = next(row for row in rows if row["id"] == template_id)
    fields = Current().parse_template_summary(Node(row)).kickoff.fields
    cities = tuple(Selection(city, city) for city in ("København", "Łódź", "New York, NY"))
    return {
        field.api_name: FieldDefinition(field.api_name, field.name, field.type, selections=cities)
        if field.options_unknown
        else field
        for field in fields
    }


def file(name: str, id_: str) -> FileValue:
    return FileValue(id=id_, name=name, url=f"{FILES}/{id_}")


def person(email: str) -> UserValue:
    return UserValue(4, email, "Søren")


WHOLE: dict[str, Value] = {
    "client-name": 'Æon & Sons "Ltd" <b>x</b> 😀',
    "long-text": "Line 1\nLine 2 **bold**",
    "priority": "High",
    "channels": ("E-mail", "Fax, telex"),
    "start-date": dt.date(2026, 1, 1),
    "website": "https://example.com/path?q=1",
    "country": "日本",
    "contract": (file("Contract ü (1).pdf", PDF), file("pic.png", PNG)),
    "manager": person("soren@example.test"),
    "amount": Decimal("1234.56"),
}


def without(*names: str) -> dict[str, Value]:
    return {name: value for name, value in WHOLE.items() if name not in names}


def payload(
    template_id: int, answers: dict[str, Value], *, name: str = NAME, urgency: Urgency | None = None
) -> dict[str, Any]:
    """Return what the client sends."""
    fields = fields_of(template_id)
    return Current().run_payload(
        template_id,
        name=name,
        answers=[Answer(fields[api_name], value) for api_name, value in answers.items()],
        tasks=[],
        urgency=urgency or Urgency(),
        zone=dt.UTC,
    )


def recorded(found: Exchange) -> dict[str, Any]:
    """Return what was sent then; a kickoff that is missing or null is the same as an empty one."""
    return {**found.body, "kickoff": found.body.get("kickoff") or {}}


WITHOUT_ANSWERS = [
    "auth-bad-key-on-run", "hookfail-closed-port-run", "hookfail-slow-run-latency", "hookfinish-1-run",
    "hookreturn-1-run", "run-deactivated-template", "run-empty-kickoff-value-dup",
    "run-error-403-in-german", "run-error-accept-language-ignored", "run-idempotency-key-1",
    "run-idempotency-key-2", "run-inactive-template", "run-nonadmin-no-access", "run-optional-all-empty",
    "run-required-missing-all", "run-required-missing-kickoff", "run-simple-empty-kickoff-object",
    "run-simple-name-with-vars", "run-simple-no-kickoff", "run-simple-null-kickoff", "run-accept-xml",
]  # fmt: skip
# Answers for which the client sends what was recorded, character by character, taken or not.
SAME: dict[str, dict[str, Value]] = {
    "run-all-fields-valid": WHOLE,
    "run-required-name-with-field-vars": WHOLE,
    "hookflow-1-run": {
        **WHOLE,
        "client-name": "Hook Client Æ",
        "long-text": "L1\nL2",
        "website": "https://example.com/",
        "contract": (file("Contract.pdf", PDF), file("pic.png", PNG)),
        "manager": person("owner@example.test"),
    },
    "run-bad-checkbox-dup-ok": {**WHOLE, "channels": ("E-mail", "E-mail")},
    "run-bad-date-zero": {**WHOLE, "start-date": dt.date(1970, 1, 1)},
    "run-bad-file-foreign-host": {
        **WHOLE,
        "contract": (FileValue("abcdefgh12345678", "x", "https://example.com/abcdefgh12345678"),),
    },
    "run-bad-file-label-with-paren": {**WHOLE, "contract": (file("a(1).pdf", PDF),)},
    "run-bad-file-nonexistent-id": {
        **WHOLE,
        "contract": (file("x.pdf", "11111111-2222-3333-4444-555555555555"),),
    },
    "run-bad-file-of-other-user": {
        **WHOLE,
        "contract": (file("n.txt", "6e56f5c2-5bd5-4e4b-b49e-e454a5048fb7"),),
    },
    "run-bad-missing-one-required": without("client-name"),
    "run-bad-number-zero-string-ok": {**WHOLE, "amount": Decimal(0)},
    "run-bad-url-ftp": {**WHOLE, "website": "ftp://example.com"},
    "run-bad-url-idn": {**WHOLE, "website": "https://bücher.example/ä"},
    "run-bad-url-javascript": {**WHOLE, "website": "javascript:alert(1)"},
    "run-bad-url-localhost": {**WHOLE, "website": "http://localhost:8000/x"},
    "run-bad-url-no-scheme-ok": {**WHOLE, "website": "example.com/x"},
    "run-bad-url-not-a-url": {**WHOLE, "website": "not a url"},
    "run-bad-user-deactivated-email": {**WHOLE, "manager": person("gone2@example.test")},
    "run-bad-user-email-uppercase-ok": {**WHOLE, "manager": person("SOREN@EXAMPLE.TEST")},
    "run-bad-user-full-name": {**WHOLE, "manager": GroupValue(9, "Olga Owner")},
    "run-bad-user-group-name": {**WHOLE, "manager": GroupValue(1, "Reviewers Ü")},
    "run-bad-user-invited-email": {**WHOLE, "manager": person("invited@example.test")},
    "run-bad-user-unknown-email": {**WHOLE, "manager": person("nobody@example.test")},
    "run-dataset-by-nonadmin-starter": {"city": "New York, NY", "subject": "Sub"},
    "run-fieldset-choices-ok": {"field-14cz4u": "Red", "field-7ptf21": "Łódź"},
    "run-fieldset-missing-required": {"top-field": "t"},
    "run-optional-some": {"opt-client-name": "A", "opt-channels": ("Phone",)},
    **{name: {} for name in WITHOUT_ANSWERS},
}

# The same in other words: what the client sends in their place.
OTHERWISE: dict[str, tuple[dict[str, Value], dict[str, Any]]] = {
    "run-bad-number-int-ok": ({**WHOLE, "amount": Decimal(5)}, {"amount": "5"}),
    "run-bad-number-zero": ({**WHOLE, "amount": Decimal(0)}, {"amount": "0"}),
    "run-bad-number-float-ok": ({**WHOLE, "amount": Decimal("5.25")}, {"amount": "5.25"}),
    "run-bad-number-exp": ({**WHOLE, "amount": Decimal("1e5")}, {"amount": "100000"}),
    "run-bad-number-comma": ({**WHOLE, "amount": Decimal("1.5")}, {"amount": "1.5"}),
    # A day begins at a whole second, and no other time of it is ever sent.
    "run-bad-date-float-ok": ({**WHOLE, "start-date": dt.date(2026, 1, 1)}, {"start-date": 1767225600}),
    "run-bad-date-negative": ({**WHOLE, "start-date": dt.date(1969, 12, 31)}, {"start-date": -86400}),
    "run-bad-date-iso": ({**WHOLE, "start-date": dt.date(2026, 1, 1)}, {"start-date": 1767225600}),
    "run-bad-date-us-string": ({**WHOLE, "start-date": dt.date(2026, 1, 31)}, {"start-date": 1769817600}),
    "run-bad-file-label-with-bracket": (
        {**WHOLE, "contract": (file("a[1].pdf", PDF),)},
        {"contract": [f"[a(1).pdf]({FILES}/{PDF})"]},
    ),
    "run-fieldset-flat-keys": (
        {"top-field": "t", "field-z1xjce": "Main St", "field-enqdjd": Decimal(99)},
        {"field-enqdjd": "99"},
    ),
}

# What the client refuses without a request, at this field.
REFUSED: dict[str, tuple[dict[str, Value], str]] = {
    "run-bad-checkbox-unknown": ({"channels": ("E-mail", "Pigeon")}, "channels"),
    "run-bad-dropdown-unknown": ({"country": "Mars"}, "country"),
    "run-bad-dropdown-int-id": ({"country": "1"}, "country"),
    "run-bad-radio-api-name": ({"priority": "selection-mmu29l"}, "priority"),
    "run-bad-radio-case": ({"priority": "high"}, "priority"),
    "run-bad-radio-int-id": ({"priority": "1"}, "priority"),
    "run-bad-radio-unknown": ({"priority": "Highest"}, "priority"),
    "run-bad-checkbox-int-ids": ({"channels": ("1", "2")}, "channels"),
    "run-bad-string-141-chars": ({"client-name": "s" * 141}, "client-name"),
    "run-bad-date-huge": ({"start-date": dt.date(9999, 12, 31)}, "start-date"),
    "run-bad-number-nan": ({"amount": Decimal("NaN")}, "amount"),
    "run-bad-number-text": ({"amount": Decimal("Infinity")}, "amount"),
    "run-bad-user-int-id": ({"manager": UserValue(4)}, "manager"),
    "run-bad-user-string-id": ({"manager": UserValue(4)}, "manager"),
    "run-bad-file-int-ids": ({"contract": (FileValue("1", "x.pdf"),)}, "contract"),
    "run-bad-file-plain-id": ({"contract": (FileValue(PDF, "x.pdf"),)}, "contract"),
    "run-nul-in-field": ({"client-name": "a\0b"}, "client-name"),
    "run-error-in-german": ({"city": "Mars", "subject": "x"}, "city"),
}
# Names that are refused: the server would say no, or cut them, or make up its own.
REFUSED_NAMES = {
    "run-nul-in-name": "a\0b",
    "run-simple-blank-name": "   ",
    "run-simple-empty-name": "",
    "run-simple-long-name-400": "N" * 400,
    "run-simple-missing-name": "",
    "run-simple-null-name": "",
    "run-no-body": "",
    "run-dataset-wf-name-template": "",
}
# Values in another form than their field's: a mistake in our own code, raised before anything is sent.
MISTAKES: dict[str, tuple[str, Any]] = {
    "run-bad-checkbox-string": ("channels", "E-mail"),
    "run-bad-date-bool": ("start-date", True),
    "run-bad-date-iso-datetime": ("start-date", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    "run-bad-date-numeric-string": ("start-date", "1767225600"),
    "run-bad-file-plain-url": ("contract", (f"{FILES}/{PDF}",)),
    "run-bad-file-string": ("contract", f"[x.pdf]({FILES}/{PDF})"),
    "run-bad-null-required": ("client-name", None),
    "run-bad-radio-list": ("priority", ("High",)),
    "run-bad-string-number": ("client-name", 5),
    "run-bad-text-number": ("long-text", 5),
    "run-bad-url-int": ("website", 5),
}
# What no answer of a person becomes: an empty one is left out, and the body is always a JSON object of ours.
NEVER_SENT = {
    "run-bad-checkbox-empty", "run-bad-empty-required", "run-bad-file-empty-list", "run-optional-all-blank",
    "run-optional-all-null", "run-fieldset-choices-nested-key", "run-form-encoded", "run-get-method",
    "run-invalid-json", "run-json-array-body", "run-json-charset", "run-json-latin1-bytes", "run-text-plain",
    "run-simple-kickoff-list", "run-simple-kickoff-string", "run-simple-tasks-key-ignored",
    "run-simple-unknown-kickoff-key", "run-simple-with-id-in-body",
}  # fmt: skip
OF_THEIR_OWN = {
    "run-admin-only-by-account-owner", "run-simple-is-urgent-due", "run-simple-due-past", "run-unknown-template",
    "run-unknown-template-nonadmin",
}  # fmt: skip


def test_every_recorded_launch_is_in_one_of_the_tables() -> None:
    stated = [*SAME, *OTHERWISE, *REFUSED, *REFUSED_NAMES, *MISTAKES, *NEVER_SENT, *OF_THEIR_OWN]

    assert sorted(stated) == RUNS


@pytest.mark.parametrize("name", SAME)
def test_the_client_sends_what_was_recorded(name: str) -> None:
    found = exchange(name)

    assert payload(found.number, SAME[name], name=found.body["name"]) == recorded(found)


@pytest.mark.parametrize("name", OTHERWISE)
def test_the_client_writes_it_in_a_form_that_the_server_takes(name: str) -> None:
    found = exchange(name)
    answers, other = OTHERWISE[name]

    sent = payload(found.number, answers, name=found.body["name"])

    assert sent == {**found.body, "kickoff": {**found.body["kickoff"], **other}}


@pytest.mark.parametrize("name", REFUSED)
def test_the_client_refuses_it_at_the_field_that_the_server_names(name: str) -> None:
    found = exchange(name)
    answers, field = REFUSED[name]

    with pytest.raises(ValidationFailed) as caught:
        payload(found.number, answers)

    assert list(caught.value.errors) == [field]
    if found.status == 400:
        assert expected(found) == (ValidationFailed, field)


@pytest.mark.parametrize("name", REFUSED_NAMES)
def test_the_client_refuses_a_name_that_would_not_stay_as_it_is(name: str) -> None:
    found = exchange(name)

    with pytest.raises(ValidationFailed) as caught:
        payload(found.number, {}, name=REFUSED_NAMES[name])

    assert caught.value.field == "name"
    kept = (
        isinstance(found.body, dict)
        and found.status == 200
        and found.answer["name"] == found.body.get("name")
    )
    assert not kept


@pytest.mark.parametrize("name", MISTAKES)
def test_a_value_in_another_form_is_a_mistake_of_ours(name: str) -> None:
    api_name, value = MISTAKES[name]

    with pytest.raises(TypeError):
        payload(exchange(name).number, {api_name: value})


@pytest.mark.parametrize("template_id", [1, 2, 4, 7, 8, 9])
def test_only_keys_that_the_server_knows_are_sent(template_id: int) -> None:
    """It drops others without an error; so a launch without answers has an empty kickoff, and no id and no tasks."""
    assert payload(template_id, {}) == {"name": NAME, "kickoff": {}}


def test_blanks_around_a_name_are_dropped_as_the_server_does() -> None:
    found = exchange("run-admin-only-by-account-owner")

    sent = Current().run_payload(
        10, name=found.body["name"], answers=[], tasks=[], urgency=Urgency(), zone=dt.UTC
    )

    assert sent["name"] == found.answer["name"] == "padded"


def test_urgency_and_the_due_date_are_sent_as_recorded() -> None:
    found = exchange("run-simple-is-urgent-due")
    due = dt.datetime.fromtimestamp(found.body["due_date_tsp"], tz=dt.UTC)

    sent = payload(7, {}, name="urgent", urgency=Urgency(is_urgent=True, due=due))

    assert sent.pop("due_date_tsp") == pytest.approx(found.body["due_date_tsp"], abs=1e-5)
    assert sent == {"name": "urgent", "kickoff": {}, "is_urgent": True}
    assert (found.answer["is_urgent"], round(found.answer["due_date_tsp"])) == (True, round(due.timestamp()))


def test_a_due_date_in_the_past_is_the_servers_to_refuse() -> None:
    found = exchange("run-simple-due-past")
    due = dt.datetime.fromtimestamp(100, tz=dt.UTC)

    assert payload(7, {}, name="late", urgency=Urgency(due=due)) == recorded(found)
    assert expected(found) == (ValidationFailed, "due_date_tsp")


def test_a_name_of_the_longest_length_is_sent() -> None:
    assert payload(7, {}, name="N" * 120)["name"] == "N" * 120
    assert len(exchange("run-simple-long-name-400").answer["name"]) == 120
