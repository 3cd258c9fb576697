"""Subscribing and ending subscriptions: idempotent, one at a time, and never forgotten half-way."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks.models import Subscription, WantedSubscription
from apps.webhooks.subscriptions import services
from apps.webhooks.subscriptions.operations import OperationState
from tests.fixtures.sandbox import Sandbox
from tests.webhooks.subscribing import ELSEWHERE, NAMES, PUBLIC_URL, everything_at, ours, results_of, upstream

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public_url(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    monkeypatch.setattr("apps.pneumatic.transport.retry.FIRST_PAUSE_SECONDS", 0.01)


def wanted() -> set[tuple[str, str]]:
    return set(WantedSubscription.objects.values_list("kind", "target"))


def mirrored() -> list[tuple[str, str]]:
    return [(row.event, row.target) for row in services.snapshot().rows]


def test_all_four_are_subscribed_in_one_go(sandbox: Sandbox, integrator: User) -> None:
    outcomes = services.subscribe(integrator, Kind)

    assert results_of(outcomes) == [("subscribe", "done")] * 4
    assert sorted(upstream(sandbox)) == everything_at(ours()) == sorted(mirrored())
    assert wanted() == {(kind.value, "") for kind in Kind}
    assert WantedSubscription.objects.filter(requested_by=integrator).count() == 4


def test_what_is_there_already_is_not_made_again(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    before = sandbox.subscriptions()

    outcomes = services.subscribe(integrator, ["task_returned", Kind.WORKFLOW_STARTED])

    assert results_of(outcomes) == [("subscribe", "already"), ("subscribe", "done")]
    assert sandbox.subscriptions()[:1] == before
    assert len(sandbox.subscriptions()) == 2


def test_a_subscription_made_by_another_program_is_found_first(sandbox: Sandbox, integrator: User) -> None:
    sandbox.add_subscription(event="task_returned", target=ours())

    assert results_of(services.subscribe(integrator, [Kind.TASK_RETURNED])) == [("subscribe", "already")]
    assert len(sandbox.subscriptions()) == 1


def test_an_old_name_does_not_count_as_there(sandbox: Sandbox, integrator: User) -> None:
    sandbox.add_subscription(event="task_completed", target=ours())

    assert results_of(services.subscribe(integrator, [Kind.TASK_COMPLETED])) == [("subscribe", "done")]


def test_another_target_can_be_typed(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED], f"  {ELSEWHERE} ")

    assert upstream(sandbox) == [("task_returned", ELSEWHERE)]
    assert wanted() == {("task_returned", ELSEWHERE)}


def test_our_own_address_typed_is_our_receiver(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED], ours())

    assert wanted() == {("task_returned", "")}


def test_a_target_that_cannot_work_is_not_sent(sandbox: Sandbox, integrator: User) -> None:
    with pytest.raises(ValueError, match="https://"):
        services.subscribe(integrator, Kind, "listener")

    assert (wanted(), sandbox.requests()) == (set(), [])


def test_without_a_public_url_our_endpoint_cannot_be_subscribed(
    sandbox: Sandbox, integrator: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = ""

    with pytest.raises(ValueError, match="PUBLIC_URL"):
        services.subscribe(integrator, Kind)

    assert sandbox.requests() == []


def test_a_failure_half_way_reports_what_succeeded_and_stays_expected(
    sandbox: Sandbox, integrator: User
) -> None:
    sandbox.fault(kind="status", status=500, method="POST", path_prefix="/webhooks", skip=2, times=0)

    outcomes = services.subscribe(integrator, Kind)

    assert results_of(outcomes)[:3] == [("subscribe", "done"), ("subscribe", "done"), ("subscribe", "failed")]
    assert outcomes[3].state == OperationState.SKIPPED
    assert "500" in outcomes[2].error
    assert len(sandbox.subscriptions()) == len(services.snapshot().rows) == 2
    assert len(wanted()) == 4


def test_it_can_be_finished_by_asking_again(sandbox: Sandbox, integrator: User) -> None:
    sandbox.fault(kind="status", status=500, method="POST", path_prefix="/webhooks", skip=1, times=1)
    services.subscribe(integrator, Kind)

    outcomes = services.subscribe(integrator, Kind)

    assert all(outcome.is_ok for outcome in outcomes)
    assert sorted(upstream(sandbox)) == everything_at(ours())


LOST = [
    {"kind": "drop_after"},
    {"kind": "truncate"},
    {"kind": "broken_json", "process": True},
    {"kind": "html_200", "process": True},
    {"kind": "wrong_json", "process": True},
    {"kind": "status", "status": 502, "process": True},
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault["kind"])
def test_a_lost_answer_is_found_again_by_listing(
    sandbox: Sandbox, integrator: User, fault: dict[str, Any]
) -> None:
    sandbox.fault(**fault, method="POST", path_prefix="/webhooks", times=1)

    (outcome,) = services.subscribe(integrator, [Kind.TASK_RETURNED])

    assert outcome.state == OperationState.DONE
    assert outcome.subscription_id == sandbox.subscriptions()[0]["id"]
    assert mirrored() == upstream(sandbox) == [("task_returned", ours())]


def test_what_was_not_carried_out_is_not_treated_as_done(sandbox: Sandbox, integrator: User) -> None:
    sandbox.fault(kind="broken_json", method="POST", path_prefix="/webhooks", times=1)

    (outcome,) = services.subscribe(integrator, [Kind.TASK_RETURNED])

    assert outcome.state == OperationState.FAILED
    assert "JSON" in outcome.error


def test_a_lost_response_with_a_lost_list_after_it_is_reported_as_itself(
    sandbox: Sandbox, integrator: User
) -> None:
    sandbox.fault(kind="drop_after", method="POST", path_prefix="/webhooks", times=1)
    sandbox.fault(kind="status", status=403, method="GET", path_prefix="/webhooks", skip=1, times=0)

    (outcome,) = services.subscribe(integrator, [Kind.TASK_RETURNED])

    assert outcome.state == OperationState.FAILED
    assert "connection" in outcome.error
    sandbox.clear_faults()
    assert results_of(services.subscribe(integrator, [Kind.TASK_RETURNED])) == [("subscribe", "already")]


def test_an_end_without_a_response_is_found_by_listing(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    sandbox.fault(kind="drop_after", method="DELETE", path_prefix="/webhooks", times=1)

    outcome = services.unsubscribe(integrator, sandbox.subscriptions()[0]["id"])

    assert outcome.is_ok
    assert (upstream(sandbox), mirrored(), wanted()) == ([], [], set())


def test_a_refused_target_is_no_longer_wanted(sandbox: Sandbox, integrator: User) -> None:
    sandbox.fault(kind="status", status=400, method="POST", path_prefix="/webhooks", times=0)

    (outcome,) = services.subscribe(integrator, [Kind.TASK_RETURNED], ELSEWHERE)

    assert (outcome.state, outcome.is_refused) == (OperationState.FAILED, True)
    assert outcome.error
    assert wanted() == set()


def test_a_refusal_does_not_forget_what_was_wanted_before(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED], ELSEWHERE)
    sandbox.delete_subscription(sandbox.subscriptions()[0]["id"])
    sandbox.fault(kind="status", status=400, method="POST", path_prefix="/webhooks", times=0)

    services.subscribe(integrator, [Kind.TASK_RETURNED], ELSEWHERE)

    assert wanted() == {("task_returned", ELSEWHERE)}


def test_an_ended_subscription_is_no_longer_expected(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, Kind)
    row = Subscription.objects.get(kind=Kind.TASK_RETURNED.value)

    outcome = services.unsubscribe(integrator, row.pk)

    assert outcome.state == OperationState.DONE
    assert "task_returned" not in dict(upstream(sandbox))
    assert len(wanted()) == 3
    row.refresh_from_db()
    assert row.removed_at is not None


def test_ending_a_duplicate_keeps_the_other_expected(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    double = sandbox.add_subscription(event="task_returned", target=ours())
    services.refresh()

    services.unsubscribe(integrator, double["id"])

    assert wanted() == {("task_returned", "")}


def test_one_that_was_ended_already_is_no_failure(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    id_ = sandbox.subscriptions()[0]["id"]
    sandbox.delete_subscription(id_)

    assert services.unsubscribe(integrator, id_).state == OperationState.ALREADY
    assert (mirrored(), wanted()) == ([], set())


def test_an_end_that_fails_changes_nothing(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [Kind.TASK_RETURNED])
    sandbox.fault(kind="status", status=403, method="DELETE", path_prefix="/webhooks", times=0)

    outcome = services.unsubscribe(integrator, sandbox.subscriptions()[0]["id"])

    assert (outcome.state, bool(outcome.error)) == (OperationState.FAILED, True)
    assert mirrored() == upstream(sandbox) == [("task_returned", ours())]
    assert wanted() == {("task_returned", "")}


def test_all_of_a_target_end_and_nothing_else(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, Kind)
    services.subscribe(integrator, Kind, ELSEWHERE)

    outcomes = services.unsubscribe_target(integrator, ELSEWHERE)

    assert results_of(outcomes) == [("unsubscribe", "done")] * 4
    assert sorted(upstream(sandbox)) == everything_at(ours()) == sorted(mirrored())
    assert wanted() == {(kind.value, "") for kind in Kind}
    assert len(sandbox.requests(method="DELETE")) == 1


def test_ending_our_endpoint_ends_its_expected_subscriptions(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, Kind)

    services.unsubscribe_target(integrator, ours())

    assert (upstream(sandbox), wanted()) == ([], set())


def test_a_target_that_cannot_be_ended_is_reported_for_each(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, Kind, ELSEWHERE)
    sandbox.fault(kind="status", status=500, method="DELETE", path_prefix="/webhooks", times=0)

    outcomes = services.unsubscribe_target(integrator, ELSEWHERE)

    assert results_of(outcomes) == [("unsubscribe", "failed")] * 4
    assert len(wanted()) == len(upstream(sandbox)) == 4


def test_a_failing_listing_keeps_the_last_known_state_with_its_age(
    sandbox: Sandbox, integrator: User
) -> None:
    services.subscribe(integrator, Kind)
    before = services.snapshot()
    sandbox.fault(kind="status", status=403, path_prefix="/webhooks", times=0)

    after = services.refresh()

    assert after.error
    assert after.rows == before.rows
    assert after.fetched_at == before.fetched_at
    assert after.attempted_at is not None
    assert before.attempted_at is not None
    assert after.attempted_at > before.attempted_at
    sandbox.clear_faults()
    assert services.refresh().error == ""


def test_a_missing_setting_is_in_the_snapshot(settings: Settings) -> None:
    settings.PNEUMATIC_API_KEY = ""

    assert "PNEUMATIC_API_KEY" in services.refresh().error


def test_a_refresh_shows_what_others_did(sandbox: Sandbox) -> None:
    first = sandbox.add_subscription(event="workflow_painted", target=ELSEWHERE)
    assert [(row.event, row.kind) for row in services.refresh().rows] == [("workflow_painted", "")]
    sandbox.delete_subscription(first["id"])

    assert services.refresh().rows == ()


def test_no_secret_is_logged_or_shown(
    sandbox: Sandbox, integrator: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    token = ours().rstrip("/").rpartition("/")[2]
    outcomes = services.subscribe(integrator, Kind)
    sandbox.fault(kind="drop_after", path_prefix="/webhooks", method="DELETE", times=0)
    outcomes += services.unsubscribe_target(integrator, ours())

    assert len(token) == 43
    assert token not in caplog.text
    assert token not in repr(outcomes)
    assert token not in repr(services.snapshot())


def test_the_names_on_the_wire_are_the_present_ones(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, Kind)

    assert [event for event, _target in upstream(sandbox)] == list(NAMES.values())
