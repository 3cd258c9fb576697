"""The worker checks Pneumatic for unknown launches; where the result is not certain, it decides nothing."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.launches.dispatch import services
from apps.launches.models import Launch
from apps.launches.outcomes import LaunchOutcome
from apps.launches.resolution import poller
from apps.pneumatic.client import connect
from apps.workflow_templates.models import Template
from apps.workflows.models import Workflow
from tests.factories import make_launch
from tests.fixtures.launching import Fill, pass_time
from tests.fixtures.sandbox import Sandbox, only_current

State = Launch.State
pytestmark = only_current


def look_after(*pauses: float) -> None:
    """Do the worker's job after each of these pauses, in seconds."""
    for seconds in pauses:
        pass_time(seconds)
        poller.poll()


@pytest.fixture
def lose(fill: Fill, every_field: Template, sandbox: Sandbox) -> Callable[..., Launch]:
    """Return a function that launches and loses the answer: of a workflow that ``starts``, or not."""

    def launch(*, starts: bool, name: str = "Lost", answer: str = "x") -> Launch:
        sandbox.fault(kind="drop_after" if starts else "drop_before", method="POST")
        fill(every_field, name=name, string_1=answer).send()
        sandbox.clear_requests()
        found = Launch.objects.latest("sent_at")
        assert found.state == State.UNKNOWN
        return found

    return launch


def start_there(template: Template, *, name: str, answer: str) -> int:
    """Start a workflow in Pneumatic, outside the dashboard; return its id."""
    with connect() as client:
        return client.run(template.pk, payload={"name": name, "kickoff": {"string-1": answer}}).workflow_id


def state_of(launch: Launch) -> tuple[str, int | None]:
    launch.refresh_from_db()
    return launch.state, launch.workflow_id


def ids(sandbox: Sandbox) -> list[int]:
    return [workflow["id"] for workflow in sandbox.workflows()]


# -- what was started ----------------------------------------------------------------------------------------------


def test_a_launch_without_a_response_is_found_at_the_first_poll(
    lose: Callable[..., Launch], sandbox: Sandbox, operator: User, operator_client: Client
) -> None:
    launch = lose(starts=True)

    poller.poll()

    [workflow_id] = ids(sandbox)
    assert state_of(launch) == (State.LAUNCHED, workflow_id)
    assert launch.evidence is not None
    assert Workflow.objects.get(pk=workflow_id).launched_by == operator
    page = operator_client.get(f"/launches/{launch.pk}/").content.decode()
    assert "an event or a check in Pneumatic found the workflow" in html.unescape(page)


def test_a_name_with_variables_is_found_and_shown_as_in_pneumatic(
    lose: Callable[..., Launch], sandbox: Sandbox
) -> None:
    name = "For {{string-1}} by {{workflow-starter}}, {{user_email}} of {{account_name}}"
    launch = lose(starts=True, name=name, answer="Ada")

    poller.poll()

    assert state_of(launch) == (State.LAUNCHED, ids(sandbox)[0])
    assert launch.upstream_name.startswith("For Ada by ")


def test_a_launch_of_a_killed_process_is_found_too(
    every_field: Template, operator: User, sandbox: Sandbox, lose: Callable[..., Launch]
) -> None:
    launch = lose(starts=True)
    Launch.objects.update(
        state=State.SENDING, finished_at=None, deadline_at=timezone.now() - dt.timedelta(seconds=1)
    )

    poller.poll()

    assert state_of(launch) == (State.LAUNCHED, ids(sandbox)[0])


def test_of_two_matches_a_user_decides(
    lose: Callable[..., Launch], sandbox: Sandbox, operator_client: Client
) -> None:
    first = lose(starts=True)
    Launch.objects.update(answers_digest="another form")
    second = lose(starts=True)

    look_after(0, 25, 35, 35)

    assert {state_of(first), state_of(second)} == {(State.UNKNOWN, None)}
    assert "none is certain" in operator_client.get(f"/launches/{first.pk}/").content.decode()


# -- what was not ---------------------------------------------------------------------------------------------------


