"""The page of subscriptions in a browser where there is one URL for each event: on a phone, and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks.models import Subscription
from apps.webhooks.subscriptions import rotation, services
from tests.fixtures.browser import Browse, check
from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.subscribing import ELSEWHERE, EVENTS, NO_ADMIN, OTHER_ADMIN, ours, receivers, shown, take

pytestmark = only_current

PAGE = "/admin/webhooks/subscription/"
PUBLIC = "https://dash.example.com"
LONG = "https://hooks.example.org/catch/123456/?key=" + "without-a-break" * 8

State = Callable[[User, Sandbox, Settings], str]


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC


def drifted(user: User, sandbox: Sandbox, settings: Settings) -> str:
    """An old address of ours, another integration's, and ours behind another user's."""
    services.subscribe(user, [Kind.WORKFLOW_STARTED, Kind.TASK_COMPLETED, Kind.WORKFLOW_COMPLETED])
    take(sandbox, "workflow_started", url=f"{PUBLIC}/hooks/never-ours/")
    take(sandbox, "task_completed", url=LONG)
    take(sandbox, "task_returned", url=ELSEWHERE, key=sandbox.add_key("key-of-another-admin", OTHER_ADMIN))
    services.subscribe(user, [Kind.TASK_RETURNED], replacing={Kind.TASK_RETURNED: ELSEWHERE})
    services.refresh()
    return PAGE


def repair(user: User, sandbox: Sandbox, settings: Settings) -> str:
    drifted(user, sandbox, settings)
    return f"{PAGE}repair/?also={Subscription.objects.get(target=LONG).pk}"


def ending_anothers(user: User, sandbox: Sandbox, settings: Settings) -> str:
    drifted(user, sandbox, settings)
    return f"{PAGE}{Subscription.objects.get(target=LONG).pk}/unsubscribe/"


def during_a_rotation(user: User, sandbox: Sandbox, settings: Settings) -> str:
    services.subscribe(user, list(Kind))
    take(sandbox, "task_completed", url=LONG)
    rotation.begin(user)
    return f"{PAGE}rotation/"


def denied(user: User, sandbox: Sandbox, settings: Settings) -> str:
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-no-admin", NO_ADMIN)
    return PAGE


@pytest.mark.parametrize(
    "reach",
    exhaustive([drifted, repair, ending_anothers, during_a_rotation, denied], but=[ending_anothers, denied]),
    ids=lambda reach: reach.__name__,
)
def test_every_state_is_accessible_and_fits_a_phone(
    browse: Browse, sandbox: Sandbox, integrator: User, settings: Settings, reach: State
) -> None:
    page = browse(reach(integrator, sandbox, settings), user=integrator)
    summary = page.locator("summary").first
    if summary.count():
        summary.click()
    check(page)


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_replacing_a_url_is_confirmed_first(
    browse: Browse, sandbox: Sandbox, integrator: User, javascript: bool
) -> None:
    browse.allow("status of 422")
    take(sandbox, "task_returned", url=LONG)
    page = browse(PAGE, user=integrator, javascript=javascript)
    page.get_by_role("button", name="Subscribe to all four").click()
    question = page.get_by_role("alert").filter(has_text="Replace it?")
    expect(question.get_by_text("https://hooks.example.org/…")).to_be_visible()
    if javascript:
        check(page)
    assert shown(sandbox) == {"task_returned": LONG}

    page.get_by_label("Replace the listed URLs").check()
    page.get_by_role("button", name="Subscribe to selected events").click()

    expect(page.get_by_text("All expected subscriptions exist, and no others.")).to_be_visible()
    assert shown(sandbox) == dict.fromkeys(EVENTS, ours())
    page.get_by_role("link", name="Unsubscribe Task returned").click()
    expect(page.get_by_text("Other users of the account lose the event")).to_be_visible()
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_text("Unsubscribed: Task returned")).to_be_visible()
    assert receivers(sandbox, "task_returned") == []
