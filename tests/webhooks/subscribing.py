"""Helpers for tests of subscriptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import requests
from django.utils import timezone

from apps.pneumatic.canonical.events import Kind
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint
from apps.webhooks.subscriptions import services
from apps.webhooks.subscriptions.operations import OperationResult
from tests.fixtures.sandbox import Sandbox

PUBLIC_URL = "https://dash.example.com"
ELSEWHERE = "https://hooks.example.org/secret-of-somebody-else"
NAMES = {
    Kind.WORKFLOW_STARTED: "workflow_started",
    Kind.TASK_COMPLETED: "task_completed_v2",
    Kind.TASK_RETURNED: "task_returned",
    Kind.WORKFLOW_COMPLETED: "workflow_completed",
}
# Where there is one URL for each event, its name is that of the kind.
EVENTS = [kind.value for kind in Kind]
# In the data set "small" of the current dialect: the second administrator, and a user who is none. The key of the tests
# is that of the account's owner.
OTHER_ADMIN, NO_ADMIN = 4, 2


def ours() -> str:
    """Return our receiver's present address."""
    return services.proposed_target()


def results_of(outcomes: Iterable[OperationResult]) -> list[tuple[str, str]]:
    """Return action and state of each outcome."""
    return [
        ("unsubscribe" if outcome.operation.is_ending else "subscribe", outcome.state.value)
        for outcome in outcomes
    ]


def upstream(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return event and target of what Pneumatic has, in order of creation."""
    return [(row["event"], row["target"]) for row in sandbox.subscriptions()]


def everything_at(target: str) -> list[tuple[str, str]]:
    """Return what Pneumatic has when all four events go to ``target``, sorted."""
    return sorted((name, target) for name in NAMES.values())


def address(endpoint: Endpoint) -> str:
    """Return the whole address of ``endpoint``."""
    return endpoints.target(endpoint)


def receive_event(endpoint: Endpoint | None) -> None:
    """Let a delivery come by ``endpoint``, as the receiver records it."""
    assert endpoint is not None
    Endpoint.objects.filter(pk=endpoint.pk).update(first_event_at=timezone.now())


def let_grace_pass() -> None:
    """Let the time be over in which old addresses are accepted."""
    past = timezone.now() - dt.timedelta(seconds=1)
    Endpoint.objects.exclude(accepted_until=None).update(accepted_until=past)


def states() -> list[str]:
    """Return the states of our addresses, the oldest first."""
    return list(Endpoint.objects.order_by("pk").values_list("state", flat=True))


def call(sandbox: Sandbox, method: str, path: str, body: Any = None, *, key: str = "") -> Any:
    """Call the current API as another program would, with our key by default; return the JSON of the response."""
    answer = requests.request(
        method,
        sandbox.url + path,
        json=body,
        headers={"Authorization": f"Bearer {key or sandbox.key}"},
        timeout=60,
    )
    assert answer.status_code in {200, 204}, answer.text
    return answer.json() if answer.content else None


def shown(sandbox: Sandbox) -> dict[str, str]:
    """Return the URL of each event that has one, as the current API shows it."""
    return {row["event"]: row["url"] for row in call(sandbox, "GET", "/webhooks/events") if row["url"]}


def take(sandbox: Sandbox, *events: str, url: str, key: str = "") -> None:
    """Let these events go to ``url``, as another integration would with our own user's key, or with another one."""
    for event in events:
        call(sandbox, "POST", f"/webhooks/events/{event}/subscribe", {"url": url}, key=key)


def receivers(sandbox: Sandbox, event: str) -> list[str]:
    """Return all URLs that receive an event, shown or not."""
    return [row["target"] for row in sandbox.subscriptions() if row["event"] == event]