def test_what_two_complete_polls_do_not_find_did_not_start(
    lose: Callable[..., Launch], sandbox: Sandbox, operator_client: Client
) -> None:
    launch = lose(starts=False)

    look_after(0, 25)
    assert state_of(launch) == (State.UNKNOWN, None)
    look_after(35)

    assert state_of(launch) == (State.FAILED, None)
    first = timezone.localtime(launch.not_found_at).strftime("%H:%M:%S")
    assert f"Pneumatic's list of workflows at {first} and at " in launch.reason
    assert "It is safe to retry." in launch.reason

    operator_client.post(f"/launches/{launch.pk}/retry/", {"attempts": "1"})
    assert state_of(launch) == (State.LAUNCHED, ids(sandbox)[0])
    assert len(ids(sandbox)) == 1
    assert (launch.not_found_at, launch.checked_at, launch.check_note) == (None, None, "")


@pytest.mark.parametrize("pauses", [(0, 12, 12), (19, 12), (0, 25, 29), (25,), (0, 25, 12, 12)])
def test_looks_that_come_too_soon_decide_nothing(
    lose: Callable[..., Launch], pauses: tuple[float, ...]
) -> None:
    launch = lose(starts=False)

    look_after(*pauses)

    assert state_of(launch) == (State.UNKNOWN, None)


def test_it_is_settled_within_a_minute(lose: Callable[..., Launch]) -> None:
    launch = lose(starts=False)

    look_after(*[poller.JOB_INTERVAL_SECONDS] * 12)

    assert state_of(launch)[0] == State.FAILED


def test_any_key_can_read_what_it_started(
    lose: Callable[..., Launch], sandbox: Sandbox, settings: Settings, every_field: Template
) -> None:
    starter = {"role": "starter", "type": "user", "source_id": "6", "api_name": "owner-6"}
    owners = sandbox.template(every_field.pk)["owners"]
    sandbox.put_template({"id": every_field.pk, "owners": [*owners, starter]})
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-somebody-who-is-no-administrator", 6)
    launch = lose(starts=False)

    look_after(0, 25, 35)

    assert state_of(launch) == (State.FAILED, None)


@pytest.mark.parametrize("user_id", [1, 4, 6])
def test_another_key_than_the_one_it_was_sent_with_proves_nothing(
    lose: Callable[..., Launch], sandbox: Sandbox, settings: Settings, operator_client: Client, user_id: int
) -> None:
    launch = lose(starts=False)
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-that-came-later", user_id)

    look_after(0, 25, 35, 60)

    assert state_of(launch) == (State.UNKNOWN, None)
    assert "with another API key" in operator_client.get(f"/launches/{launch.pk}/").content.decode()


def test_a_poll_that_could_not_read_everything_proves_nothing(
    lose: Callable[..., Launch], sandbox: Sandbox, every_field: Template, operator_client: Client
) -> None:
    launch = lose(starts=False)
    id_ = start_there(every_field, name="Quite another", answer="another")
    sandbox.fault(kind="status", path_prefix=f"/workflows/{id_}", status=403, times=0)

    look_after(0, 25, 35, 60)

    assert state_of(launch) == (State.UNKNOWN, None)
    page = operator_client.get(f"/launches/{launch.pk}/").content.decode()
    assert "could not read every workflow" in page


@pytest.mark.parametrize(
    ("name", "answer"),
    [("Lost", "another answer"), ("Renamed at once", "x")],
)
def test_what_may_be_it_after_all_is_not_passed_over(
    lose: Callable[..., Launch], sandbox: Sandbox, every_field: Template, name: str, answer: str
) -> None:
    launch = lose(starts=False)
    start_there(every_field, name=name, answer=answer)

    look_after(0, 25, 35, 60)

    assert state_of(launch) == (State.UNKNOWN, None)


def test_a_workflow_of_another_user_does_not_match(
    lose: Callable[..., Launch], sandbox: Sandbox, every_field: Template
) -> None:
    launch = lose(starts=False)
    start_there(every_field, name="Quite another", answer="another")

    look_after(0, 25, 35)

    assert state_of(launch) == (State.FAILED, None)


