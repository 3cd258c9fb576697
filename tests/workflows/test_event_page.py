"""The page of an event: readable, nothing secret in it, and a way to its deliveries for those who may see them."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Event
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver
from tests.fixtures.people import OPEN_TO_EVERY_ROLE


@pytest.fixture
def url(deliver: Deliver) -> str:
    """Return the page of an event in which a task was completed, delivered twice."""
    body = payloads.task_completed(
        1,
        2,
        output=[
            payloads.answer("field-amount", "12"),
            payloads.answer(
                "field-kind", None, type="dropdown", options=["Small", "Large"], selected=["Large"]
            ),
            payloads.answer("field-paper", None, type="file", files=["offer.pdf"]),
        ],
        kickoff=[payloads.answer("field-reason", "Because <b>so</b>")],
        name="Prepare",
    )
    deliver(body)
    deliver(body)
    return f"/workflows/1/events/{Event.objects.get().pk}/"


@pytest.mark.parametrize("who", OPEN_TO_EVERY_ROLE)
def test_every_role_may_read_it(request: pytest.FixtureRequest, url: str, who: str) -> None:
    assert request.getfixturevalue(who).get(url).status_code == OPEN_TO_EVERY_ROLE[who]


def test_it_is_readable(viewer_client: Client, url: str) -> None:
    page = " ".join(viewer_client.get(url).content.decode().split())

    assert "Event: task completed" in page
    assert "step 2" in page
    assert "Amount" in page
    assert "12" in page
    assert "Large" in page
    assert "Small" not in page
    assert 'href="https://files.example.com/offer.pdf"' in page
    assert "Because &lt;b&gt;so" in page
    assert "Current task at that time" in page
    assert "2 deliveries in total, counted as one event" in page


def test_it_shows_no_secret(viewer_client: Client, administrator_client: Client, url: str) -> None:
    token = endpoints.token(endpoints.active())

    for client in (viewer_client, administrator_client):
        page = client.get(url).content.decode()
        assert token not in page
        assert "application/json" not in page
        assert "/hooks/" not in page


def test_deliveries_are_for_integrators(viewer_client: Client, integrator_client: Client, url: str) -> None:
    delivery = Delivery.objects.latest("pk")
    link = f"/admin/webhooks/delivery/{delivery.pk}/change/"

    assert link not in viewer_client.get(url).content.decode()
    assert link in integrator_client.get(url).content.decode()


def test_an_event_of_another_workflow_is_not_found(viewer_client: Client, url: str) -> None:
    response = viewer_client.get(url.replace("/workflows/1/", "/workflows/2/"))

    assert response.status_code == 404
    assert "Event not found" in response.content.decode()


@pytest.mark.parametrize(
    "body",
    [
        payloads.started(1),
        payloads.completed(1),
        payloads.task_returned(1, 2),
        payloads.started(1, template_id=None, name=""),
        payloads.started(1, status=99),
    ],
)
def test_every_kind_can_be_shown(viewer_client: Client, deliver: Deliver, body: dict[str, object]) -> None:
    deliver(body)

    assert viewer_client.get(f"/workflows/1/events/{Event.objects.get().pk}/").status_code == 200
