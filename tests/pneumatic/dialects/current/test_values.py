"""The current dialect: how answers become JSON."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import assume, given
from hypothesis import strategies as st
from pytest_django import Settings

from apps.pneumatic import server
from apps.pneumatic.canonical.schemas import (
    Answer,
    FieldDefinition,
    FileValue,
    GroupValue,
    KeyHolder,
    Selection,
    TaskOverride,
    Urgency,
    UserValue,
    Value,
)
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.current.values import encode
from apps.pneumatic.errors import ValidationFailed
from apps.pneumatic.server import KnownServer

DIALECT = Current()
# Places where the clock has skipped midnight, so that a day began at one o'clock; and the ends of the world.
ZONES = [
    "Africa/Cairo", "America/Santiago", "Asia/Beirut", "America/Havana", "America/Sao_Paulo", "Asia/Tehran",
    "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Asia/Kathmandu", "UTC",
]  # fmt: skip
DAYS_WITHOUT_MIDNIGHT = [
    ("Africa/Cairo", dt.date(2024, 4, 26)),
    ("America/Santiago", dt.date(2024, 9, 8)),
    ("Asia/Beirut", dt.date(2024, 3, 31)),
    ("America/Havana", dt.date(2024, 3, 10)),
    ("America/Sao_Paulo", dt.date(2018, 11, 4)),
]
SKIPPED_DAYS = [("Pacific/Apia", dt.date(2011, 12, 30)), ("Pacific/Kiritimati", dt.date(1994, 12, 31))]


def field(type_: str, *labels: str, max_length: int | None = None) -> FieldDefinition:
    return FieldDefinition(
        "f", "F", type_, selections=tuple(Selection(label, label) for label in labels), max_length=max_length
    )


def said(definition: FieldDefinition, value: Value, zone: dt.tzinfo = dt.UTC) -> Any:
    return json.loads(json.dumps(encode(definition, value, zone=zone)))


@pytest.mark.parametrize(
    ("definition", "value", "wire"),
    [
        (field("string", max_length=140), "s" * 140, "s" * 140),
        (field("string", max_length=140), "😀" * 140, "😀" * 140),
        (field("text"), "a\nb " * 20_000, "a\nb " * 20_000),
        (field("url"), "example.com/x", "example.com/x"),
        (field("radio", "High", "Low"), "Low", "Low"),
        (field("dropdown", "Danmark", "日本"), "日本", "日本"),
        (field("checkbox", "E-mail", "Fax, telex"), ("Fax, telex", "E-mail"), ["Fax, telex", "E-mail"]),
        (field("date"), dt.date(2026, 1, 1), 1767225600),
        (field("date"), dt.date(1970, 1, 1), 0),
        (field("date"), dt.date(1969, 12, 31), -86400),
        (field("number"), Decimal("1234.56"), "1234.56"),
        (field("number"), Decimal("1E+5"), "100000"),
        (field("number"), Decimal("-0.000001"), "-0.000001"),
        (field("number"), Decimal("1e-10"), "0.0000000001"),
        (field("user"), UserValue(7, "ada@example.com", "Ada"), "ada@example.com"),
        (field("user"), GroupValue(3, "Reviewers Ü"), "Reviewers Ü"),
        (field("file"), (FileValue("u", "a.png", "http://f/u"),), ["[a.png](http://f/u)"]),
        (
            field("file"),
            (FileValue("u", "a.png", "http://f/u"), FileValue("v", "b.png", "http://f/v")),
            ["[a.png](http://f/u)", "[b.png](http://f/v)"],
        ),
    ],
)
def test_it_writes_each_type_as_the_current_server_takes_it(
    definition: FieldDefinition, value: Value, wire: Any
) -> None:
    found = said(definition, value)

    assert found == wire
    assert type(found) is type(wire)


# -- Days


@given(st.dates(dt.date(2, 1, 1), dt.date(9998, 12, 31)), st.sampled_from(ZONES))
def test_the_day_that_was_picked_comes_back_in_its_zone(day: dt.date, name: str) -> None:
    assume((name, day) not in SKIPPED_DAYS)
    zone = ZoneInfo(name)

    seconds = said(field("date"), day, zone)

    assert type(seconds) is int
    assert shown(seconds, zone) == day


@pytest.mark.parametrize(
    ("name", "day"),
    SKIPPED_DAYS,
)
def test_a_day_that_a_zone_skipped_is_refused(name: str, day: dt.date) -> None:
    with pytest.raises(ValidationFailed, match="does not exist") as caught:
        said(field("date"), day, ZoneInfo(name))

    assert caught.value.field == "f"
    assert said(field("date"), day + dt.timedelta(days=1), ZoneInfo(name))


@pytest.mark.parametrize(("name", "day"), DAYS_WITHOUT_MIDNIGHT)
def test_a_day_without_a_midnight_begins_an_hour_later(name: str, day: dt.date) -> None:
    zone = ZoneInfo(name)

    seconds = said(field("date"), day, zone)

    assert shown(seconds, zone) == day
    assert shown(seconds - 1, zone) == day - dt.timedelta(days=1)
    assert (dt.datetime.fromtimestamp(seconds, tz=zone)).hour == 1


def shown(seconds: int, zone: dt.tzinfo) -> dt.date:
    """Return the day that a server shows for these seconds to a user in ``zone``."""
    timestamp = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    return timestamp.astimezone(zone).date()


@pytest.mark.parametrize("day", [dt.date.min, dt.date(1, 12, 31), dt.date(9999, 1, 1), dt.date.max])
@pytest.mark.parametrize("name", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_day_on_which_the_server_breaks_is_refused(day: dt.date, name: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        encode(field("date"), day, zone=ZoneInfo(name))

    assert caught.value.field == "f"


@pytest.mark.parametrize(
    ("zone", "seconds"),
    [
        ("Asia/Tokyo", 1767193200),
        ("America/New_York", 1767243600),
        ("", 1767222000),
        ("Mars/Olympus", 1767222000),
    ],
)
def test_a_day_begins_in_the_zone_of_the_keys_user(
    settings: Settings, memory: dict[str, KnownServer], zone: str, seconds: int
) -> None:
    """Where that is not known, or no zone, in that of the settings: in tests it is Berlin."""
    settings.PNEUMATIC_API_URL = "http://pneumatic.invalid"
    server.remember_holder("current", KeyHolder(1, zone=zone, asked_at=timezone.now()))
    client = Client(
        api_url="http://pneumatic.invalid", api_key="k", dialect=Current(), connect_timeout=1, read_timeout=1
    )

    payload = client.run_payload(1, name="x", answers=[Answer(field("date"), dt.date(2026, 1, 1))])

    assert payload["kickoff"] == {"f": seconds}


# -- Numbers


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8) | st.decimals(-(10**12), 10**12))
def test_a_number_says_exactly_what_was_answered(number: Decimal) -> None:
    wire = said(field("number"), number)

    assert Decimal(wire) == number
    assert re.fullmatch(r"-?\d+(\.\d+)?", wire)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        encode(field("number"), Decimal(number), zone=dt.UTC)

    assert caught.value.field == "f"


# -- Texts


@pytest.mark.parametrize("type_", ["string", "text", "url"])
def test_a_null_character_is_refused_where_the_server_would_break(type_: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        encode(field(type_), "a\0b", zone=dt.UTC)

    assert caught.value.field == "f"


def test_a_text_that_is_too_long_is_refused_with_both_numbers() -> None:
    with pytest.raises(ValidationFailed, match="141 characters; the limit is 140") as caught:
        encode(field("string", max_length=140), "s" * 141, zone=dt.UTC)

    assert caught.value.field == "f"


# -- Options, people


@pytest.mark.parametrize("type_", ["radio", "dropdown", "checkbox"])
@pytest.mark.parametrize("key", ["high", "High ", "", "1", "selection-1", "High, Low"])
def test_an_option_that_the_field_does_not_have_is_refused(type_: str, key: str) -> None:
    value = (key,) if type_ == "checkbox" else key

    with pytest.raises(ValidationFailed) as caught:
        encode(field(type_, "High", "Low"), value, zone=dt.UTC)

    assert caught.value.field == "f"


def test_a_person_without_an_address_is_refused() -> None:
    with pytest.raises(ValidationFailed) as caught:
        encode(field("user"), UserValue(7, "", "Ada"), zone=dt.UTC)

    assert caught.value.field == "f"


@pytest.mark.parametrize(
    "email",
    ["ada@localhost", "ada.o'brien@example.com", "jürgen@example.com", "ada@bücher.example", "ada@example.c"],
)
def test_an_address_that_the_server_would_treat_as_a_group_is_refused(email: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        encode(field("user"), UserValue(7, email, "Ada"), zone=dt.UTC)

    assert email in caught.value.errors["f"][0]


@pytest.mark.parametrize("email", ["ADA+x@Example.COM", "a.b_c%d-e@a-b.example.museum", "1@2.xx"])
def test_any_address_that_the_server_knows_as_one_is_sent(email: str) -> None:
    assert encode(field("user"), UserValue(7, email, "Ada"), zone=dt.UTC) == email


def test_a_group_that_the_server_would_treat_as_a_user_is_refused() -> None:
    with pytest.raises(ValidationFailed) as caught:
        encode(field("user"), GroupValue(7, "sales@example.com"), zone=dt.UTC)

    assert "sales@example.com" in caught.value.errors["f"][0]


def test_a_group_without_a_name_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        encode(field("user"), GroupValue(7, ""), zone=dt.UTC)


def test_a_type_that_cannot_be_said_is_refused() -> None:
    with pytest.raises(ValidationFailed) as caught:
        encode(field("hologram"), "x", zone=dt.UTC)

    assert caught.value.errors == {"f": ["Fields of the type “hologram” are not supported."]}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("string", 5),
        ("radio", ("High",)),
        ("checkbox", "High"),
        ("date", "2026-01-01"),
        ("date", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ("number", 5),
        ("number", "5"),
        ("user", "ada@example.com"),
        ("file", "u"),
        ("file", ("u",)),
    ],
)
def test_a_value_of_another_kind_is_a_mistake_of_ours(type_: str, value: Any) -> None:
    with pytest.raises(TypeError):
        encode(field(type_, "High"), value, zone=dt.UTC)


# -- Links

LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


@given(st.text(max_size=30), st.uuids())
def test_any_name_becomes_one_link(name: str, id_: Any) -> None:
    url = f"https://files.example/{id_}"

    (link,) = said(field("file"), (FileValue(str(id_), name.replace("\ud800", ""), url),))

    match = LINK.fullmatch(link)
    assert match, link
    assert match[2] == url
    assert "[" not in match[1]
    assert "\n" not in link
    assert "\0" not in link


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Contract ü (1).pdf", "Contract ü (1).pdf"),
        ("a[1].pdf", "a(1).pdf"),
        ("合同 😀.pdf", "合同 😀.pdf"),
        ("two\nlines\r.pdf", "two lines .pdf"),
        ("", "file"),
        (" \n\0 ", "file"),
        ("]](javascript:alert(1))", "))(javascript:alert(1))"),
    ],
)
def test_a_name_keeps_what_a_label_can_contain(name: str, label: str) -> None:
    assert said(field("file"), (FileValue("u", name, "http://f/u"),)) == [f"[{label}](http://f/u)"]


@pytest.mark.parametrize("url", ["", "http://f/u)", "http://f/u) [x](http://g/v"])
def test_a_file_without_an_address_of_the_service_is_refused(url: str) -> None:
    """Such as one that was uploaded before the server changed its generation."""
    with pytest.raises(ValidationFailed, match="Upload it again") as caught:
        encode(field("file"), (FileValue("12", "a.png", url),), zone=dt.UTC)

    assert caught.value.field == "f"


# -- The payload


def payload(name: str = "Trip", **options: Any) -> dict[str, Any]:
    given_ = {"answers": [], "tasks": [], "urgency": Urgency(), "zone": dt.UTC, **options}
    return DIALECT.run_payload(5, name=name, **given_)


def test_the_payload_has_nothing_that_the_server_ignores() -> None:
    answers = [Answer(field("string"), "x")]

    assert payload(answers=answers, tasks=[TaskOverride(1, "https://example.com/")]) == {
        "name": "Trip",
        "kickoff": {"f": "x"},
    }


def test_urgency_is_said_where_there_is_one() -> None:
    due = dt.datetime(2030, 1, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))

    assert payload(urgency=Urgency(is_urgent=True, due=due)) == {
        "name": "Trip",
        "kickoff": {},
        "is_urgent": True,
        "due_date_tsp": 1893466800.0,
    }


@pytest.mark.parametrize("name", ["", "  ", "\n", "N" * 121, "a\0b", "😀" * 121])
def test_a_name_that_the_server_would_refuse_or_cut_is_refused(name: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        payload(name)

    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("name", "sent"), [("N" * 120, "N" * 120), (" Trip\n", "Trip"), ("{{date}} x", "{{date}} x")]
)
def test_a_name_is_sent_as_the_server_keeps_it(name: str, sent: str) -> None:
    assert payload(name)["name"] == sent
