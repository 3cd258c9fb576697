"""What an open page gets when it polls: nothing while nothing changed, else the part that changes."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.core import live
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery
from apps.workflows import services
from apps.workflows.models import Workflow
from tests.factories import make_pneumatic_user, make_workflow
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver

PAGES = ["/workflows/", "/workflows/?state=running&q=w", "/workflows/1/", "/"]


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the minute while a test runs."""
    monkeypatch.setattr("apps.core.live.time.time", lambda: 1_800_000_000.0)


def version_of(html: str) -> str:
    match = re.search(r'data-live-version="([^"]+)"', html)
    assert match
    return match[1]


def ask(client: Client, url: str, version: str) -> tuple[int, str]:
    response = client.get(url, headers={"Live-Version": version})
    assert "Live-Version" in response["Vary"]
    assert "no-store" in response["Cache-Control"]
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("url", PAGES)
def test_nothing_is_sent_while_nothing_changed(viewer_client: Client, url: str) -> None:
    make_workflow(1)
    version = version_of(viewer_client.get(url).content.decode())

    assert ask(viewer_client, url, version) == (204, "")


@pytest.mark.parametrize("url", PAGES)
def test_a_poll_costs_one_query_in_addition_to_the_user(viewer_client: Client, url: str) -> None:
    make_workflow(1)
    version = version_of(viewer_client.get(url).content.decode())

    with CaptureQueriesContext(connection) as captured:
        assert ask(viewer_client, url, version)[0] == 204

    ours = [query["sql"] for query in captured if "workflows_workflow" in query["sql"]]
    assert len(ours) == 1
    assert len(captured) == 5  # the session, the user, and their two kinds of permissions


@pytest.mark.parametrize("url", PAGES)
def test_an_event_changes_the_part_and_only_that_is_sent(
    viewer_client: Client, deliver: Deliver, url: str
) -> None:
    deliver(payloads.started(1))
    version = version_of(viewer_client.get(url).content.decode())
    deliver(payloads.task_completed(1, 1))

    status, html = ask(viewer_client, url, version)

    assert status == 200
    assert "<html" not in html
    assert "Prepare the desk" in html
    assert html.count("data-live ") == 1
    assert ask(viewer_client, url, version_of(html))[0] == 204


def test_an_event_of_another_workflow_does_not_change_a_workflows_page(
    viewer_client: Client, deliver: Deliver
) -> None:
    deliver(payloads.started(1))
    version = version_of(viewer_client.get("/workflows/1/").content.decode())
    deliver(payloads.started(2))

    assert ask(viewer_client, "/workflows/1/", version)[0] == 204


def test_who_started_a_workflow_changes_the_pages(viewer_client: Client, operator: User) -> None:
    make_workflow(1, launched_by=None)
    marks = {url: version_of(viewer_client.get(url).content.decode()) for url in PAGES}

    services.record_starters({1: operator.pk})

    for url, version in marks.items():
        assert ask(viewer_client, url, version)[0] == 200


@pytest.mark.parametrize("url", PAGES)
def test_a_worker_that_falls_behind_is_noticed_at_once(viewer_client: Client, url: str) -> None:
    make_workflow(1)
    version = version_of(viewer_client.get(url).content.decode())
    since = timezone.now() - dt.timedelta(minutes=1)
    Delivery.objects.create(
        received_at=since, due_at=since, endpoint=endpoints.active(), body=b"{}", size=2, verdict="accepted"
    )

    status, html = ask(viewer_client, url, version)

    assert status == 200
    assert "Events are waiting to be processed" in html


def test_writers_who_finish_in_another_order_are_noticed(viewer_client: Client, deliver: Deliver) -> None:
    """One that wrote an earlier time may commit after one that wrote a later time; its event has a new number."""
    later = make_workflow(2)
    Workflow.objects.filter(pk=later.pk).update(changed_at=timezone.now() + dt.timedelta(hours=1))
    version = version_of(viewer_client.get("/workflows/").content.decode())

    deliver(payloads.started(1))

    assert ask(viewer_client, "/workflows/", version)[0] == 200


def test_words_such_as_three_minutes_ago_grow_old(
    viewer_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_workflow(1)
    version = version_of(viewer_client.get("/workflows/").content.decode())
    monkeypatch.setattr("apps.core.live.time.time", lambda: 1_800_000_000.0 + live.REFRESH_SECONDS)

    assert ask(viewer_client, "/workflows/", version)[0] == 200


def test_open_pages_do_not_all_refresh_in_the_same_second(
    rf: object, viewer: User, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Request:
        def __init__(self, user: User) -> None:
            self.user = user

    def changes(user: User) -> set[int]:
        found = set()
        for second in range(2 * live.REFRESH_SECONDS):
            monkeypatch.setattr("apps.core.live.time.time", lambda second=second: 1_800_000_000.0 + second)
            found.add((second, live.version(Request(user))))  # type: ignore[arg-type]  # only its user is read
        return {
            second % live.REFRESH_SECONDS
            for second, _version in sorted(found)[1:]
            if _version != dict(found)[second - 1]
        }

    assert changes(viewer) != changes(operator)


def test_a_page_of_an_unknown_workflow_waits_for_its_first_event(
    viewer_client: Client, deliver: Deliver
) -> None:
    page = viewer_client.get("/workflows/1/")
    version = version_of(page.content.decode())

    assert page.status_code == 404
    assert ask(viewer_client, "/workflows/1/", version)[0] == 204

    deliver(payloads.started(1))
    assert ask(viewer_client, "/workflows/1/", version)[0] == 200


def test_rows_have_their_announcement_and_whether_it_is_read(operator_client: Client, operator: User) -> None:
    make_pneumatic_user(1, email=operator.email)
    make_workflow(1, name='Ada "A"', step=2, task_name="Approve", performers=[(1, "Bo")])
    make_workflow(2, name="Other", performers=[(2, "Cy")])

    page = operator_client.get("/workflows/").content.decode()

    assert 'data-key="1" data-news="Ada &quot;A&quot;: now at step 2, Approve" data-watched' in page
    assert 'data-key="2" data-news="Other: now at step 1, Collect papers">' in page


@pytest.mark.parametrize(("client_name", "status"), [("client", 302), ("no_role_client", 403)])
def test_those_who_may_not_see_get_nothing(
    request: pytest.FixtureRequest, db: None, client_name: str, status: int
) -> None:
    client: Client = request.getfixturevalue(client_name)

    assert client.get("/workflows/", headers={"Live-Version": "x"}).status_code == status


def test_without_scripts_a_page_says_when_it_was_loaded(viewer_client: Client) -> None:
    page = viewer_client.get("/workflows/").content.decode()

    assert re.search(r"As of \d\d:\d\d:\d\d\.", page)
    assert "Reload for updates" in page
