"""The page of subscriptions, used, where there is one URL for each event: whose is replaced is shown, and asked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks.models import Subscription, WantedSubscription
from apps.webhooks.subscriptions import rotation, services
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.subscribing import (
    ELSEWHERE,
    EVENTS,
    OTHER_ADMIN,
    PUBLIC_URL,
    ours,
    receivers,
    shown,
    take,
)

pytestmark = [pytest.mark.django_db, only_current]

PAGE = "/admin/webhooks/subscription/"
STARTED, RETURNED = Kind.WORKFLOW_STARTED.value, Kind.TASK_RETURNED.value
ANOTHER = "https://flows.example.net/catch/another-secret"


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.status_code
    return str(response.content.decode())


def post(client: Client, path: str, **data: object) -> str:
    """Send a change, follow the redirect and return the page that people end on."""
    response = client.post(f"{PAGE}{path}", data)
    assert response.status_code == 302, response.content.decode()
    return text(client.get(response.headers["Location"]))


def hidden(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', page)


def pk(event: str) -> int:
    return Subscription.objects.get(event=event, removed_at=None, id__gt=0).pk


class TestSubscribing:
    def test_the_url_that_would_be_replaced_is_shown_before(
        self, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE)
        take(sandbox, "workflow_started", url=f"{PUBLIC_URL}/hooks/{'x' * 43}/")

        page = text(integrator_client.post(f"{PAGE}subscribe/", {"all": "1", "where": "ours"}), 422)

        asked = page[page.index("Replace it?") :]
        asked = asked[: asked.index("</ul>")]
        assert "https://hooks.example.org/…" in asked
        assert "Another integration" in asked
        assert f"{PUBLIC_URL}/hooks/••••••••/" in asked
        assert "with an old token" in asked
        assert "secret" not in asked
        assert "xxxx" not in asked
        assert set(shown(sandbox)) == {"task_returned", "workflow_started"}, "nothing was changed yet"
        assert not WantedSubscription.objects.exists()

        (confirmed,) = hidden(page, "confirmed")
        post(integrator_client, "subscribe/", all="1", where="ours", confirmed=confirmed)
        assert shown(sandbox) == dict.fromkeys(EVENTS, ours())

    def test_the_answer_is_bound_to_the_urls_that_were_shown(
        self, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE)
        data = {"kinds": [STARTED, RETURNED], "where": "ours"}
        (confirmed,) = hidden(text(integrator_client.post(f"{PAGE}subscribe/", data), 422), "confirmed")
        take(sandbox, "task_returned", url=ANOTHER)

        page = text(integrator_client.post(f"{PAGE}subscribe/", {**data, "confirmed": confirmed}), 422)

        assert "https://flows.example.net/…" in page
        assert shown(sandbox) == {"task_returned": ANOTHER}
        (confirmed,) = hidden(page, "confirmed")
        post(integrator_client, "subscribe/", **data, confirmed=confirmed)
        assert shown(sandbox) == {"task_returned": ours(), "workflow_started": ours()}

    def test_the_answer_is_bound_to_the_address_that_was_meant(
        self, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE)
        data = {"kinds": [RETURNED], "where": "ours"}
        (confirmed,) = hidden(text(integrator_client.post(f"{PAGE}subscribe/", data), 422), "confirmed")

        other = {"kinds": [RETURNED], "where": "other", "target": ANOTHER, "confirmed": confirmed}
        text(integrator_client.post(f"{PAGE}subscribe/", other), 422)

        assert shown(sandbox) == {"task_returned": ELSEWHERE}

    def test_fewer_events_than_were_asked_about_need_no_new_answer(
        self, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        take(sandbox, "task_returned", "workflow_started", url=ELSEWHERE)
        page = text(integrator_client.post(f"{PAGE}subscribe/", {"all": "1", "where": "ours"}), 422)
        (confirmed,) = hidden(page, "confirmed")

        post(integrator_client, "subscribe/", kinds=[RETURNED], where="ours", confirmed=confirmed)

        assert shown(sandbox) == {"task_returned": ours(), "workflow_started": ELSEWHERE}

    def test_a_change_after_the_confirmation_is_confirmed_again(
        self, integrator_client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE)
        data = {"kinds": [STARTED, RETURNED], "where": "ours"}
        (confirmed,) = hidden(text(integrator_client.post(f"{PAGE}subscribe/", data), 422), "confirmed")
        subscribe = services.subscribe

        def late(*arguments: Any, **options: Any) -> Any:
            take(sandbox, "task_returned", url=ANOTHER)
            return subscribe(*arguments, **options)

        monkeypatch.setattr(services, "subscribe", late)
        page = text(integrator_client.post(f"{PAGE}subscribe/", {**data, "confirmed": confirmed}), 422)

        assert "Nothing was replaced" in page
        assert "https://flows.example.net/…" in page
        assert re.findall(r'name="kinds" value="(\w+)"[^>]* checked', page) == [RETURNED]
        assert shown(sandbox) == {"task_returned": ANOTHER, "workflow_started": ours()}

    def test_another_address_is_asked_about_when_ours_would_lose_an_event(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [RETURNED])
        data = {"kinds": [RETURNED], "where": "other", "target": ELSEWHERE}

        page = text(integrator_client.post(f"{PAGE}subscribe/", data), 422)

        assert "This dashboard will no longer receive this event" in page
        (confirmed,) = hidden(page, "confirmed")
        post(integrator_client, "subscribe/", **data, confirmed=confirmed)
        assert shown(sandbox) == {"task_returned": ELSEWHERE}
        assert [row.target for row in WantedSubscription.objects.all()] == [ELSEWHERE]

    def test_it_says_that_another_user_keeps_theirs(
        self, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        key = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)
        take(sandbox, "task_returned", url=ELSEWHERE, key=key)
        data = {"kinds": [RETURNED], "where": "ours"}
        (confirmed,) = hidden(text(integrator_client.post(f"{PAGE}subscribe/", data), 422), "confirmed")

        page = post(integrator_client, "subscribe/", **data, confirmed=confirmed)

        assert "Subscribed: Task returned." in page
        assert "Another user of the account has a URL for it" in page
        assert receivers(sandbox, "task_returned") == [ELSEWHERE, ours()]


class TestUnsubscribing:
    def test_another_integration_is_named(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [RETURNED])
        take(sandbox, "task_returned", url=ELSEWHERE)
        services.refresh()

        page = text(integrator_client.get(f"{PAGE}{pk(RETURNED)}/unsubscribe/"))

        assert "Another integration, unknown to this dashboard" in page
        assert "Unsubscribe the other integration" in page

    def test_the_page_says_that_it_ends_for_the_whole_account(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        path = f"{pk(STARTED)}/unsubscribe/"
        page = text(integrator_client.get(PAGE + path))
        assert "Other users of the account lose the event" in page

        after = post(integrator_client, path, seen=hidden(page, "seen"))

        assert "Unsubscribed: Workflow started." in after
        assert shown(sandbox) == {"task_returned": ours()}

    @pytest.mark.parametrize("path", ["unsubscribe/", "unsubscribe-target/"])
    def test_nothing_ends_that_was_not_shown(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox, path: str
    ) -> None:
        services.subscribe(integrator, [RETURNED])
        where = f"{pk(RETURNED)}/{path}"
        seen = hidden(text(integrator_client.get(PAGE + where)), "seen")
        take(sandbox, "task_returned", url=ELSEWHERE)
        services.refresh()  # another tab opens the page

        page = post(integrator_client, where, seen=seen)

        assert "another URL. Nothing was ended" in page
        assert ELSEWHERE in page
        assert shown(sandbox) == {"task_returned": ELSEWHERE}
        assert "Nothing was ended" in post(integrator_client, where), "without having looked at all"

    def test_the_impact_is_shown_for_both_receivers(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        key = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)
        take(sandbox, "task_returned", url=ELSEWHERE, key=key)
        services.subscribe(integrator, [RETURNED], replacing={Kind.TASK_RETURNED: ELSEWHERE})

        page = text(integrator_client.get(f"{PAGE}{pk(RETURNED)}/unsubscribe/"))

        assert f"receiver at {ELSEWHERE} no longer receives" in page
        assert "Returned tasks are no longer noticed" in page

    def test_all_of_an_address(self, integrator: User, integrator_client: Client, sandbox: Sandbox) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        take(sandbox, "task_completed", url=ELSEWHERE)
        path = f"{pk(STARTED)}/unsubscribe-target/"
        page = text(integrator_client.get(PAGE + path))
        assert "Unsubscribe from these 2 events?" in page

        post(integrator_client, path, seen=hidden(page, "seen"))

        assert shown(sandbox) == {"task_completed": ELSEWHERE}


class TestRepairing:
    def test_the_url_of_another_integration_is_replaced_only_when_ticked(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        take(sandbox, "task_returned", url=ELSEWHERE)

        page = text(integrator_client.get(PAGE))
        assert "Expected events go to another URL" in page
        assert ">replaced by another URL<" in page
        assert ": replace this URL" in page
        assert "Nothing to repair" in text(integrator_client.get(f"{PAGE}repair/"))

        page = text(integrator_client.get(f"{PAGE}repair/?also={pk(RETURNED)}"))
        assert "replaces" in page
        assert "https://hooks.example.org/…" in page
        assert ">another integration<" in page
        post(integrator_client, "repair/", step=hidden(page, "step"), also=hidden(page, "also"))
        assert shown(sandbox) == {"workflow_started": ours(), "task_returned": ours()}

    def test_an_event_that_an_upgrade_renamed(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        sandbox.reset(release="1.0")
        services.subscribe(integrator, list(Kind))
        sandbox.upgrade("6.0")

        page = text(integrator_client.get(PAGE))

        assert "A repair subscribes under the name in this release." in page
        assert ">Review repair<" in page
        page = text(integrator_client.get(f"{PAGE}repair/"))
        post(integrator_client, "repair/", step=hidden(page, "step"))
        assert shown(sandbox)["task_completed"] == ours()

    def test_a_url_that_changes_after_the_steps_were_shown_is_shown_first(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [RETURNED])
        take(sandbox, "task_returned", url=ELSEWHERE)
        services.refresh()
        page = text(integrator_client.get(f"{PAGE}repair/?also={pk(RETURNED)}"))
        take(sandbox, "task_returned", url=ANOTHER)

        page = post(integrator_client, "repair/", step=hidden(page, "step"), also=hidden(page, "also"))

        assert "Nothing was replaced" in page
        assert "https://flows.example.net/…" in page
        assert shown(sandbox) == {"task_returned": ANOTHER}
        post(integrator_client, "repair/", step=hidden(page, "step"), also=hidden(page, "also"))
        assert shown(sandbox) == {"task_returned": ours()}

    def test_an_old_address_of_ours_is_replaced_after_the_step_was_shown(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [RETURNED])
        take(sandbox, "task_returned", url=f"{PUBLIC_URL}/hooks/{'x' * 43}/")

        page = text(integrator_client.get(f"{PAGE}repair/"))
        assert "Our endpoint with an old token." in page
        assert "xxxx" not in page
        post(integrator_client, "repair/", step=hidden(page, "step"))

        assert shown(sandbox) == {"task_returned": ours()}

    def test_ending_a_shared_event_says_for_all_users(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE)
        assert ": unsubscribe for all users of the account" in text(integrator_client.get(PAGE))

        page = text(integrator_client.get(f"{PAGE}repair/?also={pk(RETURNED)}"))

        assert ">Unsubscribe for all users of the account<" in page
        post(integrator_client, "repair/", step=hidden(page, "step"), also=hidden(page, "also"))
        assert shown(sandbox) == {}


class TestReplacingTheToken:
    def test_from_the_beginning_to_the_end(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        take(sandbox, "task_returned", url=ELSEWHERE)
        old = ours()
        page = text(integrator_client.get(f"{PAGE}rotation/"))
        assert "It replaces the old URL for every event" in page
        assert "because another integration has them" in page

        page = post(integrator_client, "rotation/", do="begin")
        assert 'value="confirm_by_test"' in page
        assert "ours, new token" in text(integrator_client.get(PAGE))
        page = post(integrator_client, "rotation/", do="confirm")

        assert "Accepted until" in page
        assert ours() != old
        assert shown(sandbox) == {"workflow_started": ours(), "task_returned": ELSEWHERE}

    def test_a_test_event_that_does_not_arrive_is_reported(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = sandbox.url
        services.subscribe(integrator, [STARTED])
        rotation.begin(integrator)

        page = post(integrator_client, "rotation/", do="confirm_by_test")

        assert 'value="confirm_by_test"' in page
        assert "another site" in page

    def test_without_a_rotation_nothing_is_proven(self, integrator_client: Client, sandbox: Sandbox) -> None:
        assert "nothing to test" in post(integrator_client, "rotation/", do="confirm_by_test")
