"""Drafts in a real browser: saved while someone types, in two tabs, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.preparation.models import Draft
from apps.workflow_templates.models import Template
from tests.factories import make_user
from tests.fixtures.browser import Browse, check

pytestmark = pytest.mark.browser


@pytest.fixture
def someone(browse: Browse, every_field: Template) -> User:
    return make_user("someone", "Operator")


def url_of(template: Template, query: str = "") -> str:
    return f"/templates/{template.pk}/launch/{query}"


def wait_until_saved(page: Page) -> None:
    expect(page.locator("[data-draft-status]")).to_have_text(re.compile(r"^Saved \d\d:\d\d$"))


def test_a_draft_is_saved_while_someone_types_and_continued_in_another_tab(
    browse: Browse, someone: User, every_field: Template
) -> None:
    browse.allow("status of 409")
    first = browse(url_of(every_field), user=someone)
    first.get_by_label("Subject").fill("Typed before the crash")
    first.get_by_label("Details").fill("Two\nlines")
    wait_until_saved(first)

    second = first.context.new_page()
    second.goto(url_of(every_field))
    check(second)
    second.get_by_label("Subject").fill("Not yet decided")
    expect(second.locator("[data-draft-status]")).to_contain_text("decide about the other draft first")
    second.get_by_role("link", name="Continue (from ").click()
    expect(second.get_by_label("Subject")).to_have_value("Typed before the crash")
    expect(second.get_by_label("Details")).to_have_value("Two\nlines")

    second.get_by_label("Subject").fill("Second tab")
    wait_until_saved(second)
    first.get_by_label("Subject").fill("First tab")
    expect(first.get_by_text("changed in another tab")).to_be_visible()
    check(first)
    assert Draft.objects.get().typed["kickoff-string-1"] == ["Second tab"]

    first.get_by_role("button", name="Save these answers").click()
    wait_until_saved(first)
    assert Draft.objects.get().typed["kickoff-string-1"] == ["First tab"]

    first.get_by_label("Subject").fill("Left at once")
    first.goto("/drafts/")
    check(first)
    first.get_by_role("link", name="Continue").click()
    expect(first.get_by_label("Subject")).to_have_value("Left at once")

    first.get_by_role("button", name="Launch", exact=True).click()
    first.wait_for_url(re.compile(r"/launches/"))
    assert not Draft.objects.active().exists()


def test_without_scripts_a_button_saves_the_draft(
    browse: Browse, someone: User, every_field: Template
) -> None:
    page = browse(url_of(every_field), user=someone, javascript=False)
    page.get_by_label("Subject").fill("By button")

    page.get_by_role("button", name="Save draft").click()

    expect(page.get_by_text(re.compile(r"^Saved \d\d:\d\d$"))).to_be_visible()
    page.goto(url_of(every_field))
    page.get_by_role("link", name="Continue (from ").click()
    expect(page.get_by_label("Subject")).to_have_value("By button")
