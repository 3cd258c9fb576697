"""Every page, in every state: no violation of axe's rules, light and dark, and no sideways scroll on a phone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.sync.models import SyncResult, SyncRun
from tests.fixtures.browser import Browse, assert_accessible, assert_no_sideways_scroll
from tests.fixtures.sandbox import Sandbox, only_current

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
# Of forms that only today's server has: with groups, data sets, presets, somebody else's, and for groups of people.
TODAYS_PAGES = [
    "/templates/",
    *(f"/templates/{number}/{page}" for number in (4, 5, 6, 8) for page in ("", "launch/")),
    "/workflows/",
    "/sync/",
]
ADMIN_PAGES = [
    "/admin/",
    "/admin/workflow_templates/template/",
    "/admin/workflow_templates/template/1/change/",
    "/admin/accounts/pneumaticuser/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/sync/syncrun/",
    "/admin/launches/launch/",
    "/admin/launches/uploadedfile/",
    "/admin/workflow_templates/templateversion/",
    "/admin/webhooks/",
    "/admin/webhooks/subscription/",
    "/admin/webhooks/delivery/",
    "/admin/webhooks/delivery/window/",
    "/admin/webhooks/event/",
    "/admin/webhooks/replay/",
    "/admin/workflows/workflow/",
]


def check(page: Page) -> None:
    """Fail when the page, as it stands now, is not accessible or does not fit a phone."""
    assert_accessible(page)
    page.set_viewport_size({"width": 375, "height": 720})
    assert_no_sideways_scroll(page)
    assert_accessible(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(
    browse: Browse, mirror: Sandbox, bo: User, dark: bool
) -> None:
    browse.allow("status of 40[34]")  # a page that does not exist, and a form that nobody may send
    page = browse(user=bo, dark=dark)
    for path in [*PAGES, "/no-such-page/"]:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        check(page)


@only_current
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_about_todays_templates_is_accessible_and_fits_a_phone(
    browse: Browse, mirror: Sandbox, bo: User, dark: bool
) -> None:
    browse.allow("status of 40[34]")
    page = browse(user=bo, dark=dark)
    for path in TODAYS_PAGES:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        check(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_django_admin_is_accessible(browse: Browse, mirror: Sandbox, administrator: User, dark: bool) -> None:
    page = browse(user=administrator, dark=dark)
    rows = [
        f"/admin/sync/syncrun/{SyncRun.objects.latest('pk').pk}/change/",
        f"/admin/accounts/user/{administrator.pk}/change/",
    ]
    for path in [*ADMIN_PAGES, *rows]:
        page.goto(path)
        assert_accessible(page)


def test_the_login_page_and_its_refusal(browse: Browse) -> None:
    page = browse("/login/")
    check(page)
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    check(page)


def test_the_page_for_those_without_a_role(browse: Browse, nobody: User) -> None:
    browse.allow("status of 403")
    check(browse("/templates/", user=nobody))


def test_pages_before_the_first_sync(browse: Browse, operator: User) -> None:
    for path in ("/", "/templates/", "/launches/", "/sync/"):
        check(browse(path, user=operator))


def test_the_banner_of_old_data(browse: Browse, mirror: Sandbox, bo: User) -> None:
    old = timezone.now() - dt.timedelta(days=30)
    SyncRun.objects.update(started_at=old, finished_at=old)
    SyncResult.objects.update(finished_at=old)

    check(browse("/templates/", user=bo))


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


def test_the_form_without_scripts(browse: Browse, mirror: Sandbox, bo: User) -> None:
    page = browse(user=bo)
    # Ours do not arrive, axe's does: with JavaScript switched off axe would wait for its own timers for ever.
    page.route("**/static/**/*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/templates/1/launch/")
    page.get_by_label("Find by name or e-mail").fill("a")
    page.locator("button[name=find]").first.click()
    expect(page.locator("[data-combobox-hits]").first).to_be_visible()
    check(page)


def test_a_mistake_in_the_new_password(browse: Browse, viewer: User) -> None:
    page = browse("/account/password/", user=viewer)
    page.get_by_label("Old password").fill("wrong")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator(".field__error").first).to_be_visible()
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
    page.get_by_role("button", name="Look at what will be sent").click()
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
    prefix = {"documented": "/workflows/attachments", "current": "/upload"}[sandbox.dialect]
    sandbox.fault(kind="status", path_prefix=prefix, method="POST", status=500, times=0)
    page.locator("input[type=file]").set_input_files(
        {"name": "offer.txt", "mimeType": "text/plain", "buffer": b"x"}
    )
    expect(page.get_by_text("offer.txt").first).to_be_visible()


def launched(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page).to_have_url(re.compile(r"/launches/[0-9a-f-]{36}/$"))


def unknown(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    sandbox.fault(kind="drop_after", path_prefix="/templates/1/run", method="POST")
    launched(page, browse, sandbox)


def changed_meanwhile(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    browse.allow("status of 409")
    record = sandbox.template(1)
    record["kickoff"]["fields"] = record["kickoff"]["fields"][1:]
    sandbox.put_template(record)
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text("The template changed while this form was open")).to_be_visible()


def resolved_halfway(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    browse.allow("status of 422")
    unknown(page, browse, sandbox)
    page.get_by_role("button", name="Settle this launch").click()
    expect(page.locator(".field__error").first).to_be_visible()


def failed(page: Page, browse: Browse, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", path_prefix="/templates/1/run", method="POST", status=401)
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_load_state()
    browse.allow("status of 4[0-9][0-9]")


State = Callable[[Page, Browse, Sandbox], None]
# What the server has a part in is reached with both generations of it.
SERVERS_STATES = [refused_by_the_server, attached_file, failed_upload, launched, unknown, failed]
OUR_STATES = [errors, preview, open_combobox, resolved_halfway, changed_meanwhile]
STATES = [
    *(("documented", reach) for reach in [*OUR_STATES, *SERVERS_STATES]),
    *(("current", reach) for reach in SERVERS_STATES),
]


@pytest.mark.parametrize(
    ("dialect", "reach"), STATES, indirect=["dialect"], ids=lambda it: getattr(it, "__name__", it)
)
def test_every_state_of_a_launch(browse: Browse, mirror: Sandbox, bo: User, reach: State) -> None:
    page = browse("/templates/1/launch/", user=bo)
    page.get_by_label("Subject").fill("A subject " + "that is one long word" * 3)
    reach(page, browse, mirror)
    check(page)


def test_lists_with_launches(browse: Browse, mirror: Sandbox, bo: User) -> None:
    page = browse("/templates/2/launch/", user=bo)
    launched(page, browse, mirror)
    for path in ("/", "/launches/", "/templates/", "/templates/2/"):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        check(page)
