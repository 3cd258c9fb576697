"""A subscription that cannot be read hides no other one, stays as it was, and is not changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks.models import Endpoint, Subscription
from apps.webhooks.subscriptions import checks, mirror, rotation, services
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current
from tests.fixtures.spoiling import spoil
from tests.webhooks.subscribing import ELSEWHERE, PUBLIC_URL, results_of, upstream

pytestmark = pytest.mark.django_db

STARTED, RETURNED = Kind.WORKFLOW_STARTED, Kind.TASK_RETURNED


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


def damage(sandbox: Sandbox, event: Kind = STARTED, *, with_id: bool = True) -> None:
    """Let Pneumatic list a subscription to ``event`` that cannot be read."""

    def change(rows: list[Any]) -> None:
        row = next(row for row in rows if row["event"] == event.value)
        row["target" if "target" in row else "url"] = 7
        if not with_id:
            row.pop("id", None)
            row.pop("event")

    spoil(sandbox, "/webhooks" if sandbox.dialect == "documented" else "/webhooks/events", change)


def known() -> dict[str, str]:
    return dict(Subscription.objects.filter(removed_at=None).values_list("kind", "target"))


@both_dialects
def test_the_page_shows_the_others_and_names_it(
    sandbox: Sandbox, integrator: User, integrator_client: Client
) -> None:
    services.subscribe(integrator, Kind)
    before = known()
    sandbox.add_subscription(event="something_new", target=ELSEWHERE)
    damage(sandbox)

    page = integrator_client.get("/admin/webhooks/subscription/").content.decode()

    assert "Some subscriptions could not be read" in page
    assert "Could not be read: “workflow_started” (" in page
    assert "Pneumatic did not respond" not in page
    assert "All expected subscriptions exist, and no others" not in page
    assert known() == {**before, "": ELSEWHERE} or sandbox.dialect == "current"
    assert known().items() >= before.items()
    state = services.snapshot()
    assert state.is_incomplete
    assert state.fetched_at == state.attempted_at
    (warning,) = checks.check_subscriptions(None, ["default"])
    assert "Not all of Pneumatic's subscriptions could be read." in warning.msg
    sandbox.clear_faults()
    assert not services.refresh().error


@both_dialects
def test_what_cannot_be_read_is_not_changed_and_others_are(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [STARTED, RETURNED])
    before = upstream(sandbox)
    rows = {row.kind: row.pk for row in mirror.rows()}
    damage(sandbox)

    assert results_of(services.subscribe(integrator, [STARTED])) == [("subscribe", "failed")]
    (ended,) = [services.unsubscribe(integrator, rows[STARTED])]
    assert ended.state.value == "failed"
    assert "Could not be read" in ended.error
    assert upstream(sandbox) == before
    assert services.unsubscribe(integrator, rows[RETURNED]).is_ok
    (made,) = services.subscribe(integrator, [Kind.WORKFLOW_COMPLETED])
    assert made.is_ok, made.error


@both_dialects
def test_without_an_id_it_may_be_any_that_is_missing(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, Kind)
    before, sent = known(), upstream(sandbox)
    damage(sandbox, with_id=False)

    assert services.refresh().is_incomplete
    assert known() == before
    # It may be a subscription to any event.
    assert {state for _action, state in results_of(services.subscribe(integrator, [RETURNED]))} == {"failed"}
    assert upstream(sandbox) == sent


@both_dialects
def test_an_endpoint_with_an_unreadable_subscription_stays_accepted(
    sandbox: Sandbox, integrator: User
) -> None:
    services.subscribe(integrator, Kind)
    rotation.begin(integrator)
    damage(sandbox)

    rotation.advance(integrator, confirmed=True)

    assert not Endpoint.objects.exclude(accepted_until=None).exists()


@only_current
def test_all_of_a_target_are_ended_but_what_cannot_be_read(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [STARTED, RETURNED])
    target = services.proposed_target()
    damage(sandbox)

    services.unsubscribe_target(integrator, target)

    assert [event for event, _target in upstream(sandbox)] == [STARTED.value]


def test_the_sync_says_so_in_the_same_way(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [STARTED, RETURNED])
    damage(sandbox)

    with pytest.raises(CommandError):
        call_command("sync", "subscriptions", verbosity=0)

    assert services.snapshot().is_incomplete
