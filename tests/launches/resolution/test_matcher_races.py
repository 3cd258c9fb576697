"""Of several decisions at the same time, each on its own connection, one is written."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.launches.dispatch import services
from apps.launches.models import Launch
from apps.launches.outcomes import LaunchOutcome
from apps.launches.resolution import matcher, poller
from apps.launches.resolution import services as resolution
from apps.workflow_templates.models import TemplateUse
from apps.workflows.models import Workflow
from tests.factories import make_launch, make_template
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver
from tests.fixtures.waiting import HANG_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

State = Launch.State


def at_once(*jobs: Callable[[], object]) -> list[Exception]:
    """Run the jobs at the same time and return what they raised."""
    start = threading.Barrier(len(jobs))
    raised: list[Exception] = []

    def run(job: Callable[[], object]) -> None:
        try:
            start.wait(timeout=HANG_SECONDS)
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return raised


@pytest.fixture
def unknown(operator: User, deliver: Deliver) -> Launch:
    """A launch that became unknown after its event was processed; it is not matched yet."""
    deliver(payloads.started(41, name="Paint it", template_id=7))
    return make_launch(
        make_template(7),
        operator,
        name="Paint it",
        state=State.UNKNOWN,
        attempts=1,
        sent_at=payloads.BEGIN,
    )


def test_of_several_who_match_one_resolves_it(unknown: Launch, operator: User) -> None:
    look = [lambda: matcher.resolve_similar([(7, "Paint it")])] * 4

    assert at_once(*look) == []

    unknown.refresh_from_db()
    assert (unknown.state, unknown.workflow_id) == (State.LAUNCHED, 41)
    assert TemplateUse.objects.get().launches == 1
    assert Workflow.objects.get().launched_by == operator


def test_of_an_event_and_a_person_one_decides(unknown: Launch, administrator: User) -> None:
    raised = at_once(
        lambda: matcher.resolve_similar([(7, "Paint it")]),
        lambda: resolution.resolve(unknown, user=administrator, workflow_id=None),
    )

    found = Launch.objects.get()
    if found.state == State.LAUNCHED:
        assert [type(error) for error in raised] == [resolution.ResolveError]
        assert (found.workflow_id, found.resolved_by) == (41, None)
    else:
        assert raised == []
        assert (found.state, found.resolved_by, found.evidence) == (State.FAILED, administrator, None)


def test_two_people_do_not_give_one_workflow_to_two_launches(
    unknown: Launch, operator: User, administrator: User
) -> None:
    other = make_launch(
        unknown.template, operator, name="Paint that", state=State.UNKNOWN, attempts=1, sent_at=payloads.BEGIN
    )

    raised = at_once(
        lambda: resolution.resolve(unknown, user=operator, workflow_id=50),
        lambda: resolution.resolve(other, user=administrator, workflow_id=50),
    )

    assert [type(error) for error in raised] == [resolution.ResolveError]
    assert Launch.objects.filter(workflow_id=50).count() == 1


def conclude_that_it_did_not_start(launch: Launch) -> None:
    """Run the second check that does not find a workflow."""
    seen_before = Launch.objects.get(pk=launch.pk)
    poller._finish_poll(seen_before, began=timezone.now(), doubt="")


@pytest.fixture
def missed(unknown: Launch) -> Launch:
    """Return the launch after a first look that did not show any workflow of its template."""
    Workflow.objects.all().delete()
    half_a_minute_ago = timezone.now() - poller.NOT_FOUND_INTERVAL
    Launch.objects.update(not_found_at=half_a_minute_ago, finished_at=half_a_minute_ago)
    unknown.refresh_from_db()
    return unknown


def test_of_a_poll_and_a_user_one_decides(missed: Launch, administrator: User) -> None:
    raised = at_once(
        lambda: conclude_that_it_did_not_start(missed),
        lambda: resolution.resolve(missed, user=administrator, workflow_id=50),
    )

    found = Launch.objects.get()
    if found.state == State.LAUNCHED:
        assert raised == []
        assert (found.workflow_id, found.resolved_by) == (50, administrator)
    else:
        assert [type(error) for error in raised] == [resolution.ResolveError]
        assert (found.state, found.workflow_id, found.resolved_by) == (State.FAILED, None, None)


def test_of_a_poll_and_a_late_response_the_response_wins(missed: Launch) -> None:
    answered = Launch.objects.get()

    raised = at_once(
        lambda: conclude_that_it_did_not_start(missed),
        lambda: services._settle(answered, LaunchOutcome(State.LAUNCHED, workflow_id=50)),
    )

    found = Launch.objects.get()
    assert raised == []
    assert (found.state, found.workflow_id, found.not_found_at) == (State.LAUNCHED, 50, None)


def test_a_check_does_not_change_an_attempt_that_is_retried(missed: Launch) -> None:
    conclude_that_it_did_not_start(missed)

    raised = at_once(
        lambda: conclude_that_it_did_not_start(missed),
        lambda: services.retry(missed, attempts=1),
        lambda: conclude_that_it_did_not_start(missed),
    )

    found = Launch.objects.get()
    assert raised == []
    assert (found.state, found.not_found_at, found.checked_at) == (State.QUEUED, None, None)
