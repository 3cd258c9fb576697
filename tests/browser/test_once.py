"""One form, one workflow, even if the page is sent twice, reloaded, or loses its connection."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.sync.engine import run_sync
from tests.fixtures.browser import Browse
from tests.fixtures.sandbox import Sandbox, either_dialect

pytestmark = either_dialect

LAUNCHED = re.compile(r"/launches/[0-9a-f-]{36}/$")


def open_form(browse: Browse, bo: User, **options: Any) -> Page:
    page = browse("/templates/1/launch/", user=bo, **options)
    page.get_by_label("Subject").fill("Once only")
    return page


def press_launch(page: Page) -> None:
    page.get_by_role("button", name="Launch", exact=True).click()


def test_a_double_click_starts_one_workflow(browse: Browse, mirror: Sandbox, bo: User) -> None:
    page = open_form(browse, bo)
    page.get_by_role("button", name="Launch", exact=True).dblclick()
    expect(page).to_have_url(LAUNCHED)

    assert len(mirror.workflows()) == 1


def test_going_back_and_launching_again_asks_first(browse: Browse, mirror: Sandbox, bo: User) -> None:
    browse.allow("status of 409")
    page = open_form(browse, bo, javascript=False)
    name = page.get_by_label("Workflow name").input_value()
    press_launch(page)
    expect(page).to_have_url(LAUNCHED)
    page.go_back()
    page.get_by_label("Subject").fill("Once only")
    page.get_by_label("Workflow name").fill(name)
    press_launch(page)

    expect(page.get_by_text("Identical launch found")).to_be_visible()
    assert len(mirror.workflows()) == 1


def test_reloading_the_launch_page_starts_nothing(browse: Browse, mirror: Sandbox, bo: User) -> None:
    page = open_form(browse, bo)
    press_launch(page)
    expect(page).to_have_url(LAUNCHED)
    page.reload()

    assert len(mirror.workflows()) == 1


def test_a_refused_answer_keeps_everything_and_leads_to_the_field(
    browse: Browse, mirror: Sandbox, bo: User
) -> None:
    browse.allow("status of 422")
    page = open_form(browse, bo)
    page.get_by_label("Subject").fill("")
    page.get_by_label("Details").fill("Long and precious")
    page.get_by_role("textbox", name="Link").fill("not a link")
    page.locator("input[type=file]").set_input_files(
        {"name": "kept.txt", "mimeType": "text/plain", "buffer": b"kept"}
    )
    expect(page.get_by_role("button", name="Remove kept.txt")).to_be_visible()
    press_launch(page)

    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    expect(page.get_by_label("Details")).to_have_value("Long and precious")
    expect(page.get_by_role("textbox", name="Link")).to_have_value("not a link")
    expect(page.get_by_text("kept.txt").first).to_be_visible()
    summary.get_by_role("link").first.click()
    expect(page.get_by_label("Subject")).to_be_focused()
    page.get_by_label("Subject").fill("Now complete")
    page.get_by_role("textbox", name="Link").fill("https://example.com/")
    press_launch(page)
    expect(page).to_have_url(LAUNCHED)
    (workflow,) = mirror.workflows()
    assert workflow["kickoff"]["text-2"] == "Long and precious"
    assert len(workflow["kickoff"]["file-8"]) == 1


def test_an_answer_that_is_lost_is_never_sent_again(browse: Browse, mirror: Sandbox, bo: User) -> None:
    page = open_form(browse, bo)
    mirror.fault(kind="drop_after", path_prefix="/templates/1/run", method="POST")
    press_launch(page)
    expect(page).to_have_url(LAUNCHED)
    expect(page.get_by_text("unknown").first).to_be_visible()
    page.reload()

    assert len(mirror.workflows()) == 1
    assert page.get_by_text("Once only", exact=True).is_visible()


def test_a_template_that_changed_since_needs_a_second_look(browse: Browse, mirror: Sandbox, bo: User) -> None:
    browse.allow("status of 409")
    page = open_form(browse, bo)
    page.get_by_label("Details").fill("Still valid")
    template = mirror.template(1)
    template["kickoff"]["fields"][0]["name"] = "Headline"
    mirror.put_template(template)
    run_sync(["templates"], trigger="command")
    press_launch(page)

    expect(page.get_by_text("The template changed while this form was open")).to_be_visible()
    expect(page.get_by_label("Headline")).to_have_value("Once only")
    expect(page.get_by_label("Details")).to_have_value("Still valid")
    assert mirror.workflows() == []
    press_launch(page)
    expect(page).to_have_url(LAUNCHED)
    assert len(mirror.workflows()) == 1
