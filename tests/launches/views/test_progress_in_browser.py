"""An unknown launch in a real browser: possible matches, the decision, and a page that updates itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from apps.accounts.models import User
from apps.launches.models import Launch
from tests.factories import make_field, make_launch, make_template
from tests.fixtures import payloads
from tests.fixtures.browser import Browse, check
from tests.fixtures.deliveries import Deliver
from tests.fixtures.sandbox import either_dialect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), either_dialect]


@pytest.fixture
def unknown(operator: User) -> Launch:
    template = make_template(7, name="Painting", fields=[make_field("note", "string", name="Note")])
    return make_launch(
        template,
        operator,
        name="Paint it",
        state=Launch.State.UNKNOWN,
        answers={"note": "Soon"},
        attempts=1,
        sent_at=payloads.BEGIN,
    )


def deliver_started(deliver: Deliver, workflow_id: int, note: str) -> None:
    kickoff = [payloads.answer("note", note, name="Note")]
    deliver(
        payloads.started(
            workflow_id, name="Paint it", template_id=7, template_name="Painting", kickoff=kickoff
        )
    )


def test_every_state_is_accessible_and_fits_a_phone(
    browse: Browse, operator: User, unknown: Launch, deliver: Deliver
) -> None:
    deliver_started(deliver, 41, "Later")
    deliver_started(deliver, 42, "Never")
    url = f"/launches/{unknown.pk}/"
    for _state in ("unknown", "resolved"):
        page = browse(url, user=operator)
        check(page)
        page.context.close()
        deliver_started(deliver, 43, "Soon")
    unknown.refresh_from_db()
    assert unknown.workflow_id == 43


def test_an_open_page_shows_what_an_event_reported(
    browse: Browse, operator: User, unknown: Launch, deliver: Deliver
) -> None:
    page = browse(f"/launches/{unknown.pk}/", user=operator)
    expect(page.get_by_text("Outcome unknown")).to_be_visible()

    deliver_started(deliver, 41, "Soon")

    expect(page.get_by_text("The workflow was started", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="View workflow")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_a_person_decides_with_one_click(
    browse: Browse, operator: User, unknown: Launch, deliver: Deliver, javascript: bool
) -> None:
    deliver_started(deliver, 41, "Later")
    page = browse(f"/launches/{unknown.pk}/", user=operator, javascript=javascript)
    page.get_by_role("button", name="Select workflow 41").click()

    expect(page.get_by_text("The workflow was started", exact=True)).to_be_visible()
    unknown.refresh_from_db()
    assert (unknown.workflow_id, unknown.resolved_by) == (41, operator)
