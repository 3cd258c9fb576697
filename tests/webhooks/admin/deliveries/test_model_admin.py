"""Deliveries in Django admin: found, looked at and compared, without giving our token away."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import shlex
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.templatetags.admin_rows import EMPTY
from apps.webhooks import endpoints
from apps.webhooks.admin.deliveries import filters
from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing.worker import process_pending
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver, as_sent
from tests.fixtures.people import OPEN_TO_EVERY_ROLE

LIST = "/admin/webhooks/delivery/"
Verdict, State = Delivery.Verdict, Delivery.State


def read(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    return html.unescape(response.content.decode())


def main(page: str) -> str:
    """Return a page without its frame."""
    return page.partition('id="content"')[2]


def listed(client: Client, query: str = "") -> list[str]:
    """Return the events that the list shows, as on the wire."""
    return re.findall(r'field-named">(?:[^<]+<div class="quiet">)?([^<]*)<', read(client, f"{LIST}{query}"))


@pytest.mark.parametrize("who", OPEN_TO_EVERY_ROLE)
@pytest.mark.parametrize("path", ["", "window/", "{pk}/change/", "{pk}/body/", "{pk}/replay/"])
def test_only_integrators_and_administrators_see_deliveries(
    request: pytest.FixtureRequest, deliver: Deliver, who: str, path: str
) -> None:
    deliver(payloads.started())
    client: Client = request.getfixturevalue(who)

    response = client.get(LIST + path.format(pk=Delivery.objects.get().pk))

    expected = 200 if who in {"integrator_client", "administrator_client"} else 302
    assert response.status_code == expected


@pytest.mark.parametrize("path", ["event/", "replay/", "event/{pk}/change/"])
def test_events_and_replays_are_there_too(integrator_client: Client, deliver: Deliver, path: str) -> None:
    deliver(payloads.started())

    read(integrator_client, f"/admin/webhooks/{path.format(pk=Event.objects.get().pk)}")


@pytest.mark.parametrize("path", [LIST, "/admin/webhooks/event/", "/admin/webhooks/replay/"])
def test_nothing_is_added_changed_or_deleted_here(
    administrator_client: Client, deliver: Deliver, path: str
) -> None:
    deliver(payloads.started())
    page = read(administrator_client, path)

    assert "add/" not in main(page)
    assert 'value="delete_selected"' not in page
    for action in ("add/", "1/delete/"):
        assert administrator_client.post(path + action).status_code in {403, 404}


def test_what_is_not_there_is_said(integrator_client: Client) -> None:
    for path in ("delivery/77/change/", "delivery/77/body/", "event/77/change/", "event/x/change/"):
        assert integrator_client.get(f"/admin/webhooks/{path}").status_code == 404
    assert "No pending deliveries." in read(integrator_client, LIST)


# -- the list ------------------------------------------------------------------------------------------------------


@pytest.fixture
def several(deliver: Deliver) -> None:
    """One delivery of every sort."""
    deliver(payloads.started(1, template_id=7))
    deliver(payloads.task_completed(1, 1, template_id=7))
    deliver(payloads.task_returned(2, template_id=8))
    deliver(payloads.completed(2, template_id=8, event="process_completed"))
    deliver(payloads.started(3, event="something_new"))
    deliver(payloads.started(4, hook_target="https://elsewhere.example.com/hooks/other/"))
    deliver(b"no JSON")


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("query", "events"),
    [
        ("?kind=workflow_started", ["workflow_started", "workflow_started"]),
        ("?kind=workflow_completed", ["process_completed"]),
        ("?kind=other", [EMPTY, "something_new"]),
        ("?verdict__exact=malformed", [EMPTY]),
        ("?verdict__exact=mismatch", ["workflow_started"]),
        ("?verdict__exact=unknown_event", ["something_new"]),
        ("?state=parked", ["workflow_started"]),
        ("?state=pending", []),
        ("?state=nonsense&workflow=1", ["task_completed_v2", "workflow_started"]),
        ("?workflow=1", ["task_completed_v2", "workflow_started"]),
        ("?template=8", ["process_completed", "task_returned"]),
        ("?template=8&kind=task_returned", ["task_returned"]),
        ("?workflow=abc", []),
        ("?workflow=999999999999999999999", []),
        ("?age=older", []),
        ("?replay=1", []),
    ],
)
def test_filters_narrow_the_list(integrator_client: Client, query: str, events: list[str]) -> None:
    assert listed(integrator_client, query) == events


@pytest.mark.usefixtures("several")
def test_age_narrows_the_list(integrator_client: Client) -> None:
    old = Delivery.objects.earliest("pk")
    Delivery.objects.filter(pk=old.pk).update(received_at=timezone.now() - dt.timedelta(days=2))

    assert len(listed(integrator_client, "?age=day")) == 6
    assert len(listed(integrator_client, "?age=week")) == 7


@pytest.mark.parametrize("escaped", [True, False])
def test_payloads_are_searched_as_they_are_and_as_json_escapes_them(
    integrator_client: Client, deliver: Deliver, escaped: bool
) -> None:
    target = f"http://testserver{endpoints.path(endpoints.active())}"
    body = payloads.started(1, hook_target=target, name='Zoë "Q" 100%')
    deliver(json.dumps(body, ensure_ascii=escaped).encode())
    deliver(payloads.started(2))

    for words in ("Zoë", '"Q" 100%', 'Zoë "Q"'):
        assert len(listed(integrator_client, f"?q={words.replace('%', '%25')}")) == 1, words
    assert listed(integrator_client, "?q=zoë") == []
    assert len(listed(integrator_client, "?q=Workflow+2&kind=workflow_started")) == 1
    assert listed(integrator_client, "?q=Workflow+2&kind=task_returned") == []


def test_the_search_is_bounded_and_says_so(
    integrator_client: Client, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MAX_SEARCHED", 2)
    for number in range(4):
        deliver(payloads.started(number, name=f"Needle {number}"))

    assert len(listed(integrator_client, "?q=Needle")) == 2
    assert "reads the newest 10,000 matching deliveries" in read(integrator_client, LIST)


def test_large_escapes_are_found_too() -> None:
    assert b"Zo\\u00EB" in filters.needles("Zoë")


def test_the_number_of_queries_does_not_grow(integrator_client: Client, deliver: Deliver) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            read(integrator_client, LIST)
        return len(queries)

    deliver(payloads.started())
    few = count()
    for number in range(2, 62):
        deliver(payloads.started(number), process=False)
    process_pending()

    assert count() == few
    assert few <= 12


def test_the_list_says_what_waits(integrator_client: Client, deliver: Deliver) -> None:
    deliver(payloads.started(), process=False)
    deliver(payloads.started(2, hook_target="https://elsewhere.example.com/hooks/other/"), process=False)
    page = read(integrator_client, LIST)

    assert "1 delivery is pending." in page
    assert "1 delivery is in the dead-letter queue." in page


# -- one delivery --------------------------------------------------------------------------------------------------


def detail(client: Client, delivery: Delivery | None = None) -> str:
    delivery = delivery or Delivery.objects.latest("pk")
    return main(read(client, f"{LIST}{delivery.pk}/change/"))


def test_it_shows_all_that_is_known(integrator_client: Client, deliver: Deliver) -> None:
    deliver(payloads.started(41, name="Paint <b>it</b>"), user_agent="Pneumatic/1")
    page = detail(integrator_client)

    assert "accepted" in page
    assert "processed" in page
    assert "Pneumatic/1" in page
    assert '"name": "Paint <b>it</b>"' in page
    assert "/workflows/41/" in page
    assert "127.0.0.1" in page
    assert "This is the first known event of the workflow" in page
    assert (
        "Paint <b>"
        not in integrator_client.get(f"{LIST}{Delivery.objects.get().pk}/change/").content.decode()
    )


def test_our_token_is_masked_in_everything(integrator_client: Client, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    deliver(payloads.task_completed(1))
    token = endpoints.token(endpoints.active())
    delivery = Delivery.objects.latest("pk")
    placeholder = endpoints.placeholder(endpoints.active())
    assert placeholder.encode() in bytes(delivery.body)

    for url in (
        LIST,
        f"{LIST}{delivery.pk}/change/",
        f"{LIST}{delivery.pk}/body/",
        f"/admin/webhooks/event/{delivery.event_id}/change/",
    ):
        content = integrator_client.get(url).content.decode()
        assert token not in content, url
        assert placeholder not in content, url
    assert "[redacted]" in detail(integrator_client)


def test_a_token_of_the_past_and_one_with_escaped_slashes_are_masked(
    integrator_client: Client, deliver: Deliver
) -> None:
    token = endpoints.token(endpoints.active())
    deliver(payloads.started(1, hook_target="https://x.example.com/hooks/" + "a" * 43 + "/"))
    deliver(json.dumps({"hook": f"https://x.example.com/hooks/{token}/"}).replace("/", "\\/").encode())

    first, second = Delivery.objects.all()
    for delivery in (first, second):
        page = detail(integrator_client, delivery)
        assert "a" * 43 not in page
        assert token not in page


def test_it_compares_with_the_previous_event_of_the_workflow(
    integrator_client: Client, deliver: Deliver
) -> None:
    deliver(payloads.task_completed(1, 1))
    deliver(payloads.started(1))  # late
    deliver(payloads.started(2))
    page = detail(integrator_client, Delivery.objects.earliest("pk"))

    assert "workflow.current_task.number" in page
    assert "Compared with workflow started" in page


def test_it_compares_what_was_read_where_a_payload_was_pruned(
    integrator_client: Client, deliver: Deliver
) -> None:
    deliver(payloads.started(1))
    deliver(payloads.task_completed(1, 1))
    Delivery.objects.earliest("pk").delete()

    assert "workflow.current_task.number" in detail(integrator_client)


def test_it_names_the_other_deliveries_of_the_event(integrator_client: Client, deliver: Deliver) -> None:
    deliver(payloads.started(1, hook_id=1))
    assert "No duplicates." in detail(integrator_client)

    deliver(payloads.started(1, hook_id=2))
    page = detail(integrator_client)

    assert f"{Delivery.objects.earliest('pk').pk}/change/" in page
    assert "subscription 1" in page
    assert (
        re.findall(r'field-deliveries_of_event">([^<]*)<', read(integrator_client, LIST)) == ["2 times"] * 2
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"not JSON <script>", "Not JSON."),
        (b"\x00\x01\xff\xfe<script>", "Raw body, as bytes"),
        ("[" * 100_000, "Not JSON."),
        (b'{"a": "\\ud800"}', "\\ud800"),
    ],
)
def test_any_body_can_be_viewed(
    integrator_client: Client, deliver: Deliver, body: bytes | str, says: str
) -> None:
    assert deliver(body.encode() if isinstance(body, str) else body).status_code == 400
    page = detail(integrator_client)

    assert "malformed" in page
    assert says in page


def test_a_long_body_is_cut_and_can_be_downloaded_whole(integrator_client: Client, deliver: Deliver) -> None:
    deliver(payloads.started(1, name="x" * 200_000 + "FINIS"))
    page = detail(integrator_client)
    delivery = Delivery.objects.get()
    response = integrator_client.get(f"{LIST}{delivery.pk}/body/")

    assert "FINIS" not in page
    assert "Truncated. Download the full text." in page
    assert "--data-binary @delivery-" in page
    assert b"FINIS" in response.content
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="delivery-{delivery.pk}.txt"'
    assert response["X-Content-Type-Options"] == "nosniff"


def test_the_curl_command_takes_the_token_from_a_variable(
    integrator_client: Client, deliver: Deliver
) -> None:
    deliver(payloads.started(1, name='It\'s "quoted" $HOME `id`'))
    page = detail(integrator_client)
    command = re.search(r'id="curl-text"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert command is not None
    token = endpoints.token(endpoints.active())

    words = shlex.split(command[1].replace("\\\n", " ").replace("$RECEIVER_TOKEN", token))

    sent: dict[str, Any] = json.loads(words[words.index("--data-raw") + 1])
    assert sent == json.loads(as_sent(Delivery.objects.get()))
    assert f"http://testserver/hooks/{token}/" in words
    assert token not in page
