"""Processing deliveries again from Django admin: asked first, written down, by those who may."""

from __future__ import annotations

import datetime as dt
import html
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.webhooks.models import Delivery, Event, Replay
from apps.webhooks.processing import replay as processing_replay
from apps.webhooks.processing.worker import process_pending
from tests.factories import client_of, make_user
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver

LIST = "/admin/webhooks/delivery/"
State = Delivery.State


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture
def looker(db: None) -> Client:
    """Return the browser of a user who may only view deliveries."""
    user = make_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    return client_of(User.objects.get(pk=user.pk))


def test_a_viewer_cannot_replay(looker: Client, deliver: Deliver) -> None:
    deliver(payloads.started())
    pk = Delivery.objects.get().pk

    assert looker.get(f"{LIST}{pk}/change/").status_code == 200
    for url in (f"{LIST}{pk}/replay/", f"{LIST}window/"):
        assert looker.get(url).status_code == 403
        assert looker.post(url, {"confirmed": "on"}).status_code == 403
    looker.post(LIST, {"action": "replay_selected", "_selected_action": [pk], "confirmed": "on"})
    assert "replay_selected" not in text_of(looker.get(LIST))
    assert not Replay.objects.exists()


def test_one_delivery_is_replayed_when_it_was_confirmed(
    integrator_client: Client, integrator: User, deliver: Deliver
) -> None:
    deliver(payloads.started())
    delivery = Delivery.objects.get()
    url = f"{LIST}{delivery.pk}/replay/"

    assert "1 delivery" in text_of(integrator_client.get(url))
    assert not Replay.objects.exists()
    page = integrator_client.post(url, {"confirmed": "on"}, follow=True)

    replay = Replay.objects.get()
    assert (replay.requested_by, replay.count, replay.is_forced) == (integrator, 1, False)
    assert replay.criteria == f"delivery {delivery.pk}"
    assert "1 delivery was queued" in text_of(page)
    assert "1 pending" in text_of(page)
    delivery.refresh_from_db()
    assert delivery.state == State.PENDING
    process_pending()
    assert Event.objects.get().deliveries_count == 1
    assert "integrator" in text_of(integrator_client.get(f"{LIST}{delivery.pk}/change/"))


def test_a_selection_is_replayed_when_it_was_confirmed(integrator_client: Client, deliver: Deliver) -> None:
    for number in range(3):
        deliver(payloads.started(number))
    chosen = list(Delivery.objects.values_list("pk", flat=True)[:2])
    data = {"action": "replay_selected", "_selected_action": chosen}

    question = text_of(integrator_client.post(LIST, data))
    assert "2 deliveries" in question
    assert all(f'name="_selected_action" value="{pk}"' in question for pk in chosen)
    assert not Replay.objects.exists()

    integrator_client.post(LIST, {**data, "confirmed": "on"})
    assert set(Replay.objects.get().deliveries.values_list("pk", flat=True)) == set(chosen)


def test_all_that_the_list_shows_is_replayed(integrator_client: Client, deliver: Deliver) -> None:
    for number in range(3):
        deliver(payloads.started(number, template_id=7))
    deliver(payloads.started(4, template_id=8))
    pk = Delivery.objects.latest("pk").pk
    data = {"action": "replay_selected", "_selected_action": [pk], "select_across": "1"}

    assert "3 deliveries" in text_of(integrator_client.post(f"{LIST}?template=7", data))
    integrator_client.post(f"{LIST}?template=7", {**data, "confirmed": "on"})

    replay = Replay.objects.get()
    assert replay.count == 3
    assert "template=7" in replay.criteria


def window(**values: Any) -> dict[str, Any]:
    now = timezone.localtime()
    times = {"since": now - dt.timedelta(hours=1), "until": now + dt.timedelta(minutes=1)}
    return {
        **{name: f"{time:%Y-%m-%dT%H:%M}" for name, time in times.items()},
        "state": "",
        "kind": "",
        **values,
    }


def test_a_period_is_replayed_after_its_deliveries_were_counted(
    integrator_client: Client, deliver: Deliver
) -> None:
    for number in range(3):
        deliver(payloads.started(number))
    deliver(payloads.completed(1))
    old = Delivery.objects.earliest("pk")
    Delivery.objects.filter(pk=old.pk).update(received_at=timezone.now() - dt.timedelta(days=1))
    url = f"{LIST}window/"

    assert "Which deliveries?" in text_of(integrator_client.get(url))
    question = text_of(integrator_client.get(url, window(kind="workflow_started")))
    assert "2 deliveries" in question
    assert not Replay.objects.exists()

    integrator_client.post(url, window(kind="workflow_started", confirmed="on"))
    replay = Replay.objects.get()
    assert replay.count == 2
    assert old not in replay.deliveries.all()
    assert "workflow started" in replay.criteria


@pytest.mark.parametrize(
    "values", [{"since": "yesterday"}, {"until": "2020-01-01T00:00"}, {"kind": "nonsense"}]
)
def test_a_time_that_makes_no_sense_is_refused(integrator_client: Client, values: dict[str, str]) -> None:
    page = text_of(integrator_client.get(f"{LIST}window/", window(**values)))

    assert "field__error" in page
    assert "confirmed" not in page


def test_nothing_to_replay_is_said(integrator_client: Client) -> None:
    page = text_of(integrator_client.get(f"{LIST}window/", window()))

    assert "No matching deliveries." in page
    assert 'name="confirmed"' not in page


def test_a_delivery_with_a_url_mismatch_is_processed_only_when_that_was_ticked(
    integrator_client: Client, deliver: Deliver
) -> None:
    deliver(payloads.started(hook_target="https://elsewhere.example.com/hooks/other/"))
    url = f"{LIST}{Delivery.objects.get().pk}/replay/"

    assert "Select this only if it is genuine" in text_of(integrator_client.get(url))
    integrator_client.post(url, {"confirmed": "on"})
    process_pending()
    assert not Event.objects.exists()

    integrator_client.post(url, {"confirmed": "on", "force": "on"})
    process_pending()
    assert Event.objects.exists()
    assert [replay.is_forced for replay in Replay.objects.order_by("pk")] == [False, True]


def test_too_many_are_refused_before_and_after_the_question(
    integrator_client: Client, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing_replay, "MAX_DELIVERIES", 1)
    for number in range(2):
        deliver(payloads.started(number))

    assert "At most" in text_of(integrator_client.get(f"{LIST}window/", window()))
    page = integrator_client.post(f"{LIST}window/", window(confirmed="on"), follow=True)

    assert "can be replayed at a time" in text_of(page)
    assert not Replay.objects.exists()


def test_the_list_of_replays_leads_to_their_deliveries(integrator_client: Client, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    deliver(payloads.started(2))
    first = Delivery.objects.earliest("pk")
    integrator_client.post(f"{LIST}{first.pk}/replay/", {"confirmed": "on"})
    replay = Replay.objects.get()

    assert f"delivery {first.pk}" in text_of(integrator_client.get("/admin/webhooks/replay/"))
    page = text_of(integrator_client.get(f"/admin/webhooks/replay/{replay.pk}/change/"))
    assert f"{LIST}?replay={replay.pk}" in page
    found = text_of(integrator_client.get(f"{LIST}?replay={replay.pk}"))
    assert f"{first.pk}/change/" in found
    assert f"{Delivery.objects.latest('pk').pk}/change/" not in found
