"""The checks of the system: what is wrong is found, said, and comes with what to do."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from unittest import mock

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from apps.accounts.models import User
from apps.core.health import storage
from apps.core.models import WorkerProcess
from apps.core.processes import heartbeat
from apps.dashboard.system import checks
from apps.dashboard.system.conditions import Level
from apps.launches.models import Launch
from apps.pneumatic import server
from apps.pneumatic.canonical.schemas import KeyHolder
from apps.sync import services
from apps.webhooks.models import Delivery, WantedSubscription
from pneumatic_dash import __version__
from tests.core.processes.test_heartbeat import another
from tests.factories import make_launch, make_template
from tests.fixtures import payloads
from tests.fixtures.deliveries import store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("live_notices")]

HOUR_AGO = dt.timedelta(hours=1)


def part(name: str) -> list[tuple[Level, str]]:
    """Return the conditions of one check."""
    found = next(part for part in checks.run() if part.name == name)
    return [(condition.level, condition.text) for condition in found.conditions]


def levels(name: str) -> set[Level]:
    return {level for level, _text in part(name)}


def test_every_check_says_something_and_every_problem_what_to_do() -> None:
    for found in checks.run():
        assert found.conditions, found.name
        for condition in found.conditions:
            assert condition.text.endswith((".", "s")) or found.name == "versions"
            assert condition.advice or condition.level is Level.OK, condition


def test_a_worker_is_reported_as_it_is() -> None:
    assert part("worker") == [(Level.PROBLEM, "No worker has run in the last day.")]

    another(age=dt.timedelta(minutes=5))
    assert part("worker")[0][1] == "No worker runs. The last one stopped reporting 5\xa0minutes ago."

    row = another()
    assert levels("worker") == {Level.WARNING}  # another version

    WorkerProcess.objects.filter(pk=row.pk).update(version=__version__)
    assert levels("worker") == {Level.OK}

    WorkerProcess.objects.filter(pk=row.pk).update(rounds={"deliveries": {"seconds": 900, "failures": 0}})
    assert part("worker")[0][1].endswith("hangs in: deliveries.")

    WorkerProcess.objects.filter(pk=row.pk).update(rounds={"deliveries": {"seconds": None, "failures": 5}})
    assert part("worker")[0][1].endswith("fails in: deliveries.")


def test_users_see_a_notice_only_when_something_waits_for_a_dead_worker(operator: User) -> None:
    assert checks.notices() == []

    store([payloads.started(1)])
    Delivery.objects.update(due_at=timezone.now() - HOUR_AGO)
    services.enqueue_sync(started_by=operator)
    DBTaskResult.objects.update(enqueued_at=timezone.now() - HOUR_AGO)
    assert checks.notices() == ["No worker is running, so these are not processed: events, a sync."]

    another()
    assert checks.notices() == []


def test_the_queue_and_the_deliveries_are_reported(operator: User) -> None:
    assert part("tasks") == [(Level.OK, "Nothing waits.")]
    services.enqueue_sync(started_by=operator)
    DBTaskResult.objects.update(enqueued_at=timezone.now() - HOUR_AGO)
    assert part("tasks") == [(Level.WARNING, "1 task waits, the oldest for 1\xa0hour.")]
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())
    assert part("tasks") == [(Level.WARNING, "1 task failed in the last day.")]

    assert part("deliveries") == [(Level.OK, "No delivery was ever received.")]
    store([payloads.started(1)])
    assert levels("deliveries") == {Level.OK}
    Delivery.objects.update(due_at=timezone.now() - HOUR_AGO)
    assert (Level.PROBLEM, "1 delivery waits; it has been due for 1\xa0hour.") in part("deliveries")
    Delivery.objects.update(state=Delivery.State.DEAD_LETTER)
    assert (Level.WARNING, "1 delivery failed for good.") in part("deliveries")


def test_a_launch_without_an_end_is_reported(operator: User) -> None:
    assert levels("launches") == {Level.OK}
    make_launch(make_template(1), operator, state=Launch.State.UNKNOWN)
    assert part("launches") == [(Level.WARNING, "1 launch has an unknown result.")]


def test_the_connection_is_reported() -> None:
    assert part("key") == [
        (Level.OK, "Pneumatic has not rejected the key; manage.py check_connection reports more.")
    ]
    server.remember_holder("documented", KeyHolder(1, name="Bo"))
    assert (Level.OK, "Pneumatic accepted the key of Bo.") in part("key")
    server.remember_key(is_accepted=False)
    assert levels("key") == {Level.PROBLEM}
    assert checks.notices() == ["Pneumatic rejects the API key: nothing can be launched or synced."]
    server.remember_key(is_accepted=True)
    assert levels("key") == {Level.OK}
    with override_settings(PNEUMATIC_API_KEY=""):
        assert part("key") == [(Level.PROBLEM, "PNEUMATIC_API_KEY is not set.")]
        assert checks.notices() == ["No API key is set: nothing can be launched or synced."]

    assert part("sync") == [(Level.WARNING, "Nothing was ever synced.")]
    assert levels("subscriptions") == {Level.WARNING}
    WantedSubscription.objects.create(kind="workflow_started", target="", requested_at=timezone.now())
    assert (Level.PROBLEM, "Events are expected, and PUBLIC_URL is empty.") in part("subscriptions")


def test_the_installation_is_reported() -> None:
    assert levels("database") == levels("disk") == levels("versions") == {Level.OK}
    storage.forget()
    with override_settings(DISK_MIN_FREE_BYTES=2**62):
        assert levels("disk") == {Level.PROBLEM}
        assert checks.notices() == ["The server cannot store more: launches and uploads will fail."]
        storage.forget()
    free = storage.rooms()[-1].free
    assert free
    storage.forget()
    with override_settings(DISK_MIN_FREE_BYTES=free // 2):
        assert Level.WARNING in levels("disk")


def test_a_check_that_fails_is_a_problem_and_stops_no_other() -> None:
    for error in (OperationalError("gone"), RuntimeError("a defect")):
        with mock.patch.object(heartbeat, "workers", side_effect=error):
            assert part("worker")[0][0] is Level.PROBLEM
            assert levels("versions") == {Level.OK}
            assert checks.notices() == []


def test_the_banner_costs_one_query_while_everything_works() -> None:
    another()
    checks.notices()  # what is known of the server is remembered
    with CaptureQueriesContext(connection) as queries:
        assert checks.notices() == []

    assert len(queries) == 1


@pytest.mark.parametrize("seconds", [-90, 1, 45])
def test_a_time_that_is_no_minute_ago_is_a_word(seconds: int) -> None:
    """The server's clock may be ahead, too."""
    at = timezone.now() - dt.timedelta(seconds=seconds)
    store([payloads.started(1)])
    Delivery.objects.update(received_at=at, due_at=at)
    DBTaskResult.objects.create(args_kwargs={}, run_after=at, task_path="x", backend_name="default")
    DBTaskResult.objects.update(enqueued_at=at)

    texts = [condition.text for found in checks.run() for condition in found.conditions]

    assert "Last delivery: just now." in texts
    assert not [text for text in texts if "0\xa0" in text]
    assert [text for text in texts if "less than a minute" in text] or seconds < 30


