"""The page of webhook subscriptions in a browser: each state passes axe and fits a phone; test events come round."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from playwright.sync_api import expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User
from apps.webhooks.models import Kind
from apps.webhooks.processing.worker import process_pending
from apps.webhooks.subscriptions import rotation, services
from tests.fixtures.browser import Browse, check
from tests.fixtures.sandbox import Sandbox, either_dialect

PAGE = "/admin/webhooks/subscription/"
PUBLIC = "https://dash.example.com"
ALL = list(Kind.values)
LONG = "https://hooks.example.org/catch/123456/?key=" + "without-a-break" * 8


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC


State = Callable[[User, Sandbox, Settings], str]


def empty(user: User, sandbox: Sandbox, settings: Settings) -> str:
    return PAGE


def without_an_address(user: User, sandbox: Sandbox, settings: Settings) -> str:
    settings.PUBLIC_URL = ""
    return PAGE


def healthy(user: User, sandbox: Sandbox, settings: Settings) -> str:
    services.subscribe(user, ALL)
    return f"{PAGE}?show=address"


def drifted(user: User, sandbox: Sandbox, settings: Settings) -> str:
    services.subscribe(user, ALL)
    sandbox.delete_subscription(2)
    sandbox.add_subscription(event="task_returned", target=LONG)
    sandbox.add_subscription(event="workflow_started", target=f"{PUBLIC}/hooks/never-ours/")
    sandbox.add_subscription(event="process_started", target=services.proposed_target())
    sandbox.add_subscription(event="workflow_completed", target=services.proposed_target())
    return PAGE


def crowded(user: User, sandbox: Sandbox, settings: Settings) -> str:
    drifted(user, sandbox, settings)
    for number in range(30):
        sandbox.add_subscription(event="workflow_started", target=f"{LONG}{number}")
    return PAGE


def unreachable(user: User, sandbox: Sandbox, settings: Settings) -> str:
    services.subscribe(user, ALL)
    sandbox.delete_subscription(sandbox.subscriptions()[0]["id"])
    sandbox.add_subscription(event="task_returned", target=LONG)
    services.refresh()
    sandbox.fault(kind="status", path_prefix="/webhooks", status=503, times=0)
    return PAGE


def repair(user: User, sandbox: Sandbox, settings: Settings) -> str:
    drifted(user, sandbox, settings)
    services.refresh()
    return f"{PAGE}repair/?also=5"


def nothing_to_repair(user: User, sandbox: Sandbox, settings: Settings) -> str:
    return f"{PAGE}repair/"


def ending_one(user: User, sandbox: Sandbox, settings: Settings) -> str:
    services.subscribe(user, ALL)
    return f"{PAGE}1/unsubscribe/"


def ending_anothers(user: User, sandbox: Sandbox, settings: Settings) -> str:
    sandbox.add_subscription(event="task_returned", target=LONG)
    services.refresh()
    return f"{PAGE}1/unsubscribe-target/"


def before_a_rotation(user: User, sandbox: Sandbox, settings: Settings) -> str:
    return f"{PAGE}rotation/"


def during_a_rotation(user: User, sandbox: Sandbox, settings: Settings) -> str:
    services.subscribe(user, ALL)
    rotation.begin(user)
    return f"{PAGE}rotation/"


STATES: list[State] = [
    empty,
    without_an_address,
    healthy,
    unreachable,
    nothing_to_repair,
    ending_one,
    before_a_rotation,
]
# Of several subscriptions to one event; where an event has one URL, test_subscriptions_one_url.py has their like.
DOCUMENTED_STATES: list[State] = [drifted, crowded, repair, ending_anothers, during_a_rotation]
ALWAYS: list[State] = [healthy, unreachable, before_a_rotation, drifted, crowded]
SELDOM = [state for state in [*STATES, *DOCUMENTED_STATES] if state not in ALWAYS]


@pytest.mark.parametrize(
    ("dialect", "reach"),
    [
        *product(["documented"], ALWAYS),
        *(pytest.param("documented", state, marks=pytest.mark.exhaustive) for state in SELDOM),
        *(pytest.param("current", state, marks=pytest.mark.exhaustive) for state in STATES),
    ],
    indirect=["dialect"],
    ids=lambda it: getattr(it, "__name__", it),
)
@pytest.mark.ci
def test_every_state_is_accessible_and_fits_a_phone(
    browse: Browse, sandbox: Sandbox, integrator: User, settings: Settings, reach: State
) -> None:
    check(browse(reach(integrator, sandbox, settings), user=integrator))


@either_dialect
def test_a_mistake_in_the_form(browse: Browse, sandbox: Sandbox, integrator: User) -> None:
    browse.allow("status of 422")
    page = browse(PAGE, user=integrator)
    page.get_by_label("Another URL").check()
    page.get_by_label("URL", exact=True).fill("ftp://example.com/")
    page.get_by_role("button", name="Subscribe to selected events").click()
    expect(page.locator(".error-summary")).to_be_focused()
    check(page)
    page.get_by_role("link", name="Not a valid URL.").click()
    expect(page.get_by_label("URL", exact=True)).to_be_focused()


@either_dialect
def test_a_doubtful_address_is_confirmed(
    browse: Browse, sandbox: Sandbox, integrator: User, settings: Settings
) -> None:
    browse.allow("status of 422")
    settings.PNEUMATIC_API_URL = "https://api.example.com"
    settings.PNEUMATIC_API_KEY = ""
    page = browse(PAGE, user=integrator)
    page.get_by_label("Another URL").check()
    page.get_by_label("URL", exact=True).fill("http://localhost/listener")
    page.get_by_role("button", name="Subscribe to selected events").click()
    expect(page.get_by_text("Is this URL correct?")).to_be_visible()
    check(page)


@either_dialect
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_from_subscribing_to_unsubscribing(
    browse: Browse, sandbox: Sandbox, integrator: User, javascript: bool
) -> None:
    page = browse(PAGE, user=integrator, javascript=javascript)
    page.get_by_role("button", name="Subscribe to all four").click()
    expect(page.get_by_text("All expected subscriptions exist, and no others.")).to_be_visible()
    assert len(sandbox.subscriptions()) == 4
    page.get_by_role("link", name="Unsubscribe Task returned").click()
    expect(page.get_by_text("What stops working:")).to_be_visible()
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_text("Unsubscribed: Task returned")).to_be_visible()
    assert len(sandbox.subscriptions()) == 3


@either_dialect
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_a_test_event_makes_the_round(
    browse: Browse,
    sandbox: Sandbox,
    integrator: User,
    settings: Settings,
    live_server: LiveServer,
    javascript: bool,
) -> None:
    settings.PUBLIC_URL = live_server.url
    page = browse(PAGE, user=integrator, javascript=javascript)
    page.get_by_role("button", name="Send a test: Workflow started").click()
    trip = page.get_by_role("row", name="Workflow started")
    expect(trip.get_by_text("200")).to_be_visible()
    expect(trip.get_by_text("pending")).to_be_visible()
    if javascript:
        check(page)
    process_pending()
    if not javascript:
        page.get_by_role("link", name="Refresh").click()
    expect(trip.get_by_text("processed")).to_be_visible()
    expect(page.get_by_role("link", name="Refresh")).to_have_count(0)
