"""One request becomes one workflow, never two: with lost responses, and wherever the worker is killed in a check."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from apps.launches.models import Launch
from apps.launches.resolution import matcher, poller
from apps.pneumatic import client as gateway
from apps.pneumatic.client import longest_call
from apps.workflow_templates.models import Template
from apps.workflows.reconciliation import reconciler
from tests.faults.test_launch_answers import LOST, runs
from tests.fixtures.depth import exhaustive, spread
from tests.fixtures.launching import Fill, pass_time
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = only_current

State = Launch.State
ANSWERS = {"name": "Once {{date}}", "string_1": "Kept answer"}


class KilledError(BaseException):
    """The process ends here."""


def look_for_a_while() -> None:
    """Do the worker's job for somewhat more than a minute."""
    for _turn in range(8):
        pass_time(12)
        poller.poll()


def only() -> Launch:
    return Launch.objects.get()


@pytest.mark.parametrize("lost", spread(LOST, every=3), ids=lambda value: str(value))
def test_every_lost_answer_is_settled_and_ends_in_one_workflow(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    lost: tuple[dict[str, Any], int],
) -> None:
    fault, workflows = lost
    sandbox.fault(method="POST", **fault)
    url = fill(every_field, **ANSWERS).send().url
    assert only().state == State.UNKNOWN

    look_for_a_while()

    assert only().state == (State.LAUNCHED if workflows else State.FAILED)
    assert runs(sandbox) == 1
    operator_client.post(f"{url}retry/", {"attempts": "1"})  # what the page offers where it failed
    look_for_a_while()
    [workflow] = sandbox.workflows()
    assert (only().state, only().workflow_id) == (State.LAUNCHED, workflow["id"])


def kill_once(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, *, after: bool
) -> Callable[[], bool]:
    """End the process the first time that this is called, before it or ``after`` it; return whether it happened."""
    original = getattr(place, name)
    kills: list[None] = []

    def killed(*args: Any, **kwargs: Any) -> Any:
        if kills:
            return original(*args, **kwargs)
        kills.append(None)
        if after:
            original(*args, **kwargs)
        raise KilledError

    monkeypatch.setattr(place, name, killed)
    return lambda: bool(kills)


ALWAYS = [
    (reconciler, "find_launched"),
    (gateway.Client, "list_workflows"),
    (poller, "connect"),
]
WHERE_IT_STARTED = [
    (gateway.Client, "get_workflow"),
    (reconciler, "record_observations"),
    (matcher, "move"),
    (matcher, "record_use"),
    (matcher, "record_starters"),
]
WHERE_IT_DID_NOT = [(matcher, "has_candidates"), (poller, "move"), (poller, "_finish_poll")]
STEPS = [
    *((True, place, name) for place, name in [*ALWAYS, *WHERE_IT_STARTED]),
    *((False, place, name) for place, name in [*ALWAYS, *WHERE_IT_DID_NOT]),
]


@pytest.mark.parametrize(
    ("after", "step"), spread([False, True], STEPS, every=3), ids=lambda value: str(value)
)
def test_a_worker_that_is_killed_anywhere_leaves_the_rest_to_the_next(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[bool, object, str],
    after: bool,
) -> None:
    starts, place, name = step
    sandbox.fault(kind="drop_after" if starts else "drop_before", method="POST")
    url = fill(every_field, **ANSWERS).send().url

    with monkeypatch.context() as patch:
        was_killed = kill_once(patch, place, name, after=after)
        for _turn in range(10):
            with suppress(KilledError):
                pass_time(12)
                poller.poll()

    assert was_killed()
    assert only().state == (State.LAUNCHED if starts else State.FAILED)
    operator_client.post(f"{url}retry/", {"attempts": "1"})
    [workflow] = sandbox.workflows()
    assert only().workflow_id == workflow["id"]


@pytest.mark.parametrize("seed", exhaustive(range(12), but=range(2)))
def test_one_request_is_one_workflow_in_any_order_of_events(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client, seed: int
) -> None:
    dice = random.Random(seed)
    fault, _workflows = dice.choice(LOST)
    sandbox.fault(method="POST", **fault)
    form = fill(every_field, **ANSWERS)
    url = form.send().url

    def look() -> None:
        pass_time(dice.choice([1, 12, 25, 40]))
        poller.poll()

    def try_again() -> None:
        if dice.random() < 0.3:
            sandbox.fault(method="POST", **dice.choice(LOST)[0])
        operator_client.post(f"{url}retry/", {"attempts": str(only().attempts)})
        sandbox.clear_faults()

    def be_away() -> None:
        sandbox.fault(kind="status", status=503, method="GET", times=dice.choice([1, 3, 6]))

    for _step in range(25):
        act: Callable[[], object] = dice.choice([look, look, look, try_again, form.send, be_away])
        act()
        assert len(sandbox.workflows()) <= 1
        if only().state == State.FAILED:
            assert sandbox.workflows() == []
    sandbox.clear_faults()
    look_for_a_while()
    try_again()
    sandbox.clear_faults()
    look_for_a_while()

    assert len(sandbox.workflows()) == (only().state == State.LAUNCHED)


def test_a_process_that_died_while_it_sent_is_noticed_and_found(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    sandbox.fault(kind="drop_after", method="POST")
    fill(every_field, **ANSWERS).send()
    Launch.objects.update(state=State.SENDING, finished_at=None)  # as it was when the process was killed
    Launch.objects.update(deadline_at=F("sent_at") + matcher.max_response_time())
    poller.poll()
    assert only().state == State.SENDING  # its answer may still come

    pass_time(longest_call() + 61)
    poller.poll()

    assert (only().state, only().workflow_id) == (State.LAUNCHED, sandbox.workflows()[0]["id"])