def test_what_another_launch_started_is_not_it(
    lose: Callable[..., Launch], sandbox: Sandbox, fill: Fill, every_field: Template
) -> None:
    fill(every_field, name="Lost", string_1="x").send()
    Launch.objects.update(answers_digest="another form")
    launch = lose(starts=False)

    look_after(0, 25, 35)

    assert state_of(launch) == (State.FAILED, None)


# -- what comes late ------------------------------------------------------------------------------------------------


def test_a_workflow_that_shows_up_after_all_wins(
    lose: Callable[..., Launch], sandbox: Sandbox, every_field: Template, operator_client: Client
) -> None:
    launch = lose(starts=False)
    look_after(0, 25, 35)
    assert state_of(launch)[0] == State.FAILED

    late = start_there(every_field, name="Lost", answer="x")
    look_after(30)

    assert state_of(launch) == (State.LAUNCHED, late)
    assert "had not found workflow" in operator_client.get(f"/launches/{launch.pk}/").content.decode()


def test_an_answer_that_comes_late_wins(lose: Callable[..., Launch]) -> None:
    launch = lose(starts=False)
    as_it_was_sent = Launch.objects.get()
    look_after(0, 25, 35)
    assert state_of(launch)[0] == State.FAILED

    services._settle(as_it_was_sent, LaunchOutcome(State.LAUNCHED, workflow_id=77))

    assert state_of(launch) == (State.LAUNCHED, 77)
    assert "started workflow 77" in launch.conflicts


# -- what it costs --------------------------------------------------------------------------------------------------


def test_without_an_unknown_launch_nothing_is_requested(
    every_field: Template, operator: User, sandbox: Sandbox
) -> None:
    for number in range(20):
        make_launch(every_field, operator, name=f"Launch {number}")
    poller.poll()

    with CaptureQueriesContext(connection) as queries:
        poller.poll()

    assert len(queries) == 2
    assert sandbox.requests() == []


def test_two_workers_do_not_poll_twice(lose: Callable[..., Launch], sandbox: Sandbox) -> None:
    lose(starts=False)
    poller.poll()
    asked = len(sandbox.requests())

    poller.poll()

    assert asked > 0
    assert len(sandbox.requests()) == asked


def test_once_no_poll_can_find_more_nothing_is_requested(
    lose: Callable[..., Launch], sandbox: Sandbox, every_field: Template, operator_client: Client
) -> None:
    launch = lose(starts=False)
    start_there(every_field, name="Lost", answer="another")
    look_after(0, 3600)
    sandbox.clear_requests()

    look_after(3600, 3600 * 24)

    assert sandbox.requests() == []
    assert state_of(launch) == (State.UNKNOWN, None)
    assert "another check cannot find more" in operator_client.get(f"/launches/{launch.pk}/").content.decode()


# -- where it cannot be known ---------------------------------------------------------------------------------------


def test_a_server_that_does_not_respond_is_polled_again(
    lose: Callable[..., Launch], sandbox: Sandbox, operator_client: Client
) -> None:
    launch = lose(starts=True)
    sandbox.fault(kind="status", status=500, method="GET", times=0)
    poller.poll()
    page = operator_client.get(f"/launches/{launch.pk}/").content.decode()
    assert "No check has succeeded yet. Last attempt:" in page
    sandbox.clear_faults()

    look_after(15)

    assert state_of(launch) == (State.LAUNCHED, ids(sandbox)[0])


def test_the_page_says_when_the_last_poll_was(lose: Callable[..., Launch], operator_client: Client) -> None:
    launch = lose(starts=False)
    url = f"/launches/{launch.pk}/"
    assert "Not checked yet" in operator_client.get(url).content.decode()

    poller.poll()

    launch.refresh_from_db()
    page = operator_client.get(url).content.decode()
    assert f"Last check: {timezone.localtime(launch.checked_at):%H:%M:%S}." in page
    assert "may only be slow" in page
