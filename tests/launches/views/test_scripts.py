"""What the scripts of the launch pages add, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FilePayload, expect

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.factories import make_launch, make_user
from tests.fixtures.browser import Browse, assert_accessible
from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = pytest.mark.browser


@pytest.fixture
def someone(browse: Browse, every_field: Template) -> User:
    return make_user("someone", "Operator")


def url_of(template: Template) -> str:
    return f"/templates/{template.pk}/launch/"


def test_the_preview_takes_focus_and_is_accessible(
    browse: Browse, someone: User, every_field: Template
) -> None:
    page = browse(url_of(every_field), user=someone)
    page.get_by_label("Subject").fill("x")
    page.get_by_role("button", name="Preview request").click()

    expect(page.get_by_role("heading", name="Request preview")).to_be_focused()
    assert_accessible(page)


def test_errors_are_cleared_when_they_are_corrected(
    browse: Browse, someone: User, every_field: Template
) -> None:
    browse.allow("status of 422")
    page = browse(url_of(every_field), user=someone)
    page.get_by_label("Workflow name").fill("")
    page.get_by_role("textbox", name="Link").fill("not a link")
    page.get_by_role("button", name="Launch", exact=True).click()
    summary = page.locator(".error-summary")
    expect(summary.get_by_role("listitem")).to_have_count(3)

    page.get_by_label("Subject").fill("Three desks")
    expect(summary.get_by_role("listitem")).to_have_count(2)
    expect(page.locator(".field--invalid")).to_have_count(2)
    page.get_by_label("Workflow name").fill("Desks")
    page.get_by_role("textbox", name="Link").fill("https://example.com/")

    expect(summary).to_have_count(0)
    expect(page.locator(".field--invalid, .field__error[id], [aria-invalid]")).to_have_count(0)
    assert not page.title().startswith("Error")
    assert not Launch.objects.exists()


@pytest.mark.parametrize(
    "state", exhaustive([state.value for state in Launch.State], but=["rejected", "launched", "unknown"])
)
def test_every_state_is_accessible(browse: Browse, someone: User, every_field: Template, state: str) -> None:
    launch = make_launch(every_field, someone, state=state, reason="A reason.")

    page = browse(f"/launches/{launch.pk}/", user=someone)

    assert_accessible(page)
    page.goto("/launches/")
    assert_accessible(page)


def test_a_launch_in_progress_is_followed_to_its_end(
    browse: Browse, someone: User, every_field: Template
) -> None:
    launch = make_launch(every_field, someone, state="sending")
    page = browse(f"/launches/{launch.pk}/", user=someone)
    expect(page.get_by_text("waiting for the response of Pneumatic")).to_be_visible()

    Launch.objects.update(state="launched", workflow_id=4711)

    expect(page.get_by_role("link", name="Open workflow 4711 in Pneumatic")).to_be_visible()


@only_current
def test_files_beyond_the_limit_wait_with_a_countdown_and_continue_automatically(
    browse: Browse, someone: User, every_field: Template, sandbox: Sandbox
) -> None:
    sandbox.settings(upload_limit=2, upload_retry_after=50)
    browse.allow("status of 429")
    page = browse(user=someone)
    page.clock.install()
    page.goto(url_of(every_field))
    page.get_by_label("Subject").fill("Many files")

    page.locator("input[type=file]").set_input_files(
        [FilePayload(name=f"{number}.txt", mimeType="text/plain", buffer=b"x") for number in range(5)]
    )

    countdown = page.locator("[data-upload-countdown]")
    expect(countdown).to_contain_text("Continues in")
    expect(page.locator(".upload [role=status]")).to_contain_text("Continues in")
    assert_accessible(page)
    page.get_by_role("button", name="Launch", exact=True).click()  # too early: the page stays as it is
    expect(page.locator(".upload [role=alert]")).to_contain_text("still uploading")
    page.get_by_role("button", name="Cancel 4.txt").click()

    sandbox.settings(upload_limit=0)
    page.clock.fast_forward(50_000)
    expect(page.get_by_role("button", name="Remove")).to_have_count(4, timeout=60_000)
    expect(countdown).to_be_hidden()
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url(re.compile(r"/launches/"))
    assert sorted(file["name"] for file in sandbox.files()) == [f"{number}.txt" for number in range(4)]