def test_a_part_is_one_row_of_the_page(administrator_client: Client) -> None:
    page = administrator_client.get("/admin/dashboard/system/").content.decode()

    rows = re.findall(r'<th scope="row"[^>]*>([^<]*)</th>', page.partition('id="parts-title"')[2])
    assert rows == [str(check.label) for check in checks.CHECKS]


def test_the_banner_is_not_computed_for_each_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CACHE_SECONDS", 3600)
    checks.notices()
    with CaptureQueriesContext(connection) as queries:
        checks.notices()

    assert len(queries) == 0


def test_the_command_prints_and_exits_with_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("system_status")
    assert ended.value.code == 1
    assert "PROBLEM  Worker: No worker has run in the last day." in capsys.readouterr().out

    another()
    call_command("system_status", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["status"] == "warning"
    assert printed["parts"]["database"][0] == {
        "level": "ok",
        "text": "The database accepts writes.",
        "advice": "",
    }


def test_the_page_is_for_administrators(
    administrator_client: Client, integrator_client: Client, operator_client: Client, client: Client
) -> None:
    url = "/admin/dashboard/system/"
    page = administrator_client.get(url)

    assert page.status_code == 200
    assert "No worker has run in the last day." in page.content.decode()
    assert "Something is wrong." in page.content.decode()
    statuses: list[Callable[[], int]] = [
        lambda: integrator_client.get(url).status_code,
        lambda: operator_client.get(url).status_code,
        lambda: client.get(url).status_code,
        lambda: administrator_client.post(url).status_code,
    ]
    assert [status() for status in statuses] == [403, 302, 302, 405]
    assert url in administrator_client.get("/admin/").content.decode()
    assert url not in integrator_client.get("/admin/").content.decode()
