"""A day in the very first launch, before the user of the key is known."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from apps.pneumatic import server
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition
from apps.pneumatic.client import connect
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 12, 24)


@only_current
def test_it_begins_in_the_zone_of_the_keys_user(sandbox: Sandbox) -> None:
    sandbox.put_user({"id": 1, "timezone": "Pacific/Auckland"})
    server.forget()

    with connect() as client:
        answer = Answer(FieldDefinition("day", "Day", "date"), DAY)
        seconds = client.run_payload(1, name="x", answers=[answer])["kickoff"]["day"]
        client.run_payload(1, name="x", answers=[answer])

    assert dt.datetime.fromtimestamp(seconds, ZoneInfo("Pacific/Auckland")) == dt.datetime(
        2026, 12, 24, tzinfo=ZoneInfo("Pacific/Auckland")
    )
    assert [entry["path"] for entry in sandbox.requests()] == ["/auth/context", "/attachments"]
