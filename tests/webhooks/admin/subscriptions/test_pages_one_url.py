"""The page of subscriptions where there is one URL for each event: no numbers, no dates, no secrets."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks import endpoints
from apps.webhooks.models import Subscription
from apps.webhooks.subscriptions import services
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.receiving import receive
from tests.webhooks.subscribing import ELSEWHERE, NO_ADMIN, OTHER_ADMIN, PUBLIC_URL, take

pytestmark = [pytest.mark.django_db, only_current]

PAGE = "/admin/webhooks/subscription/"
STARTED, RETURNED = Kind.WORKFLOW_STARTED.value, Kind.TASK_RETURNED.value


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.status_code
    return str(response.content.decode())


def pk(event: str) -> int:
    return Subscription.objects.get(event=event, removed_at=None, id__gt=0).pk


def test_there_are_no_numbers_and_no_dates(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    services.subscribe(integrator, [STARTED])
    take(sandbox, "task_returned", url=ELSEWHERE)
    services.refresh()

    pages = [
        text(integrator_client.get(PAGE + path))
        for path in ("", f"{pk(STARTED)}/unsubscribe/", f"repair/?also={pk(RETURNED)}")
    ]

    for page in pages:
        content = page[page.index('id="content-main"') :]
        assert not re.search(r"no\. -?\d|subscription -?\d|since \d", content)
        assert "One URL per event" in content or "Other users of the account lose the event" in content
    assert "deprecated" not in pages[0]
    assert "duplicate" not in pages[0]


def test_deliveries_are_counted_by_event(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    services.subscribe(integrator, [STARTED])
    now = timezone.now()
    receive(4711, now, now, event=STARTED)  # the server's own number of the subscription

    page = text(integrator_client.get(PAGE))

    assert page.count('role="img"') == 1
    assert ": 2." in page


def test_ours_that_the_list_conceals_is_shown(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    key = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)
    take(sandbox, "task_returned", url=ELSEWHERE, key=key)
    services.subscribe(integrator, [RETURNED], replacing={Kind.TASK_RETURNED: ELSEWHERE})

    page = text(integrator_client.get(PAGE))

    assert "not in Pneumatic&#x27;s list" in page
    assert "another user&#x27;s" in page
    assert "does not send these events: workflow started, task completed, workflow completed." in page
    assert page.count("/unsubscribe/") == 1


def test_a_key_without_the_role_is_explained(
    integrator: User, integrator_client: Client, sandbox: Sandbox, settings: Settings
) -> None:
    services.subscribe(integrator, [STARTED])
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-no-admin", NO_ADMIN)

    page = text(integrator_client.get(PAGE))

    assert "This API key cannot manage webhooks" in page
    assert "Only admins and the owner of the account may manage webhooks" in page
    assert "until Pneumatic responds again" not in page
    assert "subscribe/" not in page
    assert "rotation/" not in page
    assert "Show token" in page
    assert "Send all four" in page, "what is subscribed already can still be tried"


def test_our_token_is_on_no_page_unasked(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    services.subscribe(integrator, list(Kind))
    data = {"kinds": [RETURNED], "where": "other", "target": ELSEWHERE}
    pages = [
        text(integrator_client.get(PAGE)),
        text(integrator_client.get(f"{PAGE}{pk(RETURNED)}/unsubscribe/")),
        text(integrator_client.post(f"{PAGE}subscribe/", data), 422),
    ]

    assert not any(endpoints.token(endpoints.active()) in page for page in pages)
