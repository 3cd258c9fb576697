"""The page of webhook subscriptions, used: every change is confirmed or previewed, and may be sent twice."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, Kind, RoundTrip, Subscription, WantedSubscription
from apps.webhooks.subscriptions import rotation, services
from tests.fixtures.responses import Response
from tests.fixtures.sandbox import Sandbox

pytestmark = pytest.mark.django_db
PAGE = "/admin/webhooks/subscription/"
PUBLIC = "https://dash.example.com"
ELSEWHERE = "https://other.example.org/listener"
STARTED, RETURNED = Kind.WORKFLOW_STARTED.value, Kind.TASK_RETURNED.value


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC


def text(response: Response, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def post(client: Client, path: str, **data: object) -> str:
    """Send a change, follow the redirect and return the page that people end on."""
    response = client.post(f"{PAGE}{path}", data)
    assert response.status_code == 302, response.content.decode()
    return text(client.get(response.headers["Location"]))


def hidden(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', page)


class TestSubscribing:
    def test_all_four_in_one_go_to_our_receiver(self, integrator_client: Client, sandbox: Sandbox) -> None:
        page = post(integrator_client, "subscribe/", all="1", where="ours")
        own = services.proposed_target()
        assert {(row["event"], row["target"]) for row in sandbox.subscriptions()} == {
            ("workflow_started", own),
            ("task_completed_v2", own),
            ("task_returned", own),
            ("workflow_completed", own),
        }
        assert "Subscribed: Workflow started (1)" in page
        assert endpoints.token(endpoints.active()) not in page

    def test_one_event_to_a_typed_address(self, integrator_client: Client, sandbox: Sandbox) -> None:
        post(integrator_client, "subscribe/", kinds=[RETURNED], where="other", target=f" {ELSEWHERE} ")
        assert [(row["event"], row["target"]) for row in sandbox.subscriptions()] == [
            ("task_returned", ELSEWHERE)
        ]
        assert WantedSubscription.objects.get().target == ELSEWHERE

    def test_a_double_click_subscribes_once(self, integrator_client: Client, sandbox: Sandbox) -> None:
        post(integrator_client, "subscribe/", kinds=[STARTED], where="ours")
        page = post(integrator_client, "subscribe/", kinds=[STARTED], where="ours")
        assert "Already subscribed: Workflow started (1)." in page
        assert len(sandbox.subscriptions()) == 1

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            ({"where": "ours"}, "Select an event."),
            ({"kinds": [STARTED]}, "This field is required."),
            ({"kinds": ["no_such"], "where": "ours"}, "Select a valid choice."),
            ({"kinds": [STARTED], "where": "other"}, "Enter the URL"),
            ({"kinds": [STARTED], "where": "other", "target": "ftp://x/"}, "Enter https://"),
            ({"kinds": [STARTED], "where": "other", "target": f"{PUBLIC}/hooks/x/"}, "current token"),
        ],
    )
    def test_what_is_wrong_is_said_next_to_the_form(
        self, integrator_client: Client, sandbox: Sandbox, data: dict[str, object], sentence: str
    ) -> None:
        response = integrator_client.post(f"{PAGE}subscribe/", data)
        page = text(response, 422)
        assert sentence in page
        assert "Nothing was subscribed" in page
        assert sandbox.subscriptions() == []

    def test_a_doubtful_address_is_asked_about_first(
        self, integrator_client: Client, sandbox: Sandbox, settings: Settings
    ) -> None:
        api, settings.PNEUMATIC_API_URL = settings.PNEUMATIC_API_URL, "https://api.example.com"
        data = {"kinds": [RETURNED], "where": "other", "target": "http://10.0.0.7/listener"}
        page = text(integrator_client.post(f"{PAGE}subscribe/", data), 422)
        assert "private host" in page
        assert "10.0.0.7/listener" in page
        (confirmed,) = hidden(page, "confirmed")

        # The word was given for this address only.
        other = {**data, "target": "http://10.0.0.8/listener", "confirmed": confirmed}
        assert "private host" in text(integrator_client.post(f"{PAGE}subscribe/", other), 422)
        assert sandbox.subscriptions() == []

        # From here on requests are made, so they must go to the sandbox; the warnings are those of before.
        form_page = integrator_client.post(f"{PAGE}subscribe/", {**data, "confirmed": confirmed})
        assert form_page.status_code == 302
        assert WantedSubscription.objects.get().target == "http://10.0.0.7/listener"
        settings.PNEUMATIC_API_URL = api

    def test_without_a_public_address_our_receiver_cannot_be_chosen(
        self, integrator_client: Client, sandbox: Sandbox, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = ""
        response = integrator_client.post(f"{PAGE}subscribe/", {"all": "1", "where": "ours"})
        assert "PUBLIC_URL is empty" in text(response, 422)

    def test_what_pneumatic_could_not_do_is_reported_and_still_expected(
        self, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        sandbox.fault(kind="status", path_prefix="/webhooks", status=500, times=0)
        page = post(integrator_client, "subscribe/", kinds=[STARTED], where="ours")
        assert "Workflow started: " in page
        assert "unknown" in page
        sandbox.clear_faults()
        page = text(integrator_client.get(PAGE))
        assert "Subscriptions are missing" in page
        page = post(integrator_client, f"wanted/{WantedSubscription.objects.get().pk}/give-up/")
        assert "This subscription is no longer expected." in page
        assert "Subscriptions are missing" not in page


class TestUnsubscribing:
    def test_the_confirmation_names_what_stops(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, list(Kind.values))
        pages = {
            row.kind: text(integrator_client.get(f"{PAGE}{row.pk}/unsubscribe/"))
            for row in Subscription.objects.all()
        }
        assert "New workflows appear only with their next event" in pages["workflow_started"]
        assert "Running workflows are no longer updated" in pages["task_completed"]
        assert "Returned tasks are no longer noticed" in pages["task_returned"]
        assert "still shown as running" in pages["workflow_completed"]
        assert len(sandbox.subscriptions()) == 4, "looking ends nothing"

    def test_one_is_ended_by_its_id_and_a_second_click_does_no_harm(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        page = post(integrator_client, "1/unsubscribe/")
        assert "Unsubscribed: Workflow started (1)." in page
        assert [row["id"] for row in sandbox.subscriptions()] == [2]
        assert "has already ended" in post(integrator_client, "1/unsubscribe/")
        assert not WantedSubscription.objects.filter(kind=STARTED).exists()

    def test_a_twin_means_that_nothing_stops(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED])
        sandbox.add_subscription(event="workflow_started", target=services.proposed_target())
        sandbox.add_subscription(event="workflow_started", target=f"{PUBLIC}/hooks/never-ours/")
        integrator_client.get(PAGE)
        for id_, twin in ((1, 2), (2, 1)):
            page = text(integrator_client.get(f"{PAGE}{id_}/unsubscribe/"))
            assert f"Nothing: subscription {twin} sends the same event" in page
        page = text(integrator_client.get(f"{PAGE}3/unsubscribe/"))
        assert "already refuses what is sent to this URL" in page

    def test_another_integration_is_named(self, integrator_client: Client, sandbox: Sandbox) -> None:
        sandbox.add_subscription(event="workflow_started", target=ELSEWHERE)
        integrator_client.get(PAGE)
        page = text(integrator_client.get(f"{PAGE}1/unsubscribe/"))
        assert "Another integration" in page
        assert ELSEWHERE in page
        assert "Unsubscribe the other integration" in page

    def test_all_of_a_target(self, integrator: User, integrator_client: Client, sandbox: Sandbox) -> None:
        services.subscribe(integrator, list(Kind.values))
        services.subscribe(integrator, [STARTED], ELSEWHERE)
        page = text(integrator_client.get(f"{PAGE}2/unsubscribe-target/"))
        assert "Unsubscribe from these 4 events?" in page
        assert page.count("What stops working:") == 4
        post(integrator_client, "2/unsubscribe-target/")
        assert [row["target"] for row in sandbox.subscriptions()] == [ELSEWHERE]
        assert "has already ended" in post(integrator_client, "2/unsubscribe-target/")

    def test_unknown_ones_are_not_found(self, integrator_client: Client, sandbox: Sandbox) -> None:
        for path in ("9/unsubscribe/", "9/unsubscribe-target/"):
            assert integrator_client.get(PAGE + path).status_code == 404
            assert integrator_client.post(PAGE + path).status_code == 404

    def test_a_failure_is_reported(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED])
        sandbox.fault(kind="status", path_prefix="/webhooks", status=500, times=0)
        page = post(integrator_client, "1/unsubscribe/")
        assert "Workflow started: " in page
        assert Subscription.objects.filter(removed_at=None).exists()


class TestRepairing:
    @pytest.fixture
    def drifted(self, integrator: User, sandbox: Sandbox) -> Sandbox:
        services.subscribe(integrator, [STARTED, RETURNED])
        sandbox.delete_subscription(2)
        sandbox.add_subscription(event="workflow_started", target=f"{PUBLIC}/hooks/never-ours/")
        sandbox.add_subscription(event="workflow_started", target=ELSEWHERE)
        return sandbox

    def test_the_steps_are_shown_and_then_carried_out(
        self, integrator_client: Client, drifted: Sandbox
    ) -> None:
        page = text(integrator_client.get(f"{PAGE}repair/"))
        assert page.index(">Subscribe<") < page.index(">Unsubscribe no. 3<")
        assert ELSEWHERE not in page
        assert len(drifted.subscriptions()) == 3
        after = post(integrator_client, "repair/", step=hidden(page, "step"))
        assert "All expected subscriptions exist, and others" in after
        assert {(row["event"], row["target"]) for row in drifted.subscriptions()} == {
            ("workflow_started", services.proposed_target()),
            ("task_returned", services.proposed_target()),
            ("workflow_started", ELSEWHERE),
        }

    def test_others_are_ended_only_when_chosen(self, integrator_client: Client, drifted: Sandbox) -> None:
        assert 'name="also" value="4"' in text(integrator_client.get(PAGE))
        page = text(integrator_client.get(f"{PAGE}repair/?also=4&also=1&also=x&also={'9' * 5000}"))
        assert ">another integration<" in page
        assert ">Unsubscribe no. 1<" not in page, "a healthy subscription cannot be selected"
        post(integrator_client, "repair/", step=hidden(page, "step"), also=hidden(page, "also"))
        assert ELSEWHERE not in {row["target"] for row in drifted.subscriptions()}

    def test_nothing_is_done_that_was_not_shown(
        self, integrator: User, integrator_client: Client, drifted: Sandbox
    ) -> None:
        page = text(integrator_client.get(f"{PAGE}repair/"))
        services.subscribe(integrator, [RETURNED])  # in another tab
        before = drifted.subscriptions()
        after = post(integrator_client, "repair/", step=hidden(page, "step"))
        assert "The subscriptions have changed" in after
        assert drifted.subscriptions() == before
        post(integrator_client, "repair/", step=hidden(after, "step"))
        again = post(integrator_client, "repair/", step=hidden(after, "step"))  # a second click
        assert "Nothing to repair" in again


class TestReplacingTheToken:
    def test_from_the_beginning_to_the_end(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED])
        old = services.proposed_target()
        assert "Planned steps" in text(integrator_client.get(f"{PAGE}rotation/"))
        page = post(integrator_client, "rotation/", do="begin")
        assert 'value="confirm"' in page
        assert len(sandbox.subscriptions()) == 2
        assert "ours, new token" in text(integrator_client.get(PAGE))
        post(integrator_client, "rotation/", do="begin")  # a second click
        assert len(sandbox.subscriptions()) == 2
        page = post(integrator_client, "rotation/", do="confirm")
        assert "Accepted until" in page
        assert [row["target"] for row in sandbox.subscriptions()] == [services.proposed_target()]
        assert services.proposed_target() != old
        assert "rotation in progress" in text(integrator_client.get(PAGE))

    def test_an_event_at_the_new_address_confirms_it(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED])
        rotation.begin(integrator)
        Endpoint.objects.filter(state=Endpoint.State.PENDING).update(
            first_event_at=Endpoint.objects.earliest("pk").created_at
        )
        page = text(integrator_client.get(f"{PAGE}rotation/"))
        assert "First event" in page
        assert 'value="advance"' in page
        assert "Accepted until" in post(integrator_client, "rotation/", do="advance")

    def test_it_can_be_aborted(self, integrator: User, integrator_client: Client, sandbox: Sandbox) -> None:
        services.subscribe(integrator, [STARTED])
        old = services.proposed_target()
        rotation.begin(integrator)
        post(integrator_client, "rotation/", do="abort")
        assert [row["target"] for row in sandbox.subscriptions()] == [old]
        assert "nothing to cancel" in post(integrator_client, "rotation/", do="abort")

    def test_a_failure_in_between_is_reported_and_continued_from(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        sandbox.fault(kind="status", path_prefix="/webhooks", method="POST", status=500, times=0)
        page = post(integrator_client, "rotation/", do="begin")
        assert "Still missing:" in page
        assert "Continue subscribing" in page
        sandbox.clear_faults()
        assert 'value="confirm"' in post(integrator_client, "rotation/", do="begin")

    def test_without_a_public_address_there_is_nothing_to_replace(
        self, integrator_client: Client, sandbox: Sandbox, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = ""
        assert "PUBLIC_URL is empty" in post(integrator_client, "rotation/", do="begin")
        assert integrator_client.post(f"{PAGE}rotation/", {"do": "dance"}).status_code == 404


class TestTestEvents:
    def test_an_error_on_the_way_is_reported(
        self, integrator_client: Client, sandbox: Sandbox, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = sandbox.url  # something answers there, but it is not this dashboard
        post(integrator_client, "test/", kind=[STARTED])
        page = text(integrator_client.get(f"{PAGE}tests/"))
        assert ">404<" in page
        assert "by integrator" in page
        assert "hx-trigger" not in page, "nothing more will come"
        assert RoundTrip.objects.get().status == 404

    def test_a_kind_that_does_not_exist_sends_nothing(self, integrator_client: Client) -> None:
        assert integrator_client.post(f"{PAGE}test/", {"kind": "no_such"}).status_code == 404
        assert not RoundTrip.objects.exists()
