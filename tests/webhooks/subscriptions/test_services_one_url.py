"""Subscribing where there is one URL for each event: no URL is replaced that was not shown before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic import server
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import Client
from apps.webhooks.models import Subscription, WantedSubscription
from apps.webhooks.subscriptions import drift, mirror, services
from apps.webhooks.subscriptions.operations import OperationState
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.subscribing import (
    ELSEWHERE,
    EVENTS,
    NO_ADMIN,
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
ANOTHER = "https://flows.example.net/catch/another-secret"


@pytest.fixture(autouse=True)
def public_url(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    monkeypatch.setattr("apps.pneumatic.transport.retry.FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture(autouse=True)
def hooks_of_the_account_are_never_wiped(sandbox: Sandbox) -> Iterator[None]:
    """Check, after every test here, every path that was requested."""
    yield
    wiping = {"/webhooks/subscribe", "/webhooks/unsubscribe"}
    assert not wiping & {entry["path"] for entry in sandbox.requests()}


@pytest.fixture
def other_admin(sandbox: Sandbox) -> str:
    """Return the key of another administrator of the account."""
    return sandbox.add_key("key-of-another-admin", OTHER_ADMIN)


def wanted() -> set[tuple[str, str]]:
    return set(WantedSubscription.objects.values_list("kind", "target"))


def mirrored() -> dict[str, str]:
    return {row.event: row.target for row in services.snapshot().rows}


def test_all_four_are_subscribed_where_there_is_no_url(sandbox: Sandbox, integrator: User) -> None:
    outcomes = services.subscribe(integrator, Kind)

    assert results_of(outcomes) == [("subscribe", "done")] * 4
    assert shown(sandbox) == mirrored() == dict.fromkeys(EVENTS, ours())
    assert results_of(services.subscribe(integrator, Kind)) == [("subscribe", "already")] * 4


def test_what_another_integration_has_is_not_replaced_unasked(sandbox: Sandbox, integrator: User) -> None:
    take(sandbox, "task_returned", url=ELSEWHERE)

    outcomes = services.subscribe(integrator, [STARTED, RETURNED])

    assert results_of(outcomes) == [("subscribe", "done"), ("subscribe", "failed")]
    assert [outcome.is_conflict for outcome in outcomes] == [False, True]
    assert shown(sandbox) == {"workflow_started": ours(), "task_returned": ELSEWHERE}
    # It stays expected: the page still reports it as missing.
    assert ("task_returned", "") in wanted()


def test_what_would_be_replaced_is_known_before(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [STARTED])
    take(sandbox, "task_returned", url=ELSEWHERE)
    services.refresh()

    assert services.to_replace(Kind) == {RETURNED: ELSEWHERE}
    assert services.to_replace(Kind, ELSEWHERE) == {STARTED: ours()}


def test_what_was_shown_is_replaced(sandbox: Sandbox, integrator: User) -> None:
    take(sandbox, "task_returned", url=ELSEWHERE)

    (outcome,) = services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})

    assert (outcome.state, outcome.is_concealed) == (OperationState.DONE, False)
    assert shown(sandbox) == mirrored() == {"task_returned": ours()}
    assert receivers(sandbox, "task_returned") == [ours()]


def test_a_confirmation_is_for_the_shown_url_only(sandbox: Sandbox, integrator: User) -> None:
    take(sandbox, "task_returned", url=ELSEWHERE)
    services.refresh()
    take(sandbox, "task_returned", url=ANOTHER)

    (outcome,) = services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})

    assert (outcome.state, outcome.is_conflict) == (OperationState.FAILED, True)
    assert shown(sandbox) == {"task_returned": ANOTHER}
    assert services.to_replace([RETURNED]) == {RETURNED: ANOTHER}


def test_the_list_is_read_again_right_before_each_change(
    sandbox: Sandbox, integrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(sandbox, "workflow_started", "task_returned", url=ELSEWHERE)
    subscribe = Client.subscribe

    def first(self: Client, **options: Any) -> Any:
        monkeypatch.undo()
        take(sandbox, "task_returned", url=ANOTHER)
        return subscribe(self, **options)

    monkeypatch.setattr(Client, "subscribe", first)

    outcomes = services.subscribe(
        integrator, [STARTED, RETURNED], replacing={STARTED: ELSEWHERE, RETURNED: ELSEWHERE}
    )

    assert [outcome.is_conflict for outcome in outcomes] == [False, True]
    assert shown(sandbox) == {"workflow_started": ours(), "task_returned": ANOTHER}


def test_a_url_that_was_removed_since_needs_no_new_confirmation(sandbox: Sandbox, integrator: User) -> None:
    (outcome,) = services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})

    assert outcome.state == OperationState.DONE


def test_what_was_replaced_is_wanted_no_longer(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [STARTED, RETURNED])

    services.subscribe(integrator, [RETURNED], ELSEWHERE, replacing={RETURNED: ours()})

    assert wanted() == {("workflow_started", ""), ("task_returned", ELSEWHERE)}
    assert drift.find_drift().findings == ()


class TestAnotherUserOfTheAccount:
    """Pneumatic has a URL for each user and event, and shows one of them."""

    def test_both_receive_and_the_list_shows_one(
        self, sandbox: Sandbox, integrator: User, other_admin: str
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE, key=other_admin)

        (outcome,) = services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})

        assert (outcome.state, outcome.is_concealed) == (OperationState.DONE, True)
        assert shown(sandbox) == {"task_returned": ELSEWHERE}
        assert receivers(sandbox, "task_returned") == [ELSEWHERE, ours()]
        assert {row.target for row in services.snapshot().rows} == {ELSEWHERE, ours()}
        assert drift.find_drift().findings == ()

    def test_it_is_still_known_after_the_list_was_read_again(
        self, sandbox: Sandbox, integrator: User, other_admin: str
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE, key=other_admin)
        services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})

        services.refresh()

        assert drift.find_drift().findings == ()
        assert services.to_replace([RETURNED]) == {}
        assert services.not_sent_to_us(services.snapshot().rows) == [
            kind.value for kind in Kind if kind != RETURNED
        ]

    def test_asking_again_does_no_harm(self, sandbox: Sandbox, integrator: User, other_admin: str) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE, key=other_admin)
        for _ in range(2):
            (outcome,) = services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})
            assert outcome.is_ok
        assert receivers(sandbox, "task_returned") == [ELSEWHERE, ours()]

    def test_another_url_than_then_makes_us_doubt(
        self, sandbox: Sandbox, integrator: User, other_admin: str
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE, key=other_admin)
        services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})
        take(sandbox, "task_returned", url=ANOTHER, key=other_admin)

        services.refresh()

        (finding,) = drift.find_drift().findings
        assert finding.problem == drift.DiscrepancyKind.REPLACED

    def test_ours_is_shown_once_theirs_has_ended_and_ours_was_made_again(
        self, sandbox: Sandbox, integrator: User, other_admin: str
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE, key=other_admin)
        services.subscribe(integrator, [RETURNED], replacing={RETURNED: ELSEWHERE})

        outcome = services.unsubscribe(integrator, Subscription.objects.get(target=ELSEWHERE).pk)

        assert outcome.state == OperationState.DONE
        assert (sandbox.subscriptions(), services.snapshot().rows) == ([], ())
        assert wanted() == {("task_returned", "")}
        drift.repair(integrator)
        assert shown(sandbox) == mirrored() == {"task_returned": ours()}

    def test_ending_what_is_sent_to_us_leaves_what_the_list_does_not_show(
        self, sandbox: Sandbox, integrator: User, other_admin: str
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE, key=other_admin)
        services.subscribe(integrator, [STARTED, RETURNED], replacing={RETURNED: ELSEWHERE})

        outcomes = services.unsubscribe_target(integrator, ours())

        assert results_of(outcomes) == [("unsubscribe", "done")]
        assert receivers(sandbox, "task_returned") == [ELSEWHERE, ours()]
        assert wanted() == {("task_returned", "")}


def test_an_end_is_refused_when_the_event_has_another_url_by_now(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [RETURNED])
    row = Subscription.objects.get(removed_at=None)
    take(sandbox, "task_returned", url=ELSEWHERE)

    outcome = services.unsubscribe(integrator, row.pk)

    assert (outcome.state, bool(outcome.error)) == (OperationState.FAILED, True)
    assert shown(sandbox) == {"task_returned": ELSEWHERE}


def test_an_end_is_refused_when_it_changed_after_the_list_was_read(
    sandbox: Sandbox, integrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.subscribe(integrator, [RETURNED])
    row = Subscription.objects.get(removed_at=None)
    unsubscribe = Client.unsubscribe

    def first(self: Client, *arguments: Any) -> Any:
        take(sandbox, "task_returned", url=ELSEWHERE)
        return unsubscribe(self, *arguments)

    monkeypatch.setattr(Client, "unsubscribe", first)

    outcome = services.unsubscribe(integrator, row.pk)

    assert (outcome.state, outcome.is_conflict) == (OperationState.FAILED, True)
    assert shown(sandbox) == mirrored() == {"task_returned": ELSEWHERE}


def test_one_that_was_ended_already_is_no_failure(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [RETURNED])
    call(sandbox, "POST", "/webhooks/events/task_returned/unsubscribe", {})

    row = Subscription.objects.get(removed_at=None)

    assert services.unsubscribe(integrator, row.pk).state == OperationState.ALREADY
    assert (mirrored(), wanted()) == ({}, set())


def test_all_of_a_target_end_and_nothing_else(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [STARTED])
    services.subscribe(integrator, [RETURNED, Kind.TASK_COMPLETED], ELSEWHERE)

    outcomes = services.unsubscribe_target(integrator, ELSEWHERE)

    assert results_of(outcomes) == [("unsubscribe", "done")] * 2
    assert shown(sandbox) == mirrored() == {"workflow_started": ours()}
    assert wanted() == {("workflow_started", "")}


def test_a_target_that_lost_its_events_ends_no_other(
    sandbox: Sandbox, integrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.subscribe(integrator, [RETURNED], ELSEWHERE)
    unsubscribe_target = Client.unsubscribe_target

    def first(self: Client, *arguments: Any) -> Any:
        take(sandbox, "task_returned", url=ANOTHER)
        return unsubscribe_target(self, *arguments)

    monkeypatch.setattr(Client, "unsubscribe_target", first)

    outcomes = services.unsubscribe_target(integrator, ELSEWHERE)

    assert results_of(outcomes) == [("unsubscribe", "already")]
    assert shown(sandbox) == mirrored() == {"task_returned": ANOTHER}


LOST: list[dict[str, Any]] = [
    {"kind": "drop_after"},
    {"kind": "broken_json", "process": True},
    {"kind": "html_200", "process": True},
    {"kind": "status", "status": 502, "process": True},
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault["kind"])
@pytest.mark.parametrize("before", ["", ELSEWHERE], ids=["over nothing", "over another"])
def test_a_lost_answer_is_found_again_by_listing(
    sandbox: Sandbox, integrator: User, fault: dict[str, Any], before: str
) -> None:
    if before:
        take(sandbox, "task_returned", url=before)
    sandbox.fault(**fault, method="POST", path_prefix="/webhooks", times=1)

    (outcome,) = services.subscribe(integrator, [RETURNED], replacing={RETURNED: before})

    assert outcome.state == OperationState.DONE
    assert shown(sandbox) == mirrored() == {"task_returned": ours()}


def test_an_end_without_a_response_is_found_by_listing(sandbox: Sandbox, integrator: User) -> None:
    services.subscribe(integrator, [RETURNED])
    sandbox.fault(kind="drop_after", method="POST", path_prefix="/webhooks", times=1)

    outcome = services.unsubscribe(integrator, Subscription.objects.get(removed_at=None).pk)

    assert outcome.is_ok
    assert (shown(sandbox), mirrored(), wanted()) == ({}, {}, set())


def test_a_failure_half_way_reports_what_succeeded_and_stays_expected(
    sandbox: Sandbox, integrator: User
) -> None:
    sandbox.fault(kind="status", status=500, method="POST", path_prefix="/webhooks", skip=2, times=1)

    outcomes = services.subscribe(integrator, Kind)

    assert [outcome.state for outcome in outcomes] == [
        OperationState.DONE,
        OperationState.DONE,
        OperationState.FAILED,
        OperationState.SKIPPED,
    ]
    assert len(wanted()) == 4
    assert all(outcome.is_ok for outcome in services.subscribe(integrator, Kind))
    assert shown(sandbox) == dict.fromkeys(EVENTS, ours())


def test_a_url_that_the_server_refuses_is_wanted_no_longer(sandbox: Sandbox, integrator: User) -> None:
    (outcome,) = services.subscribe(integrator, [RETURNED], "http://dashboard:8000/listener")

    assert (outcome.is_refused, bool(outcome.error)) == (True, True)
    assert wanted() == set()


def test_a_key_that_may_not_manage_webhooks_is_explained(
    sandbox: Sandbox, integrator: User, settings: Settings
) -> None:
    services.subscribe(integrator, [RETURNED])
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-no-admin", NO_ADMIN)

    state = services.refresh()
    (outcome,) = services.subscribe(integrator, [STARTED])

    assert state.is_denied
    assert "PNEUMATIC_API_KEY" in state.error
    assert "still deliver events" in state.error
    assert [row.target for row in state.rows] == [ours()]
    assert outcome.error == state.error
    assert shown(sandbox) == {"task_returned": ours()}


@pytest.mark.parametrize("setting", ["auto", "current"])
def test_the_first_question_of_all_finds_out_what_the_server_does(
    sandbox: Sandbox, integrator: User, settings: Settings, setting: str
) -> None:
    settings.PNEUMATIC_DIALECT = setting
    server.forget()
    take(sandbox, "task_returned", url=ELSEWHERE)

    (outcome,) = services.subscribe(integrator, [RETURNED])

    assert outcome.is_conflict
    assert services.to_replace([RETURNED]) == {RETURNED: ELSEWHERE}


def test_no_secret_is_logged_or_shown(
    sandbox: Sandbox, integrator: User, caplog: pytest.LogCaptureFixture, other_admin: str
) -> None:
    caplog.set_level("DEBUG")
    take(sandbox, "task_returned", url=ANOTHER, key=other_admin)
    outcomes = services.subscribe(integrator, Kind, replacing={RETURNED: ANOTHER})
    sandbox.fault(kind="drop_after", path_prefix="/webhooks", method="POST", times=0)
    outcomes += services.unsubscribe_target(integrator, ours())

    token = ours().rstrip("/").rpartition("/")[2]
    words = caplog.text + repr(outcomes) + repr(services.snapshot()) + repr(mirror.rows())
    assert token not in words
    assert "another-secret" not in words
