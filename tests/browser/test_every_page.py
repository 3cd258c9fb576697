"""Every page, in every state: no violation of axe's rules, light and dark, and no sideways scroll on a phone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from apps.accounts.models import PneumaticGroup, User
from apps.sync.models import SyncResult, SyncRun
from tests.accounts.second_factors.conftest import make_app
from tests.factories import PASSWORD, make_workflow
from tests.fixtures.browser import PHONE, Browse, assert_accessible, assert_dark_colours_accessible, check
from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox, either_dialect

PAGES = [
    "/",
    "/search/?q=field",
    "/search/?q=nothing-fits-this",
    "/templates/",
    "/templates/?q=nothing-fits-this",
    "/templates/1/",
    "/templates/2/",
    "/templates/3/",
    "/templates/1/versions/1/",
    "/templates/1/launch/",
    "/templates/2/launch/",
    "/templates/3/launch/",
    "/launches/",
    "/launches/?q=nothing-fits-this",
    "/workflows/",
    "/workflows/?q=nothing-fits-this&gaps=on",
    "/workflows/404/",
    "/sync/",
    "/account/password/",
]
# Forms that only the current server has: with groups, data sets, presets, of another user, and for groups of people.
MORE_PAGES = {
    "documented": [],
    "current": [f"/templates/{number}/{page}" for number in (4, 5, 6, 8) for page in ("", "launch/")],
}
# In addition to the first page and its links.
ADMIN_PAGES = [
    "/admin/workflow_templates/template/1/change/",
    "/admin/accounts/pneumaticuser/1/change/",
    "/admin/accounts/user/add/",
    "/admin/webhooks/",
    "/admin/webhooks/delivery/window/",
]


# One test of all pages would be the last one running, while the other processors wait.
PARTS = 4
in_parts = pytest.mark.parametrize("part", range(PARTS))


@in_parts
@either_dialect
def test_every_page_is_accessible_and_fits_a_phone(
    browse: Browse, mirror: Sandbox, bo: User, dialect: str, part: int
) -> None:
    browse.allow("status of 40[34]")  # a page that does not exist, and a form that no user may send
    page = browse(user=bo)
    for path in [*PAGES, *MORE_PAGES[dialect], "/no-such-page/"][part::PARTS]:
        page.goto(path)
        check(page)


@in_parts
@either_dialect
@pytest.mark.ci
def test_django_admin_is_accessible(
    browse: Browse, mirror: Sandbox, administrator: User, dialect: str, part: int
) -> None:
    page = browse("/admin/", user=administrator)
    lists = page.locator("#content-main th a").evaluate_all("links => links.map((a) => a.pathname)")
    assert "/admin/accounts/pneumaticgroup/" in lists
    groups = PneumaticGroup.objects.all()[:1]  # which only the current server has
    assert bool(groups) == (dialect == "current")
    rows = [*SyncRun.objects.order_by("-pk")[:1], *groups, administrator]
    changes = [
        reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk]) for row in rows
    ]
    for path in ["/admin/", *lists, *ADMIN_PAGES, *changes][part::PARTS]:
        page.goto(path)
        assert_accessible(page)
        assert_dark_colours_accessible(page)


def test_lists_of_django_admin_fit_and_show_where_one_is(browse: Browse, administrator: User) -> None:
    make_workflow(1, name="x" * 180, template_name="Wind" + "schutzscheibe" * 9, state="snoozed")
    page = browse("/admin/workflows/workflow/", user=administrator, height=400)
    expect(page.locator("#nav-sidebar .current-model")).to_be_in_viewport(ratio=0.9)
    assert page.evaluate("scrollY") == 0
    status = page.locator("#result_list .badge")
    assert status.evaluate("one => one.getClientRects().length") == 1

    page.set_viewport_size(PHONE)
    assert page.locator("#result_list th").last.evaluate("one => getComputedStyle(one).display") == "grid"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# The pages for signing in and for passwords show nothing of Pneumatic, so one dialect is enough.


def test_the_login_page_and_its_refusal(browse: Browse) -> None:
    page = browse("/login/")
    check(page)
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    check(page)


def test_the_page_for_those_without_a_role(browse: Browse, no_role: User) -> None:
    browse.allow("status of 403")
    check(browse("/templates/", user=no_role))


def test_the_steps_of_a_second_factor(browse: Browse, viewer: User, settings: Settings) -> None:
    settings.SECOND_FACTORS = "required"
    page = browse("/login/")
    page.get_by_label("Username").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    page.wait_for_function("document.querySelector('.qr').naturalWidth > 100")  # 0 until it is loaded
    check(page)
    page.get_by_label("Code", exact=True).fill("1")
    page.get_by_role("button", name="Set up").click()
    expect(page.locator(".field__error")).to_be_visible()
    check(page)
    app = make_app(viewer)

    page.goto("/login/code/")
    check(page)
    page.get_by_label("Code", exact=True).fill("x")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".field__error")).to_be_visible()
    check(page)
    page.get_by_label("Code", exact=True).fill(app.code())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.goto("/account/second-factor/")
    check(page)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("Code", exact=True).fill(app.code(1))
    page.get_by_role("button", name="Replace recovery codes").click()
    expect(page.get_by_role("listitem").filter(has_text=re.compile(r"^[a-z0-9]{6}-"))).to_have_count(10)
    check(page)


def test_a_mistake_in_the_new_password(browse: Browse, viewer: User) -> None:
    page = browse("/account/password/", user=viewer)
    page.get_by_label("Old password").fill("wrong")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator(".field__error").first).to_be_visible()
    check(page)


@either_dialect
def test_pages_before_the_first_sync(browse: Browse, sandbox: Sandbox, operator: User) -> None:
    page = browse(user=operator)
    for path in ("/", "/templates/", "/launches/", "/sync/"):
        page.goto(path)
        check(page)


@either_dialect
def test_the_banner_of_old_data(browse: Browse, mirror: Sandbox, bo: User) -> None:
    old = timezone.now() - dt.timedelta(days=30)
    SyncRun.objects.update(started_at=old, finished_at=old)
    SyncResult.objects.update(finished_at=old)

    check(browse("/templates/", user=bo))


@either_dialect
@pytest.mark.parametrize("state", [SyncRun.State.QUEUED, SyncRun.State.RUNNING, SyncRun.State.FAILED])
def test_every_state_of_a_sync(browse: Browse, mirror: Sandbox, bo: User, state: SyncRun.State) -> None:
    now = timezone.now()
    run = SyncRun.objects.create(
        state=state, trigger=SyncRun.Trigger.PAGE, started_at=now - dt.timedelta(hours=1), heartbeat_at=now
    )
    if state == SyncRun.State.FAILED:
        run.error = "Pneumatic did not answer. " + "x" * 200
        run.finished_at = now
        run.save()
    else:
        run.results.create(resource="templates", fetched=20, expected=2000)

    check(browse("/sync/", user=bo))


@either_dialect
def test_the_form_without_scripts(browse: Browse, mirror: Sandbox, bo: User) -> None:
    page = browse(user=bo)
    # Ours do not arrive, axe's does: with JavaScript switched off axe would wait for its own timers indefinitely.
    page.route("**/static/**/*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/templates/1/launch/")
    page.get_by_label("Find by name or e-mail").fill("a")
    page.locator("button[name=find]").first.click()
    expect(page.locator("[data-combobox-hits]").first).to_be_visible()
    check(page)


def errors(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    browse.allow("status of 422")
    page.get_by_label("Subject").fill("")
    page.get_by_role("textbox", name="Link").fill("no link")
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.locator(".error-summary")).to_be_visible()


def refused_by_the_server(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    browse.allow("status of 422")
    sandbox.fault(kind="status", path_prefix="/templates/1/run", method="POST", status=400)
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.locator(".error-summary")).to_be_visible()


def preview(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    page.get_by_role("button", name="Preview request").click()
    expect(page.locator("pre").first).to_be_visible()


def open_combobox(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    page.get_by_label("Find by name or e-mail").press_sequentially("a")
    expect(page.locator("[role=listbox] [role=option]").first).to_be_visible()


def attached_file(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": "offer.txt", "mimeType": "text/plain", "buffer": b"x"}
    )
    expect(page.get_by_role("button", name="Remove offer.txt")).to_be_visible()


def failed_upload(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    browse.allow("status of 422")
    sandbox.upload_fault(kind="status", status=500, times=0)
    page.locator("input[type=file]").set_input_files(
        {"name": "offer.txt", "mimeType": "text/plain", "buffer": b"x"}
    )
    expect(page.get_by_text("“offer.txt” was not uploaded")).to_be_visible()


def launched(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page).to_have_url(re.compile(r"/launches/[0-9a-f-]{36}/$"))


def unknown(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    sandbox.fault(kind="drop_after", path_prefix="/templates/1/run", method="POST")
    launched(page, browse, sandbox)


def changed_since(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    browse.allow("status of 409")
    record = sandbox.template(1)
    record["kickoff"]["fields"] = record["kickoff"]["fields"][1:]
    sandbox.put_template(record)
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text("The template changed while this form was open")).to_be_visible()


def resolved_halfway(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    browse.allow("status of 422")
    unknown(page, browse, sandbox)
    page.get_by_role("button", name="Resolve launch").click()
    expect(page.locator(".field__error").first).to_be_visible()


def failed(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", path_prefix="/templates/1/run", method="POST", status=401)
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_load_state()
    browse.allow("status of 4[0-9][0-9]")


State = Callable[[Page, Browse, Sandbox], None]
STATES: list[State] = [
    errors,
    refused_by_the_server,
    preview,
    open_combobox,
    attached_file,
    failed_upload,
    launched,
    unknown,
    resolved_halfway,
    changed_since,
    failed,
]


@either_dialect
@pytest.mark.parametrize(
    "reach",
    exhaustive(STATES, but=[errors, open_combobox, attached_file, unknown]),
    ids=lambda reach: reach.__name__,
)
def test_every_state_of_a_launch(browse: Browse, mirror: Sandbox, bo: User, reach: State) -> None:
    page = browse("/templates/1/launch/", user=bo)
    page.get_by_label("Subject").fill("A subject " + "that is one long word" * 3)
    reach(page, browse, mirror)
    check(page)


@either_dialect
def test_lists_with_launches(browse: Browse, mirror: Sandbox, bo: User) -> None:
    page = browse("/templates/2/launch/", user=bo)
    launched(page, browse, mirror)
    for path in ("/", "/launches/", "/templates/", "/templates/2/"):
        page.goto(path)
        check(page)
