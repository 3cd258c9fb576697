"""A rotation of the receiver's token that is interrupted anywhere loses no event.

``Watch`` looks after every single step: a wanted event must always have a way to an address that is accepted, and no
subscription of our receiver may lead to one that is not. It can also *crash* at a step, before or after it took effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic import server
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import Client
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, WantedSubscription
from apps.webhooks.subscriptions import drift, mirror, rotation, services
from apps.webhooks.subscriptions.rotation import Phase
from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox, either_dialect, only_current
from tests.webhooks.subscribing import (
    ELSEWHERE,
    NAMES,
    OTHER_ADMIN,
    PUBLIC_URL,
    let_grace_pass,
    ours,
    receive_event,
    states,
    take,
    upstream,
)

pytestmark = pytest.mark.django_db

S = Endpoint.State


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


class Crash(BaseException):
    """The process ends here."""


class Watch:
    """Counts steps, looks after each of them, and crashes at one: ``at`` counts twice, before and after its effect."""

    def __init__(self, sandbox: Sandbox, *, at: int) -> None:
        self.sandbox, self.at, self.count = sandbox, at, 0

    def wrap(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``work`` as a step."""

        def step(*args: Any, **kwargs: Any) -> Any:
            self._pass()
            value = work(*args, **kwargs)
            self.look()
            self._pass()
            return value

        return step

    def _pass(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise Crash

    def look(self) -> None:
        """Fail where an event would be lost."""
        ways = [
            (event, endpoints.find(target.rstrip("/").rpartition("/")[2]))
            for event, target in upstream(self.sandbox)
            if target != ELSEWHERE
        ]
        assert all(endpoint is not None for _event, endpoint in ways), "an event would be refused"
        wanted = {NAMES[Kind(row.kind)] for row in WantedSubscription.objects.all()}
        assert wanted <= {event for event, _endpoint in ways}, "an event would not be sent"


STEPS = [
    (Client, "receive_subscriptions"),
    (Client, "subscribe"),
    (Client, "unsubscribe"),
    (mirror, "replace"),
    (mirror, "apply"),
    (endpoints, "create"),
    (rotation, "_switch"),
    (rotation, "_retire"),
]


def watched(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, watch.wrap(getattr(owner, name)))


def rotate(user: User) -> None:
    """Rotate as users do: begin, receive an event, advance."""
    rotation.begin(user)
    receive_event(rotation.status().pending)
    rotation.advance(user)


def begin_and_abort(user: User) -> None:
    rotation.begin(user)
    rotation.abort(user)


def finish(user: User) -> None:
    """Continue after a crash, knowing only what the page shows."""
    status = rotation.status()
    if status.phase == Phase.SUBSCRIBING:
        status = rotation.begin(user).status
    if status.phase == Phase.WAITING and not status.has_first_event:
        receive_event(status.pending)
    for _ in range(3):
        rotation.run_if_due()


courses = pytest.mark.parametrize("course", [rotate, begin_and_abort], ids=lambda course: course.__name__)
# A test crashes a course at every STRIDE-th place, until it has no more places. The stride is odd: crashes before and
# after a step take turns.
STRIDE, MIN_PLACES = 5, 14
firsts = pytest.mark.parametrize("first", exhaustive(range(1, STRIDE + 1), but=[1]))


@contextmanager
def fresh(sandbox: Sandbox, dialect: str) -> Iterator[None]:
    """Begin with nothing, on both sides."""
    sandbox.reset(dialect=dialect)
    server.forget()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@either_dialect
@courses
@firsts
def test_no_event_is_lost_wherever_it_is_interrupted(
    sandbox: Sandbox,
    dialect: str,
    integrator: User,
    monkeypatch: pytest.MonkeyPatch,
    course: Callable[[User], None],
    first: int,
) -> None:
    for at in range(first, 1000, STRIDE):
        with fresh(sandbox, dialect):
            services.subscribe(integrator, [Kind.TASK_RETURNED, Kind.WORKFLOW_STARTED])

            is_over = interrupt(sandbox, integrator, monkeypatch, course, at)

            assert sorted(upstream(sandbox)) == both_at_ours()
        if is_over:
            break
    assert at > MIN_PLACES


@only_current
@courses
@firsts
def test_nor_behind_the_url_of_another_user_of_the_account(
    sandbox: Sandbox,
    dialect: str,
    integrator: User,
    monkeypatch: pytest.MonkeyPatch,
    course: Callable[[User], None],
    first: int,
) -> None:
    for at in range(first, 1000, STRIDE):
        with fresh(sandbox, dialect):
            key = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)
            take(sandbox, "task_returned", url=ELSEWHERE, key=key)
            services.subscribe(
                integrator,
                [Kind.TASK_RETURNED, Kind.WORKFLOW_STARTED],
                replacing={Kind.TASK_RETURNED: ELSEWHERE},
            )

            is_over = interrupt(sandbox, integrator, monkeypatch, course, at)

            assert sorted(upstream(sandbox)) == sorted([*both_at_ours(), ("task_returned", ELSEWHERE)])
        if is_over:
            break
    assert at > MIN_PLACES


def both_at_ours() -> list[tuple[str, str]]:
    return sorted((NAMES[kind], ours()) for kind in (Kind.TASK_RETURNED, Kind.WORKFLOW_STARTED))


def interrupt(
    sandbox: Sandbox,
    integrator: User,
    monkeypatch: pytest.MonkeyPatch,
    course: Callable[[User], None],
    at: int,
) -> bool:
    """Let a course crash at a step, continue, and check the end; return whether it had fewer steps."""
    watch = Watch(sandbox, at=at)
    with monkeypatch.context() as patch:
        watched(watch, patch)
        with suppress(Crash):
            course(integrator)
        is_over = watch.count < at
        watch.at = 0
        finish(integrator)
        watch.look()

    let_grace_pass()
    rotation.run_if_due()
    assert sorted(set(states())) in ([S.ACTIVE], [S.ACTIVE, S.RETIRED])
    assert drift.find_drift().findings == ()
    return is_over
