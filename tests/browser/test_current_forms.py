"""Forms that only the current server has: groups of fields, presets, hidden fields, limits, groups of people."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.workflow_templates.models import Template
from tests.fixtures.browser import Browse, assert_accessible
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = [
    only_current,
    pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"]),
]


def open_form(browse: Browse, bo: User, name: str, *, javascript: bool) -> Page:
    template = Template.objects.get(name=name)
    return browse(f"/templates/{template.pk}/launch/", user=bo, javascript=javascript)


def launch(page: Page, sandbox: Sandbox) -> dict[str, Any]:
    """Press the button; return the only workflow that arrived."""
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page).to_have_url(re.compile(r"/launches/[0-9a-f-]{36}/$"))
    (workflow,) = sandbox.workflows()
    return dict(workflow)


def option(sandbox: Sandbox, template_id: int, api_name: str, label: str) -> int:
    """Return the id by which the sandbox keeps an option."""
    kickoff = sandbox.template(template_id)["kickoff"]
    fields = [*kickoff["fields"], *(field for group in kickoff["fieldsets"] for field in group["fields"])]
    selections = next(field["selections"] for field in fields if field["api_name"] == api_name)
    return int(next(item["id"] for item in selections if item["value"] == label))


def test_fields_in_groups_arrive_flat(browse: Browse, mirror: Sandbox, bo: User, javascript: bool) -> None:
    page = open_form(browse, bo, "Fieldsets", javascript=javascript)
    page.get_by_label("Top field").fill("On top")
    address = page.get_by_role("group", name="Address")
    address.get_by_label("Street").fill("Østergade 1")
    address.get_by_label("Zip").fill("1000")
    page.get_by_role("group", name="Choices").get_by_label("Colour").select_option("Blue")
    page.get_by_role("radio", name="New York, NY").check()
    shares = page.get_by_role("group", name="Shares")
    shares.get_by_label("Own share").fill("40")
    shares.get_by_label("Other share").fill("60")

    workflow = launch(page, mirror)

    template_id = workflow["template_id"]
    assert {key: str(value) for key, value in workflow["kickoff"].items()} == {
        "top-field": "On top",
        "street": "Østergade 1",
        "zip": "1000",
        "colour": str(option(mirror, template_id, "colour", "Blue")),
        "branch": str(option(mirror, template_id, "branch", "New York, NY")),
        "own-share": "40",
        "other-share": "60",
    }
    expect(page.get_by_text("Østergade 1", exact=True)).to_be_visible()
    if javascript:
        assert_accessible(page)


def test_a_rule_of_a_group_is_kept_before_anything_is_sent(
    browse: Browse, mirror: Sandbox, bo: User, javascript: bool
) -> None:
    browse.allow("status of 422")
    page = open_form(browse, bo, "Fieldsets", javascript=javascript)
    page.get_by_label("Top field").fill("On top")
    page.get_by_label("Street").fill("Østergade 1")
    page.get_by_label("Own share").fill("40")
    page.get_by_label("Other share").fill("50")
    page.get_by_role("button", name="Launch", exact=True).click()

    page.locator(".error-summary").get_by_role("link").filter(has_text="90").click()

    expect(page.get_by_label("Own share")).to_be_focused()
    assert mirror.workflows() == []


def test_presets_are_in_the_form_and_hidden_fields_carry_theirs(
    browse: Browse, mirror: Sandbox, bo: User, javascript: bool
) -> None:
    page = open_form(browse, bo, "Hidden and preset", javascript=javascript)
    expect(page.get_by_label("Subject")).to_have_value("Standard")
    expect(page.get_by_label("Details")).to_have_value("Line one\nLine two")
    expect(page.get_by_role("radio", name="Low")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Support")).to_be_checked()
    expect(page.get_by_label("Needed by")).to_have_value("2026-01-01")
    expect(page.get_by_label("Site")).to_have_value("Prague")
    expect(page.get_by_label("Origin")).to_have_count(0)
    page.get_by_label("Subject").fill("My own")

    kickoff = launch(page, mirror)["kickoff"]

    assert kickoff["preset-string"] == "My own"
    assert kickoff["preset-text"] == "Line one\nLine two"
    assert kickoff["preset-date"] == 1767225600
    assert kickoff["hidden-string"] == "dashboard"
    assert not kickoff.get("hidden-text")


def test_what_the_server_would_cut_is_reported_before_it_is_sent(
    browse: Browse, mirror: Sandbox, bo: User, javascript: bool
) -> None:
    browse.allow("status of 422")
    page = open_form(browse, bo, "Every field", javascript=javascript)
    page.get_by_label("Subject").fill("x" * 141)
    if javascript:
        expect(page.get_by_text("141 of at most 140 characters: 1 too many").first).to_be_visible()
    else:
        expect(page.get_by_text("At most 140 characters.").first).to_be_visible()
    page.get_by_role("button", name="Launch", exact=True).click()

    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value("x" * 141)
    assert mirror.workflows() == []
    page.get_by_label("Subject").fill("x" * 140)
    assert launch(page, mirror)["kickoff"]["string-1"] == "x" * 140


def test_a_group_is_picked_in_a_field_for_people(
    browse: Browse, mirror: Sandbox, bo: User, javascript: bool
) -> None:
    page = open_form(browse, bo, "Shared with a group", javascript=javascript)
    box = page.locator("[data-combobox] input[type=text]")
    if javascript:
        box.press_sequentially("reviewers")
        page.locator("[role=listbox] [role=option]").filter(has_text="Reviewers Ü").click()
        assert_accessible(page)
    else:
        box.fill("reviewers")
        page.get_by_role("button", name="Find").click()
        page.get_by_role("radio", name=re.compile("Reviewers Ü")).check()

    assert launch(page, mirror)["kickoff"]["who"] == {"group": 1}
    expect(page.get_by_text("Reviewers Ü").first).to_be_visible()
