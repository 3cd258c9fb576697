"""The user of the API key moves to another time zone, in which their days begin from then on."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.kickoff.fields import answers_to_json
from apps.launches.dispatch import services
from apps.launches.models import Launch
from apps.pneumatic import server
from apps.pneumatic.canonical.features import DateEncoding
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition
from apps.pneumatic.client import connect
from apps.pneumatic.errors import Unavailable
from tests.factories import make_launch, make_template
from tests.fixtures.launching import send
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = [pytest.mark.django_db, only_current]

DAY = FieldDefinition("day", "Day", "date")
TEXT = FieldDefinition("text", "Text", "string")
ANSWER = Answer(DAY, dt.date(2027, 3, 1))


def move(sandbox: Sandbox, zone: str, *, minutes_later: float) -> None:
    """Let the key's user live in ``zone`` from now on, and some minutes go by."""
    sandbox.put_user({"id": 1, "timezone": zone})
    known = server.known()
    assert known is not None
    assert known.key_holder is not None
    before = timezone.now() - dt.timedelta(minutes=minutes_later)
    server.remember(
        dataclasses.replace(known, key_holder=dataclasses.replace(known.key_holder, asked_at=before))
    )
    server.forget()  # as in a process that has loaded nothing yet
    sandbox.clear_requests()


def know_the_user() -> None:
    with connect() as client:
        client.key_holder()


def paths(sandbox: Sandbox) -> list[str]:
    return [entry["path"] for entry in sandbox.requests()]


def second_of(payload: Any) -> int:
    return int(payload["kickoff"]["day"])


def midnight(hours_from_utc: int) -> int:
    zone = dt.timezone(dt.timedelta(hours=hours_from_utc))
    return int(dt.datetime(2027, 3, 1, tzinfo=zone).timestamp())


def test_a_launch_with_a_day_asks_for_the_zone_once_a_minute(sandbox: Sandbox) -> None:
    know_the_user()
    move(sandbox, "Pacific/Honolulu", minutes_later=2)

    with connect() as client:
        payload = client.run_payload(1, name="N", answers=[ANSWER])
        client.run_payload(1, name="N", answers=[ANSWER])

    assert second_of(payload) == midnight(-10)
    assert paths(sandbox) == ["/auth/context"]  # not for the release again, and not by every launch


def test_a_launch_without_a_day_asks_for_no_zone(sandbox: Sandbox) -> None:
    know_the_user()
    move(sandbox, "Asia/Tokyo", minutes_later=2)

    with connect() as client:
        client.run_payload(1, name="N", answers=[Answer(TEXT, "1")])

    assert paths(sandbox) == []


def test_a_release_that_reads_days_as_they_are_written_is_not_asked(sandbox: Sandbox) -> None:
    know_the_user()
    features = server.known_features()
    assert features is not None
    server.remember_features(dataclasses.replace(features, dates=(DateEncoding.US, DateEncoding.SECONDS)))
    move(sandbox, "Asia/Tokyo", minutes_later=2)

    with connect() as client:
        payload = client.run_payload(1, name="N", answers=[ANSWER])

    assert payload["kickoff"] == {"day": "03/01/2027"}
    assert paths(sandbox) == []


def test_no_day_is_sent_while_the_zone_cannot_be_read(sandbox: Sandbox) -> None:
    """The launch form keeps the answers, and a day that is one off would stay so."""
    know_the_user()
    move(sandbox, "Asia/Tokyo", minutes_later=2)
    sandbox.fault(kind="status", status=503, path_prefix="/auth/context", times=0)

    with connect() as client, pytest.raises(Unavailable):
        client.run_payload(1, name="N", answers=[ANSWER])


def test_a_retry_sends_the_day_of_the_new_zone(sandbox: Sandbox, operator: User) -> None:
    know_the_user()
    template = make_template(1, fields=[DAY])
    with connect() as client:
        before = client.run_payload(1, name="N", answers=[ANSWER])
    launch = make_launch(
        template,
        operator,
        name="N",
        state=Launch.State.FAILED,
        attempts=1,
        payload=before,
        answers=answers_to_json([ANSWER]),
    )
    move(sandbox, "Asia/Tokyo", minutes_later=2)

    assert services.retry(launch, attempts=1)
    launch.refresh_from_db()
    send(launch)

    assert (second_of(before), second_of(launch.payload)) == (midnight(0), midnight(9))
