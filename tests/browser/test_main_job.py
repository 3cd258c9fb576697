"""From the login page to a launched workflow: with scripts, without them, and with the keyboard alone.

No setting names the version of Pneumatic: the dashboard detects it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic import detection
from tests.factories import PASSWORD
from tests.fixtures.browser import Browse
from tests.fixtures.sandbox import Sandbox, either_dialect, end_to_end

TEXT = "First line\nSecond line: 漢字 & <b>plain</b>"


@pytest.fixture
def sandbox(sandbox: Sandbox, settings: Settings) -> Sandbox:
    """Return a sandbox of whose generation and release the settings say nothing."""
    settings.PNEUMATIC_DIALECT = "auto"
    return sandbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "offer.txt"
    path.write_bytes(b"three desks\n" * 1000)
    return path


def sign_in(page: Page) -> None:
    page.goto("/login/")
    page.get_by_label("Username").fill("bo")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def open_form(page: Page) -> None:
    page.get_by_role("link", name="Templates").first.click()
    page.get_by_label("Search templates", exact=True).fill("every")
    page.get_by_label("Search templates", exact=True).press("Enter")
    expect(page.get_by_role("link", name="No fields")).to_have_count(0)
    page.get_by_role("link", name="Every field", exact=True).click()
    page.get_by_role("link", name=re.compile("^Launch$")).last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Every field")


def fill_in(page: Page) -> None:
    page.get_by_label("Subject").fill("Three desks")
    page.get_by_label("Details").fill(TEXT)
    page.get_by_role("radio", name="High").check()
    page.get_by_role("checkbox", name="Sales").check()
    page.get_by_role("checkbox", name="Finance").check()
    page.get_by_label("Needed by").fill("2028-02-29")
    page.get_by_role("textbox", name="Link").fill("https://example.com/?a=1&b=2")
    page.get_by_label("Site").select_option("Prague")
    for amount in page.get_by_label("Amount").all():  # where forms ask for numbers
        amount.fill("12,50")


def launch(page: Page) -> None:
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page).to_have_url(re.compile(r"/launches/[0-9a-f-]{36}/$"))


def selection(sandbox: Sandbox, api_name: str, *labels: str) -> list[str]:
    """Return the ids by which the sandbox keeps options, as text."""
    template = next(t for t in map(sandbox.template, (1, 2, 3)) if t["name"] == "Every field")
    field = next(field for field in template["kickoff"]["fields"] if field["api_name"] == api_name)
    return [str(s["id"]) for label in labels for s in field["selections"] if s["value"] == label]


def day(received: str | int) -> str:
    """Return the day that arrived: as text, or as its first second, which the sandbox's people have in UTC."""
    if isinstance(received, str):
        return received
    assert received % (24 * 60 * 60) == 0
    return dt.datetime.fromtimestamp(received, dt.UTC).date().isoformat()


def assert_received(sandbox: Sandbox, file: Path) -> None:
    assert detection.active_dialect() == sandbox.dialect
    (workflow,) = sandbox.workflows()
    kickoff: dict[str, Any] = workflow["kickoff"]
    (attachment,) = [item for item in sandbox.files() if item["sha256"]]

    assert kickoff["string-1"] == "Three desks"
    assert kickoff["text-2"] == TEXT
    assert [str(kickoff["radio-3"])] == selection(sandbox, "radio-3", "High")
    assert [*map(str, kickoff["checkbox-4"])] == selection(sandbox, "checkbox-4", "Sales", "Finance")
    assert day(kickoff["date-5"]) == "2028-02-29"
    assert kickoff["url-6"] == "https://example.com/?a=1&b=2"
    assert [str(kickoff["dropdown-7"])] == selection(sandbox, "dropdown-7", "Prague")
    assert [*map(str, kickoff["file-8"])] == [str(attachment["id"])]
    assert kickoff["user-9"] == 1
    asks_for_numbers = sandbox.dialect == "current" and sandbox.version not in {"1.0", "2.0"}
    assert ("number-10" in kickoff) is asks_for_numbers
    assert Decimal(kickoff.get("number-10", "12.5")) == Decimal("12.5")
    assert attachment["name"] == file.name
    assert attachment["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


@end_to_end
def test_a_workflow_is_launched_with_scripts(browse: Browse, mirror: Sandbox, bo: User, file: Path) -> None:
    page = browse()
    sign_in(page)
    open_form(page)
    fill_in(page)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("button", name="Remove offer.txt")).to_be_visible()
    page.get_by_label("Find by name or e-mail").press_sequentially("ada")
    page.locator("[role=listbox] [role=option]").filter(has_text="Ada Owner").click()
    launch(page)

    expect(page.get_by_text("Ada Owner")).to_be_visible()
    assert_received(mirror, file)


@either_dialect
def test_a_workflow_is_launched_without_scripts(
    browse: Browse, mirror: Sandbox, bo: User, file: Path
) -> None:
    page = browse(javascript=False)
    sign_in(page)
    open_form(page)
    fill_in(page)
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_label("Find by name or e-mail").fill("ada")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("radio", name=re.compile("Ada Owner")).check()
    expect(page.get_by_role("checkbox", name="offer.txt")).to_be_checked()
    launch(page)

    assert_received(mirror, file)


@either_dialect
def test_a_workflow_is_launched_with_the_keyboard_alone(browse: Browse, mirror: Sandbox, bo: User) -> None:
    page = browse("/login/")
    go_to(page, page.get_by_label("Username"))
    page.keyboard.type("bo")
    go_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    go_to(page, page.get_by_role("link", name="Templates").first)
    page.keyboard.press("Enter")
    go_to(page, page.get_by_role("row", name="Every field").get_by_role("link", name="Launch"))
    page.keyboard.press("Enter")
    go_to(page, page.get_by_label("Subject"))
    page.keyboard.type("Typed")
    go_to(page, page.get_by_role("radio", name="No answer").first)
    page.keyboard.press("ArrowUp")
    go_to(page, page.get_by_role("checkbox", name="Sales"))
    page.keyboard.press("Space")
    go_to(page, page.get_by_label("Site"))
    page.keyboard.type("Pra")
    go_to(page, page.get_by_label("Find by name or e-mail"))
    page.keyboard.type("ada")
    expect(page.locator("[role=listbox] [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    go_to(page, page.get_by_role("button", name="Launch", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/launches/*/")

    (workflow,) = mirror.workflows()
    kickoff = workflow["kickoff"]
    assert kickoff["string-1"] == "Typed"
    assert [str(kickoff["radio-3"])] == selection(mirror, "radio-3", "High")
    assert [*map(str, kickoff["checkbox-4"])] == selection(mirror, "checkbox-4", "Sales")
    assert [str(kickoff["dropdown-7"])] == selection(mirror, "dropdown-7", "Prague")
    assert kickoff["user-9"] == 1


def go_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus; a radio group has it at whichever of its members is next."""
    target.wait_for()
    for _ in range(120):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab never reaches {target}")
