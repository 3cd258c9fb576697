"""The page of webhook subscriptions, looked at: what Pneumatic has, what is wanted, and what may be seen by whom."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.webhooks import endpoints
from apps.webhooks.models import Kind, Subscription, SubscriptionListing
from apps.webhooks.subscriptions import services
from tests.factories import client_of, make_user
from tests.fixtures.sandbox import Sandbox
from tests.webhooks.receiving import receive

pytestmark = pytest.mark.django_db
PAGE = "/admin/webhooks/subscription/"
PUBLIC = "https://dash.example.com"
ELSEWHERE = "https://other.example.org/listener"
MARKS = ["ours", "requested here", "external", "wrong token", "duplicate", "deprecated"]


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC


@pytest.fixture
def onlooker() -> Client:
    """Return the browser of a user who may view subscriptions and change none."""
    user = make_user("onlooker", "Viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_subscription"))
    return client_of(user)


def text(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def token() -> str:
    return endpoints.token(endpoints.active())


def test_it_shows_what_pneumatic_has_now(integrator_client: Client, sandbox: Sandbox) -> None:
    sandbox.add_subscription(event="workflow_started", target=ELSEWHERE)
    assert ELSEWHERE in text(integrator_client)
    sandbox.delete_subscription(1)
    page = text(integrator_client)
    assert ELSEWHERE not in page
    assert "No subscriptions in Pneumatic" in page
    assert "Checked:" in page
    assert f"{timezone.localtime(SubscriptionListing.objects.get().fetched_at):%H:%M:%S}" in page


def test_it_shows_what_is_wanted_next_to_it(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    services.subscribe(integrator, [Kind.WORKFLOW_STARTED.value, Kind.TASK_RETURNED.value])
    page = text(integrator_client)
    assert page.count(">subscribed<") == 2
    assert "does not send these events: task completed, workflow completed." in page
    assert "requested by integrator" in page

    sandbox.delete_subscription(1)
    page = text(integrator_client)
    assert page.count(">subscribed<") == 1
    wanted = page[page.index('id="expected-title"') :]
    assert ">missing<" in wanted[: wanted.index("</section>")]
    assert "Subscriptions are missing" in page


def test_the_form_proposes_what_does_not_come_to_us_yet(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    sandbox.add_subscription(event="workflow_completed", target=ELSEWHERE)

    def ticked() -> set[str]:
        return set(re.findall(r'name="kinds" value="(\w+)"[^>]* checked', text(integrator_client)))

    assert ticked() == set(Kind.values)
    services.subscribe(integrator, [Kind.WORKFLOW_STARTED.value])
    assert ticked() == set(Kind.values) - {Kind.WORKFLOW_STARTED.value}


def test_each_subscription_shows_its_owner_and_its_problem(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    services.subscribe(integrator, [Kind.WORKFLOW_STARTED.value])
    services.subscribe(integrator, [Kind.TASK_RETURNED.value], "https://archive.example.com/")
    ours = services.proposed_target()
    sandbox.add_subscription(event="workflow_started", target=ours)
    sandbox.add_subscription(event="process_started", target=ours)
    sandbox.add_subscription(event="task_returned", target=f"{PUBLIC}/hooks/never-ours/")
    sandbox.add_subscription(event="task_completed", target=ELSEWHERE)
    page = text(integrator_client)
    there = page[page.index('id="subscriptions-title"') : page.index('id="expected-title"')]
    rows = {
        int(row.partition("no. ")[2].partition(" ")[0]): row
        for row in there.partition("<tbody>")[2].split("</tr>")[:-1]
    }

    def marks(id_: int) -> list[str]:
        return [badge for badge in MARKS if f">{badge}</span>" in rows[id_]]

    assert marks(1) == ["ours"]
    assert marks(2) == ["requested here"]
    assert marks(3) == ["ours", "duplicate"]
    assert marks(4) == ["ours", "deprecated"]
    assert marks(5) == ["wrong token"]
    assert marks(6) == ["external", "deprecated"]


def test_our_token_is_hidden_until_an_authorised_user_shows_it(
    integrator: User, integrator_client: Client, onlooker: Client, sandbox: Sandbox
) -> None:
    services.subscribe(integrator, list(Kind.values))
    sandbox.add_subscription(event="workflow_started", target=f"{PUBLIC}/hooks/never-ours/")
    for client in (integrator_client, onlooker):
        page = text(client)
        assert f"{PUBLIC}/hooks/••••••••/" in page
        assert token() not in page
        assert "never-ours" not in page
    assert token() not in text(onlooker, f"{PAGE}?show=address")
    response = integrator_client.get(f"{PAGE}?show=address")
    assert token() in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]


def test_statistics_are_shown_only_for_what_is_sent_to_us(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    services.subscribe(integrator, [Kind.WORKFLOW_STARTED.value])
    sandbox.add_subscription(event="task_returned", target=ELSEWHERE)
    now = timezone.now()
    receive(1, now, now)
    receive(1, now, state="parked")
    page = text(integrator_client)
    assert page.count('role="img"') == 1
    assert ": 3. 1 failed." in page  # the last day of the chart, as text
    assert page.count("Other URL: not tracked") == 1
    assert "style=" not in page


def test_a_failure_of_the_api_leaves_the_last_known_state_with_its_age(
    integrator: User, integrator_client: Client, sandbox: Sandbox
) -> None:
    services.subscribe(integrator, [Kind.WORKFLOW_STARTED.value])
    SubscriptionListing.objects.update(fetched_at=timezone.now() - dt.timedelta(hours=3))
    sandbox.fault(kind="status", path_prefix="/webhooks", status=503, times=0)
    sandbox.clear_requests()
    page = text(integrator_client)
    assert "Pneumatic did not respond" in page
    assert "3 hours ago" in page.replace("\xa0", " ")
    assert "will fail until Pneumatic responds again" in page
    assert f"{PUBLIC}/hooks/••••••••/" in page
    assert len(sandbox.requests()) == 1, "a user who waits for a page does not wait for retries"


def test_before_the_first_success_nothing_is_claimed(integrator_client: Client, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", path_prefix="/webhooks", status=401, times=0)
    page = text(integrator_client)
    assert "Pneumatic did not respond" in page
    assert "No list loaded yet" in page
    assert "No subscriptions in Pneumatic" not in page


def test_without_a_public_address_it_says_what_to_write(
    integrator_client: Client, sandbox: Sandbox, settings: Settings
) -> None:
    settings.PUBLIC_URL = ""
    sandbox.add_subscription(event="workflow_started", target=ELSEWHERE)
    page = text(integrator_client)
    assert "PUBLIC_URL=https://dash.example.com" in page
    assert ELSEWHERE in page
    assert "Send all four" not in page


def test_looking_alone_offers_nothing_to_change(integrator: User, onlooker: Client, sandbox: Sandbox) -> None:
    services.subscribe(integrator, [Kind.WORKFLOW_STARTED.value])
    sandbox.add_subscription(event="task_returned", target=ELSEWHERE)
    page = text(onlooker)
    content = page[page.index('id="content-main"') :]
    assert ELSEWHERE in content
    assert 'method="post"' not in content
    assert "unsubscribe/" not in content
    assert 'type="checkbox"' not in content


CHANGES = [
    "subscribe/",
    "1/unsubscribe/",
    "1/unsubscribe-target/",
    "wanted/1/give-up/",
    "repair/",
    "rotation/",
    "test/",
]


@pytest.mark.parametrize("path", CHANGES)
def test_changing_needs_its_own_permission_and_a_token_of_the_form(
    integrator: User, onlooker: Client, sandbox: Sandbox, path: str
) -> None:
    services.subscribe(integrator, [Kind.WORKFLOW_STARTED.value])
    before = sandbox.subscriptions()
    assert onlooker.post(PAGE + path, {"do": "begin", "all": "1"}).status_code == 403
    assert onlooker.get(PAGE + path).status_code in {403, 405}
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(integrator)
    assert careful.post(PAGE + path, {"do": "begin", "all": "1"}).status_code == 403
    assert sandbox.subscriptions() == before


@pytest.mark.parametrize("path", ["", "tests/"])
def test_looking_needs_a_permission(viewer: User, operator_client: Client, path: str) -> None:
    assert operator_client.get(PAGE + path).status_code == 302  # to the login of Django admin
    User.objects.filter(pk=viewer.pk).update(is_staff=True)
    viewer.refresh_from_db()
    assert client_of(viewer).get(PAGE + path).status_code == 403


def test_rows_have_no_separate_pages(administrator_client: Client, sandbox: Sandbox) -> None:
    sandbox.add_subscription(event="workflow_started", target=ELSEWHERE)
    text(administrator_client)
    for path in ("add/", "1/change/", "1/delete/", "1/history/"):
        assert administrator_client.get(PAGE + path).status_code == 404
        assert administrator_client.post(PAGE + path, {"post": "yes"}).status_code == 404


def test_many_subscriptions_cost_no_more_queries_than_few(
    integrator: User,
    integrator_client: Client,
    sandbox: Sandbox,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    services.subscribe(integrator, list(Kind.values))
    text(integrator_client)
    with CaptureQueriesContext(connection) as queries:
        text(integrator_client)
        few = len(queries)
    for number in range(40):
        sandbox.add_subscription(event="task_returned", target=f"{ELSEWHERE}/{number}")
        sandbox.add_subscription(event="task_returned", target=f"{PUBLIC}/hooks/{number}/")
    text(integrator_client)  # writes them into the mirror
    for row in Subscription.objects.all():
        receive(row.pk, timezone.now())
    with django_assert_max_num_queries(few):
        page = text(integrator_client)
    assert page.count('role="img"') == 44
