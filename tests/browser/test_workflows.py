"""Workflows in a real browser: pages update without disturbing their reader."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from apps.accounts.models import User
from apps.workflows.reconciliation.observations import deleted_event, record_observations
from tests.factories import make_pneumatic_user, make_template, make_user, make_workflow
from tests.fixtures import payloads
from tests.fixtures.browser import Browse, assert_accessible, check
from tests.fixtures.deliveries import Deliver
from tests.fixtures.sandbox import either_dialect

pytestmark = either_dialect

LONG = "Onboarding_of_somebody_with_a_very_long_name_without_any_space_" * 3
RIGHT_TO_LEFT = "طلب شراء جديد للمكتب الرئيسي"


@pytest.fixture
def ann(transactional_db: None) -> User:
    """Return an operator who is the Pneumatic user 1, John Doe of the payloads."""
    user = make_user("ann", "Operator", email="john@example.com", first_name="Ann")
    make_pneumatic_user(1, first="John", last="Doe", email="john@example.com")
    return user


@pytest.fixture
def uma(transactional_db: None) -> User:
    """Return a viewer who is no user of Pneumatic."""
    return make_user("uma", "Viewer")


def is_focused(page: Page, selector: str) -> bool:
    return bool(page.locator(selector).evaluate("element => element === document.activeElement"))


def opened(browse: Browse, path: str, user: User) -> Page:
    """Open a page whose clock ``poll`` can put forward; it runs as usual otherwise."""
    page = browse(user=user)
    page.clock.install()
    page.goto(path)
    return page


def poll(page: Page) -> None:
    """Let the page poll at once, where it does not wait for something else than time."""
    page.clock.run_for(5000)


def requests_of(page: Page) -> list[str]:
    """Return a list that grows with every question whether anything is new."""
    seen: list[str] = []

    def note(request: Request) -> None:
        if "live-version" in request.headers:
            seen.append(request.url)

    page.on("request", note)
    return seen


def hide(page: Page, hidden: bool) -> None:
    """Let the page believe that its tab is hidden."""
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_the_list_updates_and_keeps_the_focus(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(2))
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)
    link = "[data-key='link-1']"
    page.locator(link).focus()

    deliver(payloads.task_completed(1, 1))
    poll(page)

    expect(page.locator("tr[data-key='1']")).to_contain_text("Prepare the desk")
    assert is_focused(page, link)
    expect(page.locator("#announcer")).to_have_text("Workflow 1: now at step 2, Prepare the desk")


def test_rows_hold_still_under_the_focus_and_the_pointer(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(2))
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)
    rows, button = page.locator("tbody tr"), page.get_by_role("button", name="new \N{EN DASH} show")
    page.locator("[data-key='link-1']").focus()

    deliver(payloads.started(3))
    deliver(payloads.task_completed(2, 1))
    poll(page)

    expect(button).to_have_text("2 new \N{EN DASH} show")
    expect(rows).to_have_count(2)
    expect(rows.first).to_have_attribute("data-key", "1")
    assert is_focused(page, "[data-key='link-1']")
    poll(page)
    expect(page.locator("#announcer")).to_have_text("2 new \N{EN DASH} show")
    expect(page.locator("[data-live-words]")).to_contain_text("s ago")
    assert_accessible(page)
    button.focus()
    poll(page)
    page.keyboard.press("Enter")
    expect(rows).to_have_count(3)
    expect(button).to_be_hidden()

    rows.last.hover()
    deliver(payloads.started(4))
    poll(page)
    expect(button).to_have_text("1 new \N{EN DASH} show")
    expect(rows).to_have_count(3)
    page.mouse.move(1, 1)
    poll(page)
    expect(rows.first).to_have_attribute("data-key", "4")
    expect(button).to_be_hidden()


def test_changes_of_other_workflows_are_not_read_aloud(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)

    deliver(payloads.task_completed(1, 1))
    deliver(payloads.started(2))
    poll(page)

    expect(page.locator("tr[data-key='2']")).to_be_visible()
    expect(page.locator("#announcer")).to_be_empty()


def test_what_is_assigned_to_me_is_read_aloud(browse: Browse, ann: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = opened(browse, "/", ann)
    expect(page.get_by_role("heading", name="Assigned to me")).to_be_visible()

    deliver(payloads.task_completed(1, 1))
    poll(page)

    expect(page.locator("#announcer")).to_have_text("Workflow 1: now at step 2, Prepare the desk")
    expect(page.locator("[data-key='mine']")).to_contain_text("Prepare the desk")


def test_the_page_of_a_workflow_changes_and_says_so(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/1/", uma)
    page.get_by_role("link", name="Workflow started").focus()

    deliver(payloads.task_completed(1, 1, output=[payloads.answer("field-amount", "12")]))
    poll(page)

    expect(page.locator(".timeline")).to_contain_text("Step 1, Collect papers: completed")
    expect(page.locator(".timeline")).to_contain_text("12")
    expect(page.locator("#announcer")).to_have_text("Workflow 1: now at step 2, Prepare the desk")
    expect(page.get_by_role("link", name="Workflow started")).to_be_focused()


def test_a_page_of_an_unknown_workflow_shows_it_when_its_first_event_comes(
    browse: Browse, uma: User, deliver: Deliver
) -> None:
    browse.allow("status of 404")
    page = opened(browse, "/workflows/1/", uma)
    expect(page.get_by_role("heading", level=1)).to_contain_text("No events received")

    deliver(payloads.started(1))
    poll(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Workflow 1")


def test_the_place_on_the_page_stays(browse: Browse, uma: User, deliver: Deliver) -> None:
    for number in range(1, 50):
        make_workflow(number, name=f"W{number}")
    page = opened(browse, "/workflows/", uma)
    # Chromium would keep the place itself, other browsers do not.
    page.evaluate("document.documentElement.style.overflowAnchor = 'none'")
    link = page.locator("[data-key='link-5']")
    link.evaluate("element => element.scrollIntoView()")
    before = link.bounding_box()

    deliver(payloads.started(60))
    poll(page)

    expect(page.locator("tr[data-key='60']")).to_have_count(1)
    after = link.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2


def test_nothing_moves_under_selected_text(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)
    asked = requests_of(page)
    page.locator("tr[data-key='1'] bdi").first.evaluate(
        "element => getSelection().selectAllChildren(element)"
    )
    expect(page.locator("[data-live-words]")).to_have_text("Paused while text is selected")

    deliver(payloads.task_completed(1, 1))
    asked.clear()
    poll(page)

    assert asked == []
    assert page.evaluate("getSelection().toString()") == "Workflow 1"
    expect(page.locator("tr[data-key='1']")).not_to_contain_text("Prepare the desk")

    page.evaluate("getSelection().removeAllRanges()")
    poll(page)
    expect(page.locator("tr[data-key='1']")).to_contain_text("Prepare the desk")


def test_a_filter_keeps_its_text_while_the_user_types(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1, name="Apple"))
    deliver(payloads.started(2, name="Pear"))
    page = opened(browse, "/workflows/", uma)
    search = page.get_by_label("Search", exact=True)
    search.press_sequentially("app")
    expect(page.locator("tr[data-key='2']")).to_have_count(0)

    deliver(payloads.started(3, name="Apple tart"))
    poll(page)

    expect(page.locator("tr[data-key='3']")).to_be_visible()
    expect(page.locator("tr[data-key='2']")).to_have_count(0)
    expect(search).to_be_focused()
    expect(search).to_have_value("app")


def test_updates_can_be_paused(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)
    page.get_by_role("button", name="Pause updates").click()
    expect(page.locator("[data-live-words]")).to_have_text("Updates are paused")
    asked = requests_of(page)
    deliver(payloads.started(2))
    poll(page)
    assert asked == []
    assert_accessible(page)

    page.get_by_role("button", name="Resume updates").click()

    expect(page.locator("tr[data-key='2']")).to_be_visible()
    expect(page.get_by_role("button", name="Pause updates")).to_be_focused()


def test_a_hidden_tab_sends_no_polls_and_catches_up(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)
    hide(page, True)
    asked = requests_of(page)
    deliver(payloads.started(2))
    poll(page)
    assert asked == []

    hide(page, False)

    expect(page.locator("tr[data-key='2']")).to_be_visible()


def test_an_unreachable_dashboard_is_reported(browse: Browse, uma: User, deliver: Deliver) -> None:
    browse.allow("ERR_INTERNET_DISCONNECTED")
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)
    page.context.set_offline(True)
    poll(page)
    expect(page.locator("[data-live-words]")).to_contain_text("The dashboard cannot be reached")
    expect(page.locator("#announcer")).to_contain_text("cannot be reached")
    assert_accessible(page)
    deliver(payloads.started(2))

    page.context.set_offline(False)

    expect(page.locator("tr[data-key='2']")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("can be reached again")


def test_an_ended_session_is_reported(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)
    page.context.clear_cookies()
    poll(page)

    expect(page.locator("[data-live-words]")).to_have_text("You are signed out. Reload to sign in")


def test_it_requests_only_what_has_changed(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = opened(browse, "/workflows/", uma)

    with page.expect_response(lambda response: "live-version" in response.request.headers) as polled:
        poll(page)

    assert polled.value.status in {200, 204}  # 200 in a minute that has just started
    expect(page.locator("[data-live-words]")).to_contain_text("Updated")


def test_without_scripts_the_page_is_plain_and_says_when_it_was_loaded(
    browse: Browse, uma: User, deliver: Deliver
) -> None:
    deliver(payloads.started(1))
    page = browse("/workflows/", user=uma, javascript=False)

    expect(page.locator("[data-live-words]")).to_contain_text("As of")
    expect(page.get_by_role("button", name="Pause updates")).to_be_hidden()
    page.get_by_label("Status").select_option("completed")
    page.get_by_role("button", name="Search").last.click()
    expect(page.get_by_text("No matching workflows")).to_be_visible()


def test_the_way_to_an_event_with_the_keyboard_alone(browse: Browse, uma: User, deliver: Deliver) -> None:
    deliver(payloads.started(1))
    page = browse("/workflows/", user=uma)
    tab_to(page, "[data-key='link-1']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/workflows/1/")
    tab_to(page, "a.timeline__title")
    page.keyboard.press("Enter")
    page.wait_for_url("**/events/*/")

    expect(page.get_by_role("heading", level=1)).to_have_text("Event: workflow started")


def tab_to(page: Page, selector: str) -> None:
    page.locator(selector).first.wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"Tab never reaches {selector}")


@pytest.mark.ci
def test_every_state_is_accessible_and_fits_a_phone(
    browse: Browse, ann: User, deliver: Deliver, dialect: str
) -> None:
    browse.allow("status of 404")
    page = browse("/workflows/", user=ann)
    check(page)  # nothing there yet, and nothing can arrive
    fill(deliver)
    terminate(3, deliver, dialect)
    paths = [
        *(
            "/workflows/",
            "/workflows/?gaps=on",
            "/workflows/?q=nothing-fits",
            "/workflows/?quiet=-1&state=nonsense",
            "/",
        ),
        *(
            "/workflows/1/",
            "/workflows/2/",
            "/workflows/3/",
            "/workflows/99/",
            "/workflows/1/events/1/",
            "/templates/1/",
        ),
        *("/search/?q=work",),
    ]
    for path in paths:
        page.goto(path)
        check(page)


def fill(deliver: Deliver) -> None:
    """Make workflows of every kind: ended, with gaps, with long and right-to-left names, with answers."""
    make_template(1)
    kickoff = [
        payloads.answer("field-text", "One\nTwo " + "x" * 200, type="text"),
        payloads.answer("field-file", None, type="file", files=["offer" * 30 + ".pdf"]),
        payloads.answer("field-kind", None, type="dropdown", options=["Small", "Large"], selected=["Large"]),
    ]
    for body in payloads.history(1, steps=3, returns=[2], kickoff=kickoff):
        deliver(named(body, LONG))
    deliver(named(payloads.task_completed(2, 4, output=kickoff), RIGHT_TO_LEFT))
    deliver(payloads.started(3))
    deliver(payloads.started(4, status=payloads.SNOOZED))
    deliver(payloads.started(5, status=99))


def terminate(workflow_id: int, deliver: Deliver, dialect: str) -> None:
    """End a workflow. The current server deletes it without an event, so that a check finds the deletion."""
    if dialect == "current":
        record_observations([deleted_event(workflow_id)])
    else:
        deliver(payloads.started(workflow_id, status=payloads.TERMINATED))


def named(body: payloads.JSON, name: str) -> payloads.JSON:
    """Return ``body`` with another name of its workflow."""
    (body.get("workflow") or body["task"]["workflow"])["name"] = name
    return body
