"""What differs where there is one URL for each event: nothing is there twice, and what others have is theirs."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, Subscription, WantedSubscription
from apps.webhooks.subscriptions import drift, operations, services
from apps.webhooks.subscriptions.drift import DiscrepancyKind
from apps.webhooks.subscriptions.operations import OperationState
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.subscribing import (
    ELSEWHERE,
    EVENTS,
    OTHER_ADMIN,
    PUBLIC_URL,
    call,
    ours,
    receivers,
    results_of,
    shown,
    take,
)

pytestmark = [pytest.mark.django_db, only_current]

STARTED, RETURNED = Kind.WORKFLOW_STARTED, Kind.TASK_RETURNED


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


@pytest.fixture
def subscribed(sandbox: Sandbox, integrator: User) -> Sandbox:
    """Return the sandbox when everything is as it should be."""
    services.subscribe(integrator, Kind)
    return sandbox


def found() -> list[tuple[str, str]]:
    """Return problem and event of each finding, after a fresh listing."""
    services.refresh()
    return [(finding.problem.value, str(finding.kind)) for finding in drift.find_drift().findings]


def old_address(state: Endpoint.State = Endpoint.State.RETIRED) -> str:
    return endpoints.target(endpoints.create(state))


def test_nothing_differs_when_nothing_is_missing(subscribed: Sandbox) -> None:
    assert found() == []
    assert drift.plan(drift.find_drift()) == []
    assert drift.report_lines(drift.find_drift()) == ["Pneumatic has all expected subscriptions."]


def test_what_is_missing_is_subscribed(subscribed: Sandbox, integrator: User) -> None:
    call(subscribed, "POST", "/webhooks/events/task_returned/unsubscribe", {})
    assert found() == [("missing", "task_returned")]

    assert results_of(drift.repair(integrator)) == [("subscribe", "done")]

    assert shown(subscribed) == dict.fromkeys(EVENTS, ours())


def test_an_event_that_an_upgrade_renamed_is_subscribed_under_its_new_name(
    sandbox: Sandbox, integrator: User
) -> None:
    sandbox.reset(release="1.0")
    services.subscribe(integrator, Kind)
    assert found() == []
    sandbox.upgrade("6.0")

    call_command("sync", "subscriptions", stdout=(out := io.StringIO()))

    (line,) = [line for line in out.getvalue().splitlines() if "missing" in line]
    assert found() == [("missing", "task_completed")]
    assert "subscribed as “task_completed_v2”" in line
    assert "A repair subscribes under the name in this release." in line
    assert results_of(drift.repair(integrator)) == [("subscribe", "done")]
    assert shown(sandbox) == dict.fromkeys(EVENTS, ours())
    assert found() == []
    call(sandbox, "POST", "/webhooks/events/task_completed/unsubscribe", {})
    services.refresh()
    (ended,) = drift.find_drift().findings
    assert "task_completed_v2" not in ended.explanation


@pytest.mark.parametrize("owner", ["replaced", "never ours", "another public address"])
def test_an_old_address_of_ours_is_replaced_in_one_step(
    subscribed: Sandbox, integrator: User, settings: Settings, owner: str
) -> None:
    if owner == "another public address":
        settings.PUBLIC_URL = "https://new.example.com"
        expected = [("wrong_token", event) for event in EVENTS]
    else:
        url = old_address() if owner == "replaced" else f"{PUBLIC_URL}/hooks/{'x' * 43}/"
        take(subscribed, "task_returned", url=url)
        expected = [("wrong_token", "task_returned")]
    assert sorted(found()) == sorted(expected)
    subscribed.clear_requests()

    outcomes = drift.repair(integrator)

    assert results_of(outcomes) == [("subscribe", "done")] * len(expected)
    assert shown(subscribed) == dict.fromkeys(EVENTS, ours())
    asked = [entry["path"] for entry in subscribed.requests(method="POST")]
    assert all(path.endswith("/subscribe") for path in asked), "ending it would end it for everyone"


def test_what_another_integration_has_is_replaced_only_when_chosen(
    subscribed: Sandbox, integrator: User
) -> None:
    take(subscribed, "task_returned", url=ELSEWHERE)
    assert found() == [("replaced", "task_returned")]
    state = drift.find_drift()
    assert state.to_repair == ()
    assert [finding.problem for finding in state.unmet] == [DiscrepancyKind.REPLACED]
    assert drift.repair(integrator) == []
    assert shown(subscribed)["task_returned"] == ELSEWHERE

    row = Subscription.objects.get(event="task_returned")
    outcomes = drift.repair(integrator, also=[row.pk])

    assert results_of(outcomes) == [("subscribe", "done")]
    assert shown(subscribed) == dict.fromkeys(EVENTS, ours())
    assert found() == []


def test_a_choice_is_valid_for_the_url_that_was_shown_only(subscribed: Sandbox, integrator: User) -> None:
    take(subscribed, "task_returned", url=ELSEWHERE)
    services.refresh()
    also = [Subscription.objects.get(event="task_returned").pk]
    planned = drift.plan(drift.find_drift(), also)
    take(subscribed, "task_returned", url=f"{ELSEWHERE}/2")

    (outcome,) = operations.apply(planned, integrator)

    assert (outcome.state, outcome.is_conflict) == (OperationState.FAILED, True)
    assert shown(subscribed)["task_returned"] == f"{ELSEWHERE}/2"
    assert [step.key for step in drift.plan(drift.find_drift(), also)] != [step.key for step in planned]


def test_what_another_user_of_the_account_has_stays_with_them(subscribed: Sandbox, integrator: User) -> None:
    key = subscribed.add_key("key-of-another-admin", OTHER_ADMIN)
    call(subscribed, "POST", "/webhooks/events/task_returned/unsubscribe", {})
    take(subscribed, "task_returned", url=ELSEWHERE, key=key)
    assert found() == [("replaced", "task_returned")]

    (outcome,) = drift.repair(integrator, also=[Subscription.objects.get(event="task_returned").pk])

    assert (outcome.state, outcome.is_concealed) == (OperationState.DONE, True)
    assert receivers(subscribed, "task_returned") == [ELSEWHERE, ours()]
    assert found() == []


def test_our_concealed_address_is_replaced_when_its_token_is_old(
    sandbox: Sandbox, integrator: User, settings: Settings
) -> None:
    key = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)
    take(sandbox, "task_returned", url=ELSEWHERE, key=key)
    services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})
    settings.PUBLIC_URL = "https://new.example.com"
    assert found() == [("wrong_token", "task_returned")]

    (outcome,) = drift.repair(integrator)

    assert outcome.is_ok
    assert receivers(sandbox, "task_returned") == [ELSEWHERE, ours()]
    assert found() == []


def test_unexpected_subscriptions_are_not_changed(sandbox: Sandbox, integrator: User) -> None:
    take(sandbox, "task_completed", url=old_address())
    take(sandbox, "task_returned", url=ours())
    take(sandbox, "workflow_started", url=ELSEWHERE)

    assert found() == [
        ("unexpected", "task_completed"),
        ("unexpected", "task_returned"),
        ("external", "workflow_started"),
    ]
    assert drift.repair(integrator) == []

    rows = {row.event: row.pk for row in Subscription.objects.all()}
    outcomes = drift.repair(integrator, also=[rows["workflow_started"], rows["task_completed"]])

    assert results_of(outcomes) == [("unsubscribe", "done")] * 2
    assert shown(sandbox) == {"task_returned": ours()}


def test_a_missing_subscription_of_another_url_is_repaired(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [RETURNED], ELSEWHERE)
    assert found() == []
    call(sandbox, "POST", "/webhooks/events/task_returned/unsubscribe", {})
    assert found() == [("missing", "task_returned")]
    drift.repair(integrator)
    take(sandbox, "task_returned", url=ours())

    assert found() == [("replaced", "task_returned")]
    assert "Our endpoint has this event" in drift.find_drift().findings[0].explanation


def test_two_expected_urls_for_one_event_are_met_by_one(sandbox: Sandbox, integrator: User) -> None:
    """Such wishes come from a server that could send an event to both."""
    for target in ("", ELSEWHERE):
        WantedSubscription.objects.create(
            kind=RETURNED.value, target=target, requested_at="2026-01-01T00:00:00Z"
        )
    take(sandbox, "task_returned", url=ELSEWHERE)
    assert found() == []
    take(sandbox, "task_returned", url=ours())
    assert found() == []


def test_without_a_public_url_only_that_is_reported(
    subscribed: Sandbox, integrator: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = ""

    assert drift.find_drift().has_no_url
    assert found() == []
    assert drift.repair(integrator) == []


def test_sentences_contain_no_secret_and_no_number(subscribed: Sandbox) -> None:
    take(subscribed, "task_returned", url=ELSEWHERE)
    services.refresh()
    state = drift.find_drift()

    (line,) = drift.report_lines(state)

    assert line.startswith(
        "replaced by another URL: task_returned → https://hooks.example.org/…. Another integration"
    )
    assert "secret" not in line + repr(state.findings) + repr(drift.plan(state, [1, 2, 3, 4]))
    assert endpoints.token(endpoints.active()) not in repr(drift.plan(state, [1, 2, 3, 4]))


def test_finding_the_drift_costs_few_queries(
    subscribed: Sandbox, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        drift.find_drift()
