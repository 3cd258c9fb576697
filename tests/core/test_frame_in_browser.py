"""The frame around every page, in a real browser: navigation, colours, small behaviours, errors."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from tests.fixtures.browser import Browse, assert_accessible, assert_no_sideways_scroll, check

pytestmark = pytest.mark.browser
NOT_FOUND = "/no/such/page/"


@pytest.fixture(autouse=True)
def expected_errors(browse: Browse) -> None:
    browse.allow(r"status of (403|404)")


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def test_the_frame_is_accessible_and_fits(browse: Browse, administrator: User, no_role: User) -> None:
    for path, user in [
        ("/login/", None),
        ("/login/?next=/", None),
        (NOT_FOUND, administrator),
        ("/", no_role),
    ]:
        check(browse(path, user=user))


@pytest.mark.parametrize("javascript", [True, False])
def test_on_a_small_screen_the_navigation_opens_without_scripts(
    browse: Browse, operator: User, javascript: bool
) -> None:
    page = browse(NOT_FOUND, user=operator, width=375, javascript=javascript)
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation).to_be_hidden()

    page.get_by_role("button", name="Menu").click()
    expect(navigation).to_be_visible()
    if javascript:
        assert_accessible(page)
        assert_no_sideways_scroll(page)
    page.keyboard.press("Escape")
    expect(navigation).to_be_hidden()


def test_on_a_wide_screen_the_navigation_is_simply_there(browse: Browse, operator: User) -> None:
    page = browse(NOT_FOUND, user=operator)

    expect(page.get_by_role("navigation", name="Main").get_by_role("link")).to_have_text(
        ["Home", "Templates", "Launches", "Drafts", "Workflows", "Sync"]
    )
    expect(page.get_by_role("button", name="Menu")).to_be_hidden()


def test_the_header_is_one_row_at_every_width(browse: Browse, administrator: User) -> None:
    administrator.is_staff = True
    administrator.save()
    page = browse(NOT_FOUND, user=administrator)

    for width in (320, 375, 600, 900, 1073, 1200, 1329, 1600):
        page.set_viewport_size({"width": width, "height": 600})
        assert page.locator(".header").evaluate("header => header.offsetHeight") < 60, f"at {width} px"
        assert_no_sideways_scroll(page)


def test_the_keyboard_reaches_the_content_first(browse: Browse, operator: User) -> None:
    page = browse(NOT_FOUND, user=operator)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_people_sign_out_from_every_page(browse: Browse, operator: User) -> None:
    page = browse(NOT_FOUND, user=operator, javascript=False)

    page.get_by_role("button", name="operator").click()
    expect(page.locator("#user-menu")).to_contain_text("operator@example.com")
    expect(page.locator("#user-menu")).to_contain_text("Operator")
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_the_chosen_colours_are_kept_on_the_next_page(browse: Browse, operator: User, dark: bool) -> None:
    page = browse(NOT_FOUND, user=operator, dark=dark)
    before = ground(page)

    page.get_by_role("button", name="Use light colours" if dark else "Use dark colours").click()
    after = ground(page)
    page.reload()

    assert after != before
    assert ground(page) == after
    assert_accessible(page)
    page.get_by_role("button", name="Use dark colours" if dark else "Use light colours").click()
    assert ground(page) == before


def test_the_chosen_colours_are_kept_in_the_admin(browse: Browse, administrator: User) -> None:
    administrator.is_staff = True
    administrator.save()
    page = browse(NOT_FOUND, user=administrator)
    page.get_by_role("button", name="Use dark colours").click()

    page.goto("/admin/")

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert_accessible(page)


def test_without_scripts_there_is_no_button_that_does_nothing(browse: Browse, operator: User) -> None:
    page = browse(NOT_FOUND, user=operator, javascript=False)

    expect(page.locator("[data-theme-toggle]")).to_be_hidden()


def test_a_failed_request_of_htmx_is_reported(browse: Browse, operator: User) -> None:
    browse.allow("Failed to load resource|Response Status Error|htmx:sendError")
    page = browse(NOT_FOUND, user=operator)
    page.evaluate(
        """() => {
            const button = document.createElement("button");
            button.textContent = "Ask";
            button.setAttribute("hx-get", "/no/such/fragment/");
            document.querySelector("main").append(button);
            htmx.process(button);
        }"""
    )

    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("alert")).to_contain_text("The request failed.")

    page.route("**/no/such/fragment/", lambda route: route.abort())
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")


def test_users_with_an_expired_session_sign_in_and_return(browse: Browse, operator: User) -> None:
    page = browse("/templates/", user=operator)
    page.context.clear_cookies()

    page.get_by_role("searchbox").last.fill("on")

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "next=/templates/" in page.url


@pytest.mark.parametrize("media", ["print", "forced-colors"])
def test_print_and_forced_colours_show_the_content(browse: Browse, operator: User, media: str) -> None:
    page = browse(NOT_FOUND, user=operator, dark=True)
    if media == "print":
        page.emulate_media(media="print")
        expect(page.locator("header")).to_be_hidden()
        assert ground(page) != "rgb(14, 22, 24)"
    else:
        page.emulate_media(forced_colors="active")
        expect(page.locator("header")).to_be_visible()

    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
