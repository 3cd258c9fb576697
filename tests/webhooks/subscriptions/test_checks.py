"""``manage.py check --database default`` reports whether Pneumatic has all expected subscriptions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.core import checks
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks.models import SubscriptionListing, WantedSubscription
from apps.webhooks.subscriptions import services
from tests.core.test_checks import manage
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.subscribing import ELSEWHERE, NO_ADMIN, PUBLIC_URL, ours, take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


OURS = {
    "pneumatic.W101",
    "pneumatic.W102",
    "pneumatic.W103",
}  # other checks of the database depend on its version


def messages() -> dict[str, str]:
    found = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
    return {message.id: message.msg for message in found if message.id in OURS}


def aged(**values: object) -> None:
    SubscriptionListing.objects.update(**values)


def test_nothing_is_said_where_nothing_is_wanted(sandbox: Sandbox) -> None:
    sandbox.add_subscription(event="task_returned", target=ELSEWHERE)
    services.refresh()

    assert messages() == {}


def test_nothing_is_said_when_nothing_is_missing(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, Kind)
    sandbox.add_subscription(
        event="task_returned", target=ELSEWHERE
    )  # another integration's, so not reported
    services.refresh()

    assert messages() == {}


def test_a_difference_is_reported_with_its_age_and_without_secrets(
    sandbox: Sandbox, integrator: User
) -> None:
    services.subscribe(integrator, Kind)
    sandbox.delete_subscription(sandbox.subscriptions()[0]["id"])
    services.refresh()
    aged(fetched_at=timezone.now() - dt.timedelta(hours=3, minutes=5))

    found = messages()

    assert list(found) == ["pneumatic.W103"]
    assert "as listed 3 hours ago: missing: workflow_started." in found["pneumatic.W103"]
    assert ours().rpartition("/hooks/")[2].strip("/") not in str(found)


@only_current
def test_an_event_that_another_integration_has_is_reported(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, Kind)
    take(sandbox, "task_returned", url=ELSEWHERE)
    services.refresh()

    found = messages()

    assert list(found) == ["pneumatic.W103"]
    assert "replaced by another URL: task_returned → https://hooks.example.org/…." in found["pneumatic.W103"]


@only_current
def test_a_key_that_may_not_manage_webhooks_is_reported(
    sandbox: Sandbox, integrator: User, settings: Settings
) -> None:
    services.subscribe(integrator, Kind)
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-no-admin", NO_ADMIN)
    services.refresh()

    assert "Only admins and the owner" in messages()["pneumatic.W102"]


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (dt.timedelta(seconds=20), "just now"),
        (dt.timedelta(minutes=1, seconds=5), "1 minute ago"),
        (dt.timedelta(days=2, hours=5), "2 days ago"),
    ],
)
def test_a_failed_listing_is_reported_with_the_age_of_the_last(
    sandbox: Sandbox, integrator: User, age: dt.timedelta, words: str
) -> None:
    services.subscribe(integrator, Kind)
    aged(fetched_at=timezone.now() - age, error="Pneumatic cannot be reached.")

    found = messages()

    assert f"last listed {words}" in found["pneumatic.W102"]
    assert "Pneumatic cannot be reached." in found["pneumatic.W102"]


def test_a_list_that_was_never_loaded_is_reported() -> None:
    WantedSubscription.objects.create(kind="task_returned", target=ELSEWHERE, requested_at=timezone.now())

    assert "never listed" in messages()["pneumatic.W102"]


def test_a_missing_public_url_is_reported(sandbox: Sandbox, integrator: User, settings: Settings) -> None:
    services.subscribe(integrator, Kind)
    settings.PUBLIC_URL = ""

    assert "PUBLIC_URL is empty" in messages()["pneumatic.W101"]


def test_without_the_database_nothing_is_checked() -> None:
    WantedSubscription.objects.create(kind="task_returned", target=ELSEWHERE, requested_at=timezone.now())

    assert not [message for message in checks.run_checks() if "W1" in str(message.id)]


def test_a_database_without_tables_is_no_failure(tmp_path: Path) -> None:
    done = manage("check", "--database", "default", DATABASE_URL=f"sqlite:///{tmp_path / 'fresh.sqlite3'}")

    assert done.returncode == 0, done.stderr
