"""What differs from what is wanted, and the steps that repair it."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, Subscription, WantedSubscription
from apps.webhooks.subscriptions import drift, operations, services
from apps.webhooks.subscriptions.drift import DiscrepancyKind
from apps.webhooks.subscriptions.operations import OperationState
from tests.fixtures.sandbox import Sandbox
from tests.webhooks.subscribing import ELSEWHERE, NAMES, PUBLIC_URL, everything_at, ours, results_of, upstream

pytestmark = pytest.mark.django_db

Found = list[tuple[str, str]]


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


@pytest.fixture
def subscribed(sandbox: Sandbox, integrator: User) -> Sandbox:
    """Return the sandbox when everything is as it should be."""
    services.subscribe(integrator, Kind)
    return sandbox


def found() -> Found:
    """Return problem and event of each finding, after a fresh listing."""
    services.refresh()
    return [
        (finding.problem.value, finding.subscription.event if finding.subscription else finding.kind or "")
        for finding in drift.find_drift().findings
    ]


def ids(sandbox: Sandbox) -> dict[str, int]:
    return {row["event"]: row["id"] for row in sandbox.subscriptions()}


def test_nothing_differs_when_nothing_is_missing(subscribed: Sandbox) -> None:
    assert found() == []
    assert drift.plan(drift.find_drift()) == []
    assert drift.report_lines(drift.find_drift()) == ["Pneumatic has all expected subscriptions."]


def test_nothing_is_reported_where_nothing_is_known(sandbox: Sandbox, integrator: User) -> None:
    WantedSubscription.objects.create(kind="task_returned", target="", requested_at="2026-01-01T00:00Z")

    assert drift.find_drift().findings == ()
    assert drift.report_lines(drift.find_drift()) == ["No subscription list loaded yet."]


def test_what_is_missing_is_subscribed(subscribed: Sandbox, integrator: User) -> None:
    subscribed.delete_subscription(ids(subscribed)["task_returned"])
    assert found() == [("missing", "task_returned")]

    outcomes = drift.repair(integrator)

    assert results_of(outcomes) == [("subscribe", "done")]
    assert sorted(upstream(subscribed)) == everything_at(ours())
    assert found() == []


def test_a_missing_subscription_of_another_url_is_found(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED], ELSEWHERE)
    sandbox.delete_subscription(sandbox.subscriptions()[0]["id"])

    assert found() == [("missing", "task_returned")]
    drift.repair(integrator)
    assert upstream(sandbox) == [("task_returned", ELSEWHERE)]


def test_the_oldest_of_two_stays(subscribed: Sandbox, integrator: User) -> None:
    kept = ids(subscribed)["task_returned"]
    doubles = [subscribed.add_subscription(event="task_returned", target=ours())["id"] for _ in range(2)]
    assert found() == [("duplicate", "task_returned")] * 2

    drift.repair(integrator)

    assert ids(subscribed)["task_returned"] == kept
    assert not {row["id"] for row in subscribed.subscriptions()} & set(doubles)


def test_a_differently_spelled_address_is_the_same(subscribed: Sandbox) -> None:
    spelled = ours().replace("https://dash.example.com", "HTTPS://Dash.Example.com:443")
    subscribed.add_subscription(event="task_returned", target=spelled)

    assert found() == [("duplicate", "task_returned")]


def test_an_old_name_is_replaced_and_never_leaves_a_gap(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_COMPLETED])
    sandbox.delete_subscription(sandbox.subscriptions()[0]["id"])
    sandbox.add_subscription(event="task_completed", target=ours())
    assert found() == [("missing", "task_completed"), ("deprecated", "task_completed")]

    outcomes = drift.repair(integrator)

    assert results_of(outcomes) == [("subscribe", "done"), ("unsubscribe", "done")]
    assert upstream(sandbox) == [("task_completed_v2", ours())]


def test_what_cannot_be_replaced_stays(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_COMPLETED])
    sandbox.delete_subscription(sandbox.subscriptions()[0]["id"])
    sandbox.add_subscription(event="task_completed", target=ours())
    services.refresh()
    sandbox.fault(kind="status", status=400, method="POST", path_prefix="/webhooks", times=0)

    outcomes = drift.repair(integrator)

    assert results_of(outcomes) == [("subscribe", "failed"), ("unsubscribe", "skipped")]
    assert "replace" in outcomes[1].error
    assert upstream(sandbox) == [("task_completed", ours())]


@pytest.mark.parametrize("event", NAMES.values())
def test_a_token_that_was_never_ours_is_replaced(sandbox: Sandbox, integrator: User, event: str) -> None:
    services.subscribe(integrator, Kind)
    sandbox.delete_subscription(ids(sandbox)[event])
    sandbox.add_subscription(event=event, target=f"{PUBLIC_URL}/hooks/{'x' * 43}/")
    assert {problem for problem, _event in found()} == {"missing", "wrong_token"}

    assert all(outcome.is_ok for outcome in drift.repair(integrator))

    assert sorted(upstream(sandbox)) == everything_at(ours())


def test_a_token_that_was_replaced_is_wrong(subscribed: Sandbox) -> None:
    old = endpoints.create(Endpoint.State.RETIRED)
    subscribed.add_subscription(event="task_returned", target=endpoints.target(old))

    assert found() == [("wrong_token", "task_returned")]


def test_another_public_address_is_repaired(
    subscribed: Sandbox, integrator: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://new.example.com"
    assert [problem for problem, _event in found()] == ["missing"] * 4 + ["wrong_token"] * 4
    explanation = drift.find_drift().of(DiscrepancyKind.WRONG_TOKEN)[0].explanation
    assert "PUBLIC_URL" in explanation

    assert all(outcome.is_ok for outcome in drift.repair(integrator))

    assert sorted(upstream(subscribed)) == everything_at(ours())
    assert ours().startswith("https://new.example.com/hooks/")


def test_another_secret_key_is_repaired(subscribed: Sandbox, integrator: User, settings: Settings) -> None:
    settings.SECRET_KEY = "another-" + "y" * 50

    assert [problem for problem, _event in found()] == ["missing"] * 4 + ["wrong_token"] * 4
    drift.repair(integrator)
    assert sorted(upstream(subscribed)) == everything_at(ours())


def test_another_integration_is_shown_and_left_alone(subscribed: Sandbox, integrator: User) -> None:
    foreign = subscribed.add_subscription(event="task_completed", target=ELSEWHERE)["id"]
    assert found() == [("external", "task_completed")]
    state = drift.find_drift()
    assert state.to_repair == ()
    assert drift.plan(state) == []
    assert drift.repair(integrator) == []
    assert foreign in ids(subscribed).values()

    outcomes = drift.repair(integrator, also=[foreign])

    assert results_of(outcomes) == [("unsubscribe", "done")]
    assert sorted(upstream(subscribed)) == everything_at(ours())


def test_an_unexpected_subscription_of_our_endpoint_is_not_changed(
    sandbox: Sandbox, integrator: User
) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    sandbox.add_subscription(event="workflow_painted", target=ours())
    sandbox.add_subscription(event="workflow_started", target=ours())

    assert found() == [("unexpected", "workflow_painted"), ("unexpected", "workflow_started")]
    assert drift.repair(integrator) == []


def test_the_preview_is_what_is_carried_out(subscribed: Sandbox, integrator: User) -> None:
    subscribed.delete_subscription(ids(subscribed)["task_returned"])
    subscribed.add_subscription(event="workflow_started", target=f"{PUBLIC_URL}/hooks/{'x' * 43}/")
    services.refresh()
    planned = drift.plan(drift.find_drift())

    again = drift.plan(drift.find_drift())

    assert [step.key for step in planned] == [step.key for step in again]
    assert len({step.key for step in planned}) == 2
    assert [outcome.operation for outcome in operations.apply(planned, integrator)] == planned


def test_a_subscription_that_changed_after_the_preview_is_not_ended(
    subscribed: Sandbox, integrator: User
) -> None:
    double = subscribed.add_subscription(event="task_returned", target=ours())
    services.refresh()
    planned = drift.plan(drift.find_drift())
    Subscription.objects.filter(pk=double["id"]).update(target=ELSEWHERE)
    planned[0] = drift.plan(drift.find_drift(), also=[double["id"]])[-1]

    (outcome,) = operations.apply(planned[:1], integrator)

    assert outcome.state == OperationState.FAILED
    assert "has changed" in outcome.error
    assert double["id"] in {row["id"] for row in subscribed.subscriptions()}


def test_it_continues_where_it_was_interrupted(subscribed: Sandbox, integrator: User) -> None:
    for id_ in ids(subscribed).values():
        subscribed.delete_subscription(id_)
    services.refresh()
    planned = drift.plan(drift.find_drift())
    subscribed.fault(kind="status", status=500, method="POST", path_prefix="/webhooks", skip=2, times=1)

    first = operations.apply(planned, integrator)
    second = operations.apply(planned, integrator)

    assert [outcome.state for outcome in first] == [
        OperationState.DONE,
        OperationState.DONE,
        OperationState.FAILED,
        OperationState.SKIPPED,
    ]
    assert [outcome.state for outcome in second] == [
        OperationState.ALREADY,
        OperationState.ALREADY,
        OperationState.DONE,
        OperationState.DONE,
    ]


def test_without_a_public_url_only_that_is_reported(subscribed: Sandbox, settings: Settings) -> None:
    settings.PUBLIC_URL = ""
    state = drift.find_drift()

    assert state.has_no_url
    assert drift.report_lines(state)[0].startswith("PUBLIC_URL is empty")
    assert state.of(DiscrepancyKind.MISSING) == ()


def test_sentences_contain_no_secret(subscribed: Sandbox) -> None:
    subscribed.add_subscription(event="task_returned", target=ELSEWHERE)
    subscribed.add_subscription(event="task_returned", target=ours())
    services.refresh()
    state = drift.find_drift()

    words = " ".join([*drift.report_lines(state), repr(state.findings), repr(drift.plan(state))])

    assert "https://hooks.example.org/…" in words
    assert "secret-of-somebody-else" not in words
    assert endpoints.token(endpoints.active()) not in words


def test_the_number_of_queries_does_not_grow_with_the_subscriptions(
    subscribed: Sandbox, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(40):
        subscribed.add_subscription(event="task_returned", target=f"{ELSEWHERE}/{number}")
    services.refresh()

    with django_assert_num_queries(4):
        assert len(drift.find_drift().findings) == 40
