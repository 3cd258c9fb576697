"""Deliveries in Django admin in a real browser: every page and state, light and dark, wide and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from apps.accounts.models import User
from apps.webhooks.models import Delivery, Event, Replay
from apps.webhooks.processing.replay import replay
from tests.fixtures import payloads
from tests.fixtures.browser import Browse, check
from tests.fixtures.deliveries import Deliver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/webhooks/delivery/"


@pytest.fixture
def several(deliver: Deliver, integrator: User) -> None:
    """One delivery of every sort, and a replay."""
    kickoff = [
        payloads.answer("field-reason", "Because of Zoë"),
        payloads.answer("field-file", files=["a.pdf"]),
    ]
    deliver(payloads.started(1, kickoff=kickoff))
    deliver(payloads.task_completed(1, 1, kickoff=kickoff))
    deliver(payloads.task_completed(1, 1, kickoff=kickoff, hook_id=2))
    deliver(payloads.started(2, hook_target="https://elsewhere.example.com/hooks/other/"))
    deliver(b"\x00\xff no text at all" * 20)
    deliver(payloads.started(3, name="x" * 100_000))
    replay(integrator, Delivery.objects.filter(event__workflow_id=1), "those of a workflow")


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("is_thorough", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
@pytest.mark.ci
def test_every_page_is_accessible_and_fits_a_phone(
    browse: Browse, integrator: User, is_thorough: bool
) -> None:
    """A quick run takes every other page, and of the deliveries one whose body is text and one whose body is none."""
    event = Event.objects.earliest("pk").pk
    deliveries = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    paths = [
        LIST,
        f"{LIST}?workflow=1&q=Zo%C3%AB",
        f"{LIST}window/",
        f"{LIST}window/?since=2026-01-02T10:00&until=2026-01-01T10:00",
        f"{LIST}window/?since=2026-01-01T10:00&until=2999-01-01T10:00",
        "/admin/webhooks/event/",
        f"/admin/webhooks/event/{event}/change/",
        "/admin/webhooks/replay/",
        f"/admin/webhooks/replay/{Replay.objects.get().pk}/change/",
        *(f"{LIST}{pk}/change/" for pk in (deliveries if is_thorough else (deliveries[1], deliveries[4]))),
        f"{LIST}{Delivery.objects.get(verdict='mismatch').pk}/replay/",
    ]
    page = browse(user=integrator)
    for path in paths if is_thorough else paths[1::2]:
        page.goto(path)
        check(page)


def test_an_empty_list_is_accessible(browse: Browse, integrator: User) -> None:
    check(browse(LIST, user=integrator))


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_a_selection_is_replayed(browse: Browse, integrator: User, javascript: bool) -> None:
    page = browse(f"{LIST}?kind=task_completed", user=integrator, javascript=javascript)
    for box in page.locator("input.action-select").all():
        box.check()
    page.locator("select[name=action]").select_option("replay_selected")
    page.locator("button[name=index]").click()
    expect(page.get_by_role("heading", name="2 deliveries")).to_be_visible()
    page.get_by_role("button", name="Replay").click()

    expect(page.get_by_text("2 deliveries were queued")).to_be_visible()
    assert Replay.objects.count() == 2
