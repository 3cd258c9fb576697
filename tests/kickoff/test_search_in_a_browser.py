"""The search box of people and long dropdowns in a real browser."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Route, expect

from apps.accounts.models import User
from tests.factories import make_field, make_pneumatic_user, make_template
from tests.fixtures.browser import Browse, assert_accessible
from tests.kickoff.fakes import numbered

pytestmark = pytest.mark.browser


@pytest.fixture
def url(transactional_db: None) -> str:
    """Return the address of a form with a name, a person and a long dropdown; three people exist."""
    make_pneumatic_user(1, first="Ada", last="Lovelace")
    make_pneumatic_user(2, first="Grace", last="Hopper", status="invited")
    make_pneumatic_user(3, first="Grace", last="Kelly")
    fields = [
        make_field("note", name="Note"),
        make_field("who", "user", name="Manager"),
        make_field("pick", "dropdown", name="Cost centre", selections=numbered(300)),
    ]
    return f"/templates/{make_template(fields=fields).pk}/launch/"


def chosen(page: Page, control: str) -> str:
    return page.locator(f"input[name='{control}']").input_value()


def test_a_person_is_found_and_chosen_with_the_keyboard_alone(
    browse: Browse, operator: User, url: str
) -> None:
    page = browse(url, user=operator)
    box = page.get_by_role("combobox", name="Manager")
    box.focus()
    page.keyboard.type("grace")

    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("option")).to_have_count(2)
    expect(page.locator("#id_kickoff_2_group [role=status]")).to_have_text("Results: 2")
    assert_accessible(page)
    page.keyboard.press("ArrowDown")
    first = page.get_by_role("option", name="Grace Hopper")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(first).to_contain_text("invited")
    assert box.get_attribute("aria-activedescendant") == first.get_attribute("id")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(box).to_have_value("Grace Kelly")
    expect(box).to_have_attribute("aria-expanded", "false")
    assert chosen(page, "kickoff-who") == "3"
    assert_accessible(page)


def test_the_last_option_is_one_key_up_and_escape_closes_then_clears(
    browse: Browse, operator: User, url: str
) -> None:
    page = browse(url, user=operator)
    box = page.get_by_role("combobox", name="Manager")
    box.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option")).to_have_count(3)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Grace Kelly")

    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("Grace Kelly")
    page.keyboard.press("Escape")

    expect(box).to_have_value("")
    assert chosen(page, "kickoff-who") == ""


def test_a_click_chooses_and_typing_on_unchooses(browse: Browse, operator: User, url: str) -> None:
    page = browse(url, user=operator)
    box = page.get_by_role("combobox", name="Cost centre")
    box.fill("299")
    page.get_by_role("option", name="Option 299").click()
    expect(box).to_have_value("Option 299")
    assert chosen(page, "kickoff-pick") == "299"

    box.press("Backspace")

    assert chosen(page, "kickoff-pick") == ""


def test_enter_finishes_a_search_and_never_sends_half_of_it(browse: Browse, operator: User, url: str) -> None:
    page = browse(url, user=operator)
    box = page.get_by_role("combobox", name="Manager")
    held: list[Route] = []
    page.route("**/people/**", lambda route: held.append(route))
    box.fill("lovelace")
    box.press("Enter")
    # Not before: on a busy machine the answer to what was typed may be there by then, and Enter would choose it.
    page.unroute("**/people/**")
    for route in held:
        with suppress(Error):  # one that the search itself gave up
            route.continue_()
    expect(page.get_by_role("option")).to_have_count(1)
    box.press("Enter")

    expect(box).to_have_value("Ada Lovelace")
    assert page.url.endswith(url)


def test_a_search_without_results_says_so(browse: Browse, operator: User, url: str) -> None:
    page = browse(url, user=operator)
    page.get_by_role("combobox", name="Manager").fill("zebra")

    expect(page.locator("#id_kickoff_2_group [role=status]")).to_have_text("No results for “zebra”.")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_a_search_that_does_not_answer_says_so(browse: Browse, operator: User, url: str) -> None:
    browse.allow("Failed to load resource")
    page = browse(url, user=operator)
    page.route("**/people/**", lambda route: route.abort())
    page.get_by_role("combobox", name="Manager").fill("ada")

    expect(page.locator("#id_kickoff_2_group [role=status]")).to_have_text("Search failed. Try again.")


def test_a_newer_search_waits_for_no_older_one(browse: Browse, operator: User, url: str) -> None:
    page = browse(url, user=operator)
    unanswered: list[Route] = []
    page.route("**/people/?q=grace", lambda route: unanswered.append(route))
    box = page.get_by_role("combobox", name="Manager")
    with page.expect_request("**/people/?q=grace"):
        box.fill("grace")
    box.fill("ada")

    expect(page.get_by_role("option", name="Ada Lovelace")).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(1)
    assert len(unanswered) == 1


def test_people_are_chosen_without_a_script_and_nothing_typed_is_lost(
    browse: Browse, operator: User, url: str
) -> None:
    page = browse(url, user=operator, javascript=False)
    page.get_by_label("Note").fill("  kept  ")
    group = page.get_by_role("group", name="Manager")
    group.get_by_label("Find by name or e-mail").fill("grace")
    page.get_by_role("group", name="Cost centre").get_by_label("Find an option").fill("29")
    group.get_by_role("button", name="Find").click()

    expect(page.locator(".error-summary")).to_have_count(0)
    expect(page.get_by_label("Note")).to_have_value("kept")
    group.get_by_label("Grace Hopper").check()
    page.get_by_role("group", name="Cost centre").get_by_label("Option 290").check()
    page.get_by_role("group", name="Cost centre").get_by_role("button", name="Find").click()

    expect(group.get_by_label("Grace Hopper")).to_be_checked()
    expect(page.get_by_label("Option 290")).to_be_checked()
    expect(page.get_by_label("Note")).to_have_value("kept")


def test_a_chosen_person_is_still_chosen_when_the_form_comes_back(
    browse: Browse, operator: User, url: str
) -> None:
    page = browse(f"{url}?kickoff-who=2&kickoff-pick=Option+7", user=operator)

    expect(page.get_by_role("combobox", name="Manager")).to_have_value("Grace Hopper")
    expect(page.locator("#id_kickoff_2_group [role=status]")).to_have_text("invited")
    expect(page.get_by_role("combobox", name="Cost centre")).to_have_value("Option 7")
    assert (chosen(page, "kickoff-who"), chosen(page, "kickoff-pick")) == ("2", "7")
    page.locator("#id_kickoff_2_group").get_by_role("button", name="Clear").click()
    assert chosen(page, "kickoff-who") == ""
    expect(page.get_by_role("combobox", name="Manager")).to_be_focused()
