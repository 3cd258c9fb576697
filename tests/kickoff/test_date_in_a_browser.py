"""The date control in a real browser, far from the server's time zone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from apps.accounts.models import User
from apps.launches.models import Launch
from tests.factories import make_field, make_template
from tests.fixtures.browser import Browse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_half_typed_date_does_not_count_as_empty(browse: Browse, operator: User) -> None:
    template = make_template(fields=[make_field("day", "date", name="First day")])
    page = browse(f"/templates/{template.pk}/launch/", user=operator)
    box = page.get_by_label("First day")
    box.press_sequentially("31")
    page.get_by_role("button", name="Launch").click()

    expect(box).to_be_focused()
    assert box.evaluate("input => input.validity.badInput")
    assert not Launch.objects.exists()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_day_comes_back_as_it_was_picked(browse: Browse, operator: User, javascript: bool) -> None:
    browse.allow("Failed to load resource")
    template = make_template(fields=[make_field("day", "date", name="First day")])
    page = browse(f"/templates/{template.pk}/launch/", user=operator, javascript=javascript)
    page.get_by_label("First day").fill("2026-03-29")
    page.get_by_label("Workflow name").fill("")
    page.get_by_role("button", name="Launch").click()

    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.get_by_label("First day")).to_have_value("2026-03-29")
