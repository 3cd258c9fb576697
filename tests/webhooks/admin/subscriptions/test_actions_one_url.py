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
    def test_whose_url_would_be_replaced_is_shown_before(
        self, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE)
        take(sandbox, "workflow_started", url=f"{PUBLIC_URL}/hooks/{'x' * 43}/")

        page = text(integrator_client.post(f"{PAGE}subscribe/", {"all": "1", "where": "ours"}), 422)

        asked = page[page.index("Shall it be replaced?") :]
        asked = asked[: asked.index("</ul>")]
        assert "https://hooks.example.org/…" in asked
        assert "Another integration" in asked
        assert f"{PUBLIC_URL}/hooks/••••••••/" in asked
        assert "by an old token" in asked
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

    def test_what_changes_between_the_answer_and_the_change_is_asked_about_anew(
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

        assert "this dashboard hears of this event no more" in page
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
        assert "Another user of the account has its own address" in page
        assert receivers(sandbox, "task_returned") == [ELSEWHERE, ours()]


class TestUnsubscribing:
    def test_another_integration_is_named(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [RETURNED])
        take(sandbox, "task_returned", url=ELSEWHERE)
        services.refresh()

        page = text(integrator_client.get(f"{PAGE}{pk(RETURNED)}/unsubscribe/"))

        assert "Another integration, which this dashboard knows nothing about" in page
        assert "Unsubscribe the other integration" in page

    def test_the_page_says_that_it_ends_for_the_whole_account(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        path = f"{pk(STARTED)}/unsubscribe/"
        page = text(integrator_client.get(PAGE + path))
        assert "It ends for the whole account" in page

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
        services.refresh()  # somebody opens the page in another tab

        page = post(integrator_client, where, seen=seen)

        assert "another address by now. Nothing was ended" in page
        assert ELSEWHERE in page
        assert shown(sandbox) == {"task_returned": ELSEWHERE}
        assert "Nothing was ended" in post(integrator_client, where), "without having looked at all"

    def test_what_stops_is_told_for_both_who_receive_it(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        key = sandbox.add_key("key-of-another-admin", OTHER_ADMIN)
        take(sandbox, "task_returned", url=ELSEWHERE, key=key)
        services.subscribe(integrator, [RETURNED], replacing={Kind.TASK_RETURNED: ELSEWHERE})

        page = text(integrator_client.get(f"{PAGE}{pk(RETURNED)}/unsubscribe/"))

        assert f"listens at {ELSEWHERE} no longer hears" in page
        assert "sent back is no longer seen" in page

    def test_all_of_an_address(self, integrator: User, integrator_client: Client, sandbox: Sandbox) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        take(sandbox, "task_completed", url=ELSEWHERE)
        path = f"{pk(STARTED)}/unsubscribe-target/"
        page = text(integrator_client.get(PAGE + path))
        assert "These 2 subscriptions end" in page

        post(integrator_client, path, seen=hidden(page, "seen"))

        assert shown(sandbox) == {"task_completed": ELSEWHERE}


class TestRepairing:
    def test_the_url_of_another_integration_is_replaced_only_when_ticked(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        services.subscribe(integrator, [STARTED, RETURNED])
        take(sandbox, "task_returned", url=ELSEWHERE)

        page = text(integrator_client.get(PAGE))
        assert "Another address has events that are wanted here" in page
        assert ">taken<" in page
        assert ": replace this address" in page
        assert "There is nothing to repair" in text(integrator_client.get(f"{PAGE}repair/"))

        page = text(integrator_client.get(f"{PAGE}repair/?also={pk(RETURNED)}"))
        assert "in place of" in page
        assert "https://hooks.example.org/…" in page
        assert ">another integration<" in page
        post(integrator_client, "repair/", step=hidden(page, "step"), also=hidden(page, "also"))
        assert shown(sandbox) == {"workflow_started": ours(), "task_returned": ours()}

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
        assert "Our own receiver, by an old token." in page
        assert "xxxx" not in page
        post(integrator_client, "repair/", step=hidden(page, "step"))

        assert shown(sandbox) == {"task_returned": ours()}

    def test_ending_what_others_have_says_for_whom(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox
    ) -> None:
        take(sandbox, "task_returned", url=ELSEWHERE)
        assert ": end it for everyone in the account" in text(integrator_client.get(PAGE))

        page = text(integrator_client.get(f"{PAGE}repair/?also={pk(RETURNED)}"))

        assert ">End for everyone in the account<" in page
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
        assert "in place of the old one, for every event that it gets" in page
        assert "Left to another integration" in page

        page = post(integrator_client, "rotation/", do="begin")
        assert 'value="confirm_by_test"' in page
        assert "ours, new token" in text(integrator_client.get(PAGE))
        page = post(integrator_client, "rotation/", do="confirm")

        assert "Accepted until" in page
        assert ours() != old
        assert shown(sandbox) == {"workflow_started": ours(), "task_returned": ELSEWHERE}

    def test_a_test_event_that_does_not_come_back_is_told(
        self, integrator: User, integrator_client: Client, sandbox: Sandbox, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = sandbox.url
        services.subscribe(integrator, [STARTED])
        rotation.begin(integrator)

        page = post(integrator_client, "rotation/", do="confirm_by_test")

        assert 'value="confirm_by_test"' in page
        assert "another site" in page

    def test_without_a_rotation_nothing_is_proven(self, integrator_client: Client, sandbox: Sandbox) -> None:
        assert "nothing to try" in post(integrator_client, "rotation/", do="confirm_by_test")
